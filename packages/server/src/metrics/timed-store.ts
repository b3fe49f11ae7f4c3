import type { Clock } from '@tallystick/core/event'
import type { UsageStore } from '../store/store.ts'

/**
 * The same store, with the time told that each question took it: queries, listings and ranks, those that failed too.
 *
 * @param took given ms
 */
export function timedStore(store: UsageStore, clock: Clock, took: (ms: number) => void): UsageStore {
  const timed =
    <Args extends readonly unknown[], Answer>(ask: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      const startedAt = clock.monotonic()
      try {
        return await ask(...args)
      } finally {
        took(clock.monotonic() - startedAt)
      }
    }
  return {
    capabilities: store.capabilities,
    query: timed((...args: Parameters<UsageStore['query']>) => store.query(...args)),
    scan: timed((...args: Parameters<UsageStore['scan']>) => store.scan(...args)),
    spread: timed((...args: Parameters<UsageStore['spread']>) => store.spread(...args)),
    append: (events, options) => store.append(events, options),
    held: (range, limit) => store.held(range, limit),
    stats: () => store.stats(),
    reprice: (repricings, options) => store.reprice(repricings, options),
    prune: (request) => store.prune(request),
    erase: (request) => store.erase(request),
    clear: () => store.clear(),
    close: () => store.close(),
    ...(store.ownOrdinal ? { ownOrdinal: store.ownOrdinal.bind(store) } : {}),
    ...(store.belongTo ? { belongTo: store.belongTo.bind(store) } : {}),
    ...(store.audit ? { audit: store.audit.bind(store) } : {}),
    ...(store.copyTo ? { copyTo: store.copyTo.bind(store) } : {}),
    ...(store.follower ? { follower: store.follower } : {}),
  }
}
