import type { Clock } from '@tallystick/core/event'

/** So many a window for each key, the window beginning with the key's first. */
export interface RateLimit {
  readonly limit: number
  /**
   * Takes all of the counts or, when one of the keys has no room, none of them.
   *
   * @returns 0, or how long to wait, ms
   */
  take(counts: ReadonlyMap<string, number>): number
}

interface Window {
  readonly endsMs: number
  taken: number
}

/** Beyond this the key seen first is forgotten: keys come from strangers, memory does not. */
const MAX_KEYS = 10_000

export function createRateLimit(
  limit: number,
  windowMs: number,
  clock: Pick<Clock, 'monotonic'>,
  maxKeys: number = MAX_KEYS,
): RateLimit {
  // In the order the windows began, so the first is always the oldest.
  const windows = new Map<string, Window>()
  return {
    limit,
    take(counts) {
      const nowMs = clock.monotonic()
      let waitMs = 0
      for (const [key, count] of counts) {
        const window = windows.get(key)
        if (window !== undefined && window.endsMs > nowMs && window.taken + count > limit)
          waitMs = Math.max(waitMs, window.endsMs - nowMs)
      }
      if (waitMs > 0) return waitMs
      for (const [key, count] of counts) {
        const window = windows.get(key)
        if (window !== undefined && window.endsMs > nowMs) window.taken += count
        else {
          windows.delete(key)
          windows.set(key, { endsMs: nowMs + windowMs, taken: count })
          if (windows.size > maxKeys) windows.delete(windows.keys().next().value as string)
        }
      }
      return 0
    },
  }
}
