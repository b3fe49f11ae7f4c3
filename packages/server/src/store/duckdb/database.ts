import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DuckDBConnection, DuckDBInstance as Instance } from '@duckdb/node-api'
import { TallystickError } from '@tallystick/core'
import { nodeFs } from '@tallystick/core/journal'
import { alignEvents } from './align-events.ts'
import { prepareCells } from './cell-tables.ts'
import { readRows } from './chunk-reader.ts'
import { DuckDBInstance } from './node-api.ts'
import { BASE_TABLES } from './schema.ts'

/** What questions and checkpoints that do not fit in memory may put on the disk. */
const MAX_TEMP_SIZE = '16GiB'
export interface DatabaseOptions {
  readonly path: string
  readonly memoryLimitMb: number
  readonly threads: number
  /**
   * The engine's log goes into the file once it has this many MiB. Each time, all tables that have changed since are
   * compressed anew from their last whole row group on, while commits wait; and after a crash the log is what a start must read.
   */
  readonly checkpointMb: number
}

/** Of new files, and of copies. Names and ids take less room in it, and one that was begun in an older one stays as it is. */
export const STORAGE_VERSION = 'v1.5.0'

/**
 * Rises when an older build would misread tables of a newer one. Columns and cells that are only more, or other ones, need no
 * new number: they are aligned and made again.
 */
const STORE_FORMAT = 1

/**
 * Opens the file with every limit set and every door shut: no extensions, no files or network but its own and those of the copy
 * that erasing makes, and settings that a statement can't change, but for the limit of memory.
 *
 * @throws TallystickError `journal_locked` when another process has it, `data_dir_unusable` when it may not be opened,
 * `store_newer_format`, `disk_full`, `store_unavailable` when it needs more memory than it may have; `store_corrupt` for everything else.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Instance> {
  const { path, memoryLimitMb, threads, checkpointMb } = options
  try {
    await mkdir(dirname(path), { recursive: true })
    const instance = await DuckDBInstance.create(path, {
      memory_limit: `${memoryLimitMb}MB`,
      threads: String(threads),
      storage_compatibility_version: STORAGE_VERSION,
      checkpoint_threshold: `${checkpointMb}MB`,
      // At once and not by a statement: reading a long log may spill already, and then it is too late to name the place. The
      // default of the size is what the disk has free at this moment: opened on a full disk it would never have room again.
      temp_directory: `${path}.tmp`,
      max_temp_directory_size: MAX_TEMP_SIZE,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    const connection = await instance.connect()
    const copy = BESIDE.map((suffix) => literal(freshPath(path) + suffix))
    await connection.run(`SET allowed_paths = [${copy.join(', ')}]`)
    await connection.run('SET enable_external_access = false')
    // The one thing that may change: how much of the file is kept in memory.
    await connection.run(`SET allowed_configs = ['memory_limit']`)
    await connection.run('SET lock_configuration = true')
    connection.disconnectSync()
    return instance
  } catch (cause) {
    throw openingError(path, cause)
  }
}

/** A text in SQL: only for our own paths, where a statement takes no parameters. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

function openingError(path: string, cause: unknown): TallystickError {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (/lock on file|conflicting lock|already (open|attached)/i.test(text)) {
    return new TallystickError('journal_locked', `The store ${path} is open in another process: ${text}`, { cause })
  }
  if (/permission denied|EACCES|EROFS|EISDIR|ENOTDIR|is a directory|read-only/i.test(text)) {
    return new TallystickError('data_dir_unusable', `The store ${path} cannot be opened: ${text}`, { cause })
  }
  if (isOfNewerEngine(text)) return newerFormat(path, text, cause)
  if (isDiskFull(text))
    return new TallystickError('disk_full', `The store ${path} cannot be opened: ${text}`, { cause })
  if (isOutOfMemory(text))
    return new TallystickError(
      'store_unavailable',
      `The store ${path} needs more memory to be opened; raise duckdb.memory_mb: ${text}`,
      { cause },
    )
  return new TallystickError('store_corrupt', `The store ${path} cannot be read: ${text}`, { cause })
}

function newerFormat(path: string, text: string, cause?: unknown): TallystickError {
  return new TallystickError(
    'store_newer_format',
    `The store ${path} was written by a newer version of Tallystick; nothing in it was changed. ${text}`,
    cause === undefined ? {} : { cause },
  )
}

/** As the engine says it of a file of a later format of its own. */
function isOfNewerEngine(text: string): boolean {
  const [, found, newest] =
    /with version number (\d+), but we can only read versions? (?:between \d+ and )?(\d+)/.exec(text) ?? []
  return Number(found) > Number(newest)
}

const isOutOfMemory = (text: string): boolean =>
  /out of memory|could not allocate block|failed to pin block/i.test(text)

export function isDiskFull(text: string): boolean {
  return /no space left|ENOSPC|disk quota|EDQUOT|failed to offload data block/i.test(text)
}

/** Did a block turn out not to be what was written? The engine checks one when it first reads it, not when the file is opened. */
export function isDamaged(text: string): boolean {
  return /corrupt database file|checksum/i.test(text)
}

/**
 * After some failures, a checkpoint that found no space among them, the engine refuses everything until the file is opened anew.
 * After a commit that failed it may go on with rows in memory that do not fit together, which the next checkpoint falls over.
 */
export function isInvalidated(text: string): boolean {
  return /database has been invalidated|FATAL Error|INTERNAL Error|failed to commit/i.test(text)
}

/** Moves the file and its write-ahead log out of the way, where they can be looked at; returns the new path. */
export async function setAside(path: string, suffix: string): Promise<string> {
  const target = `${path}.${suffix}`
  for (const part of ['', '.wal']) {
    await rename(path + part, target + part).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  return target
}

/** Where a copy of the file is made that is to take its place. */
export const freshPath = (path: string): string => `${path}.fresh`

/** Files that the engine makes beside a database. */
const BESIDE: readonly string[] = ['', '.wal', '.wal.checkpoint', '.wal.recovery']

/** Removes what there is of a copy. */
export async function removeCopy(path: string): Promise<void> {
  for (const suffix of BESIDE) await rm(freshPath(path) + suffix, { force: true })
}

/**
 * Puts the finished copy in the place of the closed file, durably. The log of the old file goes first: an old file without it
 * is one that has applied less, while a log beside a file that it does not belong to makes that one unreadable. What was spilled
 * goes too.
 */
export async function replaceFile(path: string): Promise<void> {
  // Done already, by an attempt that then failed to open it.
  if (!existsSync(freshPath(path))) return
  for (const suffix of BESIDE.slice(1)) await rm(path + suffix, { force: true })
  await rm(`${path}.tmp`, { recursive: true, force: true })
  await nodeFs.syncDir(dirname(path))
  await rename(freshPath(path), path)
  await nodeFs.syncDir(dirname(path))
}

/**
 * Makes the tables, or brings those of an older build up to date. True if cells were dropped, as {@link prepareCells}.
 *
 * @throws TallystickError `store_newer_format`
 */
export async function prepareTables(connection: DuckDBConnection, path: string): Promise<boolean> {
  const [before] = await readRows(connection, `SELECT 1 FROM duckdb_tables() WHERE table_name = 'meta'`)
  if (before) throw new TallystickError('store_corrupt', 'The store was made by a build before the first release.')
  for (const statement of BASE_TABLES) await connection.run(statement)
  await checkFormat(connection, path)
  await connection.run('ALTER TABLE sealed ADD COLUMN IF NOT EXISTS kinds_from_ms BIGINT DEFAULT 0')
  await alignEvents(connection)
  return prepareCells(connection)
}

/** Files of builds before there was a number have none. */
async function checkFormat(connection: DuckDBConnection, path: string): Promise<void> {
  const [row] = await readRows(connection, `SELECT value FROM settings WHERE name = 'format'`)
  const format = Number(row?.[0] ?? STORE_FORMAT)
  if (format > STORE_FORMAT) throw newerFormat(path, `It has format ${format}; this version reads ${STORE_FORMAT}.`)
  if (row === undefined) await connection.run(`INSERT INTO settings VALUES ('format', '${STORE_FORMAT}')`)
}
