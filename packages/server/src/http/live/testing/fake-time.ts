import type { Clock } from '@tallystick/core/event'

export const START_MS = Date.UTC(2026, 10, 21, 12)

/** A clock that stands still until told, and timers that run when it passes them. */
export function fakeTime(): {
  clock: Clock
  after: (ms: number, job: () => void) => () => void
  pass: (ms: number) => void
  /** Time goes on and no timer runs, as while the main thread is blocked. */
  block: (ms: number) => void
  pending: () => number
} {
  let now = 0
  let timers: { at: number; job: () => void }[] = []
  return {
    clock: { now: () => START_MS + now, monotonic: () => now },
    after(ms, job) {
      const timer = { at: now + ms, job }
      timers.push(timer)
      return () => {
        timers = timers.filter((each) => each !== timer)
      }
    },
    pass(ms) {
      const end = now + ms
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        timers = timers.filter((each) => each !== next)
        now = Math.max(now, next.at)
        next.job()
      }
      now = end
    },
    block(ms) {
      now += ms
    },
    pending: () => timers.length,
  }
}
