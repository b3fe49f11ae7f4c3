/** Recording inside a process, and what waits there for a server. */
export {
  EventStore,
  type SharedEventStore,
  type SharedStoreOptions,
  type StreamingStore,
} from './event-store.ts'
export type { EventStoreOptions } from './options.ts'
export * from './pending.ts'
export { EventReceiver } from './receiver.ts'
export type { EventDefaults, RecordableEvent } from './recordable.ts'
export type { Prices, RecordFailureOptions, RecordOptions } from './recording.ts'
export type { WriterHandle } from './shared/handle.ts'
export { openSharedStore } from './shared/open.ts'
export { attachWriter, type SharedWriter } from './shared/writer.ts'
export type { SharedWriters, WritersOptions, WriterTotals } from './shared/writers.ts'
export { ComputedStats, ModelStats } from './stats.ts'
export { OTHER_NAME } from './tally.ts'
