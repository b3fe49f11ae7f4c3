import { divideHalfEven } from '../../event/index.ts'
import { zoneOffsetMs } from '../../query/index.ts'
import type { Figure, ReportTotal } from './report.ts'

/** How the figures of a report are written for people. */

/** Stands where a figure is unknown. */
export const UNKNOWN_FIGURE = '–'
const NANO_DIGITS = 9
/** Made with the first figure: it takes ten milliseconds, and most who load this write no report. */
let grouping: Intl.NumberFormat | undefined
const grouped = (value: number | bigint): string => {
  grouping ??= new Intl.NumberFormat('en-US')
  return grouping.format(value)
}

/**
 * Cents; whole dollars from a thousand on; two significant digits below ten cents. Never nothing for something that cost.
 *
 * @example usdText(12_480_000_000) // '$12.48'
 * @example usdText(4_200_000) // '$0.0042'
 */
export function usdText(nanoUsd: Figure): string {
  if (nanoUsd === null) return UNKNOWN_FIGURE
  const nano = BigInt(nanoUsd)
  const size = nano < 0n ? -nano : nano
  const places =
    size >= 999_995_000_000n
      ? 0
      : size >= 100_000_000n || size === 0n
        ? 2
        : Math.min(NANO_DIGITS, NANO_DIGITS - size.toString().length + 2)
  const digits = divideHalfEven(size, 10n ** BigInt(NANO_DIGITS - places))
    .toString()
    .padStart(places + 1, '0')
  const whole = grouped(BigInt(digits.slice(0, digits.length - places)))
  return `${nano < 0n ? '-' : ''}$${whole}${places > 0 ? `.${digits.slice(-places)}` : ''}`
}

/** Every digit. @example countText(8819) // '8,819' */
export function countText(value: Figure): string {
  return value === null ? UNKNOWN_FIGURE : grouped(typeof value === 'string' ? BigInt(value) : value)
}

/** Three digits or so from a million on. @example shortCount(1_234_567) // '1.23 M' */
export function shortCount(value: Figure): string {
  if (value === null) return UNKNOWN_FIGURE
  const number = Number(value)
  for (const [size, unit] of SCALES)
    if (Math.abs(number) >= size) return `${(number / size).toPrecision(3).replace(/e.*/, '')} ${unit}`
  return countText(value)
}

const SCALES: readonly (readonly [number, string])[] = [
  [1e15, 'Q'],
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
]

/** Milliseconds, seconds or minutes. @example durationText(2_430) // '2.43 s' */
export function durationText(ms: Figure): string {
  if (ms === null) return UNKNOWN_FIGURE
  const value = Number(ms)
  if (value < 1_000) return `${Math.round(value)} ms`
  if (value < 60_000) return `${(value / 1_000).toFixed(value < 10_000 ? 2 : 1)} s`
  const seconds = Math.round(value / 1_000)
  return `${Math.floor(seconds / 60)} m ${seconds % 60} s`
}

/** A ratio of 0 to 1 in percent. @example ratioText(0.975) // '97.5 %' */
export function ratioText(value: number | null): string {
  if (value === null) return UNKNOWN_FIGURE
  const percent = value * 100
  if (percent > 0 && percent < 0.1) return '<0.1 %'
  if (percent > 99.9 && percent < 100) return '>99.9 %'
  return `${percent === 0 || percent === 100 ? percent : percent.toFixed(1)} %`
}

/** A total by its unit. */
export function totalText({ unit, value }: Pick<ReportTotal, 'unit' | 'value'>): string {
  if (unit === 'nano_usd') return usdText(value)
  if (unit === 'ms') return durationText(value)
  if (unit === 'ratio') return ratioText(value === null ? null : Number(value))
  return shortCount(value)
}

/** A change with its sign; undefined without something to compare with. @example changeText({ unit: 'count', change: 0.123 }) // '+12 %' */
export function changeText({ unit, change }: Pick<ReportTotal, 'unit' | 'change'>): string | undefined {
  if (change === null) return undefined
  const [value, of] = [change * 100, unit === 'ratio' ? 'pts' : '%']
  const size = Math.abs(value)
  if (unit !== 'ratio' && value >= 1_000) return `×${(change + 1).toFixed(1)}`
  const text = size < 9.95 ? size.toFixed(1) : size.toFixed(0)
  return `${Number(text) === 0 ? '±' : value > 0 ? '+' : '−'}${Number(text)} ${of}`
}

/** Date and time of day of a zone. @example instantText(0, 'UTC') // '1970-01-01 00:00' */
export function instantText(ms: number, timeZone: string): string {
  return new Date(ms + zoneOffsetMs(timeZone, ms)).toISOString().slice(0, 16).replace('T', ' ')
}
