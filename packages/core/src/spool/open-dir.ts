import { uuidv7Generator } from '../event/index.ts'
import { openJournal } from '../journal/index.ts'
import { DiskSpool } from './disk-spool.ts'
import type { SpoolSettings } from './options.ts'
import { recoverAccounts } from './recover.ts'

/** Dropping the oldest segment costs so small a part of the spool. */
const SEGMENTS = 32
/** A segment is dropped as soon as its events have left, mostly before it would be worth compressing. */
const PLAIN_SEGMENTS = 1

/**
 * Opens the spool of a directory and puts in order what a crash left.
 *
 * @param lives whether a recorder of this process will use it, or what is there is to be sent and no more
 * @throws TallystickError `journal_locked`, `journal_newer_format`, `data_dir_unusable`
 */
export async function openDir(dir: string, settings: SpoolSettings, lives: boolean): Promise<DiskSpool> {
  const { fs, clock, random, maxBytes, onError } = settings
  const segmentBytes = Math.ceil(maxBytes / SEGMENTS)
  const journal = await openJournal({
    dir,
    fs,
    clock,
    random,
    segmentBytes,
    onError,
    keepMs: 0,
    plainSegments: PLAIN_SEGMENTS,
    commitDelayMs: 0,
  })
  try {
    const recovered = await recoverAccounts(fs, dir, journal.end())
    const { accounts } = recovered
    if (lives) {
      const sourceId = settings.sourceId ?? accounts.sourceId ?? uuidv7Generator(clock, random)()
      accounts.beginLife(sourceId, clock.now())
    }
    const life = { sourceId: accounts.sourceId ?? '', epoch: accounts.epoch }
    const { drainIntervalMs, drainThreshold } = settings
    const options = { journal, dir, fs, recovered, life, maxBytes, drainIntervalMs, drainThreshold, onError }
    const spool = new DiskSpool(options)
    if (lives) await spool.begin()
    return spool
  } catch (error) {
    await journal.close().catch(onError)
    throw error
  }
}
