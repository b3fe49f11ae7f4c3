import type { ResultRow } from '@tallystick/core/query'

/** One kind of usage that is charged for by itself. */
export interface UsageKind {
  /** Behind the model's name in the ids of SKUs. */
  readonly id: string
  readonly meter: string
  readonly unit: 'Tokens' | 'Requests'
  /** How many of the unit are one priced unit, and what that is called. */
  readonly per: bigint
  readonly pricingUnit: string
  readonly quantity: (figure: Figure) => bigint
  /** The measure that holds its part of the list cost. */
  readonly cost: string
  /** Amounts that were rounded for each request, at most. */
  readonly roundings: bigint
}

/** A figure of a row; 0 where nobody knows. */
export type Figure = (measure: string) => bigint

const TOKENS = { unit: 'Tokens', per: 1_000_000n, pricingUnit: '1000000 Tokens' } as const

/** THE table of kinds. Each token of a request is in one of them. */
export const USAGE_KINDS: readonly UsageKind[] = [
  {
    ...TOKENS,
    id: 'input',
    meter: 'Input tokens',
    // Where a source gives nothing but a total, that is priced as input.
    quantity: (of) => of('fresh_input_tokens') + of('total_tokens') - of('input_tokens') - of('output_tokens'),
    cost: 'cost_input_nano_usd',
    roundings: 3n,
  },
  {
    ...TOKENS,
    id: 'cache-read',
    meter: 'Cache read tokens',
    quantity: (of) => of('cache_read_tokens'),
    cost: 'cost_cache_read_nano_usd',
    roundings: 3n,
  },
  {
    ...TOKENS,
    id: 'cache-write',
    meter: 'Cache write tokens',
    quantity: (of) => of('cache_write_tokens') + of('cache_write_1h_tokens'),
    cost: 'cost_cache_write_nano_usd',
    roundings: 2n,
  },
  {
    ...TOKENS,
    id: 'output',
    meter: 'Output tokens',
    quantity: (of) => of('output_tokens'),
    cost: 'cost_output_nano_usd',
    roundings: 4n,
  },
  {
    id: 'other',
    meter: 'Other units',
    unit: 'Requests',
    per: 1n,
    pricingUnit: 'Requests',
    // Searches, images, pages: totals know what they came to and not how many there were.
    quantity: (of) => (of('cost_units_nano_usd') === 0n ? 0n : of('requests')),
    cost: 'cost_units_nano_usd',
    roundings: 0n,
  },
]

/** What is asked of the store for each group. */
export const FOCUS_MEASURES: readonly string[] = [
  ...['requests', 'unpriced_requests', 'cost_nano_usd', 'cost_list_nano_usd'],
  ...['input_tokens', 'fresh_input_tokens', 'cache_read_tokens', 'cache_write_tokens', 'cache_write_1h_tokens'],
  ...['output_tokens', 'total_tokens'],
  ...USAGE_KINDS.map(({ cost }) => cost),
]

/** Sums past 2^53 are texts. */
export const figureOf =
  (row: ResultRow): Figure =>
  (measure) =>
    BigInt((row[measure] as string | number | null | undefined) ?? 0)
