import { DIMENSION_OF } from '../../event/index.ts'
import type { ResultRow } from '../../query/index.ts'
import { countOf, exact, figure, isOther, otherMark, type ReportSource, ratioOf, shareOf, textOf } from './ask.ts'
import type { Figure, ReportBreakdown, ReportRow, ReportUnpriced } from './report.ts'
import { spent } from './totals.ts'

/** By what money is split. */
const DIMENSIONS: readonly string[] = ['model', 'provider', 'agent_id', 'api_key_id', 'user_id']
const UNPRICED = 20

/** @param titles what people call keys, by id */
export async function breakdownsOf(
  { ask }: ReportSource,
  top: number,
  total: Figure,
  titles: ReadonlyMap<string, string>,
): Promise<readonly ReportBreakdown[]> {
  const breakdowns: ReportBreakdown[] = []
  for (const dimension of DIMENSIONS) {
    const { rows, other_groups } = await ask({
      measures: [
        'cost_nano_usd',
        'requests',
        'failed_requests',
        'error_ratio',
        'input_tokens',
        'output_tokens',
        'total_tokens',
        'cache_hit_ratio',
        'duration_ms_p50',
        'duration_ms_p95',
      ],
      group_by: [dimension],
      order_by: '-cost_nano_usd',
      limit: top,
    })
    breakdowns.push({
      dimension,
      label: DIMENSION_OF.get(dimension)?.label ?? dimension,
      rows: rows.map((row) => rowOf(row, dimension, total, dimension === 'api_key_id' ? titles : NONE)),
      other_groups,
    })
  }
  return breakdowns
}

const NONE: ReadonlyMap<string, string> = new Map()

function rowOf(row: ResultRow, dimension: string, total: Figure, titles: ReadonlyMap<string, string>): ReportRow {
  const name = isOther(row) ? null : textOf(row, dimension)
  const title = name === null ? undefined : titles.get(name)
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...otherMark(row),
    cost_nano_usd: spent(row),
    cost_share: total === null ? null : shareOf(exact(row, 'cost_nano_usd'), BigInt(total)),
    requests: countOf(row, 'requests'),
    failed_requests: countOf(row, 'failed_requests'),
    error_ratio: ratioOf(row, 'error_ratio'),
    input_tokens: figure(row, 'input_tokens'),
    output_tokens: figure(row, 'output_tokens'),
    total_tokens: figure(row, 'total_tokens'),
    cache_hit_ratio: ratioOf(row, 'cache_hit_ratio'),
    duration_ms_p50: figure(row, 'duration_ms_p50'),
    duration_ms_p95: figure(row, 'duration_ms_p95'),
    unpriced_requests: countOf(row, 'unpriced_requests'),
  }
}

export async function unpricedOf({ ask }: ReportSource): Promise<readonly ReportUnpriced[]> {
  const { rows } = await ask({
    measures: ['unpriced_requests', 'total_tokens'],
    group_by: ['provider', 'model'],
    order_by: '-unpriced_requests',
    // What has no price has no basis of one either; of the rest nobody asks.
    limit: UNPRICED,
  })
  return rows
    .filter((row) => countOf(row, 'unpriced_requests') > 0)
    .map((row) => ({
      provider: isOther(row) ? null : textOf(row, 'provider'),
      model: isOther(row) ? null : textOf(row, 'model'),
      ...otherMark(row),
      unpriced_requests: countOf(row, 'unpriced_requests'),
      total_tokens: figure(row, 'total_tokens'),
    }))
}
