import { setTimeout as sleep } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import type { Journal } from '@tallystick/core/journal'
import type { EraseRequest, UsageStore } from '../store/store.ts'
import type { Applier } from './apply/applier.ts'
import type { DedupKeeper } from './dedup/keeper.ts'
import type { ErasureMark, EventLog } from './event-log.ts'
import type { StoreErasure } from './ingest.ts'

const FIRST_WAIT_MS = 10
const LAST_WAIT_MS = 500
/** A consumer that has not passed a segment by then keeps failing; the erasure is gone on with later. */
const WAITS = 120

interface Parts {
  readonly applier: Applier
  readonly log: EventLog
}

/**
 * Finishes the segment of the journal, brings the store to its end and erases there. So what is erased is the same in the journal
 * and in the store, to the record, and a store that is made again from the journal has the same events under the user's name.
 */
export async function eraseInStore(
  { applier, journal, log, store }: Parts & { readonly store: UsageStore; readonly journal: Journal | undefined },
  request: Omit<EraseRequest, 'throughOrdinal'>,
): Promise<StoreErasure> {
  const hold = applier.hold()
  try {
    const { end, segment } = journal ? await journal.roll() : { end: log.end(), segment: undefined }
    await hold.to(end)
    const { events } = await store.erase({ ...request, throughOrdinal: end.ordinal })
    return { events, throughOrdinal: end.ordinal, ...(segment === undefined ? {} : { segment }) }
  } finally {
    hold.release()
  }
}

/**
 * Writes the mark, then sees to it that store and ids stand behind it: places within segments that are rewritten mean nothing any
 * more.
 *
 * @throws TallystickError `store_unavailable` when they do not come so far, `shutting_down`
 */
export async function markErased(
  { applier, journal, keeper, log }: Parts & { readonly journal: Journal; readonly keeper: DedupKeeper },
  mark: ErasureMark,
  segment: number,
  closing: () => boolean,
): Promise<void> {
  const { firstOrdinal, durable } = log.erased(mark)
  if (firstOrdinal === 0) return void (await durable)
  const expected = applier.expectOther(firstOrdinal)
  const kept = await durable.then(
    () => undefined,
    (error: unknown) => error ?? new TallystickError('journal_unavailable'),
  )
  applier.settle(expected, kept === undefined)
  if (kept !== undefined) throw kept
  await applier.applied(firstOrdinal)
  const behind = (): boolean => [...journal.cursors().values()].every(({ position }) => position.segment > segment)
  let waitMs = FIRST_WAIT_MS
  for (let wait = 0; wait < WAITS; wait++) {
    if (closing()) throw new TallystickError('shutting_down')
    await applier.saveCursor()
    await keeper.checkpoint()
    if (behind()) return
    await sleep(waitMs)
    waitMs = Math.min(LAST_WAIT_MS, waitMs * 2)
  }
  throw new TallystickError(
    'store_unavailable',
    `A consumer of the journal stays in segment ${segment}; the erasure is gone on with at the next start.`,
  )
}
