import { TallystickError } from '@tallystick/core'
import { bucketStartOf, type Interval, isTimeZone, zoneOffsetMs } from '@tallystick/core/query'
import { instantOf } from '../age.ts'

/** Which time a report is about, and in whose days. */
export interface Period {
  readonly fromMs: number
  readonly toMs: number
  readonly timeZone: string
}

export interface PeriodFlags {
  readonly since?: string
  readonly until?: string
  readonly timezone?: string
}

const DAY_MS = 86_400_000
const DATE = /^(\d{4})-?(\d\d)-?(\d\d)$/
/** No door takes an event further ahead. */
const AHEAD_MS = DAY_MS
/** No door takes an older one. */
const EARLIEST_MS = Date.UTC(2000, 0, 1)

/**
 * The range that flags name. A date is the whole day of the zone, so `--until 2026-11-21` includes it; `--since all` is
 * everything. Without `--since` it begins so many buckets back that the present one is the last of `buckets`.
 *
 * @throws TallystickError `usage`
 * @example
 * const { fromMs, toMs } = periodOf({ since: '20261101', until: '2026-11-30', timezone: 'UTC' }, '1d', 30, Date.now())
 * new Date(fromMs).toISOString() // '2026-11-01T00:00:00.000Z'
 * new Date(toMs).toISOString() // '2026-12-01T00:00:00.000Z'
 */
export function periodOf(
  { since, until, timezone }: PeriodFlags,
  interval: Interval,
  buckets: number,
  nowMs: number,
): Period {
  const timeZone = timezone ?? systemZone()
  if (!isTimeZone(timeZone))
    throw new TallystickError('usage', `--timezone ${timeZone} is not an IANA zone such as Europe/Berlin`)
  const toMs = until === undefined ? nowMs + AHEAD_MS : boundOf('--until', until, timeZone, nowMs, 1)
  const fromMs =
    since === 'all'
      ? EARLIEST_MS
      : since === undefined
        ? bucketsBack(Math.min(nowMs, toMs - 1), interval, buckets, timeZone)
        : boundOf('--since', since, timeZone, nowMs, 0)
  if (fromMs >= toMs) throw new TallystickError('usage', '--since must be before --until')
  return { fromMs, toMs, timeZone }
}

/** The zone of this machine. */
export const systemZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

function boundOf(flag: string, text: string, timeZone: string, nowMs: number, daysOn: number): number {
  const date = DATE.exec(text)
  if (date === null) return instantOf(flag, text, timeZone, nowMs)
  const [, year, month, day] = date
  const startMs = instantOf(flag, `${year}-${month}-${day}`, timeZone, nowMs)
  // Noon of the day after lies in that day whatever its clocks do.
  return daysOn === 0 ? startMs : bucketStartOf(startMs + 1.5 * DAY_MS, '1d', timeZone)
}

function bucketsBack(nowMs: number, interval: Interval, buckets: number, timeZone: string): number {
  let startMs = bucketStartOf(nowMs, interval, timeZone)
  for (let back = 1; back < buckets; back++) startMs = bucketStartOf(startMs - 1, interval, timeZone)
  return startMs
}

/**
 * The date that a clock in the zone shows.
 *
 * @example dateIn(0, 'Asia/Kathmandu') // '1970-01-01'
 */
export function dateIn(ms: number, timeZone: string): string {
  return new Date(ms + zoneOffsetMs(timeZone, ms)).toISOString().slice(0, 10)
}

/** Date and time of day that a clock in the zone shows. @example clockIn(0, 'UTC') // '1970-01-01 00:00' */
export function clockIn(ms: number, timeZone: string): string {
  return new Date(ms + zoneOffsetMs(timeZone, ms)).toISOString().slice(0, 16).replace('T', ' ')
}
