import type { UsageEvent } from '../event/index.ts'

/**
 * Why a recorded event will never reach a server. A closed list: each is counted by itself.
 *
 * - `queue_full`: the buffer was full, the new event was left out (`drop-newest`)
 * - `evicted`: the buffer was full, the oldest event made room (`drop-oldest`)
 * - `too_large`: one event larger than the buffer may hold
 * - `invalid`: not an event: a member of the wrong type, no model, something that throws when it is read
 * - `rejected`: a server refused it for good
 * - `spool_full`: the spool had reached its size, the oldest events made room
 * - `spool_damaged`: a record of the spool could not be read any more
 * - `process_exit`: the process ended while it was in its memory only
 * - `worker_exit`: a worker ended in the middle of handing it over
 * - `drained`: taken out by the application itself
 */
export type DropReason =
  | 'queue_full'
  | 'evicted'
  | 'too_large'
  | 'invalid'
  | 'rejected'
  | 'spool_full'
  | 'spool_damaged'
  | 'process_exit'
  | 'worker_exit'
  | 'drained'

/** Why a recorder drops events itself, those of its writers included. The other reasons are a spool's. */
export type RecorderDropReason = Exclude<DropReason, 'spool_full' | 'spool_damaged' | 'process_exit'>

/**
 * The account of one recorder in one of its lives. At every moment
 * `recorded = acked + pending + sum(dropped)`; events in flight are pending.
 */
export interface Ledger {
  /** Which recorder, and which of its lives: stamped on each of its events, with a `seq` that counts from 0. */
  readonly sourceId: string
  readonly epoch: number
  /** Events that took a `seq`. A repeated id that the caller brought is no new event and took none, unless it had been left out. */
  readonly recorded: number
  /** Answered by the server as accepted or as known already. */
  readonly acked: number
  /** In the buffer, in the spool or on their way. */
  readonly pending: number
  readonly dropped: ReadonlyMap<DropReason, number>
}

/**
 * Events on their way to a server: what a sync client takes from. A recorder is one, in memory; a spool is another, on disk.
 *
 * An event is waiting, or taken (in flight), or gone. The order in which events were recorded is kept, also when taken ones
 * come back.
 */
export interface PendingEvents {
  /** Waiting and taken ones. */
  readonly pendingCount: number
  /**
   * Takes the oldest waiting events, complete with `eventId`, `sourceId`, `epoch` and `seq`.
   *
   * @param limit at most so many, an integer >= 1
   * @param wanted what is not wanted stays waiting and holds nobody up
   */
  take(limit: number, wanted?: (event: UsageEvent) => boolean): readonly UsageEvent[] | Promise<readonly UsageEvent[]>
  /** Taken events have been answered and leave: `acked` (accepted or known already) or `rejected` (refused for good). */
  settle(events: readonly UsageEvent[], outcome: 'acked' | 'rejected'): void | Promise<void>
  /** Taken events have not been answered: they wait again, in their old place. */
  release(events: readonly UsageEvent[]): void
  /** Calls `listener`, soon after but never within the recording of an event, when at least `threshold` wait; returns how to stop. */
  onWaiting(threshold: number, listener: () => void): () => void
  /** What the server shall be told of what it will never see: one ledger for each life that still has something to tell. */
  ledgers(): readonly Ledger[]
}
