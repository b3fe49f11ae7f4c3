import { join } from 'node:path'
import type { JournalFile, JournalFs } from './fs.ts'
import { decodeMember, decodeMemberHeader, findMember, MEMBER_HEADER_BYTES } from './gzip-member.ts'
import { compressedName, plainName, type SegmentFiles } from './names.ts'

/** Some of the uncompressed content of a segment, beginning at byte `offset` of it. */
export interface SegmentBlock {
  readonly offset: number
  readonly bytes: Buffer
}

const BLOCK_BYTES = 256 * 1024
/** No member is larger: a line of the maximum size that does not compress, and its frame. */
const MAX_MEMBER_BYTES = 32 * 1024 * 1024
const SEARCH_BYTES = 64 * 1024

/**
 * The content of a segment from `from` to `limit` in order, whichever form it has. Where a compressed block is damaged the
 * next offset is past the expected one. The file stays open to the end, so it may be compressed or removed meanwhile.
 */
export async function* readSegment(
  fs: JournalFs,
  dir: string,
  segment: SegmentFiles,
  from: number,
  limit: number,
): AsyncGenerator<SegmentBlock> {
  const name = segment.plain ? plainName(segment.number) : compressedName(segment.number)
  const file = await fs.open(join(dir, name), 'r')
  try {
    yield* segment.plain ? plainBlocks(file, from, limit) : inflatedBlocks(file, from, limit)
  } finally {
    await file.close()
  }
}

async function* plainBlocks(file: JournalFile, from: number, limit: number): AsyncGenerator<SegmentBlock> {
  for (let offset = from; offset < limit; ) {
    const wanted = Math.min(BLOCK_BYTES, limit - offset)
    const buffer = Buffer.allocUnsafe(wanted)
    const length = await file.read(buffer, wanted, offset)
    if (length === 0) return
    yield { offset, bytes: buffer.subarray(0, length) }
    offset += length
  }
}

/** The content of an open compressed segment. */
export async function* inflatedBlocks(file: JournalFile, from: number, limit: number): AsyncGenerator<SegmentBlock> {
  const size = await file.size()
  const head = Buffer.alloc(MEMBER_HEADER_BYTES)
  for (let at = 0; at < size; ) {
    const header = (await readFully(file, head, at)) === head.length ? decodeMemberHeader(head) : undefined
    if (header === undefined || header.size > MAX_MEMBER_BYTES) {
      at = await nextMember(file, at + 1, size)
      continue
    }
    if (header.plainOffset >= limit) return
    if (header.plainOffset + header.plainSize > from) {
      const member = Buffer.alloc(header.size)
      const length = await readFully(file, member, at)
      const plain = await decodeMember(member.subarray(0, length), header)
      if (plain !== undefined) {
        const skipped = Math.max(0, from - header.plainOffset)
        const kept = Math.min(plain.length, limit - header.plainOffset)
        yield { offset: header.plainOffset + skipped, bytes: plain.subarray(skipped, kept) }
      }
    }
    at += header.size
  }
}

async function readFully(file: JournalFile, buffer: Buffer, position: number): Promise<number> {
  let length = 0
  while (length < buffer.length) {
    const read = await file.read(buffer.subarray(length), buffer.length - length, position + length)
    if (read === 0) break
    length += read
  }
  return length
}

/** Where the next member begins at or after `from`; `size` if nowhere. */
async function nextMember(file: JournalFile, from: number, size: number): Promise<number> {
  const buffer = Buffer.alloc(SEARCH_BYTES)
  for (let at = from; at < size; at += SEARCH_BYTES - MEMBER_HEADER_BYTES) {
    const length = await readFully(file, buffer, at)
    const found = findMember(buffer.subarray(0, length), 0)
    if (found !== -1) return at + found
  }
  return size
}
