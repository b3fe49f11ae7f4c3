import type { JsonBytes } from '../event/json-bytes.ts'
import type { JournalPosition } from './position.ts'

/**
 * What a record is about: an accepted `event`, a `clear` of everything before it, an `erase` of one user, a `reprice` of
 * a range, or `meta` (about the journal or its product; a segment's header is one, which readers do not deliver).
 */
export type RecordType = 'event' | 'clear' | 'erase' | 'reprice' | 'meta'

/** Every {@link RecordType}. */
export const RECORD_TYPES: ReadonlySet<string> = new Set<RecordType>(['event', 'clear', 'erase', 'reprice', 'meta'])

/** One record to append. */
export interface JournalEntry {
  readonly type: RecordType
  /**
   * The record's own members as JSON text without the braces, e.g. `"r":1700000000000,"e":{"model":"x"}`. At least one
   * member, no raw line break, no member named `t`, `n` or `c`.
   */
  readonly body: string
}

/** Records of one type that are written straight to where the disk takes them from. */
export interface JournalSeries {
  readonly type: RecordType
  readonly count: number
  /**
   * Writes the members of the record `index` as {@link JournalEntry.body} has them. Called once for each in order, before
   * `append` returns; a throw refuses all of them.
   */
  write(line: JsonBytes, index: number): void
}

/** One record read back. */
export interface JournalRecord {
  readonly type: RecordType
  /** Rises with every record and is never given to two records that stand in the journal. */
  readonly ordinal: number
  /** The whole line, parsed: the members of the entry beside `t`, `n` and `c`. */
  readonly body: Readonly<Record<string, unknown>>
  /** The record's first byte. */
  readonly position: JournalPosition
}

/** A longer line is refused by the writer and taken for damage by the reader: it bounds the memory of both. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024
