/** A price for each priced unit and what so many units come to at it, exactly. */
export interface UnitPrice {
  /** Integer nano-USD for one priced unit. */
  readonly nanoUsd: bigint
  /** Nano-USD times `per`: what the units come to. */
  readonly costScaled: bigint
}

/**
 * The unit price that explains the cost of a row. Each request has been rounded to the nano-USD by itself, so that many prices
 * come within the rounding; the roundest of them is the published one as a rule. Where none does, as where several prices apply
 * to one row, it is the mean.
 *
 * @param costNanoUsd what the row comes to, 0 or more
 * @param units tokens or requests, 1 or more
 * @param per how many of them are one priced unit
 * @param roundings how many amounts were rounded to make the cost
 * @example unitPrice(113n, 3n, 1_000_000n, 1n).nanoUsd // 37_500_000n
 */
export function unitPrice(costNanoUsd: bigint, units: bigint, per: bigint, roundings: bigint): UnitPrice {
  const low = max(0n, ceilDiv((2n * costNanoUsd - roundings) * per, 2n * units))
  const high = ((2n * costNanoUsd + roundings) * per) / (2n * units)
  const nanoUsd = roundest(low, high) ?? (2n * costNanoUsd * per + units) / (2n * units)
  return { nanoUsd, costScaled: nanoUsd * units }
}

/** The number of `[low, high]` with the most zeros at its end, the least of several; undefined when there is none. */
function roundest(low: bigint, high: bigint): bigint | undefined {
  let step = 1n
  while (step <= high) step *= 10n
  for (; step >= 1n; step /= 10n) {
    const found = ceilDiv(low, step) * step
    if (found <= high) return found
  }
  return undefined
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** Of a divisor above 0. */
const ceilDiv = (value: bigint, divisor: bigint): bigint => {
  const quotient = value / divisor
  return value > 0n && quotient * divisor !== value ? quotient + 1n : quotient
}
