import type { EventStore } from '../recorder/event-store.ts'
import type { RecordingObserver } from '../recorder/observer.ts'
import { defaultMetrics } from './default.ts'
import { requestOf } from './draft-request.ts'
import type { MetricRegistry } from './registry.ts'

/** A registry is one observer, so that a store which is fed to it twice is counted once. */
const observers = new WeakMap<MetricRegistry, RecordingObserver>()

/**
 * Has everything that is recorded through a store from now on counted in a registry as well: no second call is needed
 * beside `store.record`. A store that feeds nobody pays nothing for it.
 *
 * Events that the store's buffer has no room for are counted, repeated ones are not. What a store has no price for is
 * unpriced, even if a server prices it later.
 *
 * @returns ends it; what was counted stays
 * @example
 * const store = new EventStore()
 * feedMetrics(store)
 * createServer(metricsHandler()).listen(9090)
 */
export function feedMetrics(store: EventStore, metrics: MetricRegistry = defaultMetrics()): () => void {
  let observer = observers.get(metrics)
  if (observer === undefined) {
    observer = {
      request: (draft, defaults) => metrics.observeEvent(requestOf(draft, defaults?.operation)),
      totals: (row) => metrics.observeTotals(row),
    }
    observers.set(metrics, observer)
  }
  return store.observe(observer)
}
