import type { WireEvent } from './api.ts'
import { numberOf } from './event-text.ts'
import { keyOf, timeOf } from './newest.ts'

/** A stretch of a waterfall, as parts of the whole width. */
export interface Stretch {
  readonly event: WireEvent
  readonly from: number
  readonly width: number
  /** Where the first byte came, within the stretch, 0 to 1; null when that is not known. */
  readonly firstByte: number | null
}

/**
 * Where requests lie beside each other in time, first to last. What says no duration is a point.
 *
 * @example waterfall([{ timestamp_ms: 0, duration_ms: 50 }, { timestamp_ms: 50, duration_ms: 50 }]).map(({ from }) => from) // [0, 0.5]
 */
export function waterfall(events: readonly WireEvent[]): readonly Stretch[] {
  const sorted = [...events].sort((a, b) => timeOf(a) - timeOf(b) || compareText(keyOf(a), keyOf(b)))
  const startMs = Math.min(...sorted.map(timeOf))
  const endMs = Math.max(...sorted.map((event) => timeOf(event) + (numberOf(event, 'duration_ms') ?? 0)))
  const wholeMs = Math.max(1, endMs - startMs)
  return sorted.map((event) => {
    const durationMs = numberOf(event, 'duration_ms') ?? 0
    const ttfbMs = numberOf(event, 'ttfb_ms')
    return {
      event,
      from: (timeOf(event) - startMs) / wholeMs,
      width: durationMs / wholeMs,
      firstByte: ttfbMs === null || durationMs === 0 ? null : Math.min(1, ttfbMs / durationMs),
    }
  })
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
