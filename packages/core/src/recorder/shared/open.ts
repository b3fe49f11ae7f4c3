import { EventStore, registerShared, type SharedEventStore, type SharedStoreOptions } from '../event-store.ts'
import { Writers } from './writers.ts'

/**
 * {@link EventStore.shared} as a function, which a bundler keeps for whoever calls it and drops for everybody else.
 *
 * @throws TallystickError `invalid_config` with what is wrong with the options
 */
export function openSharedStore(options: SharedStoreOptions): SharedEventStore {
  const store = new EventStore(options)
  const writers = store.collectFrom((collected) => new Writers(options, options.defaults ?? {}, collected))
  return Object.assign(store, {
    handle: (writer: number) => writers.handle(writer, store.enabled),
    collect: () => writers.collect(),
    writerExited: (writer: number) => writers.exited(writer),
    writerTotals: () => writers.totals(),
  })
}

registerShared(openSharedStore)
