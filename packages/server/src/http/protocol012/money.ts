import { divideHalfEven, exactToJson, nanoToMicros, nanoToUsd, normalizeExact } from '@tallystick/core/event'

const NANO_PER_TEN_THOUSANDTH = 100_000n

/** An exact integer as it stands in a row: digits beyond 2^53 - 1; none is 0. */
export function exactOf(value: string | number | boolean | null | undefined): bigint {
  return value === null || value === undefined ? 0n : BigInt(value)
}

/** An exact integer as it stands in JSON. */
export function integer(value: bigint): number | string {
  return exactToJson(normalizeExact(value))
}

/**
 * An amount under the protocol's name, in USD as the nearest double, and beside it exactly.
 *
 * @example amount('spending', 52_500n) // { spending: 0.0000525, spending_micros: 52, spending_nano_usd: 52500 }
 */
export function amount(name: string, nanoUsd: bigint): object {
  return {
    [name]: nanoToUsd(nanoUsd),
    [`${name}_micros`]: exactToJson(nanoToMicros(normalizeExact(nanoUsd))),
    [`${name}_nano_usd`]: integer(nanoUsd),
  }
}

/**
 * `total / count` of one request, which the protocol gives in USD with four decimals; beside it in nano-USD. Both are
 * rounded once, half to even, from integers. 0 of none.
 *
 * @example perRequest('avg_cost_per_request', 100_000n, 3n) // { avg_cost_per_request: 0, avg_cost_per_request_nano_usd: 33333 }
 */
export function perRequest(name: string, totalNanoUsd: bigint, count: bigint): object {
  const divisor = count === 0n ? 1n : count
  return {
    [name]: Number(divideHalfEven(totalNanoUsd, divisor * NANO_PER_TEN_THOUSANDTH)) / 10_000,
    [`${name}_nano_usd`]: integer(divideHalfEven(totalNanoUsd, divisor)),
  }
}

/**
 * `part` of `whole` as a percentage with two decimals, cut and not rounded: 49.999 % must not look like the 50 at which
 * something happens. 0 of nothing.
 */
export function percentOf(part: bigint, whole: bigint): number {
  return whole <= 0n ? 0 : Number((part * 10_000n) / whole) / 100
}
