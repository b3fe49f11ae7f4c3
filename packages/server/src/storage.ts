import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import type { Clock, EventKind, Random } from '@tallystick/core/event'
import { type Journal, type JournalTrace, type JournalWitness, openJournal } from '@tallystick/core/journal'
import { assertRestored } from './backup/restore.ts'
import { createHolds } from './erase/holds.ts'
import { idsWitness } from './ingest/dedup/manifest.ts'
import type { Logger } from './logger.ts'
import { openMemoryState } from './state/memory.ts'
import { type DurableState, openState } from './state/open.ts'
import type { ControlState } from './state/state.ts'
import { assertNotHalfMoved } from './store/half-moved.ts'
import { locateStore, type OpenStoreOptions, openStore } from './store/open-store.ts'
import type { StoreStats, UsageStore } from './store/store.ts'
import { VERSION } from './version.ts'

/** Where everything is kept, and how. */
export interface StorageOptions {
  /** Folder of the journal, the ids and the embedded store. Made if it does not exist; not touched with a memory store. */
  readonly dataDir: string
  /** `duckdb:PATH` (default: `tallystick.duckdb` in the data directory), `jsonl:PATH?rotate_mb=N`, `redis://HOST` or `memory:?max_events=N`. */
  readonly store?: string
  /** Single events older than this are dropped, ms. Absent: kept. */
  readonly retainEventsMs?: number
  /** Totals older than this are dropped, ms. Absent: kept. */
  readonly retainCellsMs?: number
  /** Single events of these kinds are dropped at an age of their own, ms. */
  readonly retainKindsMs?: ReadonlyMap<EventKind, number>
  readonly journal?: { readonly keepMs?: number; readonly segmentBytes?: number; readonly commitDelayMs?: number }
  readonly duckdb?: NonNullable<OpenStoreOptions['duckdb']>
  readonly random?: Random
}

/** Who is told of what happens there. */
export interface StorageWatcher {
  readonly clock: Clock
  readonly logger: Logger
  readonly onError: (error: unknown) => void
  /** Milliseconds that the disk took to keep a write of the journal. */
  readonly onCommitTime: (ms: number) => void
}

export type Closer = () => Promise<void> | void

export interface Storage {
  readonly journal: Journal | undefined
  readonly store: UsageStore
  readonly state: ControlState
  /** The same where it is on disk. */
  readonly durable: DurableState | undefined
}

/**
 * The journal first: it holds the lock of the directory. A memory store has none, since nothing outlives the process.
 *
 * @param closers what was opened is added here, also when this fails
 * @throws TallystickError as `openTallystick`
 */
export async function openStorage(
  options: StorageOptions,
  closers: Closer[],
  { clock, logger, onError, onCommitTime }: StorageWatcher,
): Promise<Storage> {
  const url = storeUrl(options)
  const { retainEventsMs, retainKindsMs } = options
  let journal: Journal | undefined
  let state: ControlState | undefined
  const openUsageStore = (journalId?: string): Promise<UsageStore> =>
    openStore(url, {
      clock,
      ...(journalId === undefined ? {} : { journalId }),
      onWarning: (warning) => logger.warn({ warning }, 'the store reports'),
      ...(retainEventsMs === undefined ? {} : { eventsTtlMs: retainEventsMs }),
      ...(retainKindsMs === undefined ? {} : { kindsTtlMs: retainKindsMs }),
      heldFromMs: () => (state === undefined ? Number.NEGATIVE_INFINITY : createHolds(state).heldFromMs()),
      duckdb: {
        onNotice: (notice) => {
          logger.warn({ notice }, 'the store reports')
          if (notice.kind === 'journal_damage') void journal?.noteDamage(notice.damage)
        },
        // Retention is the upkeep's, which knows the legal holds.
        ...options.duckdb,
      },
    })
  if (url.startsWith('memory:')) {
    const [store, memoryState] = [await openUsageStore(), openMemoryState()]
    state = memoryState
    closers.push(memoryState.close, () => store.close())
    return { journal: undefined, store, state: memoryState, durable: undefined }
  }
  await makeDirectory(options.dataDir)
  await assertRestored(options.dataDir)
  await assertNotHalfMoved(options.dataDir, url)
  let store: UsageStore | undefined
  closers.push(
    () => journal?.close(),
    () => state?.close(),
  )
  const opened = await openJournal({
    dir: join(options.dataDir, 'journal'),
    clock,
    productVersion: VERSION,
    onError,
    onCommitTime,
    busy: () => isCatchingUp(store),
    ...(options.random ? { random: options.random } : {}),
    ...options.journal,
    async witness(found) {
      store = await openUsageStore(found.id)
      closers.push(store.close.bind(store))
      return witnessOf(found, await statsOf(store), await idsWitness(join(options.dataDir, 'dedup')))
    },
  })
  journal = opened
  if (store === undefined) throw new TallystickError('internal_error', 'The journal was opened without its store')
  // With the directory in our hands: the journal's lock is the one that people are told of.
  const durable = await openState({
    dir: join(options.dataDir, 'state'),
    clock,
    productVersion: VERSION,
    onError,
    onNotice: (notice) => logger.warn({ notice }, 'the control state reports'),
    ...(options.random ? { random: options.random } : {}),
  })
  state = durable
  return { journal: opened, store, state: durable, durable }
}

/** A store further behind than this is filled first; the journal can be compressed later. */
const FAR_BEHIND = 50_000

function isCatchingUp(store: UsageStore | undefined): boolean {
  const progress = store?.follower?.progress()
  return progress !== undefined && progress.targetOrdinal - progress.appliedOrdinal > FAR_BEHIND
}

/**
 * What the store and the files of event ids prove of the journal: how far it had been acknowledged.
 *
 * @throws TallystickError `store_corrupt` when the store belongs to another journal, or its journal is gone as a whole
 */
function witnessOf(
  { id, empty }: JournalTrace,
  { journalId, appliedOrdinal }: Pick<StoreStats, 'journalId' | 'appliedOrdinal'>,
  ids: JournalWitness,
): JournalWitness {
  const foreign = id !== undefined && journalId !== undefined && id !== journalId
  // A directory that is not mounted looks like this.
  const gone = empty && appliedOrdinal > 0
  if (foreign || gone) {
    throw new TallystickError(
      'store_corrupt',
      `The store has applied ${appliedOrdinal} records of ${foreign ? 'another journal than the one' : 'a journal that is not'} ` +
        'in the data directory. Put back the journal this store belongs to, or run `tallystick rebuild`.',
    )
  }
  const journal = id ?? journalId ?? ids.journal
  const ordinal = Math.max(appliedOrdinal, ids.journal === journal ? ids.ordinal : 0)
  return journal === undefined ? { ordinal } : { ordinal, journal }
}

/** A store in another process may be away; then it proves nothing, and the journal is opened by itself. */
async function statsOf(store: UsageStore): Promise<Pick<StoreStats, 'journalId' | 'appliedOrdinal'>> {
  try {
    return await store.stats()
  } catch (error) {
    if (!store.capabilities.remote) throw error
    return { appliedOrdinal: 0 }
  }
}

export function storeUrl({ store = 'duckdb:', dataDir }: Pick<StorageOptions, 'store' | 'dataDir'>): string {
  return locateStore(store, dataDir)
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new TallystickError(
      'data_dir_unusable',
      `The data directory ${path} cannot be made: ${(cause as Error).message}`,
      { cause },
    )
  }
}
