import { stat } from 'node:fs/promises'
import type { Block } from './block.ts'

/** One file of documents as it was last looked at. Never changed, only replaced, so that a query can go on with an older one. */
export interface DataFile {
  /** Rises with every file; a rotated file carries it in its name. */
  readonly number: number
  readonly path: string
  /** Absent where there is no file. */
  readonly identity: FileIdentity | undefined
  readonly blocks: readonly Block[]
}

/** Tells that a file has not been touched. Text where a number would not be exact. */
export interface FileIdentity {
  readonly device: string
  readonly inode: string
  readonly size: number
  readonly modifiedNs: string
}

export interface BigStat {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
}

export const identityOf = ({ dev, ino, size, mtimeNs }: BigStat): FileIdentity => ({
  device: String(dev),
  inode: String(ino),
  size: Number(size),
  modifiedNs: String(mtimeNs),
})

/** The file's identity now; undefined if there is none. */
export async function lookAt(path: string): Promise<FileIdentity | undefined> {
  try {
    return identityOf(await stat(path, { bigint: true }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export function isSameFile(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  return a?.inode === b?.inode && a?.device === b?.device
}

export function isUntouched(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  return isSameFile(a, b) && a?.size === b?.size && a?.modifiedNs === b?.modifiedNs
}

/** Bytes of whole lines. */
export const indexedBytes = ({ blocks }: DataFile): number => blocks.at(-1)?.end ?? 0

/** Highest ordinal in these files. */
export const lastOrdinal = (files: readonly DataFile[]): number =>
  files.reduce((last, { blocks }) => Math.max(last, blocks.at(-1)?.last ?? 0), 0)

/** The sum of a figure over all blocks. */
export function total(files: readonly DataFile[], figure: 'events' | 'own' | 'hidden' | 'malformed'): number {
  let sum = 0
  for (const { blocks } of files) for (const block of blocks) sum += block[figure]
  return sum
}
