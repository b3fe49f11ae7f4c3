import type { Exact } from '../../event/index.ts'

/**
 * A value as both formats write it: exact, and for numbers the shortest text that reads back as the nearest double.
 *
 * @param per a power of ten, see `FamilySamples`
 * @example writeNumber(15_000_000, 1e9) // '0.015'
 */
export function writeNumber(value: Exact, per: number): string {
  if (typeof value === 'bigint') return writeBig(value, per)
  // One division of two exact integers is rounded correctly.
  const number = value / per
  if (Number.isFinite(number)) return String(number)
  return Number.isNaN(number) ? 'NaN' : number > 0 ? '+Inf' : '-Inf'
}

function writeBig(value: bigint, per: number): string {
  const digits = Math.round(Math.log10(per))
  const text = (value < 0n ? -value : value).toString().padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  const fraction = text.slice(text.length - digits).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}
