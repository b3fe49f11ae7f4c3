import type { DuckDBConnection } from '@duckdb/node-api'
import type { Clock } from '@tallystick/core/event'
import { readRows } from './chunk-reader.ts'

/** What is kept of the file's blocks when nobody has asked for a while: the newest quarter-hours and the cells of a day or two. */
const KEPT_MB = 16
/** Less than this above what is kept is not worth 25 ms. */
const WORTH_MB = 8
/** A page of figures on which something happens asks again within seconds; reading blocks anew takes tens of ms. */
const IDLE_MS = 30_000
const MB = 1_000_000

/**
 * What the engine keeps of the file in memory. It fills up to its limit with whatever is read and never shrinks by itself; for
 * those who ask for figures again and again that is what it is for, but a walk through all events, an export to a slow reader or
 * sealing a year, reads each block once. So when nobody has asked for figures for a while, most of it is given back.
 */
export class BlockCache {
  readonly #connection: DuckDBConnection
  readonly #limitMb: number
  readonly #clock: Clock
  #askedMs: number

  /** @param connection one on which nothing else runs while {@link giveBack} does */
  constructor(connection: DuckDBConnection, limitMb: number, clock: Clock) {
    this.#connection = connection
    this.#limitMb = limitMb
    this.#clock = clock
    this.#askedMs = clock.monotonic()
  }

  /** Somebody asks for figures, and will be glad of the blocks. */
  asked(): void {
    this.#askedMs = this.#clock.monotonic()
  }

  isIdle(): boolean {
    return this.#clock.monotonic() - this.#askedMs >= IDLE_MS
  }

  /** Bytes of the file's blocks in memory. */
  async bytes(connection: DuckDBConnection = this.#connection): Promise<number> {
    const sql = `SELECT sum(memory_usage_bytes)::DOUBLE FROM duckdb_memory() WHERE tag = 'BASE_TABLE'`
    const [row] = await readRows(connection, sql)
    return (row?.[0] as number | null) ?? 0
  }

  isWorthGivingBack(bytes: number): boolean {
    return bytes > (KEPT_MB + WORTH_MB) * MB
  }

  /**
   * Lets go of all blocks but the newest used. No other statement may run meanwhile: it would have to do with as little memory.
   * Where blocks cannot be let go, everything stays as it was.
   */
  async giveBack(): Promise<void> {
    try {
      await this.#connection.run(`SET memory_limit = '${Math.min(KEPT_MB, this.#limitMb)}MB'`)
    } catch {
      // Pinned blocks: at another time, then.
    } finally {
      await this.#connection.run(`SET memory_limit = '${this.#limitMb}MB'`)
    }
  }
}
