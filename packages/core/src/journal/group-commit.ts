import { setImmediate, setTimeout } from 'node:timers/promises'
import { isTallystickError, TallystickError } from '../errors.ts'
import type { Clock } from '../event/clock.ts'
import { AppendGroup } from './append-group.ts'
import { journalError } from './fs-errors.ts'
import { type AppendTicket, type JournalState, refusedTicket, type SealedSegment } from './journal.ts'
import type { JournalEnd } from './position.ts'
import type { JournalEntry, JournalSeries } from './record.ts'
import type { SegmentWriter } from './segment-writer.ts'

/** More waiting bytes than this mean that the disk does not keep up: appends are refused until it does. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024
/** A group of this size gains nothing from waiting for more. */
const FULL_GROUP_BYTES = 1024 * 1024

export interface GroupCommitOptions {
  readonly writer: SegmentWriter
  readonly clock: Clock
  /** Commits begin at least this many ms apart. */
  readonly delayMs: number
  readonly state: JournalState
  readonly onCommit: (end: JournalEnd) => void
  /** Told how long each commit that succeeded took to write and sync, ms. Must not throw. */
  readonly onCommitTime?: (ms: number) => void
}

/**
 * Gathers appends into groups: while one group is written and synced, the next one forms. An append that finds nothing under
 * way is committed at once; under load commits begin `delayMs` apart, so that one fsync serves many appends.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  /** Taking appends. */
  #open = new AppendGroup()
  /** Being written, or waiting for its next use. */
  #other = new AppendGroup()
  #ordinal: number
  #running: Promise<void> | undefined
  readonly #rolls: {
    readonly resolve: (rolled: SealedSegment) => void
    readonly reject: (error: unknown) => void
  }[] = []
  #closed = false
  #startedAt = Number.NEGATIVE_INFINITY
  state: JournalState
  commits = 0
  failedCommits = 0
  lastCommitMs = 0
  slowestCommitMs = 0

  constructor(options: GroupCommitOptions) {
    this.#options = options
    this.#ordinal = options.writer.base
    this.state = options.state
  }

  get pending(): number {
    return this.#open.records + this.#other.records
  }

  get pendingBytes(): number {
    return this.#open.length + this.#other.length
  }

  append(records: readonly JournalEntry[] | JournalSeries): AppendTicket {
    if (this.#closed) return refusedTicket(new TallystickError('journal_unavailable', 'The journal is closed'))
    if (this.pendingBytes > MAX_PENDING_BYTES) {
      const message = `${this.pendingBytes} bytes wait to be written, more than ${MAX_PENDING_BYTES}: the disk does not keep up`
      return refusedTicket(new TallystickError('journal_unavailable', message))
    }
    let durable: Promise<JournalEnd>
    try {
      durable = this.#open.add(records, this.#ordinal)
    } catch (error) {
      return refusedTicket(
        isTallystickError(error) ? error : journalError(error, 'Encoding a record', 'internal_error'),
      )
    }
    durable.catch(() => {})
    const firstOrdinal = this.#ordinal + 1
    this.#ordinal += 'write' in records ? records.count : records.length
    this.#running ??= this.#run()
    return { firstOrdinal, durable }
  }

  /** Finishes the segment between two groups: what waits to be written goes to the next one. */
  roll(): Promise<SealedSegment> {
    if (this.#closed) return Promise.reject(new TallystickError('journal_unavailable', 'The journal is closed'))
    const rolled = new Promise<SealedSegment>((resolve, reject) => this.#rolls.push({ resolve, reject }))
    this.#running ??= this.#run()
    return rolled
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#open.isEmpty || this.#rolls.length > 0) {
      for (const { resolve, reject } of this.#rolls.splice(0)) await this.#options.writer.roll().then(resolve, reject)
      if (this.#open.isEmpty) continue
      await this.#gather()
      await this.#commit()
    }
    this.#running = undefined
  }

  /** Lets the appends of this turn of the event loop, and under load of the next ms, join the group. */
  async #gather(): Promise<void> {
    const { clock, delayMs } = this.#options
    const wait = this.#startedAt + delayMs - clock.monotonic()
    if (wait >= 1 && this.#open.length < FULL_GROUP_BYTES) await setTimeout(Math.min(wait, delayMs))
    else await setImmediate()
    this.#startedAt = clock.monotonic()
  }

  async #commit(): Promise<void> {
    const { writer, onCommit } = this.#options
    const group = this.#open
    this.#open = this.#other
    this.#other = group
    try {
      if (group.length > 0) await this.#write(group)
      group.settle(writer.end)
    } catch (error) {
      const failure = journalError(error, 'Writing to the journal')
      this.state = failure.code === 'disk_full' ? 'disk_full' : 'failed'
      this.failedCommits++
      this.#ordinal = writer.base
      group.fail(failure)
      // They have ordinals after those that failed: they fail with them, and ordinals go on from what is durable.
      this.#open.fail(failure)
      this.#open.reset()
      return
    } finally {
      group.reset()
    }
    onCommit(writer.end)
  }

  async #write(group: AppendGroup): Promise<void> {
    const { writer, clock, onCommitTime } = this.#options
    const startedAt = clock.monotonic()
    await writer.write(group.bytes, group.first, group.last)
    this.state = 'ok'
    this.commits++
    this.lastCommitMs = clock.monotonic() - startedAt
    this.slowestCommitMs = Math.max(this.slowestCommitMs, this.lastCommitMs)
    onCommitTime?.(this.lastCommitMs)
  }
}
