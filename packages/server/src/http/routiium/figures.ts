import { nanoToUsd } from '@tallystick/core/event'
import type { ResultRow } from '@tallystick/core/query'

type Value = ResultRow[string] | undefined

/** Measures behind {@link sharedFigures}. */
export const SHARED_MEASURES: readonly string[] = [
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'reasoning_tokens',
  'cost_nano_usd',
  'unpriced_requests',
]

/** Mean of the speeds of single requests; no rollup keeps it, so it is asked for apart. */
export const SPEED_MEASURE = 'output_milli_tokens_per_second_avg'

/**
 * Tokens and money as `stats` and `aggregate` both tell them. Dollars are floats and 0 where nothing has a price, as the
 * dialect has it; the integers beside them are exact, and null there.
 */
export function sharedFigures(totals: ResultRow, speed: Value): Record<string, Value> {
  return {
    total_input_tokens: totals['input_tokens'],
    total_output_tokens: totals['output_tokens'],
    total_cached_tokens: totals['cache_read_tokens'],
    total_reasoning_tokens: totals['reasoning_tokens'],
    avg_tokens_per_second: typeof speed === 'number' ? speed / 1000 : null,
    total_cost: usdOf(totals['cost_nano_usd']),
    total_cost_nano_usd: totals['cost_nano_usd'],
    unpriced_requests: totals['unpriced_requests'],
  }
}

/** @example usdOf(12_500_000) // 0.0125 */
export function usdOf(nanoUsd: Value): number {
  return typeof nanoUsd === 'number' ? nanoToUsd(nanoUsd) : typeof nanoUsd === 'string' ? nanoToUsd(BigInt(nanoUsd)) : 0
}
