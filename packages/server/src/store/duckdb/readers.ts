import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { queryCancelled, throwIfAborted } from '../abort.ts'

/**
 * Connections that read. Few, as each query running holds one of the process's four threads for asynchronous work, which
 * the journal needs for its writes too.
 */
export class Readers {
  readonly #idle: DuckDBConnection[]
  readonly #all: readonly DuckDBConnection[]
  readonly #waiting: ((connection: DuckDBConnection) => void)[] = []

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
        await connection.run('ROLLBACK')
      }
    } catch (error) {
      throw signal?.aborted ? queryCancelled() : error
    } finally {
      signal?.removeEventListener('abort', interrupt)
      this.#release(connection)
    }
  }

  close(): void {
    for (const connection of this.#all) connection.disconnectSync()
  }

  #acquire(): Promise<DuckDBConnection> {
    const idle = this.#idle.pop()
    return idle ? Promise.resolve(idle) : new Promise((resolve) => this.#waiting.push(resolve))
  }

  #release(connection: DuckDBConnection): void {
    const next = this.#waiting.shift()
    if (next) next(connection)
    else this.#idle.push(connection)
  }
}
