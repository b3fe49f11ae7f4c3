import { join } from 'node:path'
import { type JournalEnd, nodeFs } from '@tallystick/core/journal'
import type { DurableState } from '../state/open.ts'
import { listSnapshots, snapshotName } from '../state/snapshot-file.ts'
import { HeldJournal, hold } from './held.ts'

/**
 * Holds the control state: the log first and then the snapshots, so that what the log no longer has is in one of them.
 * Undefined when another snapshot was made meanwhile: segments that nothing here covers may have gone with it.
 */
export async function holdState(
  state: Pick<DurableState, 'end'>,
  from: string,
  to: string,
): Promise<JournalEnd | undefined> {
  const log = new HeldJournal(from, to)
  await log.begin()
  const [newest] = await holdSnapshots(from, to)
  const end = await log.finish(state)
  const [newestNow] = await listSnapshots(nodeFs, from)
  return newestNow === newest ? end : undefined
}

/** Ordinals of those held, the newest first. */
async function holdSnapshots(from: string, to: string): Promise<readonly number[]> {
  const held: number[] = []
  for (const ordinal of await listSnapshots(nodeFs, from)) {
    const name = snapshotName(ordinal)
    if (await hold(join(from, name), join(to, name))) held.push(ordinal)
  }
  return held
}
