import type { Timers } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'

const MINUTE_MS = 60_000
/** Requests of a minute that has just ended are still on their way from their senders. */
const SETTLE_MS = 5_000

export interface ScheduleOptions {
  readonly clock: Clock
  readonly timers: Timers
  /** Told where a minute ends that has passed; must not reject. */
  readonly run: (toMs: number) => Promise<void>
}

export interface Schedule {
  /** No further runs; waits for the one under way. */
  stop(): Promise<void>
}

/**
 * Runs a job a few seconds after the end of each minute, on the wall clock: each wait is computed from the time that it is, so
 * that nothing adds up. One run at a time; minutes that pass meanwhile are left out, for the next run looks at the latest.
 */
export function everyMinute({ clock, timers, run }: ScheduleOptions): Schedule {
  let lastMs = endOfMinute(clock.now())
  let running: Promise<void> | undefined
  let stopped = false
  let cancel: () => void = () => undefined

  const plan = (): void => {
    if (stopped) return
    const nowMs = clock.now()
    cancel = timers.after(endOfMinute(nowMs) + MINUTE_MS + SETTLE_MS - nowMs, tick)
  }
  const tick = (): void => {
    const toMs = endOfMinute(clock.now())
    // A timer may be early by a little, and a wall clock be set back by more.
    if (Math.abs(toMs - lastMs) < MINUTE_MS) {
      plan()
      return
    }
    lastMs = toMs
    running = run(toMs).finally(() => {
      running = undefined
      plan()
    })
  }
  plan()
  return {
    async stop() {
      stopped = true
      cancel()
      await running
    },
  }
}

/** Of the latest minute that is over and settled. */
const endOfMinute = (nowMs: number): number => Math.floor((nowMs - SETTLE_MS) / MINUTE_MS) * MINUTE_MS
