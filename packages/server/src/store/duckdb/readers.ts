import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { TallystickError } from '@tallystick/core'
import { queryCancelled, throwIfAborted } from '../abort.ts'

interface Waiting {
  readonly resolve: (connection: DuckDBConnection) => void
  readonly reject: (error: Error) => void
}

const INTERRUPT_EVERY_MS = 5

/**
 * Interrupts what runs on connections, now and again and again until the returned function is called: between two statements of one
 * task there is nothing to interrupt.
 */
export function interrupting(connections: () => readonly DuckDBConnection[]): () => void {
  const interrupt = (): void => {
    for (const connection of connections()) connection.interrupt()
  }
  interrupt()
  const timer = setInterval(interrupt, INTERRUPT_EVERY_MS)
  return () => clearInterval(timer)
}

/**
 * Connections that read. Few, as each query running holds one of the process's four threads for asynchronous work, which
 * the journal needs for its writes too.
 */
export class Readers {
  readonly #idle: DuckDBConnection[]
  readonly #all: readonly DuckDBConnection[]
  readonly #waiting: Waiting[] = []
  readonly #onIdle: ((value: unknown) => void)[] = []
  #closed = false

  private constructor(connections: readonly DuckDBConnection[]) {
    this.#all = connections
    this.#idle = [...connections]
  }

  static async open(instance: DuckDBInstance, count: number): Promise<Readers> {
    return new Readers(await Promise.all(Array.from({ length: count }, () => instance.connect())))
  }

  /**
   * Runs `task` in one read transaction, so that all its statements see the same rows and cells.
   *
   * @throws TallystickError `query_cancelled` when `signal` aborts; the engine stops within milliseconds.
   */
  async read<T>(task: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    throwIfAborted(signal)
    const connection = await this.#acquire()
    const interrupt = (): void => connection.interrupt()
    try {
      throwIfAborted(signal)
      signal?.addEventListener('abort', interrupt, { once: true })
      await connection.run('BEGIN TRANSACTION READ ONLY')
      try {
        return await task(connection)
      } finally {
        // An interruption that comes only now must not leave the transaction open.
        signal?.removeEventListener('abort', interrupt)
        await connection.run('ROLLBACK').catch(() => connection.run('ROLLBACK'))
      }
    } catch (error) {
      throw signal?.aborted ? queryCancelled() : error
    } finally {
      signal?.removeEventListener('abort', interrupt)
      this.#release(connection)
    }
  }

  /** Runs `task` while nothing is read, if nothing is; whoever wants to read meanwhile waits. */
  async aloneIfIdle(task: () => Promise<void>): Promise<void> {
    if (this.#closed || this.#idle.length < this.#all.length) return
    const held = this.#idle.splice(0)
    try {
      await task()
    } finally {
      for (const connection of held) this.#release(connection)
    }
  }

  /** Interrupts what runs, refuses what waits, and closes when nothing runs any more. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { reject } of this.#waiting.splice(0))
      reject(new TallystickError('store_unavailable', 'The store is closed.'))
    const stopInterrupting = interrupting(() => this.#all.filter((connection) => !this.#idle.includes(connection)))
    while (this.#idle.length < this.#all.length) await new Promise((resolve) => this.#onIdle.push(resolve))
    stopInterrupting()
    for (const connection of this.#all) connection.disconnectSync()
  }

  #acquire(): Promise<DuckDBConnection> {
    const idle = this.#closed ? undefined : this.#idle.pop()
    if (idle) return Promise.resolve(idle)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #release(connection: DuckDBConnection): void {
    const next = this.#waiting.shift()
    if (next) next.resolve(connection)
    else {
      this.#idle.push(connection)
      for (const resolve of this.#onIdle.splice(0)) resolve(undefined)
    }
  }
}
