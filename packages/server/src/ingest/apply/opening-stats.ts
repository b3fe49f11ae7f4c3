import type { Journal } from '@tallystick/core/journal'
import type { StoreStats, UsageStore } from '../../store/store.ts'
import { STORE_CURSOR } from './cursor-keeper.ts'

/**
 * What the store holds when it is opened. Of one in another process that is away: that it has applied what the journal has noted of
 * it, which is no more than it had; when it comes back with less, it is told then.
 */
export async function openingStats(store: UsageStore, journal?: Pick<Journal, 'cursors'>): Promise<StoreStats> {
  try {
    return await store.stats()
  } catch (error) {
    if (!store.capabilities.remote || journal === undefined) throw error
    const appliedOrdinal = journal.cursors().get(STORE_CURSOR)?.ordinal ?? 0
    return { events: 0, appliedOrdinal, oldestMs: null, newestMs: null, bytes: 0 }
  }
}
