import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import { nodeFs } from '@tallystick/core/journal'
import { type BackupCheck, checkBackup } from './check.ts'
import { BACKUP_MANIFEST, isSafePath } from './manifest.ts'
import { openBackup } from './source.ts'
import { writeFile } from './write.ts'

export interface RestoreOptions {
  readonly backup: string
  readonly dataDir: string
  /** Move aside what stands in the data directory. */
  readonly force: boolean
  readonly nowMs: number
  readonly onBytes?: (step: 'copied' | 'checked', bytes: number, of: number) => void
}

export interface Restored extends BackupCheck {
  /** Where what stood there before is now. */
  readonly movedTo: string | undefined
}

const STAGING = 'restore.tmp'
const ASIDE = 'before-restore-'

/**
 * Makes a data directory of a backup. Everything is copied to a folder inside it and checked there; only then does what was
 * there give way and the copy take its place, the journal last: a directory without it is not taken for a data directory
 * with fewer events, since its store is ahead.
 *
 * @throws TallystickError `data_dir_unusable` when the directory is not empty and `force` is not given, `journal_locked` when a
 * process has it, `backup_damaged`, `file_unreadable`, `disk_full`
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { backup, dataDir, force, nowMs, onBytes = () => {} } = options
  await nodeFs.mkdir(dataDir)
  const before = await contentsOf(dataDir)
  if (before.length > 0 && !force)
    throw new TallystickError(
      'data_dir_unusable',
      `The data directory ${dataDir} is not empty. Name another, or say --force to move what is there aside.`,
    )
  // Held until the copy has taken its place, so that no server starts in between.
  const unlock = before.includes('journal') ? await nodeFs.lock(join(dataDir, 'journal'), nowMs) : undefined
  const staging = join(dataDir, STAGING)
  try {
    await rm(staging, { recursive: true, force: true })
    await copyOut(backup, staging, (bytes, of) => onBytes('copied', bytes, of))
    const check = await checkBackup(staging, (bytes, of) => onBytes('checked', bytes, of))
    await rm(join(staging, BACKUP_MANIFEST))
    const movedTo = before.length === 0 ? undefined : join(dataDir, `${ASIDE}${nowMs}`)
    if (movedTo !== undefined) await moveAll(dataDir, before, movedTo)
    await moveAll(staging, await readdir(staging), dataDir)
    await rm(staging, { recursive: true })
    await nodeFs.syncDir(dataDir)
    return { ...check, movedTo }
  } catch (error) {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined)
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error
    throw new TallystickError('disk_full', `There is no room in ${dataDir}: ${message}`, { cause: error })
  } finally {
    await unlock?.()
  }
}

/**
 * A restore that was killed leaves a directory in which its data are not in their place yet. It would be opened as an empty
 * one.
 *
 * @throws TallystickError `data_dir_unusable`
 */
export async function assertRestored(dataDir: string): Promise<void> {
  const names = await readdir(dataDir)
  if (!names.includes(STAGING)) return
  throw new TallystickError(
    'data_dir_unusable',
    `A restore into ${dataDir} did not end. Run it again, or remove ${join(dataDir, STAGING)} to do without it.`,
  )
}

/** What counts as content: not what earlier restores left. */
async function contentsOf(dataDir: string): Promise<string[]> {
  const names = await readdir(dataDir)
  return names.filter((name) => name !== STAGING && name !== 'lost+found' && !name.startsWith(ASIDE))
}

async function copyOut(backup: string, dir: string, onBytes: (bytes: number, of: number) => void): Promise<void> {
  const source = await openBackup(backup)
  const files = [...source.files].filter(([path]) => isSafePath(path))
  const of = files.reduce((sum, [, size]) => sum + size, 0)
  let bytes = 0
  await mkdir(dir, { mode: 0o700 })
  const folders = new Set([dir])
  for (const [path] of files) {
    const target = join(dir, path)
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    folders.add(dirname(target))
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const block of source.content(path)) {
        bytes += block.length
        onBytes(bytes, of)
        yield block
      }
    }
    await writeFile(target, counted())
  }
  for (const folder of folders) await nodeFs.syncDir(folder)
}

async function moveAll(from: string, names: readonly string[], to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  const journalLast = [...names].sort((a, b) => Number(a === 'journal') - Number(b === 'journal'))
  for (const name of journalLast) await rename(join(from, name), join(to, name))
  await nodeFs.syncDir(to)
  await nodeFs.syncDir(from)
}
