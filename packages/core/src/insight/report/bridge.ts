import { addExact, divideHalfEven, type Exact, normalizeExact } from '../../event/index.ts'
import { MILLIONTHS, type ResultRow, TupleMap } from '../../query/index.ts'
import { projectMonth } from '../projection.ts'
import { volumeScore, wilsonLowerBound } from '../score.ts'
import { costOfTokens } from '../token-cost.ts'
import {
  CALLS,
  countOf,
  exact,
  figure,
  isOther,
  otherMark,
  percentOf,
  type ReportQuestion,
  type ReportSource,
  textOf,
  written,
} from './ask.ts'
import type { ReportBackend, ReportCost, ReportProjection, ReportRoute, ReportTool } from './report.ts'
import { spent } from './totals.ts'

/** What smart-ai-bridge's report has: backends, tools and routes, of requests and tool invocations together. */

const NAMES = 50
/** Groups of which it is asked how many succeeded. */
const MOST = 10_000
const MILLIONTHS_SUM = 'routing_confidence_millionths_sum'
const MILLIONTHS_COUNT = 'routing_confidence_millionths_count'
const LOCAL = 'local'
/** smart-ai-bridge's price of its backend `gemini`, nano-USD per million tokens. */
const GEMINI = { input: 75_000_000, output: 300_000_000 }

type Row = {
  readonly row: ResultRow
  readonly names: readonly (string | null)[]
  readonly events: number
  readonly successes: number
}

/**
 * Groups with how many of their events have succeeded. That of the row `other` is what is left of all, so that sums are exact.
 */
async function outcomes(
  { ask }: ReportSource,
  by: readonly string[],
  { measures, filters }: Pick<ReportQuestion, 'measures' | 'filters'>,
): Promise<readonly Row[]> {
  const shape = { group_by: by, order_by: '-events' }
  const { rows } = await ask({ ...shape, measures: ['events', ...measures], filters: filters ?? {}, limit: NAMES })
  const good = await ask({ ...shape, measures: ['events'], filters: { ...filters, success: [true] }, limit: MOST })
  const successes = new TupleMap<number>(by.length)
  const key = (row: ResultRow): readonly (string | null)[] => by.map((name) => textOf(row, name))
  for (const row of good.rows) if (!isOther(row)) successes.getOrCreate(key(row), () => countOf(row, 'events'))
  let left = good.rows.reduce((sum, row) => sum + countOf(row, 'events'), 0)
  return rows.map((row) => {
    const names = isOther(row) ? by.map(() => null) : key(row)
    const count = isOther(row) ? left : (successes.get(names) ?? 0)
    left -= count
    return { row, names, events: countOf(row, 'events'), successes: count }
  })
}

export async function backendsOf(source: ReportSource): Promise<readonly ReportBackend[]> {
  const rows = await outcomes(source, ['backend'], {
    measures: ['total_tokens', 'cost_nano_usd', 'duration_ms_avg', 'duration_ms_p50', 'duration_ms_p95'],
    filters: { ...CALLS, backend: { not: [null] } },
  })
  return rows
    .map(({ row, names, events, successes }): ReportBackend => {
      const mean = row['duration_ms_avg']
      const averageMs = typeof mean === 'number' ? mean : null
      return {
        backend: names[0] ?? null,
        ...otherMark(row),
        requests: events,
        successes,
        failures: events - successes,
        success_rate: percentOf(successes, events),
        total_tokens: figure(row, 'total_tokens'),
        avg_time_ms: averageMs,
        avg_tokens: events > 0 ? Number(exact(row, 'total_tokens')) / events : 0,
        p50_time_ms: figure(row, 'duration_ms_p50'),
        p95_time_ms: figure(row, 'duration_ms_p95'),
        cost_nano_usd: figure(row, 'cost_nano_usd'),
        score: volumeScore({ requests: events, successes, averageMs: averageMs ?? 0 }),
        reliability_score: wilsonLowerBound(successes, events) * 100,
      }
    })
    .sort((a, b) => Number(a.other === true) - Number(b.other === true) || b.score - a.score)
}

export async function toolsOf(source: ReportSource): Promise<readonly ReportTool[]> {
  const rows = await outcomes(source, ['tool_name'], {
    measures: ['duration_ms_avg'],
    filters: { kind: ['tool_invocation'] },
  })
  return rows.map(({ row, names, events, successes }) => ({
    tool: names[0] ?? null,
    ...otherMark(row),
    invocations: events,
    successes,
    failures: events - successes,
    success_rate: percentOf(successes, events),
    avg_time_ms: typeof row['duration_ms_avg'] === 'number' ? row['duration_ms_avg'] : null,
  }))
}

export async function routesOf(source: ReportSource): Promise<readonly ReportRoute[]> {
  const filters = { ...CALLS, routing_method: { not: [null] } }
  const measures = [MILLIONTHS_SUM, MILLIONTHS_COUNT]
  const rows = await outcomes(source, ['routing_method', 'backend'], { measures, filters })
  return rows.map(({ row, names, events, successes }) => {
    const [millionths, confident] = [countOf(row, MILLIONTHS_SUM), countOf(row, MILLIONTHS_COUNT)]
    return {
      routing_method: names[0] ?? null,
      backend: names[1] ?? null,
      ...otherMark(row),
      count: events,
      successes,
      success_rate: percentOf(successes, events),
      // Divided by the count first, so that eleven times 0.7 make a mean of 0.7.
      avg_confidence: confident > 0 ? millionths / confident / MILLIONTHS : null,
      confident,
    }
  })
}

export async function costOf(
  { ask }: ReportSource,
  total: ResultRow | undefined,
  projection: ReportProjection,
): Promise<ReportCost> {
  const { rows } = await ask({
    measures: [
      'requests',
      'total_tokens',
      'input_tokens',
      'cache_read_tokens',
      'output_tokens',
      'cost_nano_usd',
      'cost_input_nano_usd',
      'cost_cache_read_nano_usd',
      'cost_cache_write_nano_usd',
      'cost_output_nano_usd',
    ],
    group_by: ['backend'],
    order_by: '-cost_nano_usd',
    limit: NAMES,
  })
  const [cost, requests] = [spent(total), countOf(total, 'requests')]
  return {
    total_nano_usd: cost,
    nano_usd_per_request:
      cost === null || requests === 0 ? null : written(normalizeExact(divideHalfEven(BigInt(cost), BigInt(requests)))),
    month_nano_usd: projection.month_nano_usd,
    backends: rows.map((row) => ({
      backend: isOther(row) ? null : textOf(row, 'backend'),
      ...otherMark(row),
      requests: countOf(row, 'requests'),
      total_tokens: figure(row, 'total_tokens'),
      input_nano_usd: inputCost(row),
      output_nano_usd: figure(row, 'cost_output_nano_usd'),
      cost_nano_usd: spent(row),
      unpriced_requests: countOf(row, 'unpriced_requests'),
    })),
    savings_vs_cloud_only: savings(
      rows.find((row) => !isOther(row) && row['backend'] === LOCAL),
      projection.elapsed_ms,
    ),
  }
}

function inputCost(row: ResultRow): number | string | null {
  const parts = ['cost_input_nano_usd', 'cost_cache_read_nano_usd', 'cost_cache_write_nano_usd']
  if (parts.every((name) => figure(row, name) === null)) return null
  return written(parts.reduce<Exact>((sum, name) => addExact(sum, exact(row, name)), 0))
}

function savings(row: ResultRow | undefined, elapsedMs: number): ReportCost['savings_vs_cloud_only'] {
  const [inputTokens, outputTokens] = [exact(row, 'input_tokens'), exact(row, 'output_tokens')]
  const divided = addExact(inputTokens, outputTokens)
  const { inputNanoUsd, outputNanoUsd } = costOfTokens(
    {
      inputTokens,
      cacheReadTokens: exact(row, 'cache_read_tokens'),
      outputTokens,
      undividedTokens: addExact(exact(row, 'total_tokens'), -BigInt(divided)),
    },
    GEMINI,
  )
  const actual = exact(row, 'cost_nano_usd')
  const cloud = addExact(inputNanoUsd, outputNanoUsd)
  const saved = addExact(cloud, -BigInt(actual))
  const { monthlyNanoUsd } = projectMonth(saved, elapsedMs, countOf(row, 'requests'))
  return {
    actual_nano_usd: written(actual),
    would_have_cost_nano_usd: written(cloud),
    savings_nano_usd: written(saved),
    potential_nano_usd: written(monthlyNanoUsd),
  }
}
