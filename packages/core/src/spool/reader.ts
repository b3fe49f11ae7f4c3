import { eventFromWire } from '../event/index.ts'
import {
  comparePositions,
  type JournalDamage,
  type JournalEnd,
  type JournalFs,
  type JournalPosition,
  readJournal,
} from '../journal/index.ts'
import type { Marks } from './marks.ts'
import { readRecord } from './records.ts'
import type { Entry } from './window.ts'

export interface ReaderOptions {
  readonly dir: string
  readonly fs: JournalFs
  readonly marks: () => Marks
  /** The oldest that there is. */
  readonly oldestSegment: () => number
  /** Is the event in memory anyway? */
  readonly isHeld: (ordinal: number) => boolean
  /** An event that should be there and cannot be read. */
  readonly onLost: (ordinal: number) => void
  readonly onDamage: (damage: JournalDamage) => void
}

/** Records read at a time. */
const BATCH_RECORDS = 512

/**
 * Reads on through the spool, event by event. What it passes without finding, though it is marked, is lost: nothing else has
 * to be known of the damage.
 */
export class SpoolReader {
  readonly #options: ReaderOptions
  #next: JournalPosition
  /** The last ordinal before `next`. */
  #passed: number

  constructor(options: ReaderOptions, end: JournalEnd) {
    this.#options = options
    this.#next = end.position
    this.#passed = end.ordinal
    this.rewind()
  }

  hasRead(end: JournalEnd): boolean {
    return comparePositions(this.#next, end.position) >= 0
  }

  /** What stands between the place reached and this one is known already. */
  skipTo({ position, ordinal }: JournalEnd): void {
    this.#next = position
    this.#passed = ordinal
  }

  /** Begins again with the oldest event that is on disk. */
  rewind(): void {
    const oldest = this.#options.marks().oldest(this.#options.oldestSegment())
    if (oldest !== undefined)
      this.skipTo({ position: { segment: oldest.segment, offset: 0 }, ordinal: oldest.first - 1 })
  }

  /** The next events up to `end`, about so many. */
  async read(limit: number, end: JournalEnd): Promise<readonly Entry[]> {
    const { dir, fs, marks, isHeld, onDamage } = this.#options
    const entries: Entry[] = []
    const batchRecords = Math.min(BATCH_RECORDS, limit + 1)
    const from = this.#next
    const reading = readJournal({
      dir,
      fs,
      from,
      after: this.#passed,
      to: end.position,
      batchRecords,
      onCorrupt: onDamage,
    })
    for await (const { records, next } of reading) {
      for (const record of records) {
        const { ordinal, position } = record
        this.#pass(ordinal - 1)
        const read = marks().at(ordinal) === 0 || isHeld(ordinal) ? undefined : readRecord(record)
        if (read?.kind === 'event') {
          entries.push({ ordinal, segment: position.segment, event: eventFromWire(read.wire) })
          this.#passed = ordinal
        } else this.#pass(ordinal)
      }
      this.#next = next
      if (entries.length >= limit) return entries
    }
    this.#pass(end.ordinal)
    this.skipTo(end)
    return entries
  }

  #pass(until: number): void {
    if (until <= this.#passed) return
    const { marks, isHeld, onLost } = this.#options
    for (const ordinal of [...marks().between(this.#passed + 1, until)]) if (!isHeld(ordinal)) onLost(ordinal)
    this.#passed = until
  }
}
