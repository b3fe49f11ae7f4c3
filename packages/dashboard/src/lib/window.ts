/** Which rows of a long list stand in the document: those in sight and some on either side. */
export interface RowWindow {
  readonly first: number
  /** Itself not among them. */
  readonly end: number
}

/** Fewer rows than this are all drawn. */
export const VIRTUAL_FROM = 500
const MARGIN = 20

/**
 * @param top px scrolled
 * @param height px in sight
 * @example rowWindow(1_000, 320, 32, 2_000) // { first: 11, end: 62 }
 */
export function rowWindow(top: number, height: number, rowHeight: number, count: number): RowWindow {
  if (count <= VIRTUAL_FROM || rowHeight <= 0) return { first: 0, end: count }
  const first = Math.min(count, Math.max(0, Math.floor(top / rowHeight) - MARGIN))
  return { first, end: Math.min(count, Math.ceil((top + height) / rowHeight) + MARGIN + 1) }
}
