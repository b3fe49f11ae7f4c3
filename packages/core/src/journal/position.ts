/** A place in the journal: byte `offset` of the uncompressed content of segment number `segment` (from 1). */
export interface JournalPosition {
  readonly segment: number
  readonly offset: number
}

/** -1, 0 or 1. */
export function comparePositions(a: JournalPosition, b: JournalPosition): number {
  return Math.sign(a.segment - b.segment || a.offset - b.offset)
}
