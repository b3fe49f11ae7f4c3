import { divideHalfEven } from '../event/units.ts'

const DECIMAL = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/

/**
 * `value * 10^shift` as an exact integer, by moving the decimal point of the digits and never by multiplying floats. A
 * number is taken as the shortest decimal that names it, which is what its author wrote. Digits below one are rounded
 * half to even.
 *
 * @returns undefined when it is not a plain non-negative decimal, or the result is not a safe integer
 * @example scaleDecimal(1.25e-6, 15) // 1_250_000_000
 * @example scaleDecimal('0.1', 9) // 100_000_000
 */
export function scaleDecimal(value: number | string, shift: number): number | undefined {
  const match = DECIMAL.exec(typeof value === 'number' ? String(value) : value.trim())
  if (!match) return undefined
  const fraction = match[2] ?? ''
  const digits = ((match[1] ?? '') + fraction).replace(/^0+(?=\d)/, '')
  if (digits === '0') return 0
  const exponent = Number(match[3] ?? 0) - fraction.length + shift
  // 10^17 times any digit but zero is unsafe, and 30 places below one it rounds to zero
  if (digits.length + exponent > 17) return undefined
  if (digits.length + exponent < -30) return 0
  const integer =
    exponent >= 0 ? BigInt(digits) * 10n ** BigInt(exponent) : divideHalfEven(BigInt(digits), 10n ** BigInt(-exponent))
  return integer <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(integer) : undefined
}

/** USD per million tokens -> nano-USD per million tokens. */
export const usdPerMillion = (usd: number | string): number | undefined => scaleDecimal(usd, 9)

/** USD per token -> nano-USD per million tokens. */
export const usdPerToken = (usd: number | string): number | undefined => scaleDecimal(usd, 15)
