import { join } from 'node:path'
import type { JournalFile, JournalFs } from './fs.ts'
import { decodeMember, decodeMemberHeader, findMember, MEMBER_HEADER_BYTES, type MemberHeader } from './gzip-member.ts'
import { compressedName, plainName, type SegmentFiles } from './names.ts'

/** Some of the uncompressed content of a segment, beginning at byte `offset` of it. */
export interface SegmentBlock {
  readonly offset: number
  readonly bytes: Buffer
}

const BLOCK_BYTES = 256 * 1024
/** Compressed bytes read at once: several dozen members. */
const WINDOW_BYTES = 512 * 1024
/** Members inflated, on other threads, ahead of the one that is taken in: about as many as a consumer takes at a time. */
const MEMBERS_AHEAD = 32
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
  const read = async (offset: number): Promise<SegmentBlock> => {
    const wanted = Math.min(BLOCK_BYTES, limit - offset)
    const buffer = Buffer.allocUnsafe(wanted)
    return { offset, bytes: buffer.subarray(0, await file.read(buffer, wanted, offset)) }
  }
  let reading = from < limit ? read(from) : undefined
  try {
    while (reading !== undefined) {
      const block: SegmentBlock = await reading
      if (block.bytes.length === 0) return
      const next = block.offset + block.bytes.length
      // The next block is fetched while this one is taken in.
      reading = next < limit ? read(next) : undefined
      yield block
    }
  } finally {
    await reading?.catch(() => undefined)
  }
}

/** The content of an open compressed segment. */
export async function* inflatedBlocks(file: JournalFile, from: number, limit: number): AsyncGenerator<SegmentBlock> {
  const inflating: Promise<SegmentBlock | undefined>[] = []
  let failure: { readonly error: unknown } | undefined
  try {
    for await (const { header, bytes } of members(file, from, limit)) {
      inflating.push(inflated(header, bytes, from, limit))
      const block = inflating.length < MEMBERS_AHEAD ? undefined : await inflating.shift()
      if (block !== undefined) yield block
    }
  } catch (error) {
    // What stands before the place that cannot be read is given first.
    failure = { error }
  }
  for (const inflation of inflating) {
    const block = await inflation
    if (block !== undefined) yield block
  }
  if (failure !== undefined) throw failure.error
}

/** A member as it lies in the file. */
export interface Member {
  readonly header: MemberHeader
  /** Fewer than it should have at the end of a file that lost its own. */
  readonly bytes: Buffer
}

/** The members that hold any of `[from, limit)`, compressed. */
export async function* members(file: JournalFile, from: number, limit: number): AsyncGenerator<Member> {
  const size = await file.size()
  let window: SegmentBlock = { offset: 0, bytes: Buffer.alloc(0) }
  const bytesAt = async (at: number, length: number): Promise<Buffer> => {
    const end = Math.min(at + length, size)
    if (at < window.offset || end > window.offset + window.bytes.length) {
      const buffer = Buffer.allocUnsafe(Math.min(Math.max(length, WINDOW_BYTES), size - at))
      window = { offset: at, bytes: buffer.subarray(0, await readFully(file, buffer, at)) }
    }
    return window.bytes.subarray(at - window.offset, end - window.offset)
  }
  for (let at = 0; at < size; ) {
    const header = decodeMemberHeader(await bytesAt(at, MEMBER_HEADER_BYTES))
    if (header === undefined || header.size > MAX_MEMBER_BYTES) {
      at = await nextMember(file, at + 1, size)
      continue
    }
    if (header.plainOffset >= limit) return
    if (header.plainOffset + header.plainSize > from) yield { header, bytes: await bytesAt(at, header.size) }
    at += header.size
  }
}

/** What of `[from, limit)` stands in a member; nothing if it is damaged. */
async function inflated(
  header: MemberHeader,
  bytes: Buffer,
  from: number,
  limit: number,
): Promise<SegmentBlock | undefined> {
  const plain = await decodeMember(bytes, header)
  if (plain === undefined) return undefined
  const skipped = Math.max(0, from - header.plainOffset)
  const kept = Math.min(plain.length, limit - header.plainOffset)
  return { offset: header.plainOffset + skipped, bytes: plain.subarray(skipped, kept) }
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
