import { TallystickError } from '@tallystick/core'
import { MAX_AHEAD_MS, MIN_TIMESTAMP_MS, parseRfc3339 } from '@tallystick/core/event'

/** A span of time as a query names it. */
export interface Period {
  /** The documented spelling, or `custom` for `start` and `end`. */
  readonly name: string
  /** `[fromMs, toMs)`, ms since 1970 UTC. */
  readonly fromMs: number
  readonly toMs: number
}

const DAY_MS = 86_400_000
const DEFAULT = 'all-time'

type Range = readonly [fromMs: number, toMs: number]

/**
 * Documented names, and how the range follows from the day (its midnight, UTC) and now. What ends now ends with the
 * current day, so that an event from a clock that is a little ahead is not missing from today; all time is all that a
 * door lets in.
 */
const PERIODS: ReadonlyMap<string, (day: number, nowMs: number) => Range> = new Map([
  ['today', (day) => [day, day + DAY_MS]],
  ['yesterday', (day) => [day - DAY_MS, day]],
  ['last-7-days', (day) => [day - 7 * DAY_MS, day + DAY_MS]],
  ['last-30-days', (day) => [day - 30 * DAY_MS, day + DAY_MS]],
  ['this-month', (day) => [monthOf(day, 0), day + DAY_MS]],
  ['last-month', (day) => [monthOf(day, -1), monthOf(day, 0)]],
  ['all-time', (_day, nowMs) => [MIN_TIMESTAMP_MS, nowMs + MAX_AHEAD_MS + 1]],
])

/** `last7-days`, `last7days` and `Last-7-Days` are one name: three of them were in use. */
const bare = (text: string): string => text.toLowerCase().replace(/[-_]/g, '')
const NAMES: ReadonlyMap<string, string> = new Map([...PERIODS.keys()].map((name) => [bare(name), name]))

/**
 * The period of a request: `period`, or `start` and `end` (integer ms, RFC 3339, or a day, which as `end` is included);
 * of the two either may be left out.
 *
 * @throws TallystickError `invalid_period`
 * @example periodOf(new URLSearchParams('period=last7-days'), nowMs).name // 'last-7-days'
 */
export function periodOf(parameters: URLSearchParams, nowMs: number): Period {
  const text = parameters.get('period')
  const start = parameters.get('start')
  const end = parameters.get('end')
  if (start !== null || end !== null) {
    if (text !== null) throw invalid('period', 'cannot stand beside start and end')
    return customPeriod(start, end, nowMs)
  }
  const name = NAMES.get(bare((text ?? DEFAULT).slice(0, 64)))
  const rangeOf = name === undefined ? undefined : PERIODS.get(name)
  if (name === undefined || rangeOf === undefined)
    throw invalid('period', `must be one of ${[...PERIODS.keys()].join(', ')}`)
  const [fromMs, toMs] = rangeOf(Math.floor(nowMs / DAY_MS) * DAY_MS, nowMs)
  return { name, fromMs, toMs }
}

function customPeriod(start: string | null, end: string | null, nowMs: number): Period {
  const fromMs = start === null ? MIN_TIMESTAMP_MS : instantOf('start', start, 0)
  const toMs = end === null ? nowMs + MAX_AHEAD_MS + 1 : instantOf('end', end, DAY_MS)
  if (fromMs >= toMs) throw invalid('end', 'must be after start')
  return { name: 'custom', fromMs, toMs }
}

function instantOf(path: string, text: string, dayMs: number): number {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const instant = day ? parseRfc3339(`${text}T00:00:00Z`) : /^\d{1,15}$/.test(text) ? Number(text) : parseRfc3339(text)
  if (instant === undefined || instant < 0)
    throw invalid(path, 'must be integer ms since 1970, RFC 3339 with a zone, or a day such as 2026-11-21')
  return day ? instant + dayMs : instant
}

function monthOf(day: number, months: number): number {
  const date = new Date(day)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)
}

function invalid(path: string, message: string): TallystickError {
  return new TallystickError('invalid_period', `${path} ${message}.`, { issues: [{ path, message }] })
}
