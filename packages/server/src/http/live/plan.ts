import { MEASURE_OF, type Measure, type Plan, planOf } from '@tallystick/core/query'

/**
 * What a live cell carries. Fixed, so that every browser can merge every tick; chosen as what the page shows for all
 * traffic. Anything else is asked for by a query.
 */
export const LIVE_MEASURES: readonly string[] = [
  'events',
  'requests',
  'failed_requests',
  'operations',
  'unpriced_requests',
  'input_tokens',
  'fresh_input_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'output_tokens',
  'reasoning_tokens',
  'total_tokens',
  'cost_nano_usd',
  'cache_savings_nano_usd',
  'duration_ms_p50',
  'ttfb_ms_p50',
]

export const LIVE_PLAN: Plan = planOf(LIVE_MEASURES.map((name) => MEASURE_OF.get(name) as Measure))

/** Width of a live cell's bucket. */
export const LIVE_BUCKET_MS = 60_000
