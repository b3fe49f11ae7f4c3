import { resolve } from 'node:path'
import { type Clock, systemClock } from '@tallystick/core/event'
import type { DictionaryLimits } from './dictionary.ts'
import type { DuckdbStore, LocalStoreSettings, StoreNotice } from './local.ts'
import { RemoteDuckdbStore } from './remote.ts'
import { THREAD_SCRIPT } from './thread.ts'

export type { DuckdbStore, StoreNotice } from './local.ts'

export interface DuckdbStoreOptions {
  /** The file; made if there is none. Its directory also holds the write-ahead log and what does not fit in memory. */
  readonly path: string
  /** Memory of the engine in MiB, 192 unless given; beyond it work is spilled to disk. */
  readonly memoryLimitMb?: number
  /** Threads of the engine, 2 unless given. */
  readonly threads?: number
  /** Size of the engine's log at which it is written into the file, in MiB, 64 unless given. */
  readonly checkpointMb?: number
  /** Rows older than this many ms are dropped; cells keep their totals. For ever unless given. */
  readonly eventsTtlMs?: number
  /** Cells older than this many ms are dropped, and rows with them. For ever unless given. */
  readonly cellsTtlMs?: number
  /** How often what is due is sealed and pruned, in ms; 5,000 unless given, 0 for only when `maintain` is called. */
  readonly maintainEveryMs?: number
  readonly dictionaryLimits?: DictionaryLimits
  /** Told of what no call reports: a damaged file moved aside, damage in the journal, housekeeping that failed. */
  readonly onNotice?: (notice: StoreNotice) => void
  /**
   * `worker` (default of the built package): a thread of its own, as the engine's appender blocks. `calling`: the thread
   * that calls, for tests and scripts; also when a clock is given, which cannot be handed to another thread.
   */
  readonly thread?: 'worker' | 'calling'
  readonly clock?: Clock
}

/**
 * Opens the embedded store: one DuckDB file, a projection of the journal that can be made anew from it.
 *
 * A damaged file is moved aside (`<path>.corrupt-<ms>`), an empty one begun, and `onNotice` told.
 *
 * @throws TallystickError `journal_locked` when another process has the file open, `data_dir_unusable`, `disk_full`
 * @example
 * const store = await openDuckdbStore({ path: 'data/tallystick.duckdb' })
 * await store.follower.follow('data/journal', journal.end())
 */
export async function openDuckdbStore(options: DuckdbStoreOptions): Promise<DuckdbStore> {
  const settings: LocalStoreSettings = {
    path: resolve(options.path),
    memoryLimitMb: options.memoryLimitMb ?? 192,
    threads: options.threads ?? 1,
    checkpointMb: options.checkpointMb ?? 64,
    maintainEveryMs: options.maintainEveryMs ?? 5_000,
    ...(options.eventsTtlMs === undefined ? {} : { eventsTtlMs: options.eventsTtlMs }),
    ...(options.cellsTtlMs === undefined ? {} : { cellsTtlMs: options.cellsTtlMs }),
    ...(options.dictionaryLimits === undefined ? {} : { dictionaryLimits: options.dictionaryLimits }),
  }
  const clock = options.clock ?? systemClock
  const onNotice = options.onNotice ?? (() => {})
  const apart = options.thread !== 'calling' && clock === systemClock
  if (apart && THREAD_SCRIPT) return RemoteDuckdbStore.open(THREAD_SCRIPT, settings, onNotice)
  // Loading the engine takes a quarter of a start, and this thread has no use for it when another opens the store.
  const { LocalDuckdbStore } = await import('./local.ts')
  return LocalDuckdbStore.open(settings, clock, onNotice)
}
