import type { Clock } from '../event/clock.ts'
import { ActiveSegment, SegmentStartError } from './active-segment.ts'
import type { JournalFs } from './fs.ts'
import { isDiskFull, journalError } from './fs-errors.ts'
import type { SealedSegment } from './journal.ts'
import type { JournalEnd } from './position.ts'

/** Where writing goes on after an opening. */
export interface WriterStart {
  /** Highest segment number that was ever given. */
  readonly newest: number
  readonly end: JournalEnd
  /** Ordinals up to here are used up, by records or by what was lost. */
  readonly base: number
  /** The segment to go on in; undefined to begin a new one. */
  readonly active: ActiveSegment | undefined
}

export interface WriterOptions {
  readonly fs: JournalFs
  readonly dir: string
  readonly clock: Clock
  readonly product: string
  /** By what the journal is recognised. */
  readonly journal: string
  readonly segmentBytes: number
  /** A segment has its last record. */
  readonly onFinished: (segment: number, end: JournalEnd) => void
  readonly onError: (error: unknown) => void
}

/**
 * Appends groups of lines to the active segment, begins segments, and takes failed writes back. One call at a time.
 *
 * After a failed write or fsync the file is not trusted again: the group is written once more from memory, into a new
 * segment whose header says where the old one ends, so that bytes the failed write may have left are no part of the journal.
 * Only a full disk is different: a new segment would not help, so the failed bytes are cut off and the caller is told.
 */
export class SegmentWriter {
  readonly #options: WriterOptions
  #newest: number
  #active: ActiveSegment | undefined
  #end: JournalEnd
  #base: number
  /** Bytes of a failed group may lie behind the end of a segment that no later header has closed yet. */
  #stray = false
  #writtenBytes = 0

  constructor(options: WriterOptions, start: WriterStart) {
    this.#options = options
    this.#newest = start.newest
    this.#active = start.active
    this.#end = start.end
    this.#base = start.base
  }

  get end(): JournalEnd {
    return this.#end
  }

  /** The next record gets the ordinal after this. */
  get base(): number {
    return this.#base
  }

  /** Bytes added to the directory since the opening. */
  get writtenBytes(): number {
    return this.#writtenBytes
  }

  get activeSegment(): number {
    return this.#active?.number ?? this.#newest + 1
  }

  /** Makes sure that there is a segment to write to. */
  async prepare(): Promise<void> {
    if (this.#active === undefined) await this.#begin(this.#base)
  }

  /**
   * Resolves once the lines of the records `first` to `last` are durable. When it rejects, none of them is part of the
   * journal, and `base` tells where ordinals go on.
   *
   * @throws TallystickError `disk_full`, `journal_unavailable`
   */
  async write(lines: Uint8Array, first: number, last: number): Promise<JournalEnd> {
    try {
      await this.#rotate(first - 1)
      if (this.#active === undefined) await this.#begin(first - 1)
      try {
        await this.#append(lines)
      } catch (error) {
        if (isDiskFull(error)) throw error
        this.#options.onError(journalError(error, 'Writing to the journal'))
        await this.#abandon()
        await this.#begin(first - 1)
        await this.#append(lines)
      }
    } catch (error) {
      await this.#takeBack(last)
      throw journalError(error instanceof SegmentStartError ? error.cause : error, 'Writing to the journal')
    }
    this.#base = last
    this.#writtenBytes += lines.length
    this.#end = { position: this.#place(), ordinal: last }
    return this.#end
  }

  /**
   * Finishes the segment, however short it is, and begins the next.
   *
   * @throws TallystickError `disk_full`, `journal_unavailable`
   */
  async roll(): Promise<SealedSegment> {
    const full = this.#active
    const end = this.#end
    try {
      await this.#begin(this.#base)
    } catch (error) {
      if (!(error instanceof SegmentStartError) || !error.removed) await this.#abandon()
      throw journalError(error instanceof SegmentStartError ? error.cause : error, 'Beginning a journal segment')
    }
    await full?.close().catch(this.#options.onError)
    return { segment: end.position.segment, end }
  }

  async close(): Promise<void> {
    await this.#active?.close()
    this.#active = undefined
  }

  async #append(lines: Uint8Array): Promise<void> {
    await (this.#active as ActiveSegment).append(lines)
  }

  #place(): JournalEnd['position'] {
    const active = this.#active as ActiveSegment
    return { segment: active.number, offset: active.durableBytes }
  }

  /** Goes on in a new segment if this one is long enough. A disk that has no room for one leaves things as they are. */
  async #rotate(after: number): Promise<void> {
    const full = this.#active
    if (full === undefined || full.durableBytes < this.#options.segmentBytes) return
    try {
      await this.#begin(after)
    } catch (error) {
      if (!(error instanceof SegmentStartError) || !error.removed) {
        await this.#abandon()
        throw error
      }
      this.#options.onError(journalError(error.cause, 'Beginning a journal segment'))
      return
    }
    await full.close().catch(this.#options.onError)
  }

  async #begin(after: number): Promise<void> {
    const { fs, dir, clock, product, journal } = this.#options
    const { segment, offset } = this.#end.position
    const number = this.#newest + 1
    const header = { segment: number, after, createdMs: clock.now(), product, journal }
    const previous = { segment, bytes: offset, ordinal: this.#end.ordinal }
    try {
      this.#active = await ActiveSegment.begin(fs, dir, segment === 0 ? header : { ...header, previous })
    } catch (error) {
      // A file that may still be there keeps its number: a later one of the same number could be mixed up with it.
      if (error instanceof SegmentStartError && !error.removed) this.#newest = number
      throw error
    }
    this.#newest = number
    this.#stray = false
    const finished = this.#end
    this.#writtenBytes += this.#active.durableBytes
    this.#end = { position: this.#place(), ordinal: finished.ordinal }
    if (segment !== 0) this.#options.onFinished(segment, finished)
  }

  async #abandon(): Promise<void> {
    const suspect = this.#active
    this.#active = undefined
    if (suspect === undefined) return
    if (!(await suspect.rewind())) this.#stray = true
    await suspect.close().catch(this.#options.onError)
  }

  /**
   * Cuts off what a failed group left. Where that is not certain its ordinals are not given again: should the process end
   * before a new segment shuts those bytes out, they may turn up at the next opening.
   */
  async #takeBack(last: number): Promise<void> {
    if (this.#active !== undefined && !(await this.#active.rewind())) await this.#abandon()
    if (this.#active === undefined && this.#stray) {
      this.#base = last
      this.#stray = false
    }
  }
}
