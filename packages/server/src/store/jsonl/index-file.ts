import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { Block, BlockBuilder, PlacedLine } from './block.ts'
import { type DocumentLine, readLine } from './document-line.ts'

/** Small enough to parse without holding up whoever else waits for the thread. */
const CHUNK_BYTES = 256 * 1024
/** A longer line is no document, whatever is in it; it is never held as a whole. */
const MAX_LINE_BYTES = 16 * 1024 * 1024
const LINE_FEED = 0x0a

/**
 * Reads the whole lines from `builder.end` to the end of the file.
 *
 * @param options.stopAtZeros end at the first line with zeros in it
 * @returns where that line begins; undefined if there was none
 */
export async function indexFile(
  file: FileHandle,
  builder: BlockBuilder,
  options: { readonly stopAtZeros?: boolean } = {},
): Promise<number | undefined> {
  const { stopAtZeros = false } = options
  /** The beginning of a line. */
  let begun: Buffer[] = []
  let begunBytes = 0
  /** In the middle of a line too long to be held. */
  let skipping = false
  for (let position = builder.end; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, position)
    if (bytesRead === 0) break
    position += bytesRead
    let bytes = chunk.subarray(0, bytesRead)
    const feed = bytes.indexOf(LINE_FEED)
    if (skipping) {
      builder.piece(feed < 0 ? bytes : bytes.subarray(0, feed + 1), false, feed >= 0)
      if (feed < 0) continue
      skipping = false
      bytes = bytes.subarray(feed + 1)
    } else if (feed < 0) {
      begun.push(bytes)
      begunBytes += bytesRead
      if (begunBytes <= MAX_LINE_BYTES) continue
      if (stopAtZeros && begun.some((part) => part.includes(0))) return builder.end
      for (const [index, part] of begun.entries()) builder.piece(part, index === 0, false)
      begun = []
      begunBytes = 0
      skipping = true
      continue
    } else if (begunBytes > 0) bytes = Buffer.concat([...begun, bytes])
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      const document = isBlank(bytes, start, end) ? null : placed(readLine(bytes, start, end))
      if (document === undefined && stopAtZeros && bytes.subarray(start, end).includes(0)) return builder.end
      builder.line(bytes.subarray(start, end + 1), document)
      start = end + 1
    }
    begun = start < bytes.length ? [bytes.subarray(start)] : []
    begunBytes = bytes.length - start
  }
  if (skipping) builder.forget()
  return undefined
}

const placed = (line: DocumentLine | undefined): PlacedLine | undefined =>
  line && {
    timestampMs: line.event.timestampMs,
    kind: line.event.kind,
    ordinal: line.stamp?.ordinal,
    sound: line.sound,
  }

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
