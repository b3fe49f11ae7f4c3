import { divideHalfEven } from '../../event/index.ts'
import type { UnitPrices } from '../../pricing/index.ts'
import type { ResultRow } from '../../query/index.ts'
import { whole } from './saving.ts'

/** Measures that {@link rerate} reads. */
export const RATED_MEASURES = [
  'fresh_input_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'output_tokens',
  'reasoning_tokens',
] as const

const MILLION = 1_000_000n

/**
 * What the tokens of many requests come to at other prices: each kind at its own, rounded once, half to even. Undefined
 * where a kind that was used has no price. Context tiers and other billed units are left out.
 *
 * @example rerate({ fresh_input_tokens: 2_000_000, output_tokens: 0 }, { input: 150_000_000, output: 600_000_000 }) // 300_000_000n
 */
export function rerate(row: ResultRow, prices: UnitPrices): bigint | undefined {
  const reasoning = whole(row, 'reasoning_tokens')
  const kinds: readonly (readonly [bigint, number | undefined])[] = [
    [whole(row, 'fresh_input_tokens'), prices.input],
    [whole(row, 'cache_read_tokens'), prices.cacheRead ?? prices.input],
    [whole(row, 'cache_write_tokens'), prices.cacheWrite ?? prices.input],
    [whole(row, 'cache_write_1h_tokens'), prices.cacheWrite1h ?? prices.cacheWrite ?? prices.input],
    [whole(row, 'output_tokens') - reasoning, prices.output],
    [reasoning, prices.reasoning ?? prices.output],
  ]
  let sum = 0n
  for (const [tokens, price] of kinds) {
    if (tokens === 0n) continue
    if (price === undefined) return undefined
    sum += tokens * BigInt(price)
  }
  return divideHalfEven(sum, MILLION)
}
