const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const SLICE_MS = 900_000

/** Offices that the load comes from: their hours from UTC, and their share. */
const OFFICES: readonly (readonly [offsetHours: number, share: number])[] = [
  [1, 0.55],
  [-6, 0.35],
  [8, 0.1],
]
/** Machines that never sleep, beside people at their busiest hour. */
const NIGHT = 0.12
const WEEKEND = 0.3

/**
 * How busy an instant is, from about 0.04 to 1: high in the hours of work of a few time zones, low at night and at weekends.
 *
 * @example busyness(Date.UTC(2026, 10, 18, 14)) > 2 * busyness(Date.UTC(2026, 10, 18, 4)) // true
 */
export function busyness(instantMs: number): number {
  let busy = 0
  for (const [offsetHours, share] of OFFICES) {
    const localMs = instantMs + offsetHours * HOUR_MS
    const hour = (localMs % DAY_MS) / HOUR_MS
    // 1970 began on a Thursday.
    const weekday = (Math.floor(localMs / DAY_MS) + 4) % 7
    const work = Math.exp(-(((hour - 14) / 4.5) ** 2))
    busy += share * (weekday === 0 || weekday === 6 ? WEEKEND : 1) * (NIGHT + (1 - NIGHT) * work)
  }
  return busy
}

/** A stretch of time and how many events fall into it. */
export interface Slice {
  readonly fromMs: number
  readonly toMs: number
  readonly events: number
}

/** Deals `events` out to the quarter-hours of `[fromMs, toMs)` by how busy each is; they add up exactly. */
export function* slices(fromMs: number, toMs: number, events: number): Generator<Slice> {
  let total = 0
  for (const { busy } of parts(fromMs, toMs)) total += busy
  let before = 0
  let dealt = 0
  for (const { start, end, busy } of parts(fromMs, toMs)) {
    before += busy
    const upTo = end === toMs ? events : Math.floor((events * before) / total)
    yield { fromMs: start, toMs: end, events: upTo - dealt }
    dealt = upTo
  }
}

function* parts(fromMs: number, toMs: number): Generator<{ start: number; end: number; busy: number }> {
  for (let start = fromMs; start < toMs; ) {
    const end = Math.min(toMs, (Math.floor(start / SLICE_MS) + 1) * SLICE_MS)
    yield { start, end, busy: busyness(start) * (end - start) }
    start = end
  }
}
