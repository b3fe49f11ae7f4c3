import { join } from 'node:path'
import { ActiveSegment } from './active-segment.ts'
import type { JournalFile, JournalFs } from './fs.ts'
import { isDiskFull } from './fs-errors.ts'
import { decodeHeader, type SegmentHeader } from './header.ts'
import { type DamagedBytes, LineScanner } from './line-scanner.ts'
import { plainName, type SegmentFiles } from './names.ts'
import { comparePositions, type JournalEnd, type JournalPosition } from './position.ts'
import type { Quarantine, QuarantineKind } from './quarantine.ts'
import { readHeader } from './segment-chain.ts'
import { readSegment } from './segment-source.ts'
import type { WriterStart } from './segment-writer.ts'

const LINE_FEED = 0x0a
const LOOK_BACK_BYTES = 64 * 1024
const NOWHERE: JournalPosition = { segment: 0, offset: 0 }

export interface RecoverOptions {
  readonly fs: JournalFs
  readonly dir: string
  readonly quarantine: Quarantine
  readonly segments: readonly SegmentFiles[]
  readonly cursors: ReadonlyMap<string, JournalEnd>
  /** Highest ordinal that something else than the journal proves to have been acknowledged. */
  readonly witnessed: number
  readonly onError: (error: unknown) => void
}

/** What a scan of the newest segment tells. */
interface Scan {
  readonly files: SegmentFiles
  readonly header: SegmentHeader | undefined
  readonly soundLines: number
  /** Just behind the last sound line. */
  readonly soundEnd: number
  readonly lastOrdinal: number
  readonly damage: readonly DamagedBytes[]
  /** What lies behind the last sound line: a write that was under way, or damage. */
  readonly tail: DamagedBytes | undefined
}

/**
 * Finds where the journal ends. What lies behind the last sound line is moved to quarantine and cut: an unfinished write, or,
 * where a cursor or a witness proves that more had been acknowledged, records that are lost. Damaged lines before it are copied
 * there and stay. Whenever something was cut or is missing, writing goes on in a new segment with higher ordinals, so that no
 * place and no ordinal is ever used for two records.
 *
 * @throws TallystickError `journal_newer_format`, or the file system's error
 */
export async function recover(options: RecoverOptions): Promise<WriterStart> {
  const { segments, quarantine, cursors, witnessed } = options
  let newest = Math.max(quarantine.newestSegment, segments.at(-1)?.number ?? 0)
  let cutLines = 0
  let scan: Scan | undefined
  const unsound: Scan[] = []
  for (const files of [...segments].reverse()) {
    scan = await scanNewest(options, files)
    if (scan.soundLines > 0) break
    // A start that failed, or a file destroyed as a whole. Its first line was the header, which takes no ordinal.
    cutLines += Math.max(0, (scan.tail?.lines ?? 0) - 1)
    if (files.plain) unsound.push(scan)
    scan = undefined
  }
  const position = scan === undefined ? NOWHERE : { segment: scan.files.number, offset: scan.soundEnd }
  cutLines += scan?.tail?.lines ?? 0
  const used = Math.max(scan?.lastOrdinal ?? 0, scan?.header?.after ?? 0)
  let acknowledged = Math.max(scan?.lastOrdinal ?? 0, witnessed)
  let seen = true
  for (const cursor of cursors.values()) {
    acknowledged = Math.max(acknowledged, cursor.ordinal)
    newest = Math.max(newest, cursor.position.segment)
    if (comparePositions(cursor.position, position) > 0) seen = false
  }
  const lost = Math.max(0, acknowledged - used)
  const kind = lost > 0 ? 'lines' : 'tail'
  for (const each of unsound) await discard(options, each, kind)
  const goOn =
    seen && cutLines === 0 && lost === 0 && newest === position.segment && scan?.header?.journal !== undefined
  const active = scan === undefined ? undefined : await reopen(options, scan, { goOn, kind, lost })
  if (lost > 0) options.onError(new Error(`${lost} acknowledged records at the end of the journal are gone or damaged`))
  if (lost > 0)
    await putAside(options, position.segment, undefined, 'lines', { offset: position.offset, length: 0, lines: lost })
  const base = Math.max(used, acknowledged) + Math.max(0, cutLines - lost)
  return { newest, end: { position, ordinal: acknowledged }, base, active }
}

/**
 * Scans a segment, but only from shortly before the furthest place that a consumer has reached in it: what lies before was
 * read and checked by that consumer. The whole of it where no cursor helps.
 */
async function scanNewest(options: RecoverOptions, files: SegmentFiles): Promise<Scan> {
  const { fs, dir, cursors } = options
  let reached = 0
  for (const { position } of cursors.values())
    if (position.segment === files.number) reached = Math.max(reached, position.offset)
  const from = files.plain ? await lineBefore(fs, dir, files, reached) : 0
  if (from > 0) {
    const scan = await scanSegment(fs, dir, files, from)
    if (scan.soundLines > 0) return scan
  }
  return scanSegment(fs, dir, files, 0)
}

/** A line start before `offset`, itself the end of a line; 0 if there is none near. */
async function lineBefore(fs: JournalFs, dir: string, files: SegmentFiles, offset: number): Promise<number> {
  const start = Math.max(0, offset - LOOK_BACK_BYTES)
  if (start === 0) return 0
  for await (const { bytes } of readSegment(fs, dir, files, start, offset)) {
    const first = bytes.indexOf(LINE_FEED)
    const whole = bytes.length === offset - start && bytes[bytes.length - 1] === LINE_FEED
    return whole && first < bytes.length - 1 ? start + first + 1 : 0
  }
  return 0
}

async function scanSegment(fs: JournalFs, dir: string, files: SegmentFiles, from: number): Promise<Scan> {
  let header = from === 0 ? undefined : await readHeader(fs, dir, files)
  let soundLines = 0
  let soundEnd = 0
  let lastOrdinal = 0
  const damage: DamagedBytes[] = []
  const scanner = new LineScanner(from, {
    line(buffer, start, end, offset, ordinal) {
      soundLines++
      soundEnd = offset + end - start + 1
      if (offset === 0) header = decodeHeader(buffer.subarray(start, end + 1))
      lastOrdinal = Math.max(
        lastOrdinal,
        header !== undefined && offset === 0 ? (header.previous?.ordinal ?? 0) : ordinal,
      )
    },
    damage: (damaged) => damage.push(damaged),
  })
  for await (const block of readSegment(fs, dir, files, from, Number.POSITIVE_INFINITY))
    scanner.push(block.bytes, block.offset)
  scanner.end(true)
  const last = damage.at(-1)
  const tail = last !== undefined && last.offset >= soundEnd ? damage.pop() : undefined
  // It may begin before the place where the scan began; it is found whole when the segment is sealed.
  if (from > 0 && damage[0]?.offset === from) damage.shift()
  return { files, header, soundLines, soundEnd, lastOrdinal, damage, tail }
}

/** Removes the newest segment that holds no line. On a full disk it stays: the next header shuts it out. */
async function discard(options: RecoverOptions, { files, tail }: Scan, kind: QuarantineKind): Promise<void> {
  const { fs, dir } = options
  const path = join(dir, plainName(files.number))
  if (tail !== undefined) {
    const file = await fs.open(path, 'r')
    try {
      // Lines that are lost are counted where the journal ends.
      const put = kind === 'lines' ? { ...tail, lines: 0 } : tail
      if (!(await putAside(options, files.number, file, kind, put))) return
    } finally {
      await file.close()
    }
  }
  await fs.unlink(path)
  await fs.syncDir(dir)
}

/** Puts damage aside and cuts the tail; gives the segment back for writing if writing can go on in it. */
async function reopen(
  options: RecoverOptions,
  scan: Scan,
  { goOn, kind, lost }: { readonly goOn: boolean; readonly kind: QuarantineKind; readonly lost: number },
): Promise<ActiveSegment | undefined> {
  const { fs, dir } = options
  const { files, damage, tail, soundEnd } = scan
  if (!files.plain) return undefined
  const file = await fs.open(join(dir, plainName(files.number)), 'r+')
  try {
    for (const damaged of damage) await putAside(options, files.number, file, 'lines', damaged)
    if (tail !== undefined) {
      const put = lost > 0 ? { ...tail, lines: lost } : tail
      if (await putAside(options, files.number, file, kind, put)) await file.truncate(soundEnd)
    }
    // After a kill the lines may stand in memory only; what is told to be durable must be.
    await file.datasync()
    await fs.syncDir(dir)
  } catch (error) {
    await file.close()
    throw error
  }
  if (goOn) return new ActiveSegment(files.number, file, soundEnd)
  await file.close()
  return undefined
}

/** False if the disk has no room for the copy; then the bytes stay where they are, and readers skip them all the same. */
async function putAside(
  { quarantine, onError }: RecoverOptions,
  segment: number,
  file: JournalFile | undefined,
  kind: QuarantineKind,
  damaged: DamagedBytes,
): Promise<boolean> {
  try {
    await quarantine.keep(kind, segment, file, damaged)
    return true
  } catch (error) {
    if (!isDiskFull(error)) throw error
    onError(error)
    return false
  }
}
