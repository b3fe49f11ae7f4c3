import { TallystickError } from '@tallystick/core'

/** Lets a few jobs run at once and the others wait in order. */
export interface Turnstile {
  /**
   * Runs `job` when its turn comes.
   *
   * @throws TallystickError `overloaded` when too many wait, `query_cancelled` when `signal` fires while it waits.
   */
  run<T>(job: () => Promise<T>, signal: AbortSignal): Promise<T>
}

/**
 * A query over a long range may keep the store busy for seconds. Without a bound, a page that reloads in a loop would
 * queue queries nobody waits for any more in front of those somebody does.
 */
export function createTurnstile(running: number, waiting: number): Turnstile {
  let free = running
  const queue: (() => void)[] = []

  const turn = (signal: AbortSignal): Promise<void> => {
    if (free > 0) {
      free--
      return Promise.resolve()
    }
    if (queue.length >= waiting)
      return Promise.reject(
        new TallystickError('overloaded', `${running} queries are running and ${waiting} are waiting.`),
      )
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        queue.splice(queue.indexOf(enter), 1)
        reject(cancelled())
      }
      queue.push(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  return {
    async run(job, signal) {
      if (signal.aborted) throw cancelled()
      await turn(signal)
      try {
        return await job()
      } finally {
        const next = queue.shift()
        if (next === undefined) free++
        else next()
      }
    },
  }
}

const cancelled = (): TallystickError =>
  new TallystickError('query_cancelled', 'The client went away before the query ran.')
