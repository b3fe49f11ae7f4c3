import { comparePositions, type Journal, type JournalEnd } from '@tallystick/core/journal'

/** Name of the journal cursor that keeps what the store has not applied yet. */
export const STORE_CURSOR = 'store'

const SAVE_EVERY_MS = 1000
const MAX_ENDS = 1024
const START: JournalEnd = { position: { segment: 1, offset: 0 }, ordinal: 0 }

/**
 * Turns the ordinal a store has applied into a place in the journal and keeps that as a durable cursor, so that the
 * journal drops nothing the store still needs. It may lag behind the store; it never runs ahead.
 */
export class CursorKeeper {
  readonly #journal: Journal
  readonly #appliedOrdinal: () => number
  readonly #onError: (error: unknown) => void
  readonly #stopListening: () => void
  readonly #timer: NodeJS.Timeout
  /** Ends of the journal as they came by, thinned; the next to be passed first. */
  #ends: JournalEnd[] = []
  #latest: JournalEnd
  #saved: JournalEnd

  private constructor(
    journal: Journal,
    saved: JournalEnd,
    appliedOrdinal: () => number,
    onError: (error: unknown) => void,
  ) {
    this.#journal = journal
    this.#saved = saved
    this.#latest = journal.end()
    this.#appliedOrdinal = appliedOrdinal
    this.#onError = onError
    this.#stopListening = journal.onDurable((end) => {
      this.#latest = end
    })
    this.#timer = setInterval(() => void this.save(), SAVE_EVERY_MS)
    this.#timer.unref()
  }

  static async open(
    journal: Journal,
    appliedOrdinal: () => number,
    onError: (error: unknown) => void,
  ): Promise<CursorKeeper> {
    const saved = journal.cursors().get(STORE_CURSOR)
    // A cursor that is not there holds nothing back: set it before anything can be dropped.
    if (!saved) await journal.saveCursor(STORE_CURSOR, START.position, START.ordinal)
    return new CursorKeeper(journal, saved ?? START, appliedOrdinal, onError)
  }

  /** The last place known to be applied. */
  get saved(): JournalEnd {
    return this.#saved
  }

  async save(): Promise<void> {
    this.#note(this.#latest)
    const applied = this.#appliedOrdinal()
    let passed: JournalEnd | undefined
    while (this.#ends.length > 0 && (this.#ends[0] as JournalEnd).ordinal <= applied) passed = this.#ends.shift()
    if (!passed || comparePositions(passed.position, this.#saved.position) <= 0) return
    this.#saved = passed
    try {
      await this.#journal.saveCursor(STORE_CURSOR, passed.position, passed.ordinal)
    } catch (error) {
      this.#onError(error)
    }
  }

  /** The store has less than it had: from now on the journal drops nothing that it may need. */
  async rewind(): Promise<void> {
    this.#ends = []
    this.#saved = START
    try {
      await this.#journal.saveCursor(STORE_CURSOR, START.position, START.ordinal)
    } catch (error) {
      this.#onError(error)
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopListening()
    await this.save()
  }

  #note(end: JournalEnd): void {
    if (this.#ends.at(-1)?.ordinal === end.ordinal) return
    this.#ends.push(end)
    if (this.#ends.length > MAX_ENDS) this.#ends = this.#ends.filter((_, index) => index % 2 === 1)
  }
}
