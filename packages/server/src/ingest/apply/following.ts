import type { Journal } from '@tallystick/core/journal'
import type { JournalFollower, StoredEvent } from '../../store/store.ts'
import type { Applier, ExpectedEvents } from './applier.ts'
import { CursorKeeper } from './cursor-keeper.ts'

/** For a store that reads the journal by itself: tells it how far the journal is durable. */
export async function openFollowing(
  follower: JournalFollower,
  journal: Journal,
  journalDir: string,
  onError: (error: unknown) => void,
): Promise<Applier> {
  await follower.follow(journalDir, journal.end(), journal.id)
  const stop = journal.onDurable((end) => follower.advance(end))
  // Commits between the two lines above, if any, must not wait for the next one.
  follower.advance(journal.end())
  const cursor = await CursorKeeper.open(journal, () => follower.progress().appliedOrdinal, onError)
  return {
    assertRoom() {},
    expect: (events: readonly StoredEvent[]): ExpectedEvents => ({
      firstOrdinal: events[0]?.ordinal ?? 0,
      lastOrdinal: events.at(-1)?.ordinal ?? 0,
      events: undefined,
      state: 'open',
    }),
    expectClear: (ordinal): ExpectedEvents => ({
      firstOrdinal: ordinal,
      lastOrdinal: ordinal,
      events: undefined,
      state: 'open',
      clears: true,
    }),
    expectReprice: ({ ordinal }): ExpectedEvents => ({
      firstOrdinal: ordinal,
      lastOrdinal: ordinal,
      events: undefined,
      state: 'open',
    }),
    expectOther: (ordinal): ExpectedEvents => ({
      firstOrdinal: ordinal,
      lastOrdinal: ordinal,
      events: undefined,
      state: 'open',
    }),
    settle(delivery, durable) {
      delivery.state = durable ? 'durable' : 'failed'
    },
    progress() {
      const { appliedOrdinal, error } = follower.progress()
      return error === undefined ? { appliedOrdinal } : { appliedOrdinal, storeError: error }
    },
    applied: (ordinal) => follower.applied(ordinal),
    async close() {
      stop()
      await cursor.close()
    },
  }
}
