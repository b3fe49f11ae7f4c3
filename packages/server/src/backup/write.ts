import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import { nodeFs } from '@tallystick/core/journal'
import { readTar, TarError } from '../format/tar.ts'
import { isSafePath } from './manifest.ts'

/** Ending of a backup that is still being written. */
export const PARTIAL = '.partial'

/** Is a backup of this name one archive? Otherwise it is a directory. */
export function isArchive(path: string): boolean {
  return path.endsWith('.tar')
}

/**
 * Writes the archive that comes in to `<path>.partial`, unpacked unless the name ends in `.tar`, and syncs it. What an earlier
 * attempt left there is removed. The caller checks it and then calls {@link finishBackup}.
 *
 * @throws TallystickError `disk_full`, `file_unreadable` when the place cannot be written, `server_unreachable` when the bytes break off
 */
export async function writeBackup(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  onBytes: (written: number) => void = () => {},
): Promise<string> {
  const partial = path + PARTIAL
  let written = 0
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const block of incoming(bytes)) {
      written += block.length
      onBytes(written)
      yield block
    }
  }
  try {
    await rm(partial, { recursive: true, force: true })
    await mkdir(dirname(partial), { recursive: true })
    if (isArchive(path)) await writeFile(partial, counted())
    else await unpack(partial, counted())
    return partial
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined)
    throw asWriteError(error, path)
  }
}

/** Gives a checked backup its name. */
export async function finishBackup(path: string): Promise<void> {
  await rename(path + PARTIAL, path)
  await nodeFs.syncDir(dirname(path))
}

/** @throws TallystickError `usage` when something of that name is there: nothing is ever overwritten unasked */
export async function mustBeFree(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found !== undefined) throw new TallystickError('usage', `${path} exists already; name a place where nothing is.`)
}

/** Writes the files of an archive into a directory. Those that a backup does not have are refused. */
export async function unpack(dir: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await nodeFs.mkdir(dir)
  const folders = new Set([dir])
  for await (const { path, content } of readTar(bytes)) {
    if (!isSafePath(path))
      throw new TallystickError('backup_damaged', `${JSON.stringify(path)} is no file of a backup.`)
    const target = join(dir, path)
    await nodeFs.mkdir(dirname(target))
    folders.add(dirname(target))
    await writeFile(target, content)
  }
  for (const folder of folders) await nodeFs.syncDir(folder)
}

/** A new file, synced. */
export async function writeFile(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const block of content) await writeAll(file, block)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, block: Uint8Array): Promise<void> {
  for (let at = 0; at < block.length; ) at += (await file.write(block, at, block.length - at)).bytesWritten
}

/** Tells a sender that breaks off from a place that cannot be written. */
async function* incoming(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = bytes[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await source.next().catch((cause: Error) => {
        throw new TallystickError('server_unreachable', `The server broke off: ${cause.message}`, { cause })
      })
      if (next.done) return
      yield next.value
    }
  } finally {
    await source.return?.().catch(() => undefined)
  }
}

function asWriteError(error: unknown, path: string): unknown {
  if (error instanceof TarError)
    return new TallystickError('server_unreachable', `The server broke off: ${error.message}.`, { cause: error })
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new TallystickError('disk_full', `There is no room for ${path}: ${message}`, { cause: error })
  if (code !== undefined && /^E[A-Z]+$/.test(code))
    return new TallystickError('file_unreadable', `${path} cannot be written: ${message}`, { cause: error })
  return error
}
