import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import { type JournalFs, nodeFs } from '@tallystick/core/journal'
import { readTar, TarError } from '../format/tar.ts'

/** A backup as it lies on disk, as a directory or as one archive. */
export interface BackupSource {
  /** Every file in it with its size. */
  readonly files: ReadonlyMap<string, number>
  content(path: string): AsyncIterable<Buffer>
  /** Through which its journal and its control state can be read. */
  readonly fs: JournalFs
  readonly journalDir: string
  readonly stateDir: string
}

const JOURNAL = 'journal'
const STATE = 'state'

/** @throws TallystickError `file_unreadable` when nothing is there, `backup_damaged` when it is no archive or not a whole one */
export async function openBackup(path: string): Promise<BackupSource> {
  const found = await stat(path).catch((cause: Error) => {
    throw new TallystickError('file_unreadable', `The backup ${path} cannot be read: ${cause.message}`, { cause })
  })
  return found.isDirectory() ? directorySource(path) : archiveSource(path)
}

async function directorySource(dir: string): Promise<BackupSource> {
  const files = new Map<string, number>()
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const full = join(entry.parentPath, entry.name)
    const path = full.slice(join(dir, '.').length + 1).replaceAll('\\', '/')
    files.set(path, (await stat(full)).size)
  }
  return {
    files,
    content: (path) => createReadStream(join(dir, path)),
    fs: nodeFs,
    journalDir: join(dir, JOURNAL),
    stateDir: join(dir, STATE),
  }
}

async function archiveSource(archive: string): Promise<BackupSource> {
  const places = new Map<string, { readonly size: number; readonly offset: number }>()
  try {
    for await (const { path, size, offset } of readTar(createReadStream(archive))) places.set(path, { size, offset })
  } catch (error) {
    if (!(error instanceof TarError)) throw error
    throw new TallystickError('backup_damaged', `${archive} is no whole backup: ${error.message}.`, { cause: error })
  }
  const placeOf = (path: string): { readonly size: number; readonly offset: number } => {
    const place = places.get(path)
    if (place === undefined) throw Object.assign(new Error(`${archive} has no ${path}`), { code: 'ENOENT' })
    return place
  }
  const refused = (): never => {
    throw new Error(`${archive} is only read`)
  }
  return {
    files: new Map([...places].map(([path, { size }]) => [path, size])),
    async *content(path) {
      const { size, offset } = placeOf(path)
      if (size > 0) yield* createReadStream(archive, { start: offset, end: offset + size - 1 })
    },
    journalDir: JOURNAL,
    stateDir: STATE,
    fs: {
      async open(path) {
        const { size, offset } = placeOf(path.replaceAll('\\', '/'))
        const handle = await open(archive, 'r')
        return {
          read: async (buffer, length, position) =>
            (await handle.read(buffer, 0, Math.max(0, Math.min(length, size - position)), offset + position)).bytesRead,
          size: async () => size,
          close: () => handle.close(),
          write: refused,
          truncate: refused,
          datasync: refused,
        }
      },
      list: async (dir) =>
        [...places.keys()].flatMap((path) => (path.startsWith(`${dir}/`) ? [path.slice(dir.length + 1)] : [])),
      size: async (path) => placeOf(path.replaceAll('\\', '/')).size,
      mkdir: refused,
      rename: refused,
      unlink: refused,
      syncDir: refused,
      lock: refused,
    },
  }
}
