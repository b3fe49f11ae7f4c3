/** Where events live and are asked for: the ports, the engines behind them, and the URL that chooses one. */

export type { AuditReport } from './duckdb/audit.ts'
export { type DuckdbStore, type DuckdbStoreOptions, openDuckdbStore, type StoreNotice } from './duckdb/open.ts'
export * from './memory.ts'
export * from './open-store.ts'
export * from './store.ts'
