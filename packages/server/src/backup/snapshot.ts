import { copyFile, link, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import {
  compressedName,
  type Journal,
  type JournalEnd,
  listSegments,
  nodeFs,
  plainName,
  type SegmentFiles,
} from '@tallystick/core/journal'
import { readManifest } from '../ingest/dedup/manifest.ts'
import type { UsageStore } from '../store/store.ts'
import { STORE_COPY } from './manifest.ts'

export interface SnapshotOptions {
  readonly dataDir: string
  readonly journal: Pick<Journal, 'end' | 'stats'>
  readonly store: Pick<UsageStore, 'copyTo'>
}

/** The files of one moment, held fast while the server goes on. */
export interface Snapshot {
  readonly end: JournalEnd
  readonly oldestOrdinal: number
  /** Highest ordinal in the copy of the store; undefined when none was needed, or the store is no file. */
  readonly storeOrdinal: number | undefined
  /** The journal no longer holds everything, and the store has no file to copy what it lacks from. */
  readonly incomplete: boolean
  readonly files: readonly SnapshotFile[]
  /** Lets go of them. May be called twice. */
  release(): Promise<void>
}

export interface SnapshotFile {
  /** As it is called in a backup and in a data directory. */
  readonly path: string
  /** Where its bytes are; only the first `size` of them belong to it. */
  readonly source: string
  readonly size: number
}

/** In the data directory, so that links are possible; whatever an earlier process left there is removed. */
const HELD = 'backup.tmp'
/** So often files may be dropped under our hands before that is an error and no coincidence. */
const ATTEMPTS = 8

/**
 * Holds fast everything an acknowledgement depends on, without stopping anything: hard links to the journal's segments and to
 * the files of ids, which are never changed but only replaced, and a copy of the store where the journal no longer holds all.
 *
 * The order is what makes it consistent: ids and store first, the end of the journal last, so that neither is ahead of it; the
 * segments before the store, so that none is dropped in between which the copy has not seen.
 *
 * @throws TallystickError `disk_full`, `journal_unavailable`, or what the store's copying throws
 */
export async function takeSnapshot(options: SnapshotOptions): Promise<Snapshot> {
  const dir = join(options.dataDir, HELD)
  const release = (): Promise<void> => rm(dir, { recursive: true, force: true })
  await release()
  try {
    for (let attempt = 1; ; attempt++) {
      const taken = await take(options, dir)
      if (taken !== undefined) return { ...taken, release }
      await release()
      if (attempt === ATTEMPTS)
        throw new TallystickError(
          'journal_unavailable',
          'Segments of the journal are dropped faster than they are read.',
        )
    }
  } catch (error) {
    await release()
    throw asDiskFull(error)
  }
}

/** Undefined when segments went that had not been held yet. */
async function take(options: SnapshotOptions, dir: string): Promise<Omit<Snapshot, 'release'> | undefined> {
  const { dataDir, journal, store } = options
  const journalDir = join(dataDir, 'journal')
  await mkdir(join(dir, 'journal', 'quarantine'), { recursive: true, mode: 0o700 })
  await mkdir(join(dir, 'dedup'), { mode: 0o700 })

  const held = new Set<number>()
  const early = await listSegments(nodeFs, journalDir)
  for (const files of early) if (await holdSegment(journalDir, dir, files)) held.add(files.number)
  const first = Math.min(...held)
  await holdQuarantine(journalDir, dir)
  await holdIds(join(dataDir, 'dedup'), join(dir, 'dedup'))

  const { oldestOrdinal, quarantinedLines } = journal.stats()
  const whole = oldestOrdinal <= 1 && first <= 1 && quarantinedLines === 0
  const copy = whole ? undefined : await store.copyTo?.(join(dir, STORE_COPY))

  const end = await holdEnd(journal, journalDir, dir, held)
  // A segment that came and went between the two looks is in none of them; then the last of the first look is gone too.
  const last = early.at(-1)?.number
  const late = await listSegments(nodeFs, journalDir)
  if (end === undefined || (last !== undefined && !late.some(({ number }) => number === last))) return undefined
  return {
    end,
    oldestOrdinal,
    storeOrdinal: copy?.appliedOrdinal,
    incomplete: !whole && copy === undefined,
    files: await filesOf(dir, end),
  }
}

/** Holds what came since, up to the durable end, which must lie in a file that is not cut short by being held. */
async function holdEnd(
  journal: Pick<Journal, 'end'>,
  journalDir: string,
  dir: string,
  held: Set<number>,
): Promise<JournalEnd | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const end = journal.end()
    for (const files of await listSegments(nodeFs, journalDir)) {
      if (files.number > end.position.segment || held.has(files.number)) continue
      if (await holdSegment(journalDir, dir, files)) held.add(files.number)
    }
    // A segment that was compressed before it was held ends where it ends, and that may be behind this end.
    if (end.position.segment === 0 || (await exists(join(dir, 'journal', plainName(end.position.segment))))) return end
    if (journal.end().position.segment === end.position.segment) return journal.end()
  }
  return undefined
}

/** False if the segment is gone. The plain form may be compressed and removed between two looks. */
async function holdSegment(journalDir: string, dir: string, { number, plain }: SegmentFiles): Promise<boolean> {
  const names = plain ? [plainName(number), compressedName(number)] : [compressedName(number)]
  for (const name of names) if (await hold(join(journalDir, name), join(dir, 'journal', name))) return true
  return false
}

async function holdQuarantine(journalDir: string, dir: string): Promise<void> {
  for (const name of await namesIn(join(journalDir, 'quarantine')))
    await hold(join(journalDir, 'quarantine', name), join(dir, 'journal', 'quarantine', name))
}

/** The ids as of one manifest. One that cannot be believed is left out: ids are read from the journal then. */
async function holdIds(from: string, to: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await rm(to, { recursive: true, force: true })
    await mkdir(to, { mode: 0o700 })
    // The manifest is replaced by renaming, so a link to it stays what it is.
    if (!(await hold(join(from, 'manifest.json'), join(to, 'manifest.json')))) return
    const manifest = await readManifest(to).catch(() => undefined)
    if (manifest === undefined) break
    const names = manifest.buckets.flatMap(({ runs }) => runs.map(({ file }) => file))
    let all = true
    for (const name of names) all = (await hold(join(from, name), join(to, name))) && all
    if (all) return
  }
  await rm(to, { recursive: true, force: true })
}

/** Links, or copies where the file system has no links. False if there is no such file. */
async function hold(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOSPC' || error.code === 'EDQUOT') throw error
      return copyFile(from, to)
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Everything held, the segment being written up to the end and no further. */
async function filesOf(dir: string, end: JournalEnd): Promise<readonly SnapshotFile[]> {
  const files: SnapshotFile[] = []
  const active = `journal/${plainName(end.position.segment)}`
  for (const folder of ['journal', 'journal/quarantine', 'dedup', '']) {
    for (const name of (await namesIn(join(dir, folder))).sort()) {
      const path = folder === '' ? name : `${folder}/${name}`
      const source = join(dir, path)
      const found = await stat(source)
      if (!found.isFile() || (folder === 'journal' && Number.parseInt(name, 10) > end.position.segment)) continue
      files.push({ path, source, size: path === active ? Math.min(found.size, end.position.offset) : found.size })
    }
  }
  return files
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

function asDiskFull(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new TallystickError('disk_full', `A backup needs room beside the data: ${message}`, { cause: error })
    : error
}
