import { join } from 'node:path'
import { isTallystickError, TallystickError } from '@tallystick/core'
import { type Clock, type Random, systemClock } from '@tallystick/core/event'
import {
  type Journal,
  type JournalDamage,
  type JournalEnd,
  type JournalFs,
  type JournalTrace,
  type JournalWitness,
  listSegments,
  nodeFs,
  openJournal,
} from '@tallystick/core/journal'
import { LiveTables } from './live-tables.ts'
import { type FoundSnapshots, findSnapshots, replay } from './read-state.ts'
import { copyOf, isUnfinishedSnapshot, snapshotName } from './snapshot-file.ts'
import { Snapshots } from './snapshots.ts'
import type { ControlState } from './state.ts'
import { WriteQueue } from './write-queue.ts'

export interface StateOptions {
  /** `<data>/state`; made if it does not exist. */
  readonly dir: string
  readonly fs?: JournalFs
  readonly clock?: Clock
  readonly random?: Random
  readonly productVersion?: string
  /** A segment of the log is finished by the first write that finds it this long. Default 4 MiB. */
  readonly segmentBytes?: number
  /** How far the log grows, at least, until a snapshot is made. Default 16 MiB. */
  readonly snapshotBytes?: number
  /** Told of damage that was found at the opening and survived. */
  readonly onNotice?: (notice: StateNotice) => void
  /** Told of trouble that no caller waits for. */
  readonly onError?: (error: unknown) => void
}

/**
 * `damaged_log`: a part of the log cannot be read; the writes that stood there are lost unless a snapshot has them, and those
 * after them are kept. `damaged_snapshot`: it was moved to `movedTo`; an older one and the log have what was in it.
 */
export type StateNotice =
  | { readonly kind: 'damaged_log'; readonly damage: JournalDamage }
  | { readonly kind: 'damaged_snapshot'; readonly file: string; readonly movedTo: string }

/** A control state on disk. */
export interface DurableState extends ControlState {
  /** The end of the log that is durable. */
  end(): JournalEnd
  stats(): StateStats
  /**
   * Keeps the rows as they are and nothing of what they were before: no snapshot, no line of the log. What is in quarantine is
   * masked, and damaged snapshots there are removed.
   *
   * @throws TallystickError `journal_unavailable`, `disk_full`: something of it may still be there
   */
  forgetPast(mask: (bytes: Buffer) => Buffer): Promise<void>
}

export interface StateStats {
  /** Why the last write failed, if it did; the next one tries again. */
  readonly state: 'ok' | 'disk_full' | 'failed'
  /** Writes that have failed since the opening. */
  readonly failedWrites: number
  /** Of the log, on disk. */
  readonly logBytes: number
  /** Lines of the log that were damaged or lost, over its life. */
  readonly damagedLines: number
}

const DEFAULT_SEGMENT_BYTES = 4 * 1024 * 1024
const DEFAULT_SNAPSHOT_BYTES = 16 * 1024 * 1024
/** Segments are dropped long before compressing them would pay. */
const PLAIN_SEGMENTS = 1_000_000

/**
 * Opens the control state of a data directory, and puts in order what a crash left: the newest snapshot that is whole, and what
 * the log has after it. A full disk does not prevent it.
 *
 * @throws TallystickError `journal_locked`, `journal_newer_format`, `data_dir_unusable`; `state_corrupt` when what the log
 * goes on from is gone: without its keys a server would be open to everybody
 * @example
 * const state = await openState({ dir: 'data/state' })
 * await state.write([{ table: 'tenants', id: 't1', row: { id: 't1', name: 'Acme', createdMs: 1795262400000 } }])
 * state.rows('tenants').get('t1')?.name // 'Acme'
 */
export async function openState(options: StateOptions): Promise<DurableState> {
  const { dir, fs = nodeFs, clock = systemClock, productVersion = '', onError = () => {}, random } = options
  let found: FoundSnapshots = { whole: undefined, damaged: [], ordinals: [] }
  const log = await openJournal({
    dir,
    fs,
    clock,
    productVersion,
    onError,
    ...(random ? { random } : {}),
    segmentBytes: options.segmentBytes ?? DEFAULT_SEGMENT_BYTES,
    // Writes are gathered before they come here, and a clock has no say in what may be dropped.
    commitDelayMs: 0,
    keepMs: 0,
    plainSegments: PLAIN_SEGMENTS,
    async witness(trace) {
      found = await findSnapshots(fs, dir)
      return witnessOf(found, trace, dir)
    },
  })
  try {
    return await openOn(log, found, options)
  } catch (error) {
    await log.close().catch(onError)
    if (isTallystickError(error)) throw error
    throw new TallystickError('data_dir_unusable', `${dir} cannot be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

async function openOn(log: Journal, found: FoundSnapshots, options: StateOptions): Promise<DurableState> {
  const { dir, fs = nodeFs, clock = systemClock, productVersion = '', onError = () => {} } = options
  const { whole } = found
  assertContinues(log, found, dir)
  const damages: JournalDamage[] = []
  const read = await replay(fs, dir, whole, log.end().position, (damage) => damages.push(damage))
  await tidy(fs, dir, found, options)
  for (const damage of damages) {
    await log.noteDamage(damage)
    // What a snapshot holds is not lost with the line that it came from.
    if ((damage.missing?.last ?? Number.POSITIVE_INFINITY) > (whole?.ordinal ?? 0))
      options.onNotice?.({ kind: 'damaged_log', damage })
  }
  const tables = new LiveTables(onError, read.tables)
  const snapshotAt =
    whole === undefined ? undefined : { ordinal: whole.ordinal, position: read.behindSnapshot ?? log.end().position }
  const snapshots = new Snapshots(
    {
      fs,
      dir,
      log,
      tables: tables.maps,
      clock,
      product: productVersion,
      everyBytes: options.snapshotBytes ?? DEFAULT_SNAPSHOT_BYTES,
      onError,
    },
    snapshotAt,
    whole?.bytes ?? 0,
    log.stats().bytes,
  )
  // It tells the format from the first moment on.
  if (whole === undefined) await snapshots.make(copyOf(tables.maps), log.end())
  const queue = new WriteQueue({ log, tables, onGroup: (bytes) => snapshots.grown(bytes) })
  const forgetPast = async (mask: (bytes: Buffer) => Buffer): Promise<void> => {
    await queue.write([])
    const { segment } = await log.roll()
    // Two snapshots are kept, and the log from the older of them on.
    for (let count = 0; count < 2; count++) {
      const made = snapshots.ofNextWrite()
      await queue.write([], { always: true })
      await made
    }
    const left = (await listSegments(fs, dir)).filter(({ number }) => number <= segment)
    if (left.length > 0)
      throw new TallystickError('journal_unavailable', `Segment ${segment} of the log in ${dir} could not be dropped`)
    await log.rewrite({ through: segment, concerns: () => false, change: () => undefined, mask })
    const aside = join(dir, 'quarantine')
    for (const name of await fs.list(aside).catch(() => []))
      if (name.startsWith('snapshot')) await fs.unlink(join(aside, name))
  }
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await queue.close()
    await snapshots.settled()
    await log.close()
  }
  return {
    rows: (table) => tables.rows(table),
    write: (changes) => queue.write(changes),
    onChange: (listener) => tables.onChange(listener),
    end: () => log.end(),
    stats: () => {
      const { state, failedCommits, bytes, quarantinedLines } = log.stats()
      return { state, failedWrites: failedCommits, logBytes: bytes, damagedLines: quarantinedLines }
    },
    forgetPast,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** A snapshot proves that its writes were acknowledged, also one that cannot be read any more. */
function witnessOf({ whole, ordinals }: FoundSnapshots, { id }: JournalTrace, dir: string): JournalWitness {
  if (whole !== undefined && id !== undefined && whole.journal !== id)
    throw new TallystickError(
      'state_corrupt',
      `${snapshotName(whole.ordinal)} in ${dir} belongs to another control state than the log beside it.`,
    )
  return { ordinal: ordinals[0] ?? 0, ...(whole === undefined ? {} : { journal: whole.journal }) }
}

/** @throws TallystickError `state_corrupt` */
function assertContinues(log: Journal, { whole, damaged }: FoundSnapshots, dir: string): void {
  const { oldestOrdinal } = log.stats()
  const from = whole?.ordinal ?? 0
  if (oldestOrdinal <= from + 1) return
  const snapshots =
    damaged.length === 0 ? 'there is no snapshot' : `${damaged.map(snapshotName).join(', ')} are damaged`
  throw new TallystickError(
    'state_corrupt',
    `The log in ${dir} begins with write ${oldestOrdinal}, and ${snapshots} to tell what was before. ` +
      'Restore a backup, or move the folder away to begin without keys, budgets and alerts.',
  )
}

/** Removes what was never finished and moves what is damaged out of the way. */
async function tidy(
  fs: JournalFs,
  dir: string,
  { damaged }: FoundSnapshots,
  { onNotice, onError }: StateOptions,
): Promise<void> {
  try {
    for (const name of await fs.list(dir)) if (isUnfinishedSnapshot(name)) await fs.unlink(join(dir, name))
    if (damaged.length === 0) return
    const aside = join(dir, 'quarantine')
    await fs.mkdir(aside)
    for (const ordinal of damaged) {
      const file = join(dir, snapshotName(ordinal))
      const movedTo = join(aside, snapshotName(ordinal))
      await fs.rename(file, movedTo)
      onNotice?.({ kind: 'damaged_snapshot', file, movedTo })
    }
    await fs.syncDir(aside)
    await fs.syncDir(dir)
  } catch (error) {
    // They are in nobody's way.
    onError?.(error)
  }
}
