import { TallystickError } from '../../errors.ts'
import { nearest, quoted } from '../../nearest.ts'
import { bucketStartOf, type Interval } from '../../query/index.ts'

/** `[fromMs, toMs)`, ms since 1970 UTC. */
export interface ReportRange {
  readonly fromMs: number
  readonly toMs: number
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])
/** The bucket that now lies in, or the one before it. */
const CALENDAR: ReadonlyMap<string, readonly [interval: Interval, last: boolean]> = new Map([
  ['today', ['1d', false]],
  ['yesterday', ['1d', true]],
  ['this_week', ['1w', false]],
  ['last_week', ['1w', true]],
  ['this_month', ['1mo', false]],
  ['last_month', ['1mo', true]],
])
const MAX_MS = 3_660 * 86_400_000

/** Names of ranges beside ages such as `24h`, `7d` and `4w`. */
export const REPORT_RANGES: readonly string[] = [...CALENDAR.keys()]

/**
 * The range that a word or an age names, as it is at an instant: the last so many hours, days or weeks, or a day, week or month of
 * the zone's calendar. What has not ended yet ends with this ms.
 *
 * @param timeZone an IANA name that the runtime knows
 * @throws TallystickError `invalid_query`
 * @example
 * const nowMs = Date.UTC(2026, 10, 21, 12)
 * reportRange('7d', nowMs, 'UTC').toMs - nowMs // 1
 * new Date(reportRange('last_month', nowMs, 'UTC').toMs).toISOString() // '2026-11-01T00:00:00.000Z'
 */
export function reportRange(name: string, nowMs: number, timeZone: string): ReportRange {
  const calendar = CALENDAR.get(name)
  if (calendar !== undefined) {
    const [interval, last] = calendar
    const startMs = bucketStartOf(nowMs, interval, timeZone)
    return last
      ? { fromMs: bucketStartOf(startMs - 1, interval, timeZone), toMs: startMs }
      : { fromMs: startMs, toMs: nowMs + 1 }
  }
  const [, digits = '', unit = ''] = /^(\d{1,5})([hdw])$/.exec(name) ?? []
  const ms = Number(digits) * (UNITS.get(unit) ?? 0)
  if (ms > 0 && ms <= MAX_MS) return { fromMs: nowMs + 1 - ms, toMs: nowMs + 1 }
  const hint = digits === '' ? nearest(name, REPORT_RANGES) : 'at most 3660d'
  const message = `${quoted(name)} is no range such as 24h, 7d, 4w or ${REPORT_RANGES.join(', ')}; ${hint}`
  throw new TallystickError('invalid_query', `range: ${message}.`, { issues: [{ path: 'range', message }] })
}

/** As long before it: what figures are compared with. */
export function rangeBefore({ fromMs, toMs }: ReportRange): ReportRange {
  return { fromMs: Math.max(0, fromMs - (toMs - fromMs)), toMs: fromMs }
}
