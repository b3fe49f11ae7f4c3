/**
 * `tallystick`: the server, embedded. `openTallystick` gives the ingest sink, the store and the HTTP handler in one
 * process; the command of the same name serves them.
 */

export type { Budgets } from './budget/budgets.ts'
export type { Crossing, CrossingListener } from './budget/crossings.ts'
export type { BudgetDefinition } from './budget/definition.ts'
export type { AgentBudget, BudgetFigures } from './budget/figures.ts'
export type { LeaseTerms } from './budget/lease-terms.ts'
export type { Leases, Settled, Usage } from './budget/leases.ts'
export type { Refusal } from './budget/refusal.ts'
export type { AddressPolicy, ClientAddressOptions } from './http/address/client-address.ts'
export type { AdminAccess, Configuration, ShownSetting } from './http/app-context.ts'
export type { Listening } from './http/bind.ts'
export type { Limits } from './http/limits.ts'
export type { ListenOptions } from './http/listen.ts'
export type { LiveHub } from './http/live/hub.ts'
export type { Protocol012Options } from './http/protocol012/protocol012.ts'
export type {
  AckMode,
  Ingest,
  IngestAnswer,
  IngestRequest,
  ItemResult,
  Observed,
  RejectedItem,
} from './ingest/ingest.ts'
export { type Logger, type OpenOptions, openTallystick, type Tallystick } from './open.ts'
export type { ProxySettings, ProxyStats } from './proxy/proxy.ts'
export type { PushSettings } from './push/settings.ts'
export type {
  EventSink,
  ScanCursor,
  ScanPage,
  ScanRequest,
  StoreCapabilities,
  StoredEvent,
  StoreStats,
  UsageStore,
} from './store/store.ts'
export { type Filled, fillFrom } from './workload/fill.ts'
export { type WorkloadEvent, type WorkloadOptions, workload } from './workload/workload.ts'
