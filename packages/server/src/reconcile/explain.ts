import type { BilledTokens } from '../state/bill.ts'

/** Every kind of tokens that is priced apart. */
export const TOKEN_KINDS: readonly BilledTokens[] = ['fresh_input', 'cache_read', 'cache_write', 'output']

/** Tokens and integers of nano-USD by kind. */
export type TokenCounts = Readonly<Record<BilledTokens, bigint>>
export type KindCosts = Readonly<Record<BilledTokens | 'other', bigint>>

/** What we have of a day and a model. */
export interface Ours {
  readonly requests: bigint
  /** Of them, those whose cost is unknown. */
  readonly unpriced: bigint
  readonly tokens: TokenCounts
  /** Of those with a cost. */
  readonly costNanoUsd: bigint
  /** At list price, by kind. */
  readonly kinds: KindCosts
}

/** What the provider says of it. */
export interface Theirs {
  /** Undefined: its report of usage has not been imported. */
  readonly tokens: TokenCounts | undefined
  readonly costNanoUsd: bigint
  /** How that splits; undefined where the provider does not tell. */
  readonly kinds: KindCosts | undefined
  readonly lines: number
}

/**
 * Why the provider's amount is not ours, in nano-USD; the parts add up to theirs less ours exactly, and a negative part is
 * one by which ours is more.
 */
export interface Explanation {
  /** Tokens that they count and we do not have; negative: that we have and they do not count. */
  readonly missing: bigint
  /** The same tokens at another price. */
  readonly priceDrift: bigint
  /** Requests of ours that have no price. */
  readonly unpriced: bigint
  /** No more than what rounding each request and each of their amounts to a nano-USD can make. */
  readonly rounding: bigint
  /** What the reports do not tell enough to explain, and what is no tokens. */
  readonly unknown: bigint
}

const NOTHING: Explanation = { missing: 0n, priceDrift: 0n, unpriced: 0n, rounding: 0n, unknown: 0n }

/**
 * Splits the difference of two amounts as cost accounting does, by quantity first and price then.
 *
 * Tokens that one side has more of are valued at the provider's own price of their kind where it tells amounts by kind,
 * else at ours; what remains is a matter of price, unless it is too small to be one or a side did not tell enough.
 *
 * @example
 * // 1,000 output tokens of theirs at 3 nano-USD, 900 of ours at 2: 100 are missing, the rest is price
 * const none = { fresh_input: 0n, cache_read: 0n, cache_write: 0n, output: 0n, other: 0n }
 * const ours = { requests: 1n, unpriced: 0n, tokens: { ...none, output: 900n }, costNanoUsd: 1800n, kinds: { ...none, output: 1800n } }
 * const theirs = { tokens: { ...none, output: 1000n }, costNanoUsd: 3000n, kinds: { ...none, output: 3000n }, lines: 1 }
 * explain(ours, theirs) // { missing: 300n, priceDrift: 900n, unpriced: 0n, rounding: 0n, unknown: 0n }
 */
export function explain(ours: Ours, theirs: Theirs): Explanation {
  const difference = theirs.costNanoUsd - ours.costNanoUsd
  if (ours.requests === 0n) return { ...NOTHING, missing: difference }
  if (difference === 0n && theirs.tokens === undefined) return NOTHING

  const beside = theirs.kinds === undefined ? 0n : theirs.kinds.other - ours.kinds.other
  const { value, complete } = missingValue(ours, theirs)
  const rest = difference - beside - value
  return { ...NOTHING, missing: value, ...classified(rest, beside, ours, theirs, complete) }
}

/** What is left once missing tokens are valued goes to one cause; what is no tokens is unknown where it differs. */
function classified(rest: bigint, beside: bigint, ours: Ours, theirs: Theirs, complete: boolean): Partial<Explanation> {
  if (magnitude(rest) <= roundingBound(ours, theirs)) return { rounding: rest, unknown: beside }
  if (ours.unpriced > 0n) return { unpriced: rest, unknown: beside }
  if (complete) return { priceDrift: rest, unknown: beside }
  return { unknown: rest + beside }
}

/** Half a nano-USD for each part of each cost that was rounded: theirs by line, ours by request and kind. */
function roundingBound(ours: Ours, theirs: Theirs): bigint {
  return ours.requests * 2n + BigInt(theirs.lines) + BigInt(TOKEN_KINDS.length)
}

/** What the tokens cost that one side has more of. Incomplete: not all of them have a price, or theirs are not told. */
function missingValue(ours: Ours, theirs: Theirs): { readonly value: bigint; readonly complete: boolean } {
  const { tokens } = theirs
  if (tokens === undefined) return { value: 0n, complete: false }
  let value = 0n
  let complete = true
  for (const kind of TOKEN_KINDS) {
    const more = tokens[kind] - ours.tokens[kind]
    if (more === 0n) continue
    if (theirs.kinds !== undefined && tokens[kind] > 0n) value += share(theirs.kinds[kind], more, tokens[kind])
    else if (ours.tokens[kind] > 0n && ours.kinds[kind] > 0n) value += share(ours.kinds[kind], more, ours.tokens[kind])
    else complete = false
  }
  return { value, complete }
}

/** `cost * part / whole`, half to even, whatever the signs. */
function share(cost: bigint, part: bigint, whole: bigint): bigint {
  const product = cost * part
  const quotient = magnitude(product) / whole
  const twice = (magnitude(product) % whole) * 2n
  const rounded = twice > whole || (twice === whole && quotient % 2n === 1n) ? quotient + 1n : quotient
  return product < 0n ? -rounded : rounded
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value)
