/** Does something later. Handed in, like the clock, so that tests decide when. */
export interface Timers {
  /**
   * Calls `job` once, `ms` from now; returns how to call it off.
   *
   * @param keepAlive true: the process does not end before. False, the default: it may.
   */
  after(ms: number, job: () => void, keepAlive?: boolean): () => void
}

/** The longest that a timer can be set for, about 24.8 days. */
export const MAX_TIMER_MS = 2_147_483_647

/** `setTimeout`, without keeping a Node process alive unless asked to. */
export const systemTimers: Timers = {
  after(ms, job, keepAlive = false) {
    // A longer one would fire at once.
    const timer: unknown = setTimeout(job, Math.min(ms, MAX_TIMER_MS))
    // A number in browsers, where nothing is kept alive anyway.
    if (!keepAlive) (timer as { readonly unref?: () => void }).unref?.()
    return () => clearTimeout(timer as number)
  },
}
