import { type Exact, normalizeExact } from '@tallystick/core/event'

/** How figures are written. Amounts stay exact integers until the last step; nothing here adds anything up. */

const NARROW_SPACE = '\u202f'
const NANO_DIGITS = 9
const GROUPED = new Intl.NumberFormat('en-US')

/** What stands where there is no figure. */
export const NONE = '–'

/**
 * Reads an integer of an answer: a number while it is safe, a string of digits beyond. Anything else is unknown.
 *
 * @example toExact('9007199254740993') // 9007199254740993n
 */
export function toExact(value: unknown): Exact | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null
  if (typeof value === 'bigint') return normalizeExact(value)
  return typeof value === 'string' && /^-?\d{1,40}$/.test(value) ? normalizeExact(BigInt(value)) : null
}

/** Nano-USD as a decimal of USD rounded half to even to `decimals` (0 to 9) places, digits grouped. */
function usd(nano: bigint, decimals: number): string {
  const scaled = roundHalfEven(nano < 0n ? -nano : nano, 10n ** BigInt(NANO_DIGITS - decimals))
  const digits = scaled.toString().padStart(decimals + 1, '0')
  const whole = GROUPED.format(BigInt(digits.slice(0, digits.length - decimals)))
  return `${nano < 0n ? '-' : ''}$${whole}${decimals > 0 ? `.${digits.slice(-decimals)}` : ''}`
}

function roundHalfEven(value: bigint, unit: bigint): bigint {
  const quotient = value / unit
  const twice = (value % unit) * 2n
  return twice > unit || (twice === unit && quotient % 2n === 1n) ? quotient + 1n : quotient
}

/** Decimal places at which a positive amount below one dollar still shows two significant digits; at least cents. */
function placesOfCents(nano: bigint): number {
  return Math.min(NANO_DIGITS, Math.max(2, NANO_DIGITS - nano.toString().length + 2))
}

/**
 * Money for people: cents, whole dollars from a thousand on, two significant digits below ten cents.
 *
 * @example money(12_480_000_000) // '$12.48'
 * @example money(4_200_000) // '$0.0042'
 * @example money(12_480_300_000_000) // '$12,480'
 */
export function money(nanoUsd: Exact | null): string {
  if (nanoUsd === null) return NONE
  const nano = BigInt(nanoUsd)
  const size = nano < 0n ? -nano : nano
  if (size === 0n) return '$0.00'
  // A value that rounds up to $1,000 is written like $1,000.
  if (size >= 999_995_000_000n) return usd(nano, 0)
  return usd(nano, size >= 1_000_000_000n ? 2 : placesOfCents(size))
}

/**
 * Money where there is little room: thousands as `k`, and never nothing for something that cost.
 *
 * @example moneyShort(12_480_000_000_000) // '$12.5k'
 * @example moneyShort(4_200_000) // '<$0.01'
 */
export function moneyShort(nanoUsd: Exact | null): string {
  if (nanoUsd === null) return NONE
  const value = Number(nanoUsd) / 1e9
  const size = Math.abs(value)
  if (size > 0 && size < 0.01) return value < 0 ? '>-$0.01' : '<$0.01'
  if (size < 999.995) return usd(BigInt(nanoUsd), 2)
  return `${value < 0 ? '-' : ''}$${compact(size, '')}`
}

/**
 * All nine decimals, for hovering and copying.
 *
 * @example moneyExact(47_608_895_000) // '$47.608895000'
 */
export function moneyExact(nanoUsd: Exact | null): string {
  return nanoUsd === null ? NONE : usd(BigInt(nanoUsd), NANO_DIGITS)
}

/**
 * A unit price: every digit that it has, and cents at the least.
 *
 * @example unitPrice(37_500_000) // '$0.0375'
 */
export function unitPrice(nanoUsd: Exact | null): string {
  if (nanoUsd === null) return NONE
  const [whole = '', decimals = ''] = moneyExact(nanoUsd).split('.')
  return `${whole}.${decimals.replace(/0+$/, '').padEnd(2, '0')}`
}

/**
 * A tick of a money axis in USD, with the decimals its step needs.
 *
 * @example moneyTick(12_500, 2_500) // '$12.5k'
 * @example moneyTick(0.25, 0.05) // '$0.25'
 */
export function moneyTick(value: number, step: number): string {
  if (value === 0) return '$0'
  if (Math.abs(value) >= 1000) return `$${compact(value, '', TICK_DECIMALS)}`
  return `$${value.toFixed(decimalsOf(step))}`
}

/** Places at which every multiple of a step is told from the next, as it is: none, or cents and more. */
function decimalsOf(step: number): number {
  if (Number.isInteger(step)) return 0
  let places = 2
  while (places < NANO_DIGITS && Math.abs(Math.round(step * 10 ** places) / 10 ** places - step) > step * 1e-6) places++
  return places
}

/** Steps of an axis are 1, 2, 2.5 or 5 times a power of ten. */
const TICK_DECIMALS = 2

const SCALES = [
  { from: 1e15, suffix: 'Q' },
  { from: 1e12, suffix: 'T' },
  { from: 1e9, suffix: 'B' },
  { from: 1e6, suffix: 'M' },
  { from: 1e3, suffix: 'k' },
]

/** One decimal and a suffix; a value that rounds up to the next suffix takes it. Without a gap (on axes) no idle zeros. */
function compact(value: number, gap: string, decimals = 1): string {
  const size = Math.abs(value)
  const at = SCALES.findIndex(({ from }) => size >= from * 0.99995)
  const scale = SCALES[at]
  if (!scale) return trimmed(value, 1)
  const scaled = size / scale.from
  const text =
    scaled >= 99.95 ? GROUPED.format(Math.round(scaled)) : gap ? scaled.toFixed(1) : trimmed(scaled, decimals)
  return `${value < 0 ? '-' : ''}${text}${gap}${scale.suffix}`
}

const trimmed = (value: number, decimals: number): string => String(Number(value.toFixed(decimals)))

/**
 * A count: every digit below a million, then one decimal and a suffix.
 *
 * @example count(8_819) // '8,819'
 * @example count(1_234_567) // '1.2 M'
 */
export function count(value: Exact | null): string {
  if (value === null) return NONE
  return value < 1_000_000 && value > -1_000_000 ? GROUPED.format(value) : compact(Number(value), NARROW_SPACE)
}

/** Every digit of a count, for hovering and copying. */
export function countExact(value: Exact | null): string {
  return value === null ? NONE : GROUPED.format(value)
}

/** A tick of a duration axis in ms. @example durationTick(2_500) // '2.5 s' */
export function durationTick(ms: number): string {
  if (ms === 0) return '0'
  if (ms < 1000) return `${trimmed(ms, 1)}${NARROW_SPACE}ms`
  return ms < 60_000 ? `${trimmed(ms / 1000, 1)}${NARROW_SPACE}s` : duration(ms)
}

/** A tick of a count axis. @example countTick(250_000) // '250k' */
export function countTick(value: number): string {
  return Math.abs(value) >= 1000 ? compact(value, '', TICK_DECIMALS) : trimmed(value, 2)
}

/**
 * A duration in ms.
 *
 * @example duration(340) // '340 ms'
 * @example duration(2_430) // '2.4 s'
 * @example duration(72_000) // '1 m 12 s'
 */
export function duration(ms: number | null): string {
  if (ms === null) return NONE
  if (ms < 999.5) return `${trimmed(ms, ms < 10 ? 1 : 0)}${NARROW_SPACE}ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}${NARROW_SPACE}s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'm', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm')
  const hours = Math.round(minutes / 60)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

function pair(big: number, bigUnit: string, small: number, smallUnit: string): string {
  const head = `${GROUPED.format(big)}${NARROW_SPACE}${bigUnit}`
  return small === 0 ? head : `${head} ${small}${NARROW_SPACE}${smallUnit}`
}

/**
 * A ratio (0 to 1) in percent. What is not all does not read 100 %, and what is not nothing does not read 0 %.
 *
 * @example ratio(0.975) // '97.5 %'
 * @example ratio(0.0002) // '<0.1 %'
 */
export function ratio(value: number | null): string {
  if (value === null) return NONE
  const percent = value * 100
  const text =
    percent > 0 && percent < 0.1
      ? '<0.1'
      : percent < 100 && percent > 99.9
        ? '>99.9'
        : percent === 0 || percent === 100
          ? String(percent)
          : percent.toFixed(1)
  return `${text}${NARROW_SPACE}%`
}

/**
 * Change of a figure in percent of what it was; null when there is nothing to compare with.
 *
 * @example change(112, 100) // '+12 %'
 */
export function change(now: Exact | null, before: Exact | null): string | null {
  if (now === null || before === null || Number(before) <= 0) return null
  const percent = (Number(now) / Number(before) - 1) * 100
  const size = Math.abs(percent)
  if (size >= 1000) return `×${trimmed(Number(now) / Number(before), 1)}`
  return signed(percent, size < 9.95 ? 1 : 0, '%')
}

/** Change of a ratio in percentage points. @example changePoints(0.034, 0.022) // '+1.2 pts' */
export function changePoints(now: number | null, before: number | null): string | null {
  return now === null || before === null ? null : signed((now - before) * 100, 1, 'pts')
}

function signed(value: number, decimals: number, unit: string): string {
  const text = trimmed(Math.abs(value), decimals)
  return `${text === '0' ? '±' : value > 0 ? '+' : '−'}${text}${NARROW_SPACE}${unit}`
}
