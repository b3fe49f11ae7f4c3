import type { EventKind, FieldName, UsageEvent } from '@tallystick/core/event'
import type { JournalEnd, OrdinalRange } from '@tallystick/core/journal'
import type { Filter, Quantity, Query, QueryResult } from '@tallystick/core/query'
import type { Repricing } from './repriced.ts'

/** An event as it stands in the journal and the stores: with its ordinal (position in the one order of acceptance). */
export interface StoredEvent {
  /** Rises by one with every accepted event; never reused. */
  readonly ordinal: number
  /** When the server received it, ms since 1970 UTC. */
  readonly receivedMs: number
  readonly event: UsageEvent
}

/** Accepts events. The sync client, every store and the ingest pipeline are sinks. */
export interface EventSink {
  /**
   * Takes events in ordinal order. Idempotent: events at or below the highest ordinal already applied are skipped, so
   * a replay changes nothing.
   */
  append(events: readonly StoredEvent[], options?: AppendOptions): Promise<void>
}

export interface AppendOptions {
  /**
   * The ordinal that the store is thought to have applied. A store in another process may have lost it (emptied by others, a
   * replica that lags in its place): then it takes nothing and rejects with `store_unavailable`, and `stats` tells how far it has
   * come. Other stores need not look at it.
   */
  readonly after?: number
}

/**
 * Where events live and are asked for. Every implementation passes the one conformance suite (`testing/conformance.ts`):
 * whatever is asked, the integers equal those of `fold` over the same events.
 *
 * (The design calls this port `EventStore`; that name belongs to the recorder's class in `@tallystick/core`, so here it is
 * `UsageStore`: docs/decisions/0002.)
 */
export interface UsageStore extends EventSink {
  readonly capabilities: StoreCapabilities
  /** Answers a validated query. */
  query(query: Query, options?: QueryOptions): Promise<QueryResult>
  /** Events by filter, newest first unless `ascending`; at most `limit` (1 to 10,000). */
  scan(request: ScanRequest): Promise<ScanPage>
  /**
   * Least, middle and greatest value of a quantity, exactly: what a sketch cannot tell. Of the events still held, since totals
   * know no ranks; undefined when there are none.
   */
  spread(request: SpreadRequest, options?: QueryOptions): Promise<Spread | undefined>
  /**
   * The events it holds with ordinals of a range, in that order, at most `limit`: what can be known of records that the journal
   * has lost. Expired and cleared events are not among them.
   */
  held(range: OrdinalRange, limit: number): Promise<readonly StoredEvent[]>
  /**
   * What is appended from now on comes from the journal with this id, and `stats` tells. Absent on a store that keeps nothing
   * over a restart.
   */
  belongTo?(journalId: string): Promise<void>
  /**
   * Takes over the accounts of another store of the same journal once it has been handed all events of that one: what retention
   * and clears removed there counts as removed here, and nothing up to its highest ordinal is awaited any more. The highest
   * ordinal never sinks. Absent where nobody counts what was removed.
   */
  takeOver?(accounts: StoreAccounts): Promise<void>
  stats(): Promise<StoreStats>
  /** Compares what the store keeps more than once (rows, cells, counters) with itself. Absent where nothing is kept twice. */
  audit?(): Promise<StoreAudit>
  /**
   * Copies the store's file to `path` as it stands between two commits; beside it may stand `path.wal`, which belongs to it.
   * Nothing is applied meanwhile, but queries are answered. Absent where the store is no file of ours.
   */
  copyTo?(path: string): Promise<StoreCopy>
  /** Drops single events and totals for their age; see {@link PruneRequest}. */
  prune(request: PruneRequest): Promise<{ readonly eventsDropped: number }>
  /**
   * Puts a pseudonym in the place of one user, in single events and in totals; every figure stays what it was, the number of
   * distinct users included. Once it resolves, queries no longer tell the user and no byte that the store keeps does: not in
   * freed space, logs or temporary files either. Idempotent, and what a crash has cut short is finished by asking again.
   * Whoever asks hands over no event with an ordinal above `throughOrdinal` before it has resolved, so that totals need not
   * be told apart by ordinal.
   */
  erase(request: EraseRequest): Promise<{ readonly events: number }>
  /**
   * Keeps what events come to at newer prices (`repriced.ts`). Takes one or more in ordinal order with `append` and as idempotent:
   * those at or below the highest applied ordinal are skipped, and that of the last is the highest then. Of two about one event
   * the later counts. Events that the store does not hold, since they were cleared or have expired, are passed over; totals
   * change by what the others do.
   */
  reprice(repricings: readonly Repricing[], options?: AppendOptions): Promise<void>
  /**
   * The ordinal that an event has in the journal of this store, given the one that `scan` gave; undefined for an event of another
   * journal. Absent where both are always the same.
   */
  ownOrdinal?(ordinal: number): number | undefined
  /** Removes everything. The highest applied ordinal stays, so a replay resurrects nothing. */
  clear(): Promise<void>
  close(): Promise<void>
  /** Present on a store that reads the journal by itself (in its own thread) instead of being handed events. */
  readonly follower?: JournalFollower
}

/** What has expired; absent: nothing of it. */
export interface PruneRequest {
  /** Single events before this instant, ms since 1970 UTC. Totals stay where the store keeps cells. */
  readonly eventsBeforeMs?: number
  /** Totals before this instant, and single events with them. */
  readonly cellsBeforeMs?: number
  /** Single events of a kind before an instant of its own, beside those that expire anyway. */
  readonly kindsBeforeMs?: ReadonlyMap<EventKind, number>
}

/** Whose name goes. */
export interface EraseRequest {
  /** Of this tenant; null: of events without one. Absent: whoever has this name, in every tenant. */
  readonly tenantId?: string | null | undefined
  readonly userId: string
  /** Stands in its place: a name that no user has ever had. */
  readonly pseudonym: string
  /** Later events keep the user: what is sent again under the name begins anew. */
  readonly throughOrdinal: number
}

export interface QueryOptions {
  readonly signal?: AbortSignal
  /** Only events that came through the journal. A store that never holds others need not look at it. */
  readonly journaled?: boolean
}

/** The half of a store that keeps up with the journal. */
export interface JournalFollower {
  /**
   * Starts to apply what stands in the journal behind the last applied position, up to `end`. From then on the store belongs
   * to the journal with that id, and `stats` tells.
   */
  follow(journalDir: string, end: JournalEnd, journalId?: string): Promise<void>
  /** Everything before `end` is durable now and may be applied. Cheap; called after every group commit. */
  advance(end: JournalEnd): void
  progress(): FollowerProgress
  /** Resolves once `ordinal` is applied and visible to queries. Rejects with `store_unavailable` while applying keeps failing. */
  applied(ordinal: number): Promise<void>
}

export interface FollowerProgress {
  readonly appliedOrdinal: number
  readonly targetOrdinal: number
  /** Why the latest attempt to read or apply failed; absent once one has succeeded. It is tried again. */
  readonly error?: string
}

/** What a store can do. */
export interface StoreCapabilities {
  /** As seed 002 reports it: `memory`, `duckdb`, ... */
  readonly backendType: string
  /** Keeps events over a restart. */
  readonly durable: boolean
  /** Totals outlive raw events. */
  readonly cells: boolean
  /** Lives in another process, which may be away, and come back with less than it had. */
  readonly remote?: true
  /** Beyond this many the oldest events go. Absent: no bound but the disk. */
  readonly maxEvents?: number
}

/** Which events are read. */
export interface ScanRequest {
  readonly fromMs: number
  readonly toMs: number
  readonly filters: readonly Filter[]
  /** Only events with this id: more than one where several agents or sources chose it. */
  readonly eventId?: string
  /** Only events that carry these members with at least these values. */
  readonly atLeast?: readonly LeastValue[]
  readonly limit: number
  readonly ascending?: boolean
  /** Continue after this event in the chosen order. */
  readonly after?: ScanCursor
  /** Members that will be looked at; others may be absent where they need not be present. Absent: all of them. */
  readonly fields?: readonly FieldName[]
}

/** A bound from below on a member of the event that is a number. */
export interface LeastValue {
  readonly field: 'costNanoUsd' | 'durationMs'
  readonly value: number
}

/** Which values are ranked: one of each event of `[fromMs, toMs)` that passes the filters. */
export interface SpreadRequest {
  readonly fromMs: number
  readonly toMs: number
  readonly filters: readonly Filter[]
  readonly quantity: Quantity
  /** The value of an event that does not carry the quantity; absent: it is left out. */
  readonly absentAs?: number
}

/** Order statistics of integers. */
export interface Spread {
  /** How many values there are, at least 1. */
  readonly count: number
  readonly least: number
  /** The two values in the middle; of an odd number of values the same twice. */
  readonly middle: readonly [lower: number, upper: number]
  readonly greatest: number
}

/** Events are ordered by (timestampMs, ordinal). */
export interface ScanCursor {
  readonly timestampMs: number
  readonly ordinal: number
}

/** Events in the order asked for. */
export interface ScanPage {
  readonly events: readonly StoredEvent[]
  /** Present when there may be more. */
  readonly next?: ScanCursor
}

/** What a store knows of events that it no longer holds. */
export interface StoreAccounts {
  /** Highest ordinal applied. */
  readonly appliedOrdinal: number
  /** As `expired` and `cleared` of {@link StoreStats}. */
  readonly expired: number
  readonly cleared: number
}

export interface StoreAudit {
  /** Sentences, one for each thing that does not agree; empty when all is well. */
  readonly differences: readonly string[]
}

export interface StoreCopy {
  /** Highest ordinal applied in the copy. */
  readonly appliedOrdinal: number
}

/** What a store holds. */
export interface StoreStats {
  readonly events: number
  /** Events that retention (or `maxEvents`) has dropped since the last clear; of one instant with `events`. Absent where not counted. */
  readonly expired?: number
  /** Events, expired ones included, that clears have removed since the store began. */
  readonly cleared?: number
  /** Those of `events` that did not come through the journal: documents that others have written into the store's file. */
  readonly foreign?: number
  /** Lines of the store's file that are no document; they are left as they are. */
  readonly malformed?: number
  /** Highest ordinal applied; 0 when none. */
  readonly appliedOrdinal: number
  /** Id of the journal it is a projection of; absent where it has none or was never told. */
  readonly journalId?: string
  readonly oldestMs: number | null
  readonly newestMs: number | null
  /** Up to here events stand in cells, later ones are read one by one; 0 before any. Absent on a store without cells. */
  readonly sealedToMs?: number
  /** Events before that instant that came too late for the cells; they are read one by one until the next sealing. */
  readonly lateEvents?: number
  /** Bytes on disk, 0 where there are none or nobody knows. */
  readonly bytes: number
  /** Sentences: what is not as it should be around the store, although it works. */
  readonly warnings?: readonly string[]
}
