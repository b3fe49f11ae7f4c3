import { join } from 'node:path'
import { isTallystickError } from '../errors.ts'
import { type Clock, type Random, systemClock, systemRandom } from '../event/clock.ts'
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
import { journalIdOf } from './segment-chain.ts'
import { SegmentWriter } from './segment-writer.ts'

/** Where a journal is, and how it is kept. */
export interface JournalOptions {
  /** Made if it does not exist. One journal to a directory; names that are not the journal's are left alone. */
  readonly dir: string
  readonly fs?: JournalFs
  readonly clock?: Clock
  /** A segment is finished by the first commit that finds it this long, in bytes. Default 64 MiB. */
  readonly segmentBytes?: number
  /** Under load commits begin this many ms apart. Default 2; 0 commits as fast as the disk syncs. */
  readonly commitDelayMs?: number
  /** How long records are kept at least, in ms. Default 35 days. 0: no clock decides. */
  readonly keepMs?: number
  /**
   * How many finished segments are left as they are before one is compressed. Default 0. Where consumers are seldom further
   * behind than that, segments are dropped without having been compressed.
   */
  readonly plainSegments?: number
  /** Written into the header of each segment. */
  readonly productVersion?: string
  /**
   * Asked once the directory is locked and nothing in it has been changed: what others know of this journal. Records that a
   * witness proves to have been acknowledged and that are not there are told as lost, and their ordinals not given again.
   * What it throws ends the opening.
   */
  readonly witness?: (found: JournalTrace) => Promise<JournalWitness>
  readonly random?: Random
  /**
   * Is somebody at work beside whom finished segments had better be compressed slowly, such as a consumer that is far behind?
   * Appends slow it down in any case. Default: nobody.
   */
  readonly busy?: () => boolean
  /** Told how long each commit that succeeded took to write and sync, in ms. Must not throw. */
  readonly onCommitTime?: (ms: number) => void
  /** Told of trouble that no caller waits for: background work that failed, a write that was saved by a second attempt. */
  readonly onError?: (error: unknown) => void
}

/** What was found in a directory before anything was changed there. */
export interface JournalTrace {
  /** By what the journal is recognised; undefined for one that is empty, too damaged or too old to tell. */
  readonly id: string | undefined
  /** There is nothing of a journal. */
  readonly empty: boolean
}

/** What a projection of the journal knows of it. */
export interface JournalWitness {
  /** Highest ordinal that it knows to have been acknowledged; 0 for none. */
  readonly ordinal: number
  /** The journal it is a projection of, if it knows. */
  readonly journal?: string
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
 * await durable // { position: { segment: 1, offset: ... }, ordinal: 1 }
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
  const found = await listSegments(fs, dir)
  const known = await journalIdOf(fs, dir, found)
  const empty = found.length === 0 && cursors.all.size === 0 && quarantine.newestSegment === 0
  const witness = await options.witness?.({ id: known, empty })
  const id = known ?? witness?.journal ?? newJournalId(options.random ?? systemRandom)
  const witnessed = witness?.ordinal ?? 0
  const start = await recover({ fs, dir, quarantine, segments: found, cursors: cursors.all, witnessed, onError })
  let begun = 0
  const writer = new SegmentWriter(
    {
      fs,
      dir,
      clock,
      product: productVersion,
      journal: id,
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
    plainSegments: options.plainSegments ?? 0,
    cursors,
    quarantine,
    activeSegment: () => writer.activeSegment,
    writtenBytes: () => writer.writtenBytes,
    busy: options.busy ?? (() => false),
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
    ...(options.onCommitTime === undefined ? {} : { onCommitTime: options.onCommitTime }),
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
    id,
    append: (records) => commit.append(records),
    end: () => writer.end,
    onDurable: (listener) => durable.add(listener),
    onSeal: (listener) => sealed.add(listener),
    roll: () => commit.roll(),
    rewrite: (change) => housekeeping.rewrite(change),
    noteDamage: (damage) => keepDamage(fs, dir, quarantine, damage).catch(onError),
    saveCursor: (name, position, ordinal) => cursors.save(name, { position, ordinal }),
    cursors: () => cursors.all,
    removeCursor: (name) => cursors.remove(name),
    async prune({ before = Number.POSITIVE_INFINITY } = {}) {
      const result = await housekeeping.prune(before)
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

/** Copies the bytes of damage that is still there to see; of a gap, and in a compressed segment, there are none. */
async function keepDamage(
  fs: JournalFs,
  dir: string,
  quarantine: Quarantine,
  { reason, position, bytes: length, lines }: JournalDamage,
): Promise<void> {
  if (lines === 0 || (reason !== 'checksum' && reason !== 'gap')) return
  const files = (await listSegments(fs, dir)).find(({ number }) => number === position.segment)
  const copied = length > 0 && files?.plain
  const file = copied ? await fs.open(join(dir, plainName(files.number)), 'r') : undefined
  try {
    await quarantine.keep('lines', position.segment, file, { offset: position.offset, length, lines })
  } finally {
    await file?.close()
  }
}

function newJournalId(random: Random): string {
  return Buffer.from(random.fill(new Uint8Array(16))).toString('hex')
}
