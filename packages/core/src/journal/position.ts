/** A place in the journal: byte `offset` of the uncompressed content of segment number `segment` (from 1). */
export interface JournalPosition {
  readonly segment: number
  readonly offset: number
}

/**
 * Where the durable part of the journal ends, and the ordinal of the last record that was ever durable before that (0 in an
 * empty journal): that record itself may be damaged by now.
 */
export interface JournalEnd {
  readonly position: JournalPosition
  readonly ordinal: number
}

/** -1, 0 or 1. */
export function comparePositions(a: JournalPosition, b: JournalPosition): number {
  return Math.sign(a.segment - b.segment || a.offset - b.offset)
}
