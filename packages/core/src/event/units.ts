/**
 * Units and the only conversions between them. Money is integer nano-USD (1e-9 USD); a unit price is integer nano-USD
 * per million tokens, so $0.0375 per million is 37,500,000, exactly.
 */
export const NANO_USD_PER_USD = 1_000_000_000
/** A micro-USD in nano-USD. */
export const NANO_USD_PER_MICRO_USD = 1_000
const MICRO_USD_PER_USD = 1_000_000

/** An exact integer: a number while it is safe, a bigint beyond 2^53 - 1. */
export type Exact = number | bigint

/**
 * Sum of two exact integers.
 *
 * @example addExact(Number.MAX_SAFE_INTEGER, 1) // 9007199254740992n
 */
export function addExact(a: Exact, b: Exact): Exact {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return normalizeExact(BigInt(a) + BigInt(b))
}

/** A bigint that fits a safe number becomes that number; two equal integers have one form. */
export function normalizeExact(value: Exact): Exact {
  if (typeof value === 'number') return value
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value
}

/** -1, 0 or 1. */
export function compareExact(a: Exact, b: Exact): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** How an exact integer stands in JSON: a number while safe, a string of digits beyond. */
export function exactToJson(value: Exact): number | string {
  return typeof value === 'bigint' ? value.toString() : value
}

/**
 * `numerator / denominator` rounded half to even, for non-negative integers.
 *
 * @example divideHalfEven(5n, 2n) // 2n
 * @example divideHalfEven(7n, 2n) // 4n
 */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  const twice = (numerator % denominator) * 2n
  if (twice < denominator) return quotient
  if (twice > denominator) return quotient + 1n
  return quotient % 2n === 0n ? quotient : quotient + 1n
}

/**
 * Nano-USD to the integer micro-USD of the old wires, half to even.
 *
 * @example nanoToMicros(52_500) // 52
 */
export function nanoToMicros(nanoUsd: Exact): Exact {
  if (typeof nanoUsd === 'number' && nanoUsd >= 0) {
    const quotient = Math.floor(nanoUsd / 1000)
    const rest = nanoUsd - quotient * 1000
    if (rest !== 500) return rest > 500 ? quotient + 1 : quotient
    return quotient % 2 === 0 ? quotient : quotient + 1
  }
  const value = BigInt(nanoUsd)
  return normalizeExact(value < 0n ? -divideHalfEven(-value, 1000n) : divideHalfEven(value, 1000n))
}

/** Micro-USD to nano-USD. Exact; a bigint past 2^53. */
export function microsToNano(micros: Exact): Exact {
  return normalizeExact(BigInt(micros) * 1000n)
}

/** For showing and for the old wires only; never add these. */
export function nanoToUsd(nanoUsd: Exact): number {
  return Number(nanoUsd) / NANO_USD_PER_USD
}

/**
 * The nearest nano-USD of an amount in USD as somebody else's float; undefined unless it is finite, not negative and
 * its nano-USD is a safe integer.
 *
 * @example usdToNano(0.0075) // 7_500_000
 */
export function usdToNano(usd: number): number | undefined {
  const nano = Math.round(usd * NANO_USD_PER_USD)
  return Number.isSafeInteger(nano) && nano >= 0 ? nano : undefined
}

/**
 * The nearest micro-USD of an amount in USD. A negative one is 0, as the replaced system has it.
 *
 * @param usd - NaN and amounts past 2^53 - 1 micro-USD have none: undefined
 * @example usdToMicros(0.0075) // 7_500
 * @example usdToMicros(-1) // 0
 */
export function usdToMicros(usd: number): number | undefined {
  const micros = Math.max(0, Math.round(usd * MICRO_USD_PER_USD))
  return Number.isSafeInteger(micros) ? micros : undefined
}

/** Micro-USD to USD: for showing and for the old wires only. */
export function microsToUsd(micros: Exact): number {
  return Number(micros) / MICRO_USD_PER_USD
}
