import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { JournalFile, JournalFs } from './fs.ts'
import { encodeMember } from './gzip-member.ts'
import { type DamagedBytes, LineScanner } from './line-scanner.ts'
import { compressedName, plainName, type SegmentFiles, TEMPORARY } from './names.ts'
import type { Quarantine } from './quarantine.ts'
import { inflatedBlocks, readSegment } from './segment-source.ts'
import { writeFully } from './write-fully.ts'

const MEMBER_BYTES = 128 * 1024
const LINE_FEED = 0x0a

export interface SealOptions {
  readonly fs: JournalFs
  readonly dir: string
  readonly quarantine: Quarantine
  /** Looked at between blocks: true ends the work, to be done again at another time. */
  readonly stopped: () => boolean
  /** Awaited between blocks; gives the disk and the processor back to the writing. */
  readonly rest: () => Promise<void>
}

/**
 * Replaces a finished segment by its compressed form: written beside it, synced, named, read back and compared, and only then
 * is the plain form removed. Damaged lines are copied to quarantine. A crash leaves the plain form, which counts. Works in
 * small steps, compression off the main thread. Returns by how many bytes the directory shrank.
 */
export async function sealSegment(options: SealOptions, files: SegmentFiles, limit: number): Promise<number> {
  const { fs, dir } = options
  const plain = join(dir, plainName(files.number))
  const compressed = join(dir, compressedName(files.number))
  const before = await fs.size(plain)
  if (limit === 0) {
    await removeSegment(fs, dir, files)
    return before
  }
  await fs.unlink(compressed + TEMPORARY).catch(() => {})
  const target = await fs.open(compressed + TEMPORARY, 'wx+')
  let after: number
  try {
    const written = await compress(options, files, limit, target)
    await target.datasync()
    if (options.stopped()) throw new SealStopped()
    if (!(await reads(target, written, limit, options.rest)))
      throw new Error(`${compressed} does not read back as it was written`)
    after = await target.size()
  } catch (error) {
    await target.close()
    await fs.unlink(compressed + TEMPORARY).catch(() => {})
    throw error
  }
  await target.close()
  await fs.rename(compressed + TEMPORARY, compressed)
  await fs.syncDir(dir)
  await fs.unlink(plain)
  await fs.syncDir(dir)
  return before - after
}

/** The journal is closing; the segment is sealed after the next opening. */
export class SealStopped extends Error {
  constructor() {
    super('Sealing was stopped')
  }
}

/** Removes a segment in both forms, durably. */
export async function removeSegment(fs: JournalFs, dir: string, files: SegmentFiles): Promise<void> {
  if (files.plain) await fs.unlink(join(dir, plainName(files.number)))
  if (files.compressed) await fs.unlink(join(dir, compressedName(files.number)))
  await fs.syncDir(dir)
}

interface Content {
  bytes: number
  checksum: number
}

async function compress(
  options: SealOptions,
  files: SegmentFiles,
  limit: number,
  target: JournalFile,
): Promise<Content> {
  const { fs, dir, quarantine, stopped, rest } = options
  const content: Content = { bytes: 0, checksum: 0 }
  const damage: DamagedBytes[] = []
  const scanner = new LineScanner(0, { line: () => {}, damage: (damaged) => damage.push(damaged) })
  let at = 0
  let pending: Buffer = Buffer.alloc(0)
  const put = async (length: number): Promise<void> => {
    const member = await encodeMember(pending.subarray(0, length), content.bytes)
    await writeFully(target, member, at)
    at += member.length
    content.bytes += length
    content.checksum = crc32(pending.subarray(0, length), content.checksum)
    pending = pending.subarray(length)
    await rest()
    if (stopped()) throw new SealStopped()
  }
  for await (const { bytes, offset } of readSegment(fs, dir, { ...files, plain: true }, 0, limit)) {
    scanner.push(bytes, offset)
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
    // The header is a member of its own, so that it is read without inflating records.
    if (content.bytes === 0) await put(pending.indexOf(LINE_FEED) + 1 || pending.length)
    while (pending.length >= MEMBER_BYTES) {
      const end = pending.lastIndexOf(LINE_FEED, MEMBER_BYTES - 1) + 1 || pending.indexOf(LINE_FEED) + 1
      if (end === 0 && pending.length < MAX_MEMBER_PLAIN_BYTES) break
      await put(end === 0 ? pending.length : end)
    }
  }
  if (pending.length > 0) await put(pending.length)
  scanner.end(true)
  if (damage.length > 0) {
    const file = await fs.open(join(dir, plainName(files.number)), 'r')
    try {
      for (const damaged of damage) await quarantine.keep('lines', files.number, file, damaged)
    } finally {
      await file.close()
    }
  }
  return content
}

/** Bytes without a line feed are no line: they need not stay together past the longest line. */
const MAX_MEMBER_PLAIN_BYTES = 16 * 1024 * 1024

async function reads(file: JournalFile, expected: Content, limit: number, rest: () => Promise<void>): Promise<boolean> {
  let bytes = 0
  let checksum = 0
  for await (const block of inflatedBlocks(file, 0, limit)) {
    if (block.offset !== bytes) return false
    bytes += block.bytes.length
    checksum = crc32(block.bytes, checksum)
    await rest()
  }
  return bytes === expected.bytes && checksum === expected.checksum
}
