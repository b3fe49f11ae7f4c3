import type { UsageEvent } from '../event/index.ts'
import type { AppendTicket, Journal, JournalEnd, JournalState } from '../journal/index.ts'
import type { Accounts } from './accounts.ts'
import type { Life, Outcome } from './life.ts'
import { type EncodedEvents, type Leaving, leavingEntry, ledgerEntry, stateEntry } from './records.ts'

/** Ordinals further apart than this are written as two ranges, without looking whether anything stands between. */
const JOINED_ORDINALS = 64

/** Events of one life on their way to disk. */
export interface Batch {
  readonly life: Life
  readonly events: readonly UsageEvent[]
  readonly encoded: EncodedEvents
}

export interface WriterOptions {
  readonly journal: Journal
  readonly accounts: Accounts
  /** The oldest segment there is. */
  readonly oldest: number
  readonly maxBytes: number
  /** Is the event in somebody's hands? Those are not dropped. */
  readonly isTaken: (ordinal: number) => boolean
  /** A segment was dropped before its events had left. */
  readonly onDropped: (segment: number) => void
  readonly onError: (error: unknown) => void
}

/**
 * The one writer of a spool: one append at a time, so that what is in memory is at every append exactly what the records before
 * it say. Never throws: what could not be written stays to be written.
 */
export class SpoolWriter {
  readonly #options: WriterOptions
  #end: JournalEnd
  #oldest: number
  /** The segment with the newest saved state; the journal is read from there. 0 if there is none yet. */
  #saved = 0
  #leaving: Leaving[] = []
  /** Why nothing can be written, while nothing can. */
  error: unknown

  constructor(options: WriterOptions) {
    this.#options = options
    this.#end = options.journal.end()
    this.#oldest = options.oldest
  }

  /** All that was written and taken into the accounts stands before it. */
  get end(): JournalEnd {
    return this.#end
  }

  /** Segments before this one are gone. */
  get oldest(): number {
    return this.#oldest
  }

  get state(): JournalState {
    const { state } = this.#options.journal.stats()
    return state === 'ok' && this.error !== undefined ? 'failed' : state
  }

  /** There is something to write beside events. */
  get hasNews(): boolean {
    const { accounts } = this.#options
    return (
      this.#leaving.length > 0 ||
      this.#saved !== this.#end.position.segment ||
      accounts.lives.some(({ hasLost }) => hasLost)
    )
  }

  /** Writes all that is known. */
  async save(): Promise<void> {
    this.#saved = 0
    await this.write()
  }

  /** An event has left. Remembered at once, written with the next append. */
  leave(ordinal: number, outcome: Outcome): void {
    const { accounts } = this.#options
    if (!accounts.leave(ordinal, outcome)) return
    let leaving = this.#leaving.at(-1)
    if (leaving?.outcome !== outcome) {
      leaving = { outcome, ranges: [] }
      this.#leaving.push(leaving)
    }
    const last = leaving.ranges.at(-1)
    if (last !== undefined && this.#joins(last[1], ordinal))
      leaving.ranges[leaving.ranges.length - 1] = [last[0], ordinal]
    else leaving.ranges.push([ordinal, ordinal])
  }

  /**
   * Writes what has left, and a batch.
   *
   * @returns once it is durable, the batch's first ordinal, or 0 without a batch; undefined if it failed
   */
  async write(batch?: Batch): Promise<number | undefined> {
    const { accounts, journal } = this.#options
    const saving = this.#saved !== this.#end.position.segment
    const leaving = this.#leaving
    this.#leaving = []
    const entries = saving ? [stateEntry(accounts.state())] : leaving.map(leavingEntry)
    const lives = accounts.lives.filter((life) => saving || life === batch?.life || life.hasLost)
    const told = lives.map((life) => [life, life.told] as const)
    if (!saving) for (const life of lives) if (life !== batch?.life) entries.push(ledgerEntry(life, 0))
    if (batch !== undefined) entries.push(ledgerEntry(batch.life, batch.events.length))
    if (entries.length === 0) return 0
    let first = 0
    try {
      const before = journal.append(entries)
      let last: AppendTicket = before
      if (batch !== undefined && before.firstOrdinal > 0) {
        const { encoded, events } = batch
        last = journal.append({
          type: 'event',
          count: events.length,
          write: (line, index) => line.copy(encoded.body(index)),
        })
        first = last.firstOrdinal
      }
      await before.durable
      this.#end = await last.durable
    } catch (error) {
      this.#leaving.unshift(...leaving)
      if (this.error === undefined) this.#options.onError(error)
      this.error = error
      return undefined
    }
    this.error = undefined
    for (const [life, heard] of told) life.written = heard
    const { segment } = this.#end.position
    if (saving) this.#saved = segment
    if (batch !== undefined) accounts.spooled(batch.life, segment, first, batch.events)
    return first
  }

  /** Keeps to the size: lets go of segments that nobody needs any more, then of the oldest. */
  async tidy(): Promise<void> {
    const { journal, accounts, maxBytes } = this.#options
    try {
      await this.#release(accounts.marks.oldest(this.#oldest)?.segment ?? this.#end.position.segment)
      while (journal.stats().bytes > maxBytes && this.#oldest < this.#end.position.segment) {
        const before = this.#oldest
        this.#giveUp(before)
        await this.#release(before + 1)
        if (this.#oldest === before) return
      }
    } catch (error) {
      this.#options.onError(error)
    }
  }

  #giveUp(segment: number): void {
    const { accounts, isTaken, onDropped } = this.#options
    for (const ordinal of accounts.marks.of(segment)) if (!isTaken(ordinal)) this.leave(ordinal, 'spool_full')
    onDropped(segment)
  }

  /** Drops the segments before this one. The state must stand in one that stays. */
  async #release(segment: number): Promise<void> {
    const { journal, accounts } = this.#options
    if (segment <= this.#oldest) return
    if (this.#saved < segment) await this.write()
    if (this.#saved < segment) return
    await journal.prune({ before: segment })
    this.#oldest = segment
    accounts.marks.forget(segment)
  }

  #joins(last: number, ordinal: number): boolean {
    if (ordinal <= last || ordinal - last > JOINED_ORDINALS) return false
    return this.#options.accounts.marks.between(last + 1, ordinal - 1).next().done === true
  }
}
