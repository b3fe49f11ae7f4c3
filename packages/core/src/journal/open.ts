import { join } from 'node:path'
import { isTallystickError } from '../errors.ts'
import { type Clock, systemClock } from '../event/clock.ts'
import { SegmentStartError } from './active-segment.ts'
import { Cursors } from './cursors.ts'
import type { JournalDamage } from './damage.ts'
import { type JournalFs, nodeFs } from './fs.ts'
import { isDiskFull, journalError } from './fs-errors.ts'
import { GroupCommit } from './group-commit.ts'
import { Housekeeping } from './housekeeping.ts'
import type { Journal, JournalState, SealedSegment } from './journal.ts'
import { Listeners } from './listeners.ts'
import { isUnfinished, listSegments, plainName, segmentBytes } from './names.ts'
import type { JournalEnd } from './position.ts'
import { Quarantine } from './quarantine.ts'
import { recover } from './recover.ts'
import { SegmentWriter } from './segment-writer.ts'

export interface JournalOptions {
  /** Made if it does not exist. One journal to a directory; names that are not the journal's are left alone. */
  readonly dir: string
  readonly fs?: JournalFs
  readonly clock?: Clock
  /** A segment is finished by the first commit that finds it this long, in bytes. Default 64 MiB. */
  readonly segmentBytes?: number
  /** Under load commits begin this many ms apart. Default 2; 0 commits as fast as the disk syncs. */
  readonly commitDelayMs?: number
  /** How long records are kept at least, in ms. Default 35 days. */
  readonly keepMs?: number
  /** Written into the header of each segment. */
  readonly productVersion?: string
  /** Highest ordinal that a projection outside the journal's cursors has applied: records get higher ones. Default 0. */
  readonly ordinalFloor?: number
  /** Told of trouble that no caller waits for: background work that failed, a write that was saved by a second attempt. */
  readonly onError?: (error: unknown) => void
}

const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024
const DEFAULT_COMMIT_DELAY_MS = 2
const DEFAULT_KEEP_MS = 35 * 24 * 3_600_000

/**
 * Opens the journal of a directory for writing and puts in order what a crash left. A full disk does not prevent it: the
 * journal opens in state `disk_full` and can be read.
 *
 * @throws TallystickError `journal_locked`, `journal_newer_format`, `data_dir_unusable`
 * @example
 * const journal = await openJournal({ dir: 'data/journal' })
 * const { durable } = journal.append([{ type: 'event', body: '"e":{"model":"gpt-4o"}' }])
 * await durable // { position: { segment: 1, offset: 158 }, ordinal: 1 }
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { dir, fs = nodeFs, clock = systemClock } = options
  let unlock: (() => Promise<void>) | undefined
  try {
    await fs.mkdir(dir)
    unlock = await fs.lock(dir, clock.now())
    return await openLocked(options, unlock)
  } catch (error) {
    await unlock?.()
    if (isTallystickError(error)) throw error
    throw journalError(error instanceof SegmentStartError ? error.cause : error, `Opening ${dir}`, 'data_dir_unusable')
  }
}

async function openLocked(options: JournalOptions, unlock: () => Promise<void>): Promise<Journal> {
  const { dir, fs = nodeFs, clock = systemClock, productVersion = '', onError = () => {} } = options
  const quarantine = new Quarantine(fs, dir)
  const cursors = new Cursors(fs, dir)
  for (const name of await fs.list(dir)) if (isUnfinished(name)) await fs.unlink(join(dir, name))
  await quarantine.load()
  await cursors.load()
  const durable = new Listeners<JournalEnd>(onError)
  const sealed = new Listeners<SealedSegment>(onError)
  const start = await recover({
    fs,
    dir,
    quarantine,
    cursors: cursors.all,
    ordinalFloor: options.ordinalFloor ?? 0,
    onError,
  })
  let begun = 0
  const writer = new SegmentWriter(
    {
      fs,
      dir,
      clock,
      product: productVersion,
      segmentBytes: options.segmentBytes ?? DEFAULT_SEGMENT_BYTES,
      onFinished: (segment, end) => {
        begun++
        sealed.tell({ segment, end })
        housekeeping.sealLater()
      },
      onError,
    },
    start,
  )
  const housekeeping = new Housekeeping({
    fs,
    dir,
    clock,
    keepMs: options.keepMs ?? DEFAULT_KEEP_MS,
    cursors,
    quarantine,
    activeSegment: () => writer.activeSegment,
    writtenBytes: () => writer.writtenBytes,
    onError,
  })
  const state = await prepare(writer, onError)
  begun = 0
  const segments = await listSegments(fs, dir)
  let bytes = -writer.writtenBytes
  for (const files of segments) bytes += await segmentBytes(fs, dir, files)
  await housekeeping.load()
  housekeeping.sealLater()
  const commit = new GroupCommit({
    writer,
    clock,
    delayMs: options.commitDelayMs ?? DEFAULT_COMMIT_DELAY_MS,
    state,
    onCommit: (end) => durable.tell(end),
  })
  let dropped = 0
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await commit.close()
    await housekeeping.stop()
    await cursors.settled()
    await writer.close()
    await unlock()
  }
  return {
    append: (records) => commit.append(records),
    end: () => writer.end,
    usedOrdinal: () => Math.max(writer.end.ordinal, writer.base),
    onDurable: (listener) => durable.add(listener),
    onSeal: (listener) => sealed.add(listener),
    noteDamage: (damage) => keepDamage(fs, dir, quarantine, damage).catch(onError),
    saveCursor: (name, position, ordinal) => cursors.save(name, { position, ordinal }),
    cursors: () => cursors.all,
    removeCursor: (name) => cursors.remove(name),
    async prune() {
      const result = await housekeeping.prune()
      dropped += result.dropped
      return result
    },
    stats: () => ({
      state: commit.state,
      records: Math.max(0, writer.end.ordinal - housekeeping.oldestOrdinal + 1),
      oldestOrdinal: housekeeping.oldestOrdinal,
      bytes: bytes + writer.writtenBytes - housekeeping.savedBytes,
      segments: segments.length + begun - dropped,
      ...quarantine.stats,
      commits: commit.commits,
      failedCommits: commit.failedCommits,
      lastCommitMs: commit.lastCommitMs,
      slowestCommitMs: commit.slowestCommitMs,
      pending: commit.pending,
      pendingBytes: commit.pendingBytes,
    }),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** A directory that cannot be written to because the disk is full is no reason not to open. */
async function prepare(writer: SegmentWriter, onError: (error: unknown) => void): Promise<JournalState> {
  try {
    await writer.prepare()
    return 'ok'
  } catch (error) {
    const cause = error instanceof SegmentStartError ? error.cause : error
    if (!isDiskFull(cause)) throw cause
    onError(journalError(cause, 'Beginning a journal segment'))
    return 'disk_full'
  }
}

/** Copies the bytes of damage that is still there to see; a gap, or a segment that is gone, has none. */
async function keepDamage(
  fs: JournalFs,
  dir: string,
  quarantine: Quarantine,
  { reason, position, bytes, lines }: JournalDamage,
): Promise<void> {
  if (reason !== 'checksum') return
  const files = (await listSegments(fs, dir)).find(({ number }) => number === position.segment)
  if (files === undefined || !files.plain) return
  const file = await fs.open(join(dir, plainName(files.number)), 'r')
  try {
    await quarantine.keep('lines', files.number, file, { offset: position.offset, length: bytes, lines })
  } finally {
    await file.close()
  }
}
