import { NO_MODEL, NO_RESPONSE } from '@tallystick/core/event'
import { type GroupBy, groupByOf, type QueryResult, type ResultRow } from '@tallystick/core/query'
import { type Handler, json } from '../route.ts'
import { SHARED_MEASURES, SPEED_MEASURE, sharedFigures, usdOf } from './figures.ts'
import { filtersOf, periodOf, settled } from './parameters.ts'
import { type RequestFigures, requestFigures } from './requests.ts'

const HOUR_SECONDS = 3_600
const TOTALS = ['successful_requests', 'failed_requests', 'duration_ms_avg', ...SHARED_MEASURES]
const NO_ROWS: QueryResult = { rows: [], complete_to_ms: 0, answered_from: 'fold', other_groups: 0 }

/**
 * `GET /analytics/aggregate`: totals of a period, and how often each model, endpoint and backend was used. Sums come from
 * rollup cells where those can tell; the figures are asked for one after another, so under load the maps may hold a
 * request more than the totals.
 */
export const aggregate: Handler = async (call) => {
  const { url, app } = call
  const period = periodOf(url.searchParams, app.clock.now(), HOUR_SECONDS)
  const filters = filtersOf(url.searchParams)
  await settled(url, app)
  const { start: period_start, end: period_end } = period
  if (period.fromMs >= period.toMs) return json({ ...answerOf(EMPTY, NOTHING, 0), period_start, period_end })

  const figures = await requestFigures(call, period, filters, TOTALS)
  const [speed, models, endpoints, backends, unanswered] = await Promise.all([
    figures.ask({ measures: [SPEED_MEASURE] }),
    figures.ask({ measures: ['requests', 'cost_nano_usd'], groupBy: 'model' }),
    figures.ask({ measures: ['requests'], groupBy: 'endpoint' }),
    figures.ask({ measures: ['requests'], groupBy: 'backend' }),
    withoutResponse(figures),
  ])
  const parts = { speed, models, endpoints, backends }
  return json({ ...answerOf(figures.totals, parts, unanswered), period_start, period_end })
}

interface Parts {
  readonly speed: QueryResult
  readonly models: QueryResult
  readonly endpoints: QueryResult
  readonly backends: QueryResult
}

const EMPTY: ResultRow = {
  requests: 0,
  successful_requests: 0,
  failed_requests: 0,
  duration_ms_avg: null,
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  reasoning_tokens: 0,
  cost_nano_usd: null,
  unpriced_requests: 0,
}
const NOTHING: Parts = { speed: NO_ROWS, models: NO_ROWS, endpoints: NO_ROWS, backends: NO_ROWS }

/** Requests that got no response count as failed with us, in this dialect as neither failed nor successful. */
async function withoutResponse({ totals, ask }: RequestFigures): Promise<number> {
  if (totals['failed_requests'] === 0) return 0
  const filters = [
    { by: groupByOf('error_type') as GroupBy, values: [NO_RESPONSE], negate: false },
    { by: groupByOf('status_code') as GroupBy, values: [null], negate: false },
  ]
  return (await ask({ measures: ['failed_requests'], filters })).rows[0]?.['failed_requests'] as number
}

function answerOf(totals: ResultRow, parts: Parts, unanswered: number): Record<string, unknown> {
  const { speed, models, endpoints, backends } = parts
  const { total_cost, total_cost_nano_usd, unpriced_requests, avg_tokens_per_second, ...tokens } = sharedFigures(
    totals,
    speed.rows[0]?.[SPEED_MEASURE],
  )
  const priced = models.rows.filter((row) => row['cost_nano_usd'] !== null)
  const cut = { models_used: models, endpoints_hit: endpoints, backends_used: backends }
  const left = Object.entries(cut).filter(([, { other_groups: others }]) => others > 0)
  return {
    total_requests: totals['requests'],
    successful_requests: totals['successful_requests'],
    failed_requests: (totals['failed_requests'] as number) - unanswered,
    ...tokens,
    avg_duration_ms: totals['duration_ms_avg'] ?? 0,
    avg_tokens_per_second,
    total_cost,
    cost_by_model: byName(priced, 'model', (row) => usdOf(row['cost_nano_usd'])),
    models_used: byName(models.rows, 'model', (row) => row['requests']),
    endpoints_hit: byName(endpoints.rows, 'endpoint', (row) => row['requests']),
    backends_used: byName(backends.rows, 'backend', (row) => row['requests']),
    total_cost_nano_usd,
    cost_by_model_nano_usd: byName(priced, 'model', (row) => row['cost_nano_usd']),
    unpriced_requests,
    // Beyond ten thousand names a map keeps the most used and says here how many it leaves out.
    ...(left.length === 0
      ? {}
      : { names_left_out: Object.fromEntries(left.map(([name, { other_groups }]) => [name, other_groups])) }),
  }
}

function byName(rows: readonly ResultRow[], dimension: string, figure: (row: ResultRow) => unknown): object {
  const named = rows.filter((row) => row['other'] !== true && row[dimension] !== null && row['requests'] !== 0)
  // From entries, never by assignment: a model may be called `__proto__`.
  return Object.fromEntries(
    named
      .filter((row) => row[dimension] !== NO_MODEL || dimension !== 'model')
      .map((row) => [row[dimension], figure(row)]),
  )
}
