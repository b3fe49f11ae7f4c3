import { hash } from 'node:crypto'
import type { JsonValue } from '../record.ts'
import type { OpenFile } from './bytes.ts'
import type { FoundFile } from './find.ts'

/** How a file was when it was last read, and how far that went. */
export interface FileMark {
  readonly size: number
  readonly mtimeMs: number
  readonly ino: number
  /** Everything before is read and acknowledged. */
  readonly offset: number
  /** Hash of the bytes just before the offset: a file that was written anew has others there. */
  readonly check: string
  /** Events at the end may not have been said in full; they are read again once the file has rested. */
  readonly held: boolean
  readonly context?: JsonValue
}

const CHECKED_BYTES = 1024
/** A file that was not written to for so long is not being written to. */
export const RESTED_MS = 5 * 60_000

export const isFileMark = (value: JsonValue | undefined): value is JsonValue & FileMark =>
  typeof value === 'object' &&
  value !== null &&
  'offset' in value &&
  typeof (value as { offset: unknown }).offset === 'number'

/** Nothing has happened to the file since. */
export const isUnchanged = (mark: FileMark, file: FoundFile): boolean =>
  mark.size === file.size && mark.mtimeMs === file.mtimeMs && mark.ino === file.ino

/** Does the file go on from where it was read to? It was written anew otherwise, and is read from its beginning. */
export function continues(mark: FileMark, file: OpenFile): boolean {
  return file.stat.size >= mark.offset && mark.check === checkOf(file, mark.offset)
}

export function checkOf(file: OpenFile, offset: number): string {
  const bytes = Buffer.alloc(Math.min(offset, CHECKED_BYTES))
  const count = file.readAt(bytes, offset - bytes.length)
  return hash('sha256', bytes.subarray(0, count), 'hex').slice(0, 16)
}
