import { createHash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { opendir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ErrorCode, TallystickError } from '../errors.ts'

/** A file of the old class, or why there is none. */
export type SeedFile =
  | {
      readonly name: string
      readonly content: Readonly<Record<string, unknown>>
      /** Of name and bytes: the same file makes the same key, another content another. */
      readonly key: string
    }
  | { readonly name: string; readonly code: ErrorCode; readonly message: string }

/** The old class wrote some hundred bytes. */
const MAX_FILE_BYTES = 1024 * 1024
const FILES_AT_ONCE = 32

/**
 * The `*.json` files of a directory, some at a time and in no order; nothing if there is no such directory. Links are not
 * followed.
 *
 * @throws TallystickError `file_unreadable` if the directory is there and cannot be read
 */
export async function* seedFiles(dir: string): AsyncGenerator<readonly SeedFile[]> {
  let entries: Dirent[] = []
  try {
    for await (const entry of await opendir(dir, { bufferSize: 256 })) {
      if (!entry.name.endsWith('.json')) continue
      entries.push(entry)
      if (entries.length < FILES_AT_ONCE) continue
      yield await Promise.all(entries.map((file) => readSeedFile(dir, file)))
      entries = []
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw new TallystickError('file_unreadable', `Reading ${dir} failed: ${textOf(error)}`, { cause: error })
  }
  if (entries.length > 0) yield await Promise.all(entries.map((file) => readSeedFile(dir, file)))
}

/** Is there such a directory? */
export async function isDirectory(dir: string): Promise<boolean> {
  try {
    return (await stat(dir)).isDirectory()
  } catch {
    return false
  }
}

async function readSeedFile(dir: string, entry: Dirent): Promise<SeedFile> {
  const { name } = entry
  if (!entry.isFile()) return { name, code: 'file_unreadable', message: 'is no regular file' }
  let bytes: Buffer
  try {
    const path = join(dir, name)
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES)
      return { name, code: 'too_long', message: `has ${size} bytes, more than ${MAX_FILE_BYTES}` }
    bytes = await readFile(path)
  } catch (error) {
    return { name, code: 'file_unreadable', message: textOf(error) }
  }
  let content: unknown
  try {
    content = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    return { name, code: 'invalid_json', message: textOf(error) }
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return { name, code: 'not_an_object', message: 'holds no JSON object' }
  // As JSON the name ends where it ends, so that no other name and content make the same bytes.
  const key = createHash('sha256').update(JSON.stringify(name)).update(bytes).digest('hex').slice(0, 32)
  return { name, content: content as Readonly<Record<string, unknown>>, key }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null)?.code
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200)
}
