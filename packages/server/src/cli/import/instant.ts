import { TallystickError } from '@tallystick/core'
import { instantOfWallTime, isTimeZone } from '@tallystick/core/query'

/** @throws TallystickError `usage` for a name that is no IANA zone */
export function checkedZone(zone: string): string {
  if (isTimeZone(zone)) return zone
  throw new TallystickError('usage', `--time-zone ${zone} is not an IANA zone such as Europe/Berlin`)
}

const INSTANT = /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/i

/**
 * Milliseconds of an instant as exports write them: `YYYY-MM-DD[ T]hh:mm[:ss[.fraction]]` with or without a zone, or a
 * whole number of seconds, milliseconds, microseconds or nanoseconds since 1970. The fraction is cut to ms. Without a
 * zone it is local time of `timeZone`; a time that a clock change repeats is the first of the two, one that it skips
 * is read with the offset before the change.
 *
 * @returns undefined when the text is none of these.
 * @example parseInstant('2023-11-16 18:17:03.9799600', 'UTC') // 1700158623979
 */
export function parseInstant(text: string, timeZone: string): number | undefined {
  const trimmed = text.trim()
  if (/^\d{9,19}$/.test(trimmed)) return fromEpoch(trimmed)
  const match = INSTANT.exec(trimmed)
  if (match === null) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  const check = new Date(local)
  // Date.UTC rolls 31 February over; such a text is no instant.
  if (check.getUTCMonth() !== Number(month) - 1 || check.getUTCDate() !== Number(day)) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const ms = local + Number(fraction.slice(0, 3).padEnd(3, '0'))
  if (zone === undefined) return instantOfWallTime(timeZone, ms)
  if (/^(z|utc)$/i.test(zone)) return ms
  const sign = zone.startsWith('-') ? -1 : 1
  const digits = zone.replace(/\D/g, '')
  return ms - sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000
}

/** The unit follows from the number of digits: seconds until 2286 have 9 or 10, each finer unit three more. */
function fromEpoch(digits: string): number {
  const value = BigInt(digits)
  if (digits.length <= 10) return Number(value * 1000n)
  if (digits.length <= 13) return Number(value)
  if (digits.length <= 16) return Number(value / 1000n)
  return Number(value / 1_000_000n)
}
