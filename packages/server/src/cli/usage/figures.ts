import type { ResultRow } from '@tallystick/core/query'

/** The figures of every row of a usage report, in the order of its JSON and CSV; see docs/cli.md. */
export const FIGURE_NAMES = [
  'requests',
  'failed_requests',
  'fresh_input_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'cache_read_tokens',
  'output_tokens',
  'total_tokens',
  'cost_nano_usd',
  'unpriced_requests',
] as const

/** Integers; those past 2^53 are text, and a cost that nobody knows is null. */
export type Figures = { readonly [Name in (typeof FIGURE_NAMES)[number]]: number | string | null }

/** The figures of a row that was asked for with {@link FIGURE_NAMES}. */
export function figuresOf(row: ResultRow): Figures {
  return Object.fromEntries(FIGURE_NAMES.map((name) => [name, row[name] ?? null])) as Figures
}

/** The order of `compare` by cost, the dearest first; what has no price comes last, then by tokens. */
export function dearestFirst(a: Figures, b: Figures): number {
  return descending(a.cost_nano_usd ?? -1, b.cost_nano_usd ?? -1) || descending(a.total_tokens, b.total_tokens)
}

function descending(a: number | string | null, b: number | string | null): number {
  const [one, other] = [BigInt(a ?? 0), BigInt(b ?? 0)]
  return one === other ? 0 : one > other ? -1 : 1
}

/** Is there anything in it? */
export const isEmpty = ({ requests, total_tokens: tokens }: Figures): boolean =>
  Number(requests ?? 0) === 0 && Number(tokens ?? 0) === 0
