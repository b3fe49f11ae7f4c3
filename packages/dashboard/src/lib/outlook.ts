import { ask } from './api.ts'
import { filterParams, type Scope } from './queries.ts'

/** Amounts are integers; text past 2^53. */
export interface SpendView {
  readonly from_ms: number
  readonly to_ms: number
  readonly cost_nano_usd: number | string | null
  readonly requests: number | string
  readonly unpriced_requests: number | string
}

/** What `GET /api/v1/projection` tells. */
export interface OutlookView {
  readonly now_ms: number
  readonly today: SpendView
  readonly yesterday: SpendView
  readonly last_7_days: SpendView
  readonly previous_7_days: SpendView
  readonly this_month: SpendView
  readonly last_month: SpendView
  readonly whole_days: number
  /** Null while it is too early to say. */
  readonly month_end: {
    readonly expected_nano_usd: number | string
    readonly low_nano_usd: number | string
    readonly high_nano_usd: number | string
  } | null
}

/** By the zone and the filters on show, whatever the range. */
export function outlookParams({ zone, filters }: Pick<Scope, 'zone' | 'filters'>): string {
  const params = new URLSearchParams({ time_zone: zone })
  filterParams(params, filters)
  return params.toString()
}

export function readOutlook(params: string, signal: AbortSignal): Promise<OutlookView> {
  return ask(`/api/v1/projection?${params}`, { signal })
}
