import { TallystickError } from '../errors.ts'
import type { Interval } from './query.ts'
import { type Zone, type ZoneSegment, zoneOf } from './zone.ts'

/**
 * Time buckets in a zone.
 *
 * - Up to an hour, a bucket is that long on the zone's clock (an hour of Kathmandu starts at :15 past a UTC hour) and never
 *   spans a change of offset: the hour that a clock repeats is two buckets, the one it skips is none. Where the clock moves
 *   by half an hour (Lord Howe), the hour it moves in is cut at that instant.
 * - Beyond an hour, a bucket begins the first time the clock shows, or jumps over, its wall time: 00:00, 03:00 and so on
 *   for 3 h, 6 h and 12 h, midnight for a day, Monday for a week, the first for a month. So a day of a change has 23 or 25
 *   hours, and a day that a zone left out has no bucket.
 *
 * Buckets of one interval and zone follow each other without gap or overlap, so the sum over days is the total of the range.
 */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Least length of a bucket that is counted on; a day or month of a change may be shorter than its nominal length. */
const NOMINAL_MS: { readonly [K in Interval]: number } = {
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '3h': 3 * HOUR_MS,
  '6h': 6 * HOUR_MS,
  '12h': 12 * HOUR_MS,
  '1d': DAY_MS,
  '1w': 7 * DAY_MS,
  '1mo': 28 * DAY_MS,
}

/** Shortest first. */
export const INTERVALS: readonly Interval[] = Object.keys(NOMINAL_MS) as Interval[]

/** The most buckets one range may have. */
export const MAX_BUCKETS = 20_000

/** `[startMs, endMs)`, ms since 1970 UTC. */
export interface Bucket {
  readonly startMs: number
  readonly endMs: number
}

/**
 * A function from an instant to its bucket that remembers the last answer: instants that come roughly in order cost a
 * comparison each.
 *
 * @throws TallystickError `invalid_query` if the runtime does not know the zone.
 */
export function bucketer(interval: Interval, timeZone: string): (ms: number) => Bucket {
  const zone = zoneOf(timeZone)
  if (zone === undefined) throw invalid('time_zone', unknownZone(timeZone))
  const find = NOMINAL_MS[interval] <= HOUR_MS ? clockBucket : calendarBucket
  let current: Bucket = { startMs: 0, endMs: 0 }
  return (ms) => {
    if (ms < current.startMs || ms >= current.endMs) current = find(ms, interval, zone)
    return current
  }
}

/**
 * Start of the bucket that holds an instant.
 *
 * @example bucketStartOf(Date.parse('2025-06-01T10:00:00Z'), '1h', 'Asia/Kathmandu') // Date.parse('2025-06-01T09:15:00Z')
 * @throws TallystickError `invalid_query` if the runtime does not know the zone.
 */
export function bucketStartOf(ms: number, interval: Interval, timeZone: string): number {
  return bucketer(interval, timeZone)(ms).startMs
}

/**
 * Starts of all buckets that share an instant with `[fromMs, toMs)`, in order. The first may start before `fromMs`.
 *
 * @throws TallystickError `invalid_query` for more than {@link MAX_BUCKETS} or an unknown zone.
 */
export function bucketStarts(fromMs: number, toMs: number, interval: Interval, timeZone: string): number[] {
  const bucketOf = bucketer(interval, timeZone)
  const starts: number[] = []
  // Far beyond the cap (months are up to a tenth longer than counted, days end early twice a year): do not walk there.
  if ((toMs - fromMs) / NOMINAL_MS[interval] > MAX_BUCKETS * 1.2) throw tooManyBuckets(interval)
  for (let ms = fromMs; ms < toMs; ) {
    if (starts.length === MAX_BUCKETS) throw tooManyBuckets(interval)
    const bucket = bucketOf(ms)
    starts.push(bucket.startMs)
    ms = bucket.endMs
  }
  return starts
}

/** What is said of a zone nobody knows. */
export function unknownZone(timeZone: string): string {
  return `${JSON.stringify(timeZone)} is not an IANA time zone; use a name like "UTC" or "Europe/Berlin"`
}

function tooManyBuckets(interval: Interval): TallystickError {
  return invalid(
    'interval',
    `"${interval}" makes more than ${MAX_BUCKETS} buckets of this range; use a longer interval`,
  )
}

function invalid(path: string, message: string): TallystickError {
  return new TallystickError('invalid_query', `${path}: ${message}`, { issues: [{ path, message }] })
}

/** Up to an hour: floor on the zone's clock, cut where the offset changes. */
function clockBucket(ms: number, interval: Interval, zone: Zone): Bucket {
  const length = NOMINAL_MS[interval]
  const segment = zone.at(ms)
  const { offsetMs } = segment
  const startMs = Math.floor((ms + offsetMs) / length) * length - offsetMs
  return { startMs: cutStart(zone, segment, startMs), endMs: cutEnd(zone, segment, startMs + length) }
}

function cutStart(zone: Zone, from: ZoneSegment, startMs: number): number {
  let segment = from
  while (startMs < segment.startMs) {
    const before = zone.at(segment.startMs - 1)
    if (before.offsetMs !== segment.offsetMs) return segment.startMs
    segment = before
  }
  return startMs
}

function cutEnd(zone: Zone, from: ZoneSegment, endMs: number): number {
  let segment = from
  while (endMs > segment.endMs) {
    const after = zone.at(segment.endMs)
    if (after.offsetMs !== segment.offsetMs) return segment.endMs
    segment = after
  }
  return endMs
}

/** Beyond an hour: between two instants at which the clock reaches the wall times of the interval. */
function calendarBucket(ms: number, interval: Interval, zone: Zone): Bucket {
  let wall = floorWall(ms + zone.at(ms).offsetMs, interval)
  let startMs = reaches(wall, zone)
  let next = nextWall(wall, interval)
  let endMs = reaches(next, zone)
  // A clock set back over a boundary shows the earlier bucket's time again, though the later bucket has begun.
  while (ms >= endMs) {
    wall = next
    startMs = endMs
    next = nextWall(wall, interval)
    endMs = reaches(next, zone)
  }
  return { startMs, endMs }
}

/** The first instant at which the zone's clock shows `wall` or later. */
function reaches(wall: number, zone: Zone): number {
  // No zone was ever 16 hours off UTC, so the walk starts before that instant.
  for (let segment = zone.at(wall - 16 * HOUR_MS); ; segment = zone.at(segment.endMs)) {
    const ms = Math.max(segment.startMs, wall - segment.offsetMs)
    if (ms < segment.endMs) return ms
  }
}

/** Wall times are written as the ms UTC would have if its clock showed them. */
function floorWall(wall: number, interval: Interval): number {
  if (interval === '1mo') {
    const date = new Date(wall)
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  }
  if (interval === '1w') {
    // 1970-01-01 was a Thursday, so day 4 was the first Monday.
    const day = Math.floor(wall / DAY_MS)
    return (Math.floor((day - 4) / 7) * 7 + 4) * DAY_MS
  }
  const length = NOMINAL_MS[interval]
  return Math.floor(wall / length) * length
}

function nextWall(wall: number, interval: Interval): number {
  if (interval !== '1mo') return wall + NOMINAL_MS[interval]
  const date = new Date(wall)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}
