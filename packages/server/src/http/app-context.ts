import type { Clock, EventKind } from '@tallystick/core/event'
import type { PriceBook } from '@tallystick/core/pricing'
import type { Alerts } from '../alert/alerts.ts'
import type { BackupStream } from '../backup/archive.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { ControlFeed } from '../control/feed.ts'
import type { Following } from '../control/following.ts'
import type { Erasure } from '../erase/erasure.ts'
import type { Holds } from '../erase/holds.ts'
import type { DirectoryBytes } from '../health/directory-bytes.ts'
import type { DiskState } from '../health/disk-watch.ts'
import type { ProviderWatch } from '../health/provider-watch.ts'
import type { Authenticator } from '../identity/authenticator.ts'
import type { Ingest } from '../ingest/ingest.ts'
import type { Verification } from '../ingest/verify.ts'
import type { Generations } from '../langfuse/generations.ts'
import type { RequestCounts } from '../metrics/request-counts.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { CaptureProxy } from '../proxy/proxy.ts'
import type { Reports } from '../report/reports.ts'
import type { Repricings } from '../reprice/repricings.ts'
import type { Audit } from '../state/audit-log.ts'
import type { StateStats } from '../state/open.ts'
import type { ControlState } from '../state/state.ts'
import type { UsageStore } from '../store/store.ts'
import type { ClientAddress } from './address/client-address.ts'
import type { Assets } from './assets.ts'
import type { ByteBudget } from './body.ts'
import type { Downloads } from './downloads.ts'
import type { Guard } from './guard.ts'
import type { IngestDoor } from './ingest-door.ts'
import type { Limits } from './limits.ts'
import type { LiveHub } from './live/hub.ts'
import type { Login } from './login.ts'
import type { Telemetry } from './otlp/telemetry.ts'
import type { BudgetsOf } from './protocol012/budgets.ts'
import type { Protocol012 } from './protocol012/protocol012.ts'
import type { Turnstile } from './turnstile.ts'
import type { LiveFeed } from './websocket/feed.ts'

/** Who may use the routes of Routiium, all of which are for its administrator. */
export interface AdminAccess {
  /** What a request must bear, where there is one. */
  readonly token?: string
  /** Without a token: open to whoever reaches the server, not to this machine only. */
  readonly insecure?: boolean
}

/** After how long what is dropped, ms; absent: kept. */
export interface Retention {
  readonly eventsMs?: number
  readonly cellsMs?: number
  readonly kindsMs?: ReadonlyMap<EventKind, number>
}

/** What the handlers work with. */
export interface AppContext {
  readonly ingest: Ingest
  /** All of it; handlers that answer with figures or events ask `call.store`. */
  readonly store: UsageStore
  readonly state: ControlState
  /** What others are told of `state` that follow it. */
  readonly controlFeed: ControlFeed
  /** The server whose control state `state` is a copy of; absent where it is our own. */
  readonly follows?: Following
  /** Makes entries of the audit log, to be written to `state` with the change that they tell of. */
  readonly audit: Audit
  /** Finds out who asks. */
  readonly identity: Authenticator
  /** Budgets, what they have spent, and leases. */
  readonly budgets: Budgets
  readonly prices: Pick<PriceBook, 'resolve' | 'receipt' | 'receiptBy' | 'models' | 'version'>
  /** Events priced anew. */
  readonly repricings: Repricings
  readonly alerts: Alerts
  readonly reports: Reports
  /** How the providers do. */
  readonly providers: ProviderWatch
  /** Ranges of time in which nothing is dropped. */
  readonly holds: Holds
  readonly erasure: Erasure
  readonly live: LiveHub
  readonly feed: LiveFeed
  readonly clock: Clock
  readonly limits: Limits
  readonly guard: Guard
  readonly clientAddress: ClientAddress
  readonly door: IngestDoor
  readonly protocol012: Protocol012
  /** What OpenTelemetry exporters send. */
  readonly telemetry: Telemetry
  /** What Langfuse's clients tell of, in parts. */
  readonly generations: Generations
  readonly login: Login
  /** What agents may spend, for the dialects that ask for it by agent. */
  readonly budgetsOf: BudgetsOf
  readonly budget: ByteBudget
  readonly queries: Turnstile
  readonly downloads: Downloads
  /** The capture proxy; absent where it is switched off. */
  readonly proxy?: CaptureProxy
  readonly assets: Assets
  readonly admin: AdminAccess
  readonly retention: Retention
  /** Compares journal, store and rollups. */
  readonly verify: () => Promise<Verification>
  readonly about: About
  /** Begins a backup; absent with a memory store, which keeps nothing. */
  readonly backup?: () => Promise<BackupStream>
  /** Counts what is answered, by route and class of status. */
  readonly requests: RequestCounts
  /** What Prometheus is told. */
  readonly metrics: ServerMetrics
  /** The OpenAPI document of every route. */
  readonly openApi: () => object
  readonly newRequestId: () => string
  /** So many random bytes, hex. */
  readonly newSecret: (bytes: number) => string
  /** Told of every error that was answered as `internal_error`. */
  readonly onError: (error: unknown, requestId: string) => void
  /** Once true, nothing new is taken. */
  readonly stopping: () => boolean
}

/** What `status`, `version` and `readyz` say beyond what the store and the ingest know. */
export interface About {
  readonly version: string
  readonly startedMs: number
  /** Version of the price catalogue in force. */
  readonly catalogueVersion: () => string
  /** Absent when there is none: a memory store keeps nothing over a restart. */
  readonly journal?: () => JournalHealth
  /** Of the control state; absent with a memory store. */
  readonly state?: () => StateHealth
  /** Where the server listens, once it does. */
  readonly address: () => string | undefined
  /** Pushes to a collector of OpenTelemetry; absent where there are none. */
  readonly push?: () => PushHealth
  /** Where a trace can be looked at, `{trace_id}` in place of its id. */
  readonly traceUrl?: string
  /** What the server was configured with, its secrets left out; absent where it is embedded. */
  readonly configuration?: Configuration
  /** What the data directory takes; absent with a memory store. */
  readonly dataDir?: () => Promise<DirectoryBytes>
  /** The last round of retention; undefined before the first. */
  readonly upkeep?: () => UpkeepRound | undefined
}

/** The effective configuration, as it may be shown. */
export interface Configuration {
  readonly file: string | null
  readonly settings: readonly ShownSetting[]
}

/** A configuration value, `***` in place of a secret. */
export interface ShownSetting {
  readonly key: string
  readonly value: string | number | boolean | null | readonly string[]
  readonly source: 'flag' | 'environment' | 'file' | 'default'
  readonly variable: string
  readonly flag: string | null
  readonly secret: boolean
  readonly about: string
}

/** What became of one round of retention. */
export interface UpkeepRound {
  readonly atMs: number
  readonly eventsDropped: number
  readonly problem?: string
}

export interface PushHealth {
  readonly pushed: number
  readonly failed: number
  /** Why the last one failed, where it did. */
  readonly problem?: string
}

export interface StateHealth extends Omit<StateStats, 'state'> {
  readonly state: DiskState
}

export interface JournalHealth {
  /** The same for the whole life of the journal. */
  readonly id: string
  readonly state: DiskState
  readonly records: number
  readonly bytes: number
  readonly segments: number
  /** Records that wait to become durable. */
  readonly pending: number
  readonly quarantinedLines: number
}
