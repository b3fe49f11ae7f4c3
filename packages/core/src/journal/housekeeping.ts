import { TallystickError } from '../errors.ts'
import type { Clock } from '../event/clock.ts'
import { ClockGuard } from './clock-guard.ts'
import type { Cursors } from './cursors.ts'
import type { JournalFs } from './fs.ts'
import { isMissing } from './fs-errors.ts'
import type { SegmentHeader } from './header.ts'
import type { JournalChange } from './journal.ts'
import { listSegments, type SegmentFiles, segmentBytes } from './names.ts'
import { Pace } from './pace.ts'
import type { Quarantine } from './quarantine.ts'
import { rewriteSegment } from './rewrite.ts'
import { removeSegment, SealStopped, sealSegment } from './seal.ts'
import { readHeader, segmentLimit } from './segment-chain.ts'

export interface HousekeepingOptions {
  readonly fs: JournalFs
  readonly dir: string
  readonly clock: Clock
  readonly keepMs: number
  readonly plainSegments: number
  readonly cursors: Cursors
  readonly quarantine: Quarantine
  readonly activeSegment: () => number
  /** Bytes that were ever appended: sealing makes way while they grow. */
  readonly writtenBytes: () => number
  /** Is there other work that sealing makes way for? */
  readonly busy: () => boolean
  readonly onError: (error: unknown) => void
}

/** What is done with finished segments, one thing at a time and beside the writing: sealing, and dropping the oldest. */
export class Housekeeping {
  readonly #options: HousekeepingOptions
  readonly #guard: ClockGuard
  #work: Promise<unknown> = Promise.resolve()
  #stopped = false
  /** By how many bytes the directory has shrunk. */
  savedBytes = 0
  /** The oldest segment's first ordinal, once it has been looked up. */
  oldestOrdinal = 1

  constructor(options: HousekeepingOptions) {
    this.#options = options
    this.#guard = new ClockGuard(options.clock)
  }

  /** Looks up what is there. */
  async load(): Promise<void> {
    const { fs, dir } = this.#options
    await this.#noteOldest(await listSegments(fs, dir))
  }

  /** Seals every finished segment that is still plain, in the background. */
  sealLater(): void {
    this.#queue(() => this.#sealAll()).catch(this.#options.onError)
  }

  prune(before: number): Promise<{ readonly dropped: number }> {
    return this.#queue(() => this.#prune(before))
  }

  rewrite(change: JournalChange): Promise<{ readonly segments: number; readonly records: number }> {
    return this.#queue(() => this.#rewrite(change))
  }

  /** Ends the work under way at its next step and waits for that. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#work
  }

  #queue<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#work.then(task)
    this.#work = result.catch(() => {})
    return result
  }

  async #rewrite(change: JournalChange): Promise<{ readonly segments: number; readonly records: number }> {
    const { fs, dir, cursors, quarantine } = this.#options
    for (const [name, { position }] of cursors.all)
      if (position.segment <= change.through)
        throw new TallystickError(
          'journal_unavailable',
          `The consumer "${name}" has not passed segment ${change.through}`,
        )
    await this.#sealAll(0)
    const stopped = (): boolean => this.#stopped
    const due = (await listSegments(fs, dir)).filter(({ number }) => number <= change.through)
    const all = { segments: 0, records: 0 }
    for (const [index, files] of due.entries()) {
      if (this.#stopped || files.plain)
        throw new TallystickError(
          'journal_unavailable',
          `Segment ${files.number} of the journal could not be rewritten`,
        )
      const { records, savedBytes } = await rewriteSegment({ fs, dir, quarantine, stopped }, files, change)
      this.savedBytes += savedBytes
      if (records !== undefined) all.segments++
      all.records += records ?? 0
      change.onProgress?.(index + 1, due.length)
    }
    await quarantine.mask(change.through, change.mask)
    return all
  }

  async #sealAll(plainSegments = this.#options.plainSegments): Promise<void> {
    const { fs, dir, quarantine, activeSegment } = this.#options
    const stopped = (): boolean => this.#stopped
    let inHand = 0
    const waiting = (): number => activeSegment() - 1 - inHand
    const { clock, writtenBytes, busy } = this.#options
    const pace = new Pace(clock, writtenBytes, stopped, waiting, busy)
    const rest = (): Promise<void> => pace.rest()
    const segments = await listSegments(fs, dir)
    for (const [index, files] of segments.entries()) {
      if (this.#stopped) return
      if (!files.plain || files.number >= activeSegment() - plainSegments) continue
      inHand = files.number
      const limit = await segmentLimit(fs, dir, files, segments.slice(index + 1))
      try {
        this.savedBytes += await sealSegment({ fs, dir, quarantine, stopped, rest }, files, limit)
      } catch (error) {
        if (error instanceof SealStopped) return
        if (!isMissing(error)) throw error
      }
    }
  }

  async #prune(before: number): Promise<{ readonly dropped: number }> {
    const { fs, dir, cursors, keepMs } = this.#options
    if ((keepMs > 0 && !this.#guard.trusted()) || cursors.incomplete) return { dropped: 0 }
    const segments = await listSegments(fs, dir)
    let dropped = 0
    for (const [index, files] of segments.entries()) {
      if (this.#stopped || files.number >= Math.min(before, this.#options.activeSegment())) break
      const next = await this.#headerAfter(segments.slice(index + 1))
      if (next === undefined || !this.#passed(next)) break
      const bytes = await segmentBytes(fs, dir, files)
      await removeSegment(fs, dir, files)
      this.savedBytes += bytes
      dropped++
    }
    if (dropped > 0) await this.#noteOldest(segments.slice(dropped))
    return { dropped }
  }

  /** The nearest later header that can be read: a later one only makes a segment look younger than it is. */
  async #headerAfter(later: readonly SegmentFiles[]): Promise<SegmentHeader | undefined> {
    const { fs, dir } = this.#options
    for (const files of later) {
      const header = await readHeader(fs, dir, files)
      if (header !== undefined) return header
    }
    return undefined
  }

  #passed(next: SegmentHeader): boolean {
    const { clock, keepMs, cursors } = this.#options
    if (keepMs > 0 && clock.now() - next.createdMs < keepMs) return false
    const last = next.previous?.ordinal ?? 0
    return [...cursors.all.values()].every(({ ordinal }) => ordinal >= last)
  }

  async #noteOldest(segments: readonly SegmentFiles[]): Promise<void> {
    const { fs, dir } = this.#options
    const oldest = segments[0]
    const header = oldest === undefined ? undefined : await readHeader(fs, dir, oldest)
    if (header !== undefined) this.oldestOrdinal = header.after + 1
  }
}
