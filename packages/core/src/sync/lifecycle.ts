import type { FlushOptions, SyncReport } from './client.ts'

/** What is stopped: a {@link SyncClient}. */
interface Stoppable {
  stop(options?: FlushOptions): Promise<SyncReport>
}

/** On which signals, and how long the flush may take. */
export interface StopOnExitOptions extends FlushOptions {
  /** `['SIGTERM']` unless set. */
  readonly signals?: readonly string[]
}

/** As much of Node's `process` as is used. */
interface Process {
  readonly pid: number
  once(name: string, listener: () => void): unknown
  off(name: string, listener: () => void): unknown
  listenerCount(name: string): number
  kill(pid: number, signal: string): unknown
}

/**
 * Stops a client, which flushes it, when the process is asked to end (SIGTERM) or has nothing left to do (`beforeExit`).
 * Nothing of the kind happens unless this is called.
 *
 * After a signal the process ends as it would have without us, once the flush is over: by the same signal, unless the
 * application listens to it too, which then decides. A second signal during the flush ends it at once.
 * `process.exit()`, an error that nobody catches and SIGKILL leave no time; what must survive those needs a spool.
 * Where there is no `process`, as in a browser, this does nothing.
 *
 * @returns how to call it off
 * @example
 * const off = stopOnExit(client, { signals: ['SIGTERM', 'SIGINT'], timeoutMs: 3_000 })
 */
export function stopOnExit(client: Stoppable, { signals = ['SIGTERM'], ...flush }: StopOnExitOptions = {}): () => void {
  const { process } = globalThis as unknown as { readonly process?: Process }
  if (typeof process?.once !== 'function') return () => undefined
  const listeners = new Map<string, () => void>()
  const off = (): void => {
    for (const [name, listener] of listeners) process.off(name, listener)
  }
  listeners.set('beforeExit', () => void client.stop(flush))
  for (const signal of signals) {
    listeners.set(signal, () => {
      off()
      void client.stop(flush).then(() => {
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
      })
    })
  }
  for (const [name, listener] of listeners) process.once(name, listener)
  return off
}
