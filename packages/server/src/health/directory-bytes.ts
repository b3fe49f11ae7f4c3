import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What a directory takes. */
export interface DirectoryBytes {
  readonly path: string
  readonly bytes: number
  /** By entry, the greatest first. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[]
}

/** The sizes of its files added up; what goes away meanwhile counts as nothing. */
export async function directoryBytes(path: string): Promise<DirectoryBytes> {
  const names = await readdir(path).catch(() => [])
  const parts = await Promise.all(names.map(async (name) => ({ name, bytes: await bytesOf(join(path, name)) })))
  parts.sort((a, b) => b.bytes - a.bytes)
  return { path, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), parts }
}

async function bytesOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || !found.isDirectory()) return found?.size ?? 0
  return (await directoryBytes(path)).bytes
}
