import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { JournalFile, JournalFs } from './fs.ts'
import { encodeMember } from './gzip-member.ts'
import { decodeHeader, encodeHeader, MAX_HEADER_BYTES, type SegmentHeader } from './header.ts'
import type { JournalChange } from './journal.ts'
import { checkLine, SEAL_BYTES, sealLine } from './line.ts'
import { compressedName, type SegmentFiles, TEMPORARY } from './names.ts'
import type { Quarantine } from './quarantine.ts'
import { SealStopped } from './seal.ts'
import { inflatedBlocks, type SegmentBlock } from './segment-source.ts'
import { writeFully } from './write-fully.ts'

const LINE_FEED = 0x0a
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
 * in its place. Reads it twice: the header tells how long the rest is. Blocks that cannot be inflated are left out, since what of
 * them could be made readable cannot be looked at; readers find a hole there, as long as before.
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
    let size = 0
    for await (const { bytes } of changedBlocks(options, source, first)) size += bytes.length
    if (!first.changed && !first.holes) return { records: undefined, savedBytes: 0 }
    const header = headerOf(first.header, size + first.holeBytes)
    const second = new Rewriting(change, header)
    await fs.unlink(path + TEMPORARY).catch(() => {})
    const target = await fs.open(path + TEMPORARY, 'wx+')
    const before = await source.size()
    let after: number
    try {
      let at = 0
      let checksum = 0
      for await (const { bytes, offset } of changedBlocks(options, source, second)) {
        const member = await encodeMember(bytes, offset)
        await writeFully(target, member, at)
        at += member.length
        checksum = crc32(bytes, checksum)
      }
      await target.datasync()
      if ((await checksumOf(target)) !== checksum) throw new Error(`${path} does not read back as it was written`)
      after = await target.size()
    } catch (error) {
      await target.close()
      await fs.unlink(path + TEMPORARY).catch(() => {})
      throw error
    }
    await target.close()
    await fs.rename(path + TEMPORARY, path)
    await fs.syncDir(dir)
    await quarantine.move(files.number, (offset) => second.shifted(offset))
    return { records: second.records, savedBytes: before - after }
  } finally {
    await source.close()
  }
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

/** The blocks of a segment as they are to be, each with its new offset; a line that spans two goes with the second. */
async function* changedBlocks(
  { stopped }: RewriteOptions,
  source: JournalFile,
  rewriting: Rewriting,
): AsyncGenerator<SegmentBlock> {
  let begun: Buffer = Buffer.alloc(0)
  let expected = 0
  for await (const { offset, bytes } of inflatedBlocks(source, 0, Number.POSITIVE_INFINITY)) {
    if (stopped()) throw new SealStopped()
    if (offset !== expected) {
      if (begun.length > 0) yield rewriting.take(begun, expected - begun.length)
      begun = Buffer.alloc(0)
      rewriting.hole(offset - expected)
    }
    expected = offset + bytes.length
    const whole = begun.length === 0 ? bytes : Buffer.concat([begun, bytes])
    const end = whole.lastIndexOf(LINE_FEED) + 1
    if (end > 0) yield rewriting.take(whole.subarray(0, end), expected - whole.length)
    begun = whole.subarray(end)
  }
  if (begun.length > 0) yield rewriting.take(begun, expected - begun.length)
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
  changed = false
  holes = false
  holeBytes = 0

  constructor(change: JournalChange, newHeader?: Buffer) {
    this.#change = change
    this.#newHeader = newHeader
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
      this.changed ||= masked !== line
      return masked
    }
    const text = line.toString('utf8', 0, end - SEAL_BYTES)
    const [start = '', type = ''] = START.exec(text) ?? []
    const members = this.#change.change({ type, ordinal, members: text.slice(start.length) })
    if (members === undefined) return line
    this.changed = true
    this.records++
    const open = Buffer.from(start + members)
    const sealed = Buffer.alloc(open.length + SEAL_BYTES + 1)
    open.copy(sealed)
    sealLine(sealed, 0, open.length)
    return sealed
  }
}

async function checksumOf(file: JournalFile): Promise<number> {
  let checksum = 0
  for await (const { bytes } of inflatedBlocks(file, 0, Number.POSITIVE_INFINITY)) checksum = crc32(bytes, checksum)
  return checksum
}
