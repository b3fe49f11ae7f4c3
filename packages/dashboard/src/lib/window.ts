/** Which rows of a long table are to be there, of all that it could scroll to. */
export interface Window {
  /** Index of the first, and of the one after the last. */
  readonly from: number
  readonly to: number
  /** Height of what is left out above and below, px. */
  readonly above: number
  readonly below: number
}

/** So many rows are there beyond either edge: a quick hand finds no gap. */
const MARGIN = 20
/** A table up to this length is there as a whole: searching in the page finds all of it. */
export const WHOLE_UP_TO = 500

/**
 * @param top how far it is scrolled, px
 * @param height of what is seen, px
 * @param rowHeight of each row, px
 * @example windowOf(0, 330, 33, 10_000) // { from: 0, to: 30, above: 0, below: 329_010 }
 */
export function windowOf(top: number, height: number, rowHeight: number, count: number): Window {
  // A height of nothing is one that has not been measured yet.
  if (count <= WHOLE_UP_TO || rowHeight <= 0) return { from: 0, to: count, above: 0, below: 0 }
  const first = Math.floor(Math.max(0, top) / rowHeight)
  const last = Math.ceil((Math.max(0, top) + height) / rowHeight)
  const from = Math.max(0, Math.min(first - MARGIN, count - 1))
  const to = Math.min(count, Math.max(from + 1, last + MARGIN))
  return { from, to, above: from * rowHeight, below: (count - to) * rowHeight }
}
