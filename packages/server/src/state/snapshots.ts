import { join } from 'node:path'
import type { Clock } from '@tallystick/core/event'
import type { Journal, JournalEnd, JournalFs } from '@tallystick/core/journal'
import { copyOf, listSnapshots, snapshotName, type TableCopy, writeSnapshot } from './snapshot-file.ts'
import type { TableMaps } from './table-maps.ts'

/** Under this name the log is told up to where it may be dropped. */
const CURSOR = 'snapshot'

export interface SnapshotsOptions {
  readonly fs: JournalFs
  readonly dir: string
  readonly log: Journal
  readonly tables: TableMaps
  readonly clock: Clock
  readonly product: string
  /** A snapshot is made when the log has grown by this, or by twice what the last snapshot has. */
  readonly everyBytes: number
  readonly onError: (error: unknown) => void
}

/**
 * Makes snapshots now and then. Two are kept, and the log from the older of them on, so that one that turns out to be damaged
 * costs nothing.
 */
export class Snapshots {
  readonly #options: SnapshotsOptions
  /** Of the newest that is whole; undefined as long as there is none. */
  #newest: JournalEnd | undefined
  #bytes: number
  #since: number
  #making: Promise<void> | undefined
  #wanted: ((made: Promise<void>) => void) | undefined

  constructor(options: SnapshotsOptions, newest: JournalEnd | undefined, bytes: number, since: number) {
    this.#options = options
    this.#newest = newest
    this.#bytes = bytes
    this.#since = since
  }

  /** The log grows by so much. Gives what makes a snapshot of the rows as they are now, if it is time for one. */
  grown(bytes: number): ((end: JournalEnd) => void) | undefined {
    this.#since += bytes
    const wanted = this.#wanted
    if (wanted !== undefined) {
      this.#wanted = undefined
      const before = this.#making ?? Promise.resolve()
      const copy = copyOf(this.#options.tables)
      return (end) => wanted(before.then(() => this.make(copy, end)))
    }
    if (this.#making !== undefined || this.#since < Math.max(this.#options.everyBytes, 2 * this.#bytes))
      return undefined
    const copy = copyOf(this.#options.tables)
    this.#since = 0
    return (end) => void this.make(copy, end)
  }

  /** Never rejects: what fails is told, and made again when the log has grown as much once more. */
  make(copy: TableCopy, end: JournalEnd): Promise<void> {
    this.#making = this.#make(copy, end)
      .catch(this.#options.onError)
      .finally(() => {
        this.#making = undefined
      })
    return this.#making
  }

  /** One is made of the next write, whatever its length; resolves when it has been, and rejects never, as {@link make}. */
  ofNextWrite(): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = resolve
    })
  }

  /** Waits for the one under way. */
  async settled(): Promise<void> {
    await this.#making
  }

  async #make(copy: TableCopy, end: JournalEnd): Promise<void> {
    const { fs, dir, log, clock, product } = this.#options
    const older = this.#newest
    if (older?.ordinal === end.ordinal) return
    this.#bytes = await writeSnapshot(fs, dir, end.ordinal, copy, {
      journal: log.id,
      product,
      createdMs: clock.now(),
    })
    this.#newest = end
    if (older === undefined) return
    for (const ordinal of await listSnapshots(fs, dir))
      if (ordinal < older.ordinal) await fs.unlink(join(dir, snapshotName(ordinal)))
    await log.saveCursor(CURSOR, older.position, older.ordinal)
    await log.prune()
  }
}
