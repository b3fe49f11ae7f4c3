import { divideHalfEven } from '../event/units.ts'

/**
 * A unit price as the reduced fraction `numerator / denominator` of nano-USD per counted thing. Nearly every published
 * price is a whole number of nano-USD a token ($2.50 per million = 2,500), so that most costs are one exact product.
 */
export interface Rate {
  readonly numerator: number
  readonly denominator: number
  /** Before the multiplier, as published; for receipts. */
  readonly listNanoUsd: number
  readonly per: number
  readonly multiplierPermille: number
}

const TOKENS_PER_PRICE = 1_000_000

/** A token price (nano-USD per million), times a multiplier in parts per thousand. */
export function tokenRate(nanoUsdPerMillion: number, multiplierPermille: number = 1_000): Rate {
  return makeRate(nanoUsdPerMillion, TOKENS_PER_PRICE, multiplierPermille)
}

/** `nanoUsd` for every `per` units. */
export function unitRate(nanoUsd: number, per: number): Rate {
  return makeRate(nanoUsd, per, 1_000)
}

function makeRate(listNanoUsd: number, per: number, multiplierPermille: number): Rate {
  if (![listNanoUsd, per, multiplierPermille].every((part) => Number.isSafeInteger(part) && part >= 0) || per === 0) {
    return { numerator: Number.NaN, denominator: 1, listNanoUsd, per, multiplierPermille }
  }
  const numerator = BigInt(listNanoUsd) * BigInt(multiplierPermille)
  const denominator = BigInt(per) * 1_000n
  const divisor = numerator === 0n ? denominator : greatestCommonDivisor(numerator, denominator)
  const reduced = numerator / divisor
  return {
    // a numerator past 2^53 never takes the fast path; `amountOf` goes back to the published figures there
    numerator: reduced <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(reduced) : Number.POSITIVE_INFINITY,
    denominator: Number(denominator / divisor),
    listNanoUsd,
    per,
    multiplierPermille,
  }
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/**
 * What `count` things cost: integer nano-USD, rounded half to even once. `Infinity` when that is no safe integer, so
 * that any sum with it is caught by one check.
 *
 * @param count - integer, 0 to 2^53 - 1
 */
export function amountOf(count: number, rate: Rate): number {
  if (count === 0) return 0
  const product = count * rate.numerator
  // a float product at most 2^53 - 1 is exact, since rounding is monotone and 2^53 - 1 a float
  if (product <= Number.MAX_SAFE_INTEGER) {
    if (rate.denominator === 1) return product
    const rest = product % rate.denominator
    const quotient = (product - rest) / rate.denominator
    const twice = rest * 2
    return twice < rate.denominator || (twice === rate.denominator && quotient % 2 === 0) ? quotient : quotient + 1
  }
  // a price that is no integer: whatever is made of it is no cost either
  if (Number.isNaN(rate.numerator)) return Number.POSITIVE_INFINITY
  const exact = divideHalfEven(
    BigInt(count) * BigInt(rate.listNanoUsd) * BigInt(rate.multiplierPermille),
    BigInt(rate.per) * 1_000n,
  )
  return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : Number.POSITIVE_INFINITY
}
