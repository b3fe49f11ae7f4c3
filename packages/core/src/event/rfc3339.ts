const LEAP_FREE_DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * The instant of an RFC 3339 date-time, integer ms since 1970 UTC; undefined if `text` is anything else.
 *
 * The zone is required: `Z` or an offset of at most 23:59. Digits of a second behind the third are cut, never rounded,
 * so no instant moves into the next millisecond. `t`, `z` and a space for `T` are accepted, as the RFC permits. A leap
 * second (`:60`) reads as the first instant of the next minute. Years are 0000 to 9999; days that do not exist are refused.
 *
 * @source RFC 3339 section 5.6
 * @example parseRfc3339('2026-11-21T08:00:00.1239+05:45') // 1795227300123
 */
export function parseRfc3339(text: string): number | undefined {
  const length = text.length
  // 20 is `2026-11-21T08:00:00Z`; a fraction longer than 16 digits is nobody's clock.
  if (length < 20 || length > 42) return undefined
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 2)
  const day = digits(text, 8, 2)
  const hour = digits(text, 11, 2)
  const minute = digits(text, 14, 2)
  const second = digits(text, 17, 2)
  if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59)
    return undefined
  if (second < 0 || second > 60 || day > daysIn(year, month)) return undefined
  if (text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':') return undefined
  const separator = text[10]
  if (separator !== 'T' && separator !== 't' && separator !== ' ') return undefined

  let at = 19
  let ms = 0
  if (text[at] === '.') {
    const start = ++at
    while (at < length && isDigit(text.charCodeAt(at))) at++
    if (at === start) return undefined
    const kept = Math.min(3, at - start)
    ms = digits(text, start, kept) * (kept === 1 ? 100 : kept === 2 ? 10 : 1)
  }

  const offset = offsetMinutes(text, at)
  if (offset === undefined) return undefined
  // Date.UTC reads years below 100 as 19xx; setUTCFullYear does not.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + ms
}

/** Minutes east of UTC of the zone at `at`, which must end the text. */
function offsetMinutes(text: string, at: number): number | undefined {
  const sign = text[at]
  if (sign === 'Z' || sign === 'z') return at + 1 === text.length ? 0 : undefined
  if ((sign !== '+' && sign !== '-') || at + 6 !== text.length || text[at + 3] !== ':') return undefined
  const hours = digits(text, at + 1, 2)
  const minutes = digits(text, at + 4, 2)
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return undefined
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes)
}

function daysIn(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return month === 2 && leap ? 29 : (LEAP_FREE_DAYS[month - 1] as number)
}

/** The `count` digits at `at` as a number, -1 if one of them is not a digit. */
function digits(text: string, at: number, count: number): number {
  let value = 0
  for (let index = at; index < at + count; index++) {
    const code = text.charCodeAt(index)
    if (!isDigit(code)) return -1
    value = value * 10 + code - 48
  }
  return value
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
