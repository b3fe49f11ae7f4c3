import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import { type Journal, type JournalEnd, plainName } from '@tallystick/core/journal'
import { readManifest } from '../ingest/dedup/manifest.ts'
import type { DurableState } from '../state/open.ts'
import type { UsageStore } from '../store/store.ts'
import { ATTEMPTS, HeldJournal, hold, namesIn } from './held.ts'
import { holdState } from './held-state.ts'
import { STORE_COPY } from './manifest.ts'

export interface SnapshotOptions {
  readonly dataDir: string
  readonly journal: Pick<Journal, 'end' | 'stats'>
  readonly state: Pick<DurableState, 'end'>
  readonly store: Pick<UsageStore, 'copyTo'>
}

/** The files of one moment, held fast while the server goes on. */
export interface Snapshot {
  readonly end: JournalEnd
  /** Where the log of the control state ended. */
  readonly stateEnd: JournalEnd
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
const SECRET = '.secret'

/**
 * Holds fast everything an acknowledgement depends on, without stopping anything: hard links to the segments of the
 * journal and of the control state and to the files of ids, which are never changed but only replaced, and a copy of the store where the journal no longer holds all.
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

/** Undefined when files went that had not been held yet. */
async function take(options: SnapshotOptions, dir: string): Promise<Omit<Snapshot, 'release'> | undefined> {
  const { dataDir, journal, state, store } = options
  const held = new HeldJournal(join(dataDir, 'journal'), join(dir, 'journal'))
  await held.begin()
  const { first } = held
  const stateEnd = await holdState(state, join(dataDir, 'state'), join(dir, 'state'))
  if (stateEnd === undefined) return undefined
  await holdIds(join(dataDir, 'dedup'), join(dir, 'dedup'))
  // Made once and never changed: what was named under them must have the same names after a restore.
  for (const name of await namesIn(dataDir)) if (name.endsWith(SECRET)) await hold(join(dataDir, name), join(dir, name))

  const { oldestOrdinal, quarantinedLines } = journal.stats()
  const whole = oldestOrdinal <= 1 && first <= 1 && quarantinedLines === 0
  const copy = whole ? undefined : await store.copyTo?.(join(dir, STORE_COPY))

  const end = await held.finish(journal)
  if (end === undefined) return undefined
  return {
    end,
    stateEnd,
    oldestOrdinal,
    storeOrdinal: copy?.appliedOrdinal,
    incomplete: !whole && copy === undefined,
    files: await filesOf(dir, { journal: end, state: stateEnd }),
  }
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

/** Everything held, the segments being written up to their ends and no further. */
async function filesOf(dir: string, ends: { readonly [folder: string]: JournalEnd }): Promise<readonly SnapshotFile[]> {
  const files: SnapshotFile[] = []
  for (const folder of ['journal', 'journal/quarantine', 'state', 'state/quarantine', 'dedup', '']) {
    const end = ends[folder]?.position
    for (const name of (await namesIn(join(dir, folder))).sort()) {
      const path = folder === '' ? name : `${folder}/${name}`
      const source = join(dir, path)
      const found = await stat(source)
      if (!found.isFile() || (end !== undefined && Number.parseInt(name, 10) > end.segment)) continue
      const active = end !== undefined && name === plainName(end.segment)
      files.push({ path, source, size: active ? Math.min(found.size, end.offset) : found.size })
    }
  }
  return files
}

function asDiskFull(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new TallystickError('disk_full', `A backup needs room beside the data: ${message}`, { cause: error })
    : error
}
