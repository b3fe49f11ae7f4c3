import { isTallystickError, TallystickError } from '../errors.ts'
import type { Clock, Random, UsageEvent } from '../event/index.ts'
import type { JournalEntry, JournalFs, JournalPosition } from '../journal/index.ts'
import { type OpenedJournal, openFreeJournal, readJournals } from './journals.ts'
import { eventEntry, type LogRecord, logRecord } from './log-entries.ts'

export interface InvocationLogOptions {
  readonly dataDir: string
  readonly fs: JournalFs
  readonly clock: Clock
  readonly random: Random
  /** Events older than this are gone; Infinity keeps all. */
  readonly retentionMs: number
  /** Most events that wait to be written again. */
  readonly maxPending: number
  readonly onError: (error: unknown) => void
}

/** About 12,000 events: with a retention, what expires is dropped a segment at a time. */
const SEGMENT_BYTES = 4 * 1024 * 1024
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000

/** Something on its way to the disk. */
interface Waiting {
  readonly entry: JournalEntry
  readonly event?: UsageEvent
  /** Has it failed before? */
  failed: boolean
}

/**
 * The events of a directory: appended durably, read back as a stream. It opens itself when it is first needed, also after it
 * was closed. What cannot be written waits in memory, is tried again, and is read like everything else meanwhile.
 */
export class InvocationLog {
  readonly #options: InvocationLogOptions
  #opening: Promise<OpenedJournal> | undefined
  #opened: OpenedJournal | undefined
  /** What the journal's end was when it was first opened: nothing of this instance stands before it. */
  #earlier: { readonly dir: string; readonly end: JournalPosition } | undefined
  readonly #waiting = new Set<Waiting>()
  /** To be tried again; while that is under way it is empty, and `#held` still counts its events. */
  #failed: Waiting[] = []
  #held = 0
  readonly #writes = new Set<Promise<void>>()
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #retryMs = FIRST_RETRY_MS
  /** Events that are on disk since this instance began, and those that were given up. */
  durable = 0
  dropped = 0
  writeFailures = 0
  damagedRecords = 0
  lastError: string | undefined

  constructor(options: InvocationLogOptions) {
    this.#options = options
  }

  get pending(): number {
    let events = 0
    for (const { event } of this.#waiting) if (event !== undefined) events++
    return events
  }

  /** @throws TallystickError as `openJournal` */
  open(): Promise<OpenedJournal> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  async #open(): Promise<OpenedJournal> {
    const { dataDir, fs, clock, random, retentionMs, onError } = this.#options
    try {
      const options = { fs, clock, random, segmentBytes: SEGMENT_BYTES, keepMs: retentionMs, onError }
      const opened = await openFreeJournal(dataDir, options)
      this.#opened = opened
      this.#earlier ??= { dir: opened.dir, end: opened.journal.end().position }
      return opened
    } catch (error) {
      this.#opening = undefined
      this.#note(error)
      throw error
    }
  }

  /**
   * Resolves once the event is on disk, or waits in memory for another attempt, or was given up; never rejects.
   *
   * @param before what is to be said before it
   */
  append(event: UsageEvent, before?: JournalEntry): Promise<void> {
    if (this.#held >= this.#options.maxPending) {
      this.dropped++
      return Promise.resolve()
    }
    const waiting = { entry: eventEntry(event, this.#options.clock.now()), event, failed: false }
    return this.#take(before === undefined ? [waiting] : [{ entry: before, failed: false }, waiting])
  }

  /** The same for what is said of a session. */
  note(entry: JournalEntry): Promise<void> {
    return this.#take([{ entry, failed: false }])
  }

  /**
   * Appends at once or not at all.
   *
   * @throws TallystickError `disk_full`, `journal_unavailable` and those of the opening
   */
  async appendAll(entries: readonly JournalEntry[]): Promise<void> {
    const { journal } = await this.open()
    await journal.append(entries).durable
  }

  #take(batch: readonly Waiting[]): Promise<void> {
    for (const waiting of batch) this.#waiting.add(waiting)
    return this.#write(batch)
  }

  #write(batch: readonly Waiting[]): Promise<void> {
    const write = this.#attempt(batch).finally(() => this.#writes.delete(write))
    this.#writes.add(write)
    return write
  }

  async #attempt(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.appendAll(batch.map(({ entry }) => entry))
    } catch (error) {
      this.writeFailures++
      this.#note(error)
      this.#options.onError(error)
      for (const waiting of batch) {
        if (waiting.event !== undefined && !waiting.failed) this.#held++
        waiting.failed = true
        this.#failed.push(waiting)
      }
      this.#retryLater()
      return
    }
    for (const waiting of batch) {
      this.#waiting.delete(waiting)
      if (waiting.event === undefined) continue
      if (waiting.failed) this.#held--
      this.durable++
    }
    this.#retryMs = FIRST_RETRY_MS
    // The disk takes writes again.
    if (this.#failed.length > 0) void this.#retry()
  }

  #note(error: unknown): void {
    this.lastError = isTallystickError(error) ? `${error.code}: ${error.message}` : String(error)
  }

  #retryLater(): void {
    if (this.#retryTimer !== undefined) return
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined
      void this.#retry()
    }, this.#retryMs)
    this.#retryTimer.unref()
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2)
  }

  #retry(): Promise<void> {
    const batch = this.#failed
    this.#failed = []
    return batch.length > 0 ? this.#write(batch) : Promise.resolve()
  }

  /** Waits for what is under way, and tries once more what has failed. */
  async flush(): Promise<void> {
    await Promise.all(this.#writes)
    await this.#retry()
    await Promise.all(this.#writes)
  }

  /** Drops what has expired, as far as whole segments have. */
  async prune(): Promise<void> {
    if (this.#options.retentionMs === Number.POSITIVE_INFINITY) return
    await this.#opened?.journal.prune()
  }

  /** Flushes and gives the directory back. What could not be written stays in memory and is told in `pending`. */
  async close(): Promise<void> {
    await this.#opening?.catch(() => {})
    await this.flush()
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    const opened = this.#opened
    this.#opened = undefined
    this.#opening = undefined
    await opened?.journal.close()
  }

  /**
   * Everything that was recorded in the directory and has not expired, by this process and others, one journal after the
   * other; what waits to be written comes last.
   */
  async *read(): AsyncGenerator<readonly LogRecord[]> {
    // Taken before the end of the journal is, so that no event is in neither; one that is in both is left out here.
    const waiting = new Map<string, UsageEvent>()
    for (const { event } of this.#waiting) if (event !== undefined) waiting.set(event.eventId, event)
    const opened = this.#opened
    const own = opened && { dir: opened.dir, end: opened.journal.end().position }
    for await (const records of this.#readUpTo(own)) {
      for (const record of records) if ('event' in record) waiting.delete(record.event.eventId)
      yield records
    }
    yield [...waiting.values()].map((event) => ({ event }))
  }

  /** The same without what this instance has recorded. It must have been opened. */
  readEarlier(): AsyncGenerator<readonly LogRecord[]> {
    return this.#readUpTo(this.#earlier)
  }

  async *#readUpTo(
    own: { readonly dir: string; readonly end: JournalPosition } | undefined,
  ): AsyncGenerator<readonly LogRecord[]> {
    const { dataDir, fs, clock, retentionMs } = this.#options
    const oldestMs = clock.now() - retentionMs
    this.damagedRecords = 0
    const batches = readJournals(dataDir, {
      fs,
      to: (dir) => (dir === own?.dir ? own.end : undefined),
      onCorrupt: (dir, damage) => {
        this.damagedRecords += damage.lines
        if (dir === this.#opened?.dir) void this.#opened.journal.noteDamage(damage)
      },
    })
    for await (const batch of batches) {
      yield batch.flatMap((record) => {
        const read = logRecord(record)
        return read === undefined || ('event' in read && read.event.timestampMs < oldestMs) ? [] : [read]
      })
    }
  }

  /** @throws TallystickError `journal_locked` unless this process is the one that may import */
  async requireFirst(): Promise<void> {
    const { first } = await this.open()
    if (first) return
    const message = `Another process records into ${this.#options.dataDir} and may be importing; stop it, or import there`
    throw new TallystickError('journal_locked', message)
  }
}
