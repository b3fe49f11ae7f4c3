import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Random, systemRandom } from '@tallystick/core/event'
import { comparePositions, type Journal, type JournalEnd, verifyJournal } from '@tallystick/core/journal'
import type { UsageStore } from '../../store/store.ts'
import { Dedup } from './dedup.ts'
import { IdIndex } from './id-index.ts'
import { type Companion, DedupKeeper } from './keeper.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { OrdinalGaps } from './ordinal-gaps.ts'
import { strayDaysFor } from './placement.ts'
import { witnessOf } from './replay.ts'
import { RunFiles } from './run-files.ts'
import { SortedRun } from './sorted-run.ts'

export interface DedupDisk {
  readonly dir: string
  readonly journal: Journal
  readonly journalDir: string
  /** The store has taken in everything up to this ordinal, whether or not the journal can still give it. */
  readonly appliedOrdinal?: number
  readonly held?: UsageStore['held']
  /** Of the events accepted up to `appliedOrdinal`, by the count of the companions, how many does the store not account for? */
  readonly unaccounted?: () => number
}

export interface DedupOptions {
  /** Where ids are kept beside memory. Absent: in memory only, and the oldest are forgotten when it is full. */
  readonly disk?: DedupDisk
  readonly companions?: readonly Companion[]
  /** How long events are retained; Infinity when absent. */
  readonly retainMs?: number
  /** 64 MiB when absent. */
  readonly memoryBytes?: number
  readonly random?: Random
  readonly onError?: (error: unknown) => void
}

export interface OpenDedup {
  readonly dedup: Dedup
  readonly keeper: DedupKeeper
  /** Events that had to be read from the journal. */
  readonly replayed: number
}

/** Of so many events the next start should not have to read the journal again. */
const WORTH_SAVING = 50_000

/**
 * Loads the sidecar and reads the journal behind it. What the journal cannot give is asked of the store. A sidecar that is
 * missing, damaged or of another journal costs a full read of the journal and nothing else.
 *
 * An id counts as known only while journal or store has its event. The sidecar cannot tell which of its ids belong to events
 * that are lost, so where some are, all ids are taken anew: then a lost event can be sent again.
 */
export async function openDedup(options: DedupOptions): Promise<OpenDedup> {
  const {
    companions = [],
    retainMs = Number.POSITIVE_INFINITY,
    memoryBytes = 64 * 1024 * 1024,
    random = systemRandom,
  } = options
  const onError = options.onError ?? (() => {})
  const strayDays = strayDaysFor(retainMs)
  const index = new IdIndex()
  const { disk } = options
  if (!disk) {
    const dedup = new Dedup(index, newSalt(random), strayDays)
    return { dedup, keeper: new DedupKeeper({ dedup, companions, retainMs, memoryBytes, onError }), replayed: 0 }
  }

  await mkdir(disk.dir, { recursive: true, mode: 0o700 })
  const sidecar = await believableSidecar(disk, onError)
  const manifest = sidecar?.manifest
  const files = await RunFiles.open(
    disk.dir,
    new Set(manifest?.buckets.flatMap(({ runs }) => runs.map(({ file }) => file))),
  )
  const complete = manifest ? load(manifest, disk.dir, index, companions, onError) : false
  const dedup = new Dedup(index, manifest?.salt ?? newSalt(random), strayDays)
  const { dir: _, unaccounted = () => 0, ...source } = disk
  const keeper = new DedupKeeper({ dedup, disk: { files, ...source }, companions, retainMs, memoryBytes, onError })

  let anew = manifest !== undefined && (await hasLost(disk, manifest))
  if (anew) keeper.forget()
  const resumable = complete && sidecar?.resumable && !anew
  let replayed = await keeper.recover(
    resumable ? { end: sidecar.manifest.journal, lost: manifest?.lost ?? 0 } : undefined,
  )
  if (manifest && !anew && unaccounted() > keeper.lost) {
    anew = true
    keeper.forget()
    replayed = await keeper.recover()
  }
  if (anew || replayed >= WORTH_SAVING) void keeper.checkpoint()
  return { dedup, keeper, replayed }
}

/**
 * Has the journal lost events that the sidecar knows and the store had not read? Only what the store has yet to read is looked
 * through: little, unless the store is made anew.
 */
async function hasLost({ journal, journalDir, appliedOrdinal = 0 }: DedupDisk, manifest: Manifest): Promise<boolean> {
  const until = manifest.journal.ordinal
  if (appliedOrdinal >= until) return false
  let from: JournalEnd | undefined
  for (const cursor of journal.cursors().values())
    if (cursor.ordinal <= appliedOrdinal && cursor.ordinal > (from?.ordinal ?? 0)) from = cursor
  const found = await verifyJournal({
    dir: journalDir,
    to: journal.end().position,
    ...(from ? { from: from.position, after: from.ordinal } : {}),
  })
  const gaps = new OrdinalGaps(from?.ordinal)
  if (found.records > 0) gaps.read({ first: found.firstOrdinal, last: found.lastOrdinal })
  for (const { missing } of found.damage) if (missing) gaps.missing(missing)
  gaps.end(until)
  return gaps.before > appliedOrdinal || gaps.all.some(({ first, last }) => first <= until && last > appliedOrdinal)
}

interface Sidecar {
  readonly manifest: Manifest
  /** The journal is recognised at the place the sidecar names, so it can be read from there on. */
  readonly resumable: boolean
}

/** The sidecar, unless it is damaged or speaks of events that neither this journal nor the store has. */
async function believableSidecar(disk: DedupDisk, onError: (error: unknown) => void): Promise<Sidecar | undefined> {
  const { dir, journal, journalDir, appliedOrdinal = 0 } = disk
  try {
    const manifest = await readManifest(dir)
    if (!manifest) return undefined
    const end = journal.end()
    if (manifest.journalId !== undefined && manifest.journalId !== journal.id)
      throw new Error(`The event ids in ${dir} belong to another journal; they are built anew`)
    if (manifest.journal.ordinal > Math.max(end.ordinal, appliedOrdinal)) {
      throw new Error(`The event ids in ${dir} reach further than journal and store; they are built anew`)
    }
    const { witness: expected } = manifest
    const within = comparePositions(manifest.journal.position, end.position) <= 0
    if (!expected || !within) return { manifest, resumable: within }
    const found = await witnessOf(journalDir, manifest.journal)
    if (found?.ordinal === expected.ordinal && found.content !== expected.content) {
      throw new Error(`The event ids in ${dir} belong to another journal; they are built anew`)
    }
    return { manifest, resumable: found?.ordinal === expected.ordinal }
  } catch (error) {
    onError(error)
    return undefined
  }
}

/** False when something was missing, so that the whole journal must be read. */
function load(
  manifest: Manifest,
  dir: string,
  index: IdIndex,
  companions: readonly Companion[],
  onError: (error: unknown) => void,
): boolean {
  let complete = true
  const attempt = (step: () => void): void => {
    try {
      step()
    } catch (error) {
      onError(error)
      complete = false
    }
  }
  for (const { family, day, newestReceivedMs, runs } of manifest.buckets) {
    const bucket = index.bucket({ family, day })
    bucket.newestReceivedMs = newestReceivedMs
    for (const { file, count, indexCrc } of runs) {
      attempt(() => {
        const run = new SortedRun(join(dir, file), count, indexCrc)
        run.check()
        bucket.generations.push({ table: undefined, run })
      })
    }
  }
  for (const companion of companions) {
    const state = manifest.companions[companion.name]
    if (state === undefined) complete = false
    else attempt(() => companion.load(state))
  }
  return complete
}

function newSalt(random: Random): string {
  return Buffer.from(random.fill(new Uint8Array(16))).toString('hex')
}
