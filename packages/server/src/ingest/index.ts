/** The pipeline behind every door: decode, deduplicate, price, journal, apply, publish. */
export * from './conflicts.ts'
export * from './counters.ts'
export * from './ingest.ts'
export * from './invariants.ts'
export { type IngestOptions, openIngest } from './open-ingest.ts'
