import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { Block, BlockBuilder, PlacedLine } from './block.ts'
import { type DocumentLine, readLine } from './document-line.ts'

/** Small enough to parse without holding up whoever else waits for the thread. */
const CHUNK_BYTES = 256 * 1024
/** A longer line is no document, whatever is in it; it is never held as a whole. */
const MAX_LINE_BYTES = 16 * 1024 * 1024
const LINE_FEED = 0x0a

export interface Indexed {
  /** Bytes behind the last line feed: a line that is not finished. Empty if none, undefined if too long to be a document. */
  readonly tail: Buffer | undefined
  /** Where reading was ended at a line with zeros, on request. */
  readonly stoppedAt?: number
}

/** Reads the lines from `builder.end` to the end of the file. */
export async function indexFile(
  file: FileHandle,
  builder: BlockBuilder,
  options: { readonly stopAtZeros?: boolean } = {},
): Promise<Indexed> {
  let position = builder.end
  let rest: Buffer = Buffer.alloc(0)
  let skipping = false
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, position)
    if (bytesRead === 0) return { tail: skipping ? undefined : rest }
    position += bytesRead
    let bytes = chunk.subarray(0, bytesRead)
    if (skipping) {
      const feed = bytes.indexOf(LINE_FEED)
      skipping = feed < 0
      builder.piece(skipping ? bytes : bytes.subarray(0, feed + 1), false, !skipping)
      if (skipping) continue
      bytes = bytes.subarray(feed + 1)
    }
    bytes = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes
    let start = 0
    for (let feed = bytes.indexOf(LINE_FEED); feed >= 0; feed = bytes.indexOf(LINE_FEED, start)) {
      const document = isBlank(bytes, start, feed) ? null : placed(readLine(bytes, start, feed))
      if (document === undefined && options.stopAtZeros && bytes.subarray(start, feed).includes(0))
        return { tail: Buffer.alloc(0), stoppedAt: builder.end }
      builder.line(bytes.subarray(start, feed + 1), document)
      start = feed + 1
    }
    rest = bytes.subarray(start)
    if (rest.length > MAX_LINE_BYTES) {
      if (options.stopAtZeros && rest.includes(0)) return { tail: Buffer.alloc(0), stoppedAt: builder.end }
      builder.piece(rest, true, false)
      rest = Buffer.alloc(0)
      skipping = true
    }
  }
}

const placed = (line: DocumentLine | undefined): PlacedLine | undefined =>
  line && { timestampMs: line.event.timestampMs, ordinal: line.stamp?.ordinal, sound: line.sound }

/** How many of the blocks, from the first, still are what the file holds. */
export async function unchangedBlocks(file: FileHandle, blocks: readonly Block[]): Promise<number> {
  for (const [index, block] of blocks.entries()) if (!(await isUnchanged(file, block))) return index
  return blocks.length
}

export async function isUnchanged(file: FileHandle, { start, end, crc }: Block): Promise<boolean> {
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - start))
  let found = 0
  for (let position = start; position < end; ) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, end - position), position)
    if (bytesRead === 0) return false
    found = crc32(chunk.subarray(0, bytesRead), found)
    position += bytesRead
  }
  return found === crc
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) return false
  }
  return true
}
