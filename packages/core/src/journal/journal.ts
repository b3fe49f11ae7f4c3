import type { TallystickError } from '../errors.ts'
import type { JournalDamage } from './damage.ts'
import type { JournalEnd, JournalPosition } from './position.ts'
import type { JournalEntry, JournalSeries } from './record.ts'

/** What `append` gives at once. */
export interface AppendTicket {
  /** Ordinal of the first record; the others follow without gaps. 0 if the records were refused at once. */
  readonly firstOrdinal: number
  /**
   * Resolves once the records are written and synced; everything before the end it gives is durable.
   *
   * Rejects with `disk_full` or `journal_unavailable` (both may pass: append again), `too_long` for a record over 16 MiB, or
   * `internal_error` for a body that breaks the framing. Then none of the records is part of the journal, nor are those
   * appended after them and still waiting, whose tickets reject too; their ordinals may be given to other records. One
   * case is beyond anyone's power: if the disk took the bytes, failed, refuses to give them back or to begin a segment that
   * shuts them out, and the process ends in that state, the records may turn up at the next opening (once, like any record
   * whose ticket was still open when the power went).
   *
   * Need not be awaited: an unhandled rejection does not end the process.
   */
  readonly durable: Promise<JournalEnd>
}

/** A segment that will not grow any more. */
export interface SealedSegment {
  readonly segment: number
  /** Its last record and the place behind it. */
  readonly end: JournalEnd
}

/** `ok`, or why the last commit failed; the next append tries again. */
export type JournalState = 'ok' | 'disk_full' | 'failed'

/** How a journal is, and what it holds. */
export interface JournalStats {
  readonly state: JournalState
  /** Ordinals from the oldest record held to the durable end; damaged records are among them. */
  readonly records: number
  /** First ordinal that is still held, or would be were the journal not empty. */
  readonly oldestOrdinal: number
  /** On disk, without quarantine. */
  readonly bytes: number
  readonly segments: number
  /** Records damaged or lost, as openings, sealing and readers that told found them, over the journal's life. */
  readonly quarantinedLines: number
  /** Bytes of unfinished writes cut at openings and kept in quarantine, over the journal's life. */
  readonly tornBytes: number
  /** Successful and failed commits since the opening. */
  readonly commits: number
  readonly failedCommits: number
  /** How long the last commit and the slowest took to write and sync, in ms; 0 before the first. */
  readonly lastCommitMs: number
  readonly slowestCommitMs: number
  /** Records and bytes that wait to become durable. */
  readonly pending: number
  readonly pendingBytes: number
}

/** How records are changed, and what of what is no record any more. */
export interface JournalChange {
  /** The last segment that is looked at. */
  readonly through: number
  /** May anything have to be changed in the line? Asked for every line, so it looks at bytes. */
  concerns(line: Buffer): boolean
  /** The new members of a record as JSON text without the braces, or undefined to leave it as it is. */
  change(record: { readonly type: string; readonly ordinal: number; readonly members: string }): string | undefined
  /** Bytes of a damaged line, or of quarantine, as they are to be: as many as before. The same buffer where nothing is changed. */
  mask(bytes: Buffer): Buffer
  /** Told after each segment. */
  onProgress?(done: number, of: number): void
}

/** A journal that is open for writing. */
export interface Journal {
  /** By what this journal is recognised: 32 hexadecimal digits, the same for its whole life. */
  readonly id: string
  /**
   * Takes records: encodes them and gives them ordinals at once, makes them durable with all others of the moment. An empty
   * list waits for what was appended before. Never throws.
   */
  append(records: readonly JournalEntry[] | JournalSeries): AppendTicket
  /** The durable end. Give it to readers as `to`. */
  end(): JournalEnd
  /** Told after each commit. Returns what ends that. */
  onDurable(listener: (end: JournalEnd) => void): () => void
  /** Told when a segment has got its last record. Returns what ends that. */
  onSeal(listener: (segment: SealedSegment) => void): () => void
  /**
   * Copies damage that a reader found to quarantine, as far as bytes of it are left, and counts it, once. An opening looks only at the end of the journal, and a
   * sealed segment was sound when it was sealed, so a reader may be the first to see it. Failure goes to `onError`.
   */
  noteDamage(damage: JournalDamage): Promise<void>
  /**
   * Keeps, durably, how far a consumer has got: it has applied everything before `position`, and `ordinal` is the last of it.
   * No segment is dropped that a cursor has not passed.
   */
  saveCursor(name: string, position: JournalPosition, ordinal: number): Promise<void>
  cursors(): ReadonlyMap<string, JournalEnd>
  removeCursor(name: string): Promise<void>
  /**
   * Finishes the segment being written and begins the next; resolves with the end of the finished one. Rejects with `disk_full`
   * or `journal_unavailable`.
   */
  roll(): Promise<SealedSegment>
  /**
   * Changes records that are there already: compresses every segment up to `through` and writes those anew in which anything
   * concerns. Ordinals stay; places within those segments do not, so every cursor must be behind them. A crash leaves each
   * segment as it was or as it is to be: the same is asked again then. Quarantine is masked too.
   *
   * @throws TallystickError `journal_unavailable` while a cursor still stands in them, or when the journal closes
   */
  rewrite(change: JournalChange): Promise<{ readonly segments: number; readonly records: number }>
  /**
   * Drops the oldest segments that every cursor has passed and whose newest record is older than `keepMs`. Drops nothing
   * while the wall clock is needed and cannot be trusted (it was set by more than an hour within the last ten minutes), or
   * while cursors may be missing because their file was damaged. With `before`, drops segments with a lower number only.
   */
  prune(options?: { readonly before?: number }): Promise<{ readonly dropped: number }>
  stats(): JournalStats
  /** Refuses new records, waits for those under way, and gives the directory back. */
  close(): Promise<void>
}

/** Appends that fail at once look like appends that fail later. */
export function refusedTicket(error: TallystickError): AppendTicket {
  const durable = Promise.reject(error)
  durable.catch(() => {})
  return { firstOrdinal: 0, durable }
}
