import type { Repricing } from '../../store/repriced.ts'
import type { StoredEvent } from '../../store/store.ts'

/** Events, one clear, or new prices, that were given ordinals and are on their way into the log. */
export interface ExpectedEvents {
  readonly firstOrdinal: number
  readonly lastOrdinal: number
  /** Absent where the store has to read them from the journal. */
  events: readonly StoredEvent[] | undefined
  state: 'open' | 'durable' | 'failed'
  /** Set on a clear, which has one ordinal and no events. */
  readonly clears?: true
  /** New prices, which have one ordinal; `events` is empty then. */
  readonly repricing?: Repricing
}

/** Brings accepted events to the store, in ordinal order. */
export interface Applier {
  /** Throws `store_unavailable` when no more events can be taken until the store has caught up. */
  assertRoom(): void
  /** Notes events as they get their ordinals, in that order. Tell `settle` what became of them. */
  expect(events: readonly StoredEvent[]): ExpectedEvents
  /** As `expect`, for a record that removes every event before it. */
  expectClear(ordinal: number): ExpectedEvents
  /** As `expect`, for new prices of events before it. */
  expectReprice(repricing: Repricing): ExpectedEvents
  /** As `expect`, for a record that is of no concern to the store. */
  expectOther(ordinal: number): ExpectedEvents
  settle(delivery: ExpectedEvents, durable: boolean): void
  progress(): { readonly appliedOrdinal: number; readonly storeError?: string }
  /**
   * Resolves once everything durable up to `ordinal` is visible to queries. Rejects with `store_unavailable` while applying
   * keeps failing, and with `shutting_down` or `store_unavailable` if it has ended.
   */
  applied(ordinal: number): Promise<void>
  close(): Promise<void>
}
