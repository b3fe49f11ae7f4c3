import type { Clock, EventKind } from '@tallystick/core/event'
import { systemClock } from '@tallystick/core/event'
import { storeError } from './errors.ts'
import { FileSet } from './file-set.ts'
import { JsonlStore } from './jsonl-store.ts'
import { storeNames } from './names.ts'

export interface JsonlStoreOptions {
  /** The file; it and its directories are made if they do not exist. */
  readonly path: string
  /** A file is renamed before it would grow beyond this many bytes. Never unless given. */
  readonly rotateBytes?: number
  /** Events older than this many ms are not shown, at once. For ever unless given. */
  readonly eventsTtlMs?: number
  /** The same for events of some kinds. */
  readonly kindsTtlMs?: ReadonlyMap<EventKind, number>
  /** Expired lines are cut out of a file when they take up half of it and at least this many bytes; 1 MiB unless given. */
  readonly compactBytes?: number
  readonly clock?: Clock
}

/**
 * Opens the store that can be looked into: one file of JSON documents, a line each, as Routiium writes them.
 *
 * It is a projection of the journal, and the files are what counts: a file that stands there already is read as it is,
 * lines that are added by others are events too, and removing or emptying a file clears its events for good. Beside it
 * lies `<path>.idx`, which spares reading everything and remembers what was applied.
 *
 * @throws TallystickError `journal_locked` when another process has it open, `data_dir_unusable` when a file cannot be read or
 * written, `disk_full`
 * @example
 * const store = await openJsonlStore({ path: 'data/analytics.jsonl' })
 * await store.append([{ ordinal: 1, receivedMs: 1_767_225_600_000, event }])
 */
export async function openJsonlStore(options: JsonlStoreOptions): Promise<JsonlStore> {
  const set = await FileSet.open(storeNames(options.path)).catch((error: unknown) => {
    throw storeError(error, `The store ${options.path} cannot be opened`, 'data_dir_unusable')
  })
  return new JsonlStore(set, {
    rotateBytes: options.rotateBytes ?? Number.POSITIVE_INFINITY,
    ttlMs: options.eventsTtlMs ?? Number.POSITIVE_INFINITY,
    kindsTtlMs: options.kindsTtlMs ?? new Map(),
    compactBytes: options.compactBytes ?? 1024 * 1024,
    clock: options.clock ?? systemClock,
  })
}
