import { TallystickError } from '@tallystick/core'
import type { Clock, Random } from '@tallystick/core/event'
import type { Logger } from '../logger.ts'
import { type Closer, openStorage } from '../storage.ts'
import { clearHalfMoved, noteHalfMoved } from '../store/half-moved.ts'
import { type OpenStoreOptions, openStore, resetStore } from '../store/open-store.ts'
import type { StoreStats, UsageStore } from '../store/store.ts'
import { compareStores } from './compare.ts'
import { moveEvents } from './move.ts'
import { assertTakes } from './target.ts'
import { unmoved } from './unmoved.ts'

export interface MigrateOptions {
  /** Whose events they are: its journal is locked meanwhile. */
  readonly dataDir: string
  /** URLs as {@link openStore} takes them. */
  readonly from: string
  readonly to: string
  readonly duckdb?: NonNullable<OpenStoreOptions['duckdb']>
  /** Empties `to` first of what it has of this journal. */
  readonly reset?: boolean
  /** Looks at both and changes neither. */
  readonly dryRun?: boolean
  /** What there is of `to` to look at; false for a file that is yet to be made. */
  readonly targetExists: boolean
  readonly batchEvents?: number
  readonly clock: Clock
  readonly random?: Random
  readonly logger: Logger
  readonly onProgress?: (progress: MigrationProgress) => void
}

export type MigrationProgress =
  | { readonly step: 'moving'; readonly done: number; readonly moved: number; readonly total: number }
  | { readonly step: 'comparing'; readonly reachedMs: number }

/** What came of it. */
export interface Migration {
  /** Events that the old store holds and that are moved. */
  readonly total: number
  /** Of them, handed over in this run; the others had been by an earlier one. */
  readonly moved: number
  readonly daysCompared: number
  /** One sentence for each figure that is not the same on both sides; empty when all is well. */
  readonly differences: readonly string[]
  /** What cannot be moved, and what is to be known. */
  readonly notes: readonly string[]
}

/**
 * Moves the events of a data directory from one store to another and compares both, day by day. What has been applied by the
 * new store is the only account of how far it has come, so that it may be ended at any moment and begun again.
 *
 * @throws TallystickError `journal_locked` when a process holds the directory, `usage` when nothing can be moved or the new store
 * holds other events, and as opening the stores does
 */
export async function migrate(options: MigrateOptions): Promise<Migration> {
  const closers: Closer[] = []
  try {
    return await migrateOpened(options, closers)
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

async function migrateOpened(options: MigrateOptions, closers: Closer[]): Promise<Migration> {
  const { dataDir, to: url, clock, logger, random, dryRun = false, reset = false } = options
  const onError = (error: unknown): void => logger.error({ err: error }, 'something failed in the background')
  // Nothing is sealed meanwhile: the server does that in bulk.
  const duckdb = { ...options.duckdb, maintainEveryMs: 0 }
  const storage = await openStorage({ dataDir, store: options.from, duckdb, ...(random ? { random } : {}) }, closers, {
    clock,
    logger,
    onError,
    onCommitTime: () => undefined,
  })
  const { journal, store: from } = storage
  if (journal === undefined) throw new TallystickError('usage', 'A store that keeps nothing has nothing to move.')
  await from.belongTo?.(journal.id)
  const before = await from.stats()
  const total = before.events - (before.foreign ?? 0)
  if (before.appliedOrdinal === 0)
    throw new TallystickError('usage', `There is nothing of this journal in the old store; ${heldBy(before)}.`)
  if (dryRun && !options.targetExists)
    return { total, moved: 0, daysCompared: 0, differences: [], notes: unmoved(before, from.capabilities, undefined) }

  // Of a store that several journals share, this one's events are looked at.
  const opening = { clock, duckdb, journalId: journal.id }
  if (reset && !dryRun && options.targetExists) await resetOwn(url, journal.id, opening)
  const to = await openStore(url, opening)
  closers.push(() => to.close())
  const there = await to.stats()
  assertTakes(there, to.capabilities, { journalId: journal.id, appliedOrdinal: before.appliedOrdinal })
  const notes = unmoved(before, from.capabilities, to)
  if (dryRun) return { total, moved: 0, daysCompared: 0, differences: [], notes }

  await noteHalfMoved(dataDir, url)
  await to.belongTo?.(journal.id)
  const moved = await moveAll(
    options,
    from,
    to,
    { first: there.appliedOrdinal + 1, last: before.appliedOrdinal },
    total,
  )
  const { expired, cleared } = before
  if (expired !== undefined && cleared !== undefined)
    await to.takeOver?.({ appliedOrdinal: before.appliedOrdinal, expired, cleared })
  const compared = await compareAll(options, from, to)
  if (compared.differences.length === 0) await clearHalfMoved(dataDir)
  return { total, moved, daysCompared: compared.days, differences: compared.differences, notes }
}

/** @throws TallystickError as {@link assertTakes}: what belongs to another journal is not ours to remove */
async function resetOwn(url: string, journalId: string, options: OpenStoreOptions): Promise<void> {
  const store = await openStore(url, options)
  try {
    assertTakes(await store.stats(), store.capabilities, { journalId, appliedOrdinal: Number.POSITIVE_INFINITY })
  } finally {
    await store.close()
  }
  await resetStore(url)
}

async function moveAll(
  { batchEvents, onProgress }: MigrateOptions,
  from: UsageStore,
  to: UsageStore,
  range: { readonly first: number; readonly last: number },
  total: number,
): Promise<number> {
  const { events: already } = await to.stats()
  let moved = 0
  return moveEvents({
    from,
    to,
    range,
    ...(batchEvents === undefined ? {} : { batchEvents }),
    onMoved(events) {
      moved += events
      onProgress?.({ step: 'moving', done: already + moved, moved, total })
    },
  })
}

async function compareAll({ onProgress }: MigrateOptions, from: UsageStore, to: UsageStore) {
  const sides = [await from.stats(), await to.stats()]
  const oldest = sides.flatMap(({ oldestMs }) => oldestMs ?? [])
  const newest = sides.flatMap(({ newestMs }) => newestMs ?? [])
  if (oldest.length === 0) return { days: 0, differences: [] }
  return compareStores({
    from,
    to,
    fromMs: Math.min(...oldest),
    toMs: Math.max(...newest) + 1,
    onReached: (reachedMs) => onProgress?.({ step: 'comparing', reachedMs }),
  })
}

const heldBy = ({ foreign = 0 }: StoreStats): string =>
  foreign > 0
    ? `the ${foreign} documents in its file were written there by others, and no journal has them`
    : 'it holds no events'
