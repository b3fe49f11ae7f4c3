/**
 * Offsets of IANA time zones, from the runtime's own table through `Intl`.
 *
 * `Intl` answers only "what is the offset at this instant?", and slowly (some microseconds), so the transitions of a zone
 * are found once per stretch of about 13 months: sampled every 6.2 days, then narrowed by bisection. A sample must be
 * shorter than the shortest spell after which a zone returns to its former offset; from 1970 to 2037 that is the 7 days of
 * summer time of America/Boa_Vista in October 2000 (IANA database, all zones compared day by day).
 */

/** A stretch `[startMs, endMs)` of one offset (local = UTC + offset). Its neighbours may have the same one. */
export interface ZoneSegment {
  readonly startMs: number
  readonly endMs: number
  readonly offsetMs: number
}

export interface Zone {
  /** The segment an instant lies in. */
  at(ms: number): ZoneSegment
}

const SAMPLE_MS = 2 ** 29
const CHUNK_MS = 2 ** 35

/** A formatter weighs tens of kilobytes in the engine; a client that walks through all zones must not keep them all. */
const MAX_CACHED_ZONES = 32
const cache = new Map<string, Zone>()

/** Does the runtime know this zone? Names are case-insensitive, as in `Intl`. */
export function isTimeZone(name: string): boolean {
  return zoneOf(name) !== undefined
}

/** Nothing has to be asked of the runtime, whose first formatter costs a start ten milliseconds. */
const ALWAYS: ZoneSegment = { startMs: -8_640_000_000_000_000, endMs: 8_640_000_000_000_000, offsetMs: 0 }
const UTC: Zone = { at: () => ALWAYS }

/** The zone of that name; undefined if the runtime knows none. */
export function zoneOf(name: string): Zone | undefined {
  if (name === 'UTC') return UTC
  let zone = cache.get(name)
  if (zone === undefined) {
    try {
      zone = openZone(name)
    } catch (error) {
      if (error instanceof RangeError) return undefined
      throw error
    }
    if (cache.size >= MAX_CACHED_ZONES) cache.delete(cache.keys().next().value as string)
    cache.set(name, zone)
  }
  return zone
}

/**
 * How far the clocks of a zone are ahead of UTC at an instant, in ms; 0 for a zone the runtime does not know.
 *
 * @example zoneOffsetMs('Asia/Kathmandu', 1_700_000_000_000) // 20_700_000
 */
export function zoneOffsetMs(name: string, ms: number): number {
  return zoneOf(name)?.at(ms).offsetMs ?? 0
}

const DAY_MS = 86_400_000

/**
 * The instant at which clocks of the zone show what those of UTC show at `wallMs`. A time that a clock change repeats is the
 * first of the two; one that it skips is read with the offset before the change.
 */
export function instantOfWallTime(name: string, wallMs: number): number {
  const before = wallMs - zoneOffsetMs(name, wallMs - DAY_MS)
  const after = wallMs - zoneOffsetMs(name, wallMs + DAY_MS)
  const shown = [before, after].filter((ms) => ms + zoneOffsetMs(name, ms) === wallMs)
  return shown.length > 0 ? Math.min(...shown) : before
}

function openZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  const chunks = new Map<number, readonly ZoneSegment[]>()
  let current: ZoneSegment = { startMs: 0, endMs: 0, offsetMs: 0 }

  return {
    at(ms) {
      if (ms >= current.startMs && ms < current.endMs) return current
      const number = Math.floor(ms / CHUNK_MS)
      let segments = chunks.get(number)
      if (segments === undefined) {
        segments = segmentsOf(format, number * CHUNK_MS)
        chunks.set(number, segments)
      }
      for (const segment of segments) {
        if (ms < segment.endMs) {
          current = segment
          break
        }
      }
      return current
    },
  }
}

function segmentsOf(format: Intl.DateTimeFormat, chunkMs: number): readonly ZoneSegment[] {
  const segments: ZoneSegment[] = []
  const endMs = chunkMs + CHUNK_MS
  let startMs = chunkMs
  let offsetMs = offsetAt(format, chunkMs)
  for (let sampleMs = chunkMs; sampleMs < endMs; sampleMs += SAMPLE_MS) {
    const nextMs = sampleMs + SAMPLE_MS
    while (offsetAt(format, nextMs - 1) !== offsetMs) {
      // Invariant: `low` still has the old offset, `high` no longer.
      let low = Math.max(sampleMs - 1, startMs)
      let high = nextMs - 1
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2)
        if (offsetAt(format, middle) === offsetMs) low = middle
        else high = middle
      }
      segments.push({ startMs, endMs: high, offsetMs })
      startMs = high
      offsetMs = offsetAt(format, high)
    }
  }
  segments.push({ startMs, endMs, offsetMs })
  return segments
}

const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/

function offsetAt(format: Intl.DateTimeFormat, ms: number): number {
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = OFFSET.exec(format.format(ms)) as RegExpExecArray
  const offsetMs = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  return sign === '-' ? -offsetMs : offsetMs
}
