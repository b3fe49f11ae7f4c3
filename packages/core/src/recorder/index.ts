/** Recording inside a process, and what waits there for a server. */
export {
  EventStore,
  type Prices,
  type RecordFailureOptions,
  type RecordOptions,
  type StreamingStore,
} from './event-store.ts'
export type { EventStoreOptions } from './options.ts'
export * from './pending.ts'
export { EventReceiver } from './receiver.ts'
export type { EventDefaults, RecordableEvent } from './recordable.ts'
export { ComputedStats, ModelStats } from './stats.ts'
export { OTHER_NAME } from './tally.ts'
