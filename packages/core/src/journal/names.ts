import { join } from 'node:path'
import type { JournalFs } from './fs.ts'

export const CURSORS_FILE = 'cursors.json'
export const LOCK_FILE = 'LOCK'
export const QUARANTINE_DIR = 'quarantine'
/** Ending of a file that is still being written. */
export const TEMPORARY = '.tmp'

const SEGMENT = /^(\d{10})\.jsonl(\.gz)?$/
const UNFINISHED = /^(cursors\.json|\d{10}\.jsonl\.gz)\.tmp$/

/** Is this a file of ours that was still being written when the process ended? */
export function isUnfinished(name: string): boolean {
  return UNFINISHED.test(name)
}

/** A segment as it lies in the directory. While one is being compressed both forms may be there: the plain one counts. */
export interface SegmentFiles {
  readonly number: number
  readonly plain: boolean
  readonly compressed: boolean
}

/** `0000000001.jsonl` */
export function plainName(segment: number): string {
  return `${String(segment).padStart(10, '0')}.jsonl`
}

/** `0000000001.jsonl.gz` */
export function compressedName(segment: number): string {
  return `${plainName(segment)}.gz`
}

/** The segments of a directory in rising order. Names that are not ours are ignored. */
export async function listSegments(fs: JournalFs, dir: string): Promise<readonly SegmentFiles[]> {
  const found = new Map<number, { number: number; plain: boolean; compressed: boolean }>()
  for (const name of await fs.list(dir)) {
    const match = SEGMENT.exec(name)
    if (match === null) continue
    const number = Number(match[1])
    if (number === 0) continue
    const entry = found.get(number) ?? { number, plain: false, compressed: false }
    if (match[2] === undefined) entry.plain = true
    else entry.compressed = true
    found.set(number, entry)
  }
  return [...found.values()].sort((a, b) => a.number - b.number)
}

/** Bytes that a segment takes on disk. */
export async function segmentBytes(fs: JournalFs, dir: string, files: SegmentFiles): Promise<number> {
  const plain = files.plain ? await fs.size(join(dir, plainName(files.number))) : 0
  return files.compressed ? plain + (await fs.size(join(dir, compressedName(files.number)))) : plain
}
