/**
 * The memory that one writer shares with the owner: a ring of records behind a page of positions and totals.
 *
 * ```
 * byte    0  SEQ       how often the writer has published, modulo 2^32           written by the writer
 *         4  BEGUN     SEQ as it will be once the event being recorded is published     "
 *        64  HEAD      how many words the owner has read, modulo 2^32             written by the owner
 *        68  ATTACHED  1 while a thread writes here                               both, by compare and exchange
 *        72  WAKE      raised when the ring is half full; the owner waits for it       both
 *       128  TOTALS    four snapshots of position and totals, see totals.ts       written by the writer
 *      1024  records   a power of two of 64-bit words
 * ```
 *
 * One thread writes and one reads, so no step needs more than a plain store before an atomic one: SEQ says that everything
 * before it is complete, HEAD that everything before it may be overwritten. What the two sides write lies on different cache
 * lines. A writer that is killed leaves SEQ as it was, and so nothing of the record it was at.
 */
export const SEQ = 0
export const BEGUN = 1
export const HEAD = 16
export const ATTACHED = 17
export const WAKE = 18

/** In words of 64 bits. */
export const TOTALS = 16
export const RECORDS = 128

/** Changes with every change of layout or records: both sides must speak the same. */
export const LAYOUT_VERSION = 1

export const MIN_RING_BYTES = 16 * 1024
export const MAX_RING_BYTES = 1024 * 1024 * 1024
/** Room for about 13,000 events of eight members, or 4,000 of twenty-six. */
export const DEFAULT_RING_BYTES = 1024 * 1024

/** The views of one writer's memory. */
export interface Memory {
  readonly buffer: SharedArrayBuffer
  readonly ints: Int32Array<SharedArrayBuffer>
  /** Positions and totals. */
  readonly page: Float64Array<SharedArrayBuffer>
  /** The ring, as the words of its records, ... */
  readonly words: Float64Array<SharedArrayBuffer>
  /** ... as their headers, two for each word, ... */
  readonly headers: Uint32Array<SharedArrayBuffer>
  /** ... and as text. */
  readonly bytes: Uint8Array<SharedArrayBuffer>
  readonly units: Uint16Array<SharedArrayBuffer>
  /** Length of the ring in words, less one: a position becomes a place in the ring by `&`. */
  readonly mask: number
}

/** @param ringBytes rounded up to a power of two */
export function newMemory(ringBytes: number): Memory {
  let size = MIN_RING_BYTES
  while (size < ringBytes) size *= 2
  return viewMemory(new SharedArrayBuffer(RECORDS * 8 + size))
}

export function viewMemory(buffer: SharedArrayBuffer): Memory {
  const start = RECORDS * 8
  const words = new Float64Array(buffer, start)
  return {
    buffer,
    ints: new Int32Array(buffer, 0, 32),
    page: new Float64Array(buffer, 0, RECORDS),
    words,
    headers: new Uint32Array(buffer, start),
    bytes: new Uint8Array(buffer, start),
    units: new Uint16Array(buffer, start),
    mask: words.length - 1,
  }
}
