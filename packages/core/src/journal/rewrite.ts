import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { JournalFile, JournalFs } from './fs.ts'
import { decodeMember, encodeMember, type MemberHeader, movedMember } from './gzip-member.ts'
import { decodeHeader, encodeHeader, MAX_HEADER_BYTES, type SegmentHeader } from './header.ts'
import type { JournalChange } from './journal.ts'
import { checkLine, SEAL_BYTES, sealLine } from './line.ts'
import { compressedName, type SegmentFiles, TEMPORARY } from './names.ts'
import type { Quarantine } from './quarantine.ts'
import { SealStopped } from './seal.ts'
import { members, type SegmentBlock } from './segment-source.ts'
import { writeFully } from './write-fully.ts'

const LINE_FEED = 0x0a
const READ_BYTES = 1024 * 1024
/** Blocks that are inflated or compressed in other threads while the lines of another are looked at. */
const AHEAD = 3
const START = /^\{"t":"([a-z]+)","n":(\d+),/

export interface RewriteOptions {
  readonly fs: JournalFs
  readonly dir: string
  readonly quarantine: Quarantine
  /** Looked at between blocks: true ends the work, which is then asked for again. */
  readonly stopped: () => boolean
}

export interface Rewritten {
  /** Records changed; undefined where nothing had to be and the segment is as it was. */
  readonly records: number | undefined
  readonly savedBytes: number
}

/**
 * Writes a compressed segment anew, line by line, with some of its records changed: beside the old one, synced, read back, and put
 * in its place. It is read twice, since the header tells how long the rest is; blocks without a change are moved as they are.
 * Blocks that cannot be inflated are left out, since what of them could be made readable cannot be looked at; readers find a hole
 * there, as long as before.
 */
export async function rewriteSegment(
  options: RewriteOptions,
  files: SegmentFiles,
  change: JournalChange,
): Promise<Rewritten> {
  const { fs, dir, quarantine } = options
  const path = join(dir, compressedName(files.number))
  const source = await fs.open(path, 'r')
  try {
    const first = new Rewriting(change)
    const unchanged: boolean[] = []
    let size = 0
    for await (const { length } of pieces(options, source, first, unchanged)) size += length
    if (!first.changed && !first.holes) return { records: undefined, savedBytes: 0 }
    const second = new Rewriting(change, headerOf(first.header, size + first.holeBytes))
    const before = await source.size()
    const after = await replace(fs, path, pieces(options, source, second, unchanged))
    await fs.syncDir(dir)
    await quarantine.move(files.number, (offset) => second.shifted(offset))
    return { records: second.records, savedBytes: before - after }
  } finally {
    await source.close()
  }
}

/** Writes members to a file and puts it in the place of the one of that name; gives its size. */
async function replace(fs: JournalFs, path: string, content: AsyncIterable<Piece>): Promise<number> {
  await fs.unlink(path + TEMPORARY).catch(() => {})
  const target = await fs.open(path + TEMPORARY, 'wx+')
  let at = 0
  try {
    let checksum = 0
    for await (const making of ahead(made(content))) {
      const bytes = await making.bytes
      await writeFully(target, bytes, at)
      at += bytes.length
      checksum = crc32(bytes, checksum)
    }
    await target.datasync()
    if ((await checksumOf(target, at)) !== checksum) throw new Error(`${path} does not read back as it was written`)
  } catch (error) {
    await target.close()
    await fs.unlink(path + TEMPORARY).catch(() => {})
    throw error
  }
  await target.close()
  await fs.rename(path + TEMPORARY, path)
  return at
}

async function* made(content: AsyncIterable<Piece>): AsyncGenerator<{ readonly bytes: Promise<Buffer> }> {
  for await (const { member } of content) yield { bytes: begun(member()) }
}

/** What each block of a segment holds; those are not inflated that are moved as they are. */
async function* inflated(source: JournalFile, unchanged: readonly boolean[]): AsyncGenerator<InflatedBlock> {
  let index = 0
  for await (const { header, bytes } of members(source, 0, Number.POSITIVE_INFINITY)) {
    const moved = unchanged[index++] === true
    yield { header, bytes, plain: moved ? undefined : begun(decodeMember(bytes, header)) }
  }
}

/** The same, of which some more have been begun than were asked for. */
async function* ahead<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const waiting: T[] = []
  for await (const one of source) {
    waiting.push(one)
    if (waiting.length > AHEAD) yield waiting.shift() as T
  }
  yield* waiting
}

/** Whoever waits for it is told if it fails; nobody may, where another has failed before. */
function begun<T>(work: Promise<T> | T): Promise<T> {
  const promise = Promise.resolve(work)
  promise.catch(() => undefined)
  return promise
}

/** The header of a segment that is `rest` bytes long without it; none if it had none that could be read. */
function headerOf(header: SegmentHeader | undefined, rest: number): Buffer | undefined {
  if (header === undefined) return undefined
  let line = encodeHeader({ ...header, bytes: rest })
  // Its length is part of what it tells.
  for (let before = -1; before !== line.length; ) {
    before = line.length
    line = encodeHeader({ ...header, bytes: rest + before })
  }
  return line
}

interface InflatedBlock {
  readonly header: MemberHeader
  /** The member as it stands in the file. */
  readonly bytes: Buffer
  /** Undefined where it is moved as it is; resolves with undefined where it cannot be read. */
  readonly plain: Promise<Buffer | undefined> | undefined
}

/** Some of a segment as it is to be: how long it is, and the member that holds it. */
interface Piece {
  readonly length: number
  readonly member: () => Promise<Buffer> | Buffer
}

/**
 * The members of a segment as they are to be; a line that spans two goes with the second.
 *
 * @param unchanged by number, members that are moved as they are; what is not told yet is found out
 */
async function* pieces(
  { stopped }: RewriteOptions,
  source: JournalFile,
  rewriting: Rewriting,
  unchanged: boolean[],
): AsyncGenerator<Piece> {
  let open: Buffer = Buffer.alloc(0)
  let expected = 0
  let index = -1
  const taken = (bytes: Buffer, offset: number): Piece => {
    const block = rewriting.take(bytes, offset)
    return { length: block.bytes.length, member: () => encodeMember(block.bytes, block.offset) }
  }
  for await (const { header, bytes, plain: inflating } of ahead(inflated(source, unchanged))) {
    if (stopped()) throw new SealStopped()
    index++
    if (inflating === undefined) {
      if (header.plainOffset !== expected) rewriting.hole(header.plainOffset - expected)
      expected = header.plainOffset + header.plainSize
      const offset = rewriting.pass(header.plainSize)
      yield { length: header.plainSize, member: () => movedMember(bytes, offset) }
      continue
    }
    const plain = await inflating
    if (plain === undefined) continue
    if (header.plainOffset !== expected) {
      if (open.length > 0) yield taken(open, expected - open.length)
      open = Buffer.alloc(0)
      rewriting.hole(header.plainOffset - expected)
    }
    expected = header.plainOffset + header.plainSize
    const whole = open.length === 0 ? plain : Buffer.concat([open, plain])
    const end = whole.lastIndexOf(LINE_FEED) + 1
    const { changes } = rewriting
    if (end > 0) yield taken(whole.subarray(0, end), expected - whole.length)
    unchanged[index] = whole === plain && end === whole.length && rewriting.changes === changes && index > 0
    open = whole.subarray(end)
  }
  if (open.length > 0) yield taken(open, expected - open.length)
}

/** One pass over a segment. */
class Rewriting {
  readonly #change: JournalChange
  readonly #newHeader: Buffer | undefined
  /** Where the new content has got to. */
  #at = 0
  /** By how much what follows an old offset has moved; rising. */
  readonly #shifts: { readonly after: number; readonly by: number }[] = []
  header: SegmentHeader | undefined
  records = 0
  /** Lines that are not what they were. */
  changes = 0
  holes = false
  holeBytes = 0

  constructor(change: JournalChange, newHeader?: Buffer) {
    this.#change = change
    this.#newHeader = newHeader
  }

  get changed(): boolean {
    return this.changes > 0
  }

  /** So many bytes stay what they were; gives where they begin now. */
  pass(length: number): number {
    const at = this.#at
    this.#at += length
    return at
  }

  hole(length: number): void {
    this.holes = true
    this.holeBytes += length
    this.#at += length
  }

  /** What stands at an old offset now. */
  shifted(offset: number): number {
    return offset + (this.#shifts.findLast(({ after }) => after < offset)?.by ?? 0)
  }

  take(bytes: Buffer, oldOffset: number): SegmentBlock {
    const offset = this.#at
    const parts: Buffer[] = []
    for (let start = 0; start < bytes.length; ) {
      const feed = bytes.indexOf(LINE_FEED, start)
      const end = feed === -1 ? bytes.length : feed + 1
      const before = bytes.subarray(start, end)
      const after = oldOffset + start === 0 ? this.#headerLine(before) : this.#line(before)
      parts.push(after)
      this.#at += after.length
      const by = this.#at - (oldOffset + end)
      if (by !== (this.#shifts.at(-1)?.by ?? 0)) this.#shifts.push({ after: oldOffset + start, by })
      start = end
    }
    return { offset, bytes: Buffer.concat(parts) }
  }

  #headerLine(line: Buffer): Buffer {
    if (line.length <= MAX_HEADER_BYTES) this.header = decodeHeader(line)
    if (this.header === undefined) return this.#line(line)
    // Its length depends on that of the rest, which the first pass counts.
    return this.#newHeader ?? Buffer.alloc(0)
  }

  #line(line: Buffer): Buffer {
    if (!this.#change.concerns(line)) return line
    const end = line.at(-1) === LINE_FEED ? line.length - 1 : line.length
    const ordinal = checkLine(line, 0, end)
    if (ordinal === -1) {
      const masked = this.#change.mask(line)
      if (masked !== line) this.changes++
      return masked
    }
    const text = line.toString('utf8', 0, end - SEAL_BYTES)
    const [start = '', type = ''] = START.exec(text) ?? []
    const members = this.#change.change({ type, ordinal, members: text.slice(start.length) })
    if (members === undefined) return line
    this.changes++
    this.records++
    const open = Buffer.from(start + members)
    const sealed = Buffer.alloc(open.length + SEAL_BYTES + 1)
    open.copy(sealed)
    sealLine(sealed, 0, open.length)
    return sealed
  }
}

async function checksumOf(file: JournalFile, length: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(length, READ_BYTES))
  let checksum = 0
  for (let at = 0; at < length; ) {
    const read = await file.read(buffer, Math.min(buffer.length, length - at), at)
    if (read === 0) break
    checksum = crc32(buffer.subarray(0, read), checksum)
    at += read
  }
  return checksum
}
