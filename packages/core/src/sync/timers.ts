/** Does something later. Handed in, like the clock, so that tests decide when. */
export interface Timers {
  /**
   * Calls `job` once, `ms` from now; returns how to call it off.
   *
   * @param keepAlive true: the process does not end before. False, the default: it may.
   */
  after(ms: number, job: () => void, keepAlive?: boolean): () => void
}

/** `setTimeout`, without keeping a Node process alive unless asked to. */
export const systemTimers: Timers = {
  after(ms, job, keepAlive = false) {
    const timer: unknown = setTimeout(job, ms)
    // A number in browsers, where nothing is kept alive anyway.
    if (!keepAlive) (timer as { readonly unref?: () => void }).unref?.()
    return () => clearTimeout(timer as number)
  },
}
