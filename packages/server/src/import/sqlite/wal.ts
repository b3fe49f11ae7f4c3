const HEADER_BYTES = 32
const FRAME_BYTES = 24
const LITTLE_ENDIAN_SUMS = 0x377f0682
const BIG_ENDIAN_SUMS = 0x377f0683

/**
 * The newest version of each page in a write-ahead log, of transactions that were committed. A frame counts if it is of this
 * round of the log (its salts are the header's) and its sum follows from all before it; the first that does not ends the log.
 *
 * @source sqlite.org/fileformat2.html, "The Write-Ahead Log"
 */
export function committedPages(log: Buffer, pageSize: number): Map<number, Uint8Array> {
  const committed = new Map<number, Uint8Array>()
  if (log.length < HEADER_BYTES) return committed
  const magic = log.readUInt32BE(0)
  if (magic !== LITTLE_ENDIAN_SUMS && magic !== BIG_ENDIAN_SUMS) return committed
  if (log.readUInt32BE(8) !== pageSize) return committed
  const big = magic === BIG_ENDIAN_SUMS
  let sums = addUp(log, 0, 24, [0, 0], big)
  if (!told(log, 24, sums)) return committed

  const open = new Map<number, Uint8Array>()
  const step = FRAME_BYTES + pageSize
  for (let at = HEADER_BYTES; at + step <= log.length; at += step) {
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) break
    sums = addUp(log, at, at + 8, sums, big)
    sums = addUp(log, at + FRAME_BYTES, at + step, sums, big)
    if (!told(log, at + 16, sums)) break
    open.set(log.readUInt32BE(at), log.subarray(at + FRAME_BYTES, at + step))
    // Only the last frame of a transaction says how large the database is after it.
    if (log.readUInt32BE(at + 4) === 0) continue
    for (const [page, bytes] of open) committed.set(page, bytes)
    open.clear()
  }
  return committed
}

type Sums = readonly [number, number]

function addUp(log: Buffer, from: number, to: number, [first, second]: Sums, big: boolean): Sums {
  let [a, b] = [first, second]
  for (let at = from; at < to; at += 8) {
    a = (a + (big ? log.readUInt32BE(at) : log.readUInt32LE(at)) + b) >>> 0
    b = (b + (big ? log.readUInt32BE(at + 4) : log.readUInt32LE(at + 4)) + a) >>> 0
  }
  return [a, b]
}

const told = (log: Buffer, at: number, [a, b]: Sums): boolean =>
  log.readUInt32BE(at) === a && log.readUInt32BE(at + 4) === b
