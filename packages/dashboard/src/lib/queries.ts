import type { FilterValue, Interval } from '@tallystick/core/query'
import type { Span } from './range.ts'
import type { ViewFilter } from './url-state.ts'

/** The questions that the panels ask. */

export interface QueryBody {
  readonly from: number
  readonly to: number
  readonly measures: readonly string[]
  readonly group_by?: readonly string[]
  readonly interval?: Interval
  readonly time_zone: string
  readonly filters?: { readonly [dimension: string]: readonly FilterValue[] | { readonly not: readonly FilterValue[] } }
  readonly order_by?: string
  readonly limit?: number
}

/** What every panel's question has in common. */
export interface Scope {
  readonly span: Span
  readonly zone: string
  readonly filters: readonly ViewFilter[]
}

/** Colours are told apart up to eight; the rest is one grey series. */
const MOST_SERIES = 8
const BREAKDOWN_ROWS = 100

const TOTAL_MEASURES: readonly string[] = [
  'requests',
  'failed_requests',
  'unpriced_requests',
  'estimated_requests',
  'cost_nano_usd',
  'total_tokens',
  'input_tokens',
  'fresh_input_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'output_tokens',
  'reasoning_tokens',
  'error_ratio',
  'cache_hit_ratio',
  'duration_ms_p50',
  'duration_ms_p95',
  'duration_ms_p99',
  'ttfb_ms_p50',
  'ttfb_ms_p95',
  'ttfb_ms_p99',
  'cache_savings_nano_usd',
]

export const BREAKDOWN_MEASURES: readonly string[] = [
  'requests',
  'failed_requests',
  'unpriced_requests',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cost_nano_usd',
  'error_ratio',
  'duration_ms_p95',
]

/** Quantities whose totals and spread over requests are listed; `summed` ones have a total worth saying. */
export const FIGURES: readonly { readonly quantity: string; readonly summed: boolean }[] = [
  { quantity: 'input_tokens', summed: true },
  { quantity: 'cache_read_tokens', summed: true },
  { quantity: 'cache_write_tokens', summed: true },
  { quantity: 'output_tokens', summed: true },
  { quantity: 'reasoning_tokens', summed: true },
  { quantity: 'cost_nano_usd', summed: true },
  { quantity: 'duration_ms', summed: false },
  { quantity: 'ttfb_ms', summed: false },
]
export const SPREAD: readonly { readonly suffix: string; readonly label: string }[] = [
  { suffix: 'avg', label: 'Mean' },
  { suffix: 'p50', label: 'Median' },
  { suffix: 'p95', label: 'p95' },
  { suffix: 'p99', label: 'p99' },
  { suffix: 'max', label: 'Greatest' },
]

/** Range, zone and filters. */
export function base(scope: Scope): Pick<QueryBody, 'from' | 'to' | 'time_zone' | 'filters'> {
  return {
    from: scope.span.fromMs,
    to: scope.span.toMs,
    time_zone: scope.zone,
    ...(scope.filters.length > 0 ? { filters: queryFilters(scope.filters) } : {}),
  }
}

/** An object without a prototype: a tag may have any name. */
export function queryFilters(filters: readonly ViewFilter[]): NonNullable<QueryBody['filters']> {
  const body: Record<string, readonly FilterValue[] | { readonly not: readonly FilterValue[] }> = Object.create(null)
  for (const { name, values, negate } of filters) body[name] = negate ? { not: values } : values
  return body
}

/** One row: the key figures of the range. */
export function totalsQuery(scope: Scope): QueryBody {
  return { ...base(scope), measures: TOTAL_MEASURES }
}

/** One row: total and spread of every quantity. Quantiles of tokens are in no rollup, so this reads single events. */
export function figuresQuery(scope: Scope): QueryBody {
  const measures = FIGURES.flatMap(({ quantity, summed }) => [
    ...(summed ? [quantity] : []),
    ...SPREAD.map(({ suffix }) => `${quantity}_${suffix}`),
  ])
  return { ...base(scope), measures }
}

/** One row a bucket, empty ones included. */
export function seriesQuery(scope: Scope, interval: Interval): QueryBody {
  return { ...base(scope), measures: TOTAL_MEASURES, interval }
}

/** Spend a bucket and value of a dimension; everything beyond the eight greatest in one `other` row a bucket. */
export function spendQuery(scope: Scope, interval: Interval, by: string): QueryBody {
  return {
    ...base(scope),
    measures: ['cost_nano_usd', 'requests'],
    interval,
    group_by: [by],
    order_by: '-cost_nano_usd',
    limit: MOST_SERIES,
  }
}

/** One row a value of a dimension, at most `limit`, the rest in one `other` row. */
export function breakdownQuery(scope: Scope, by: string, sort: string, limit: number = BREAKDOWN_ROWS): QueryBody {
  const known = BREAKDOWN_MEASURES.includes(sort.replace(/^-/, ''))
  return {
    ...base(scope),
    measures: BREAKDOWN_MEASURES,
    group_by: [by],
    order_by: known ? sort : '-cost_nano_usd',
    limit,
  }
}

/** The values of a dimension that a filter can be set to, most used first. The filter on the dimension itself is left out. */
export function valuesQuery(scope: Scope, by: string): QueryBody {
  const others = scope.filters.filter(({ name }) => name !== by)
  return {
    ...base({ ...scope, filters: others }),
    measures: ['requests'],
    group_by: [by],
    order_by: '-requests',
    limit: 200,
  }
}

/** Newest events: repeated parameters mean any of, an empty one means absent, `!` after the name means none of. */
export function eventsParams(scope: Scope, limit: number, cursor?: string): URLSearchParams {
  const params = new URLSearchParams({
    from: String(scope.span.fromMs),
    to: String(scope.span.toMs),
    limit: String(limit),
  })
  if (cursor !== undefined) params.set('cursor', cursor)
  filterParams(params, scope.filters)
  return params
}

/** Adds filters to the parameters of a route that lists them by dimension. */
export function filterParams(params: URLSearchParams, filters: readonly ViewFilter[]): void {
  for (const { name, values, negate } of filters) {
    for (const value of values) params.append(negate ? `${name}!` : name, value === null ? '' : String(value))
  }
}
