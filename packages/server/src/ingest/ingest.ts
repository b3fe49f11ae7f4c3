import type { ErrorCode } from '@tallystick/core'
import type { Decoder, UsageEvent } from '@tallystick/core/event'
import type { RepricingRecord } from '../store/repricing-record.ts'
import type { StoredEvent } from '../store/store.ts'
import type { ConflictRecord } from './conflicts.ts'
import type { IngestCounts } from './counters.ts'
import type { GapReport, Invariants, SourceSelection } from './invariants.ts'
import type { SourceLedger } from './source-ledger.ts'

/** One delivery of events, from whichever door. */
export interface IngestRequest {
  /** What was sent, one entry an event, not yet validated. */
  readonly items: readonly unknown[]
  /** What the sender says of events that will never come. Kept as durably as events are; no part of the counts. */
  readonly ledgers?: readonly SourceLedger[]
  /** Reads one item; the native wire form when absent. */
  readonly decode?: Decoder
  /** Which way in: `native`, `protocol012`, `import.csv`, ... A small closed set; counted by. */
  readonly door: string
  /** Members for items that do not say otherwise, e.g. the batch's `sourceId` and `epoch`. */
  readonly defaults?: Readonly<Partial<UsageEvent>>
  /**
   * What the door saw of the sender by itself. It fills gaps after the content has been compared: a repeat that comes
   * from another address is still a repeat. A function where not all items come from one: it is given their place.
   */
  readonly observed?: Observed | ((index: number) => Observed | undefined)
  /** Makes a repeat of the whole delivery recognisable although its items carry no ids of their own. */
  readonly idempotencyKey?: string
  /** When to answer; `durable` when absent. */
  readonly ack?: AckMode
  /**
   * How long `applied` waits for the store, ms, before `store_unavailable` is the answer; for ever when absent. The events
   * are durable by then, so a repeat finds duplicates.
   */
  readonly appliedWithinMs?: number
  /** Also list the outcome of every item. */
  readonly wantResults?: boolean
  /** Who was authenticated. Its tenant (null: none) and agent replace whatever items and ledgers claim. */
  readonly principal?: { readonly tenantId?: string | null; readonly agentId?: string }
}

/** What a door has seen of who delivers. */
export type Observed = Readonly<Pick<UsageEvent, 'clientIp' | 'authMethod' | 'authenticated' | 'apiKeyId'>>

/**
 * `durable`: after the journal's fsync. `received`: at once, from memory; a crash in the next milliseconds may lose the
 * events, and they show as `lost` in the invariants. `applied`: durable, and visible to queries.
 */
export type AckMode = 'durable' | 'received' | 'applied'

export const ACK_MODES: readonly AckMode[] = ['durable', 'received', 'applied']

/** The native answer, as it goes over the wire: `received = accepted + duplicate + conflict + rejected.length`. */
export interface IngestAnswer {
  readonly received: number
  readonly accepted: number
  readonly duplicate: number
  readonly conflict: number
  /** Items whose id is taken by an event with other content. The first write stands. */
  readonly conflicts: readonly { readonly index: number; readonly event_id: string }[]
  readonly rejected: readonly RejectedItem[]
  readonly results?: readonly ItemResult[]
}

/** An item that was refused, and why. */
export interface RejectedItem {
  readonly index: number
  readonly event_id?: string
  readonly code: ErrorCode
  readonly message: string
  readonly field?: string
}

export type ItemStatus = 'accepted' | 'duplicate' | 'conflict' | 'rejected'

/** What became of one item of a delivery. */
export interface ItemResult {
  readonly index: number
  /** Absent only where a rejected item's id could not be read. */
  readonly event_id?: string
  readonly status: ItemStatus
  readonly code?: ErrorCode
}

/** The one pipeline behind every door. */
export interface Ingest {
  /**
   * Takes a delivery. Items are judged one by one: a bad one never costs its batch-mates anything. Each event is
   * counted once however often and over however many connections it is sent.
   *
   * Rejects with a `TallystickError` only when nothing can be promised for the delivery as a whole (`disk_full`,
   * `journal_unavailable`, `store_unavailable`, `shutting_down`); sending the same delivery again is then always safe.
   * Deliveries of more than 1,000 items are journaled in slices; after such an error some slices may stand already,
   * and the repeat finds their events to be duplicates.
   *
   * @example
   * const ingest = await openIngest({ store: openMemoryStore(), prices: createPriceBook() })
   * await ingest.submit({ items: [{ model: 'gpt-4o', input_tokens: 12, output_tokens: 3 }], door: 'native' })
   * // { received: 1, accepted: 1, duplicate: 0, conflict: 0, conflicts: [], rejected: [] }
   */
  submit(request: IngestRequest): Promise<IngestAnswer>
  /** Called synchronously with each group of accepted events, in ordinal order within a delivery. Must not throw; returns how to stop. */
  onAccepted(listener: (events: readonly StoredEvent[]) => void): () => void
  /** Called after each {@link Ingest.clear}, once it is applied. Must not throw; returns how to stop. */
  onCleared(listener: () => void): () => void
  /**
   * Removes every event accepted so far, totals included; resolves once queries no longer see them. Durable before
   * anything is removed, so a crash in between finishes it at the next start. Ids stay known: a late retry of a cleared
   * event is a duplicate and brings nothing back. Deliveries under way come before or after it, never half.
   *
   * Rejects as {@link Ingest.submit} does, and with `store_unavailable` when `withinMs` have passed (for ever unless given);
   * nothing has been removed then unless the error is `store_unavailable` or `shutting_down`, where the removal happens as
   * soon as the store can.
   */
  clear(withinMs?: number): Promise<void>
  /**
   * Journals new prices of events accepted before; resolves once they are durable. The store shows them when it has come so far
   * ({@link Ingest.applied}). One at a time keeps their order.
   *
   * Rejects as {@link Ingest.submit} does; then nothing of it stands.
   */
  reprice(record: RepricingRecord): Promise<void>
  /** Counters since this process started; one consistent snapshot. */
  counts(): IngestCounts
  /** The conservation law: one consistent snapshot of server, store, link and gaps. */
  invariants(): Promise<Invariants>
  /** Which numbers of their sources have not arrived; without the store, so at once. */
  gaps(selection?: SourceSelection): GapReport
  /** The last 1,000 conflicts, newest last. */
  conflicts(): readonly ConflictRecord[]
  /** Events accepted with an ordinal up to `ordinal`, since the journal began; undefined where that is no longer known. */
  acceptedUpTo(ordinal: number): number | undefined
  /** How far the store has come, without waiting for it. */
  progress(): IngestProgress
  /**
   * Resolves once every event accepted so far is visible to queries. Rejects with `store_unavailable` while applying keeps
   * failing, or when `withinMs` have passed; for ever unless given.
   */
  applied(withinMs?: number): Promise<void>
  /** Forgets ids that no retained event carries any more; call it now and then. */
  prune(): Promise<void>
  /** Resolves once no delivery is in flight and all that was accepted is applied. */
  drain(): Promise<void>
  /** Refuses new deliveries (`shutting_down`), waits for those in flight, writes the sidecar and the cursors. A store that is handed its events gets what is left, while that goes well and for a few seconds at most; what it has not applied then it finds in the journal. Leaves journal and store open. */
  close(): Promise<void>
}

export interface IngestProgress {
  /** Highest ordinal the store has applied. */
  readonly appliedOrdinal: number
  /** Highest durable ordinal. */
  readonly targetOrdinal: number
  /** Deliveries that have not been answered yet. */
  readonly inFlight: number
  /** Why the store is not keeping up, while it is not. */
  readonly storeError?: string
}
