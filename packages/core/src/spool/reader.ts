import { eventFromWire } from '../event/index.ts'
import {
  comparePositions,
  type JournalBatch,
  type JournalDamage,
  type JournalEnd,
  type JournalFs,
  type JournalPosition,
  type JournalRecord,
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

interface Reading {
  readonly batches: AsyncGenerator<JournalBatch, void, undefined>
  readonly end: JournalEnd
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
  #reading: Reading | undefined

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
    this.close()
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
    const entries: Entry[] = []
    while (entries.length < limit && !this.hasRead(end)) {
      const reading = this.#reading ?? this.#begin(end)
      this.#reading = reading
      const { value: batch, done } = await this.#step(reading)
      // Something else has moved the place meanwhile.
      if (this.#reading !== reading) break
      if (done !== true) {
        for (const record of batch.records) this.#take(record, entries)
        this.#next = batch.next
        continue
      }
      this.#pass(reading.end.ordinal)
      this.skipTo(reading.end)
    }
    return entries
  }

  /** Ends the reading under way; the place stays. */
  close(): void {
    // It ends with the step it is in. What that step could not read has been told.
    this.#reading?.batches.return(undefined).catch(() => undefined)
    this.#reading = undefined
  }

  /** One reading goes on over many calls: beginning anew in the middle of a compressed segment inflates much in vain. */
  #begin(end: JournalEnd): Reading {
    const { dir, fs, onDamage } = this.#options
    const from = this.#next
    const to = end.position
    const batches = readJournal({
      dir,
      fs,
      from,
      to,
      after: this.#passed,
      batchRecords: BATCH_RECORDS,
      onCorrupt: onDamage,
    })
    return { batches, end }
  }

  async #step(reading: Reading): Promise<IteratorResult<JournalBatch, void>> {
    try {
      return await reading.batches.next()
    } catch (error) {
      // It would seem to have come to its end, and what it has not read to be lost.
      if (this.#reading === reading) this.#reading = undefined
      throw error
    }
  }

  #take(record: JournalRecord, entries: Entry[]): void {
    const { marks, isHeld } = this.#options
    const { ordinal, position } = record
    this.#pass(ordinal - 1)
    const read = marks().at(ordinal) === 0 || isHeld(ordinal) ? undefined : readRecord(record)
    if (read?.kind === 'event') {
      entries.push({ ordinal, segment: position.segment, event: eventFromWire(read.wire) })
      this.#passed = ordinal
    } else this.#pass(ordinal)
  }

  #pass(until: number): void {
    if (until <= this.#passed) return
    const { marks, isHeld, onLost } = this.#options
    for (const ordinal of [...marks().between(this.#passed + 1, until)]) if (!isHeld(ordinal)) onLost(ordinal)
    this.#passed = until
  }
}
