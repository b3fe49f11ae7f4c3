import type { StoreStats } from '../store/store.ts'
import type { IngestCounts } from './counters.ts'
import type { GapReport, Invariants, LinkLaw, ServerLaw, StoreLaw } from './invariants.ts'
import type { OrdinalLedger } from './ledger.ts'

/** What the law is judged on. All of it is read in one turn of the event loop, but for the store's own snapshot, which comes first. */
export interface Evidence {
  readonly atMs: number
  readonly counts: IngestCounts
  readonly stats: StoreStats
  readonly ledger: OrdinalLedger
  readonly durableOrdinal: number
  /** Records of the journal that are damaged or lost. */
  readonly damagedLines: number
  readonly gaps: GapReport
}

/** Puts the parts of the conservation law together and says whether each holds. */
export function invariantsOf(evidence: Evidence): Invariants {
  const { atMs, counts, gaps } = evidence
  const server = serverLaw(counts)
  const store = storeLaw(evidence)
  const link = linkLaw(counts)
  return {
    balanced: server.balanced && store.balanced !== false && link.balanced,
    at_ms: atMs,
    server,
    store,
    link,
    gaps,
  }
}

function serverLaw(counts: IngestCounts): ServerLaw {
  const { received, accepted, duplicate, conflict, failed, inFlight } = counts
  const rejected = sum(counts.rejected.values())
  return {
    balanced: received === accepted + duplicate + conflict + rejected + failed,
    received,
    accepted,
    duplicate,
    conflict,
    rejected: Object.fromEntries(counts.rejected),
    failed,
    in_flight: inFlight,
  }
}

function linkLaw(counts: IngestCounts): LinkLaw {
  const { acked, unanswered, unsettled, lost } = counts.link
  const told = counts.accepted + counts.duplicate + counts.conflict + sum(counts.rejected.values()) + unsettled + lost
  return { balanced: acked + unanswered === told, acked, unanswered, unsettled, lost }
}

/** Of the events accepted up to where the store has come, how many it has neither kept nor dropped; undefined where nobody knows. */
export function unaccountedFor(
  { events, foreign = 0, expired, cleared, appliedOrdinal }: StoreStats,
  ledger: OrdinalLedger,
): number | undefined {
  const applied = ledger.countUpTo(appliedOrdinal)
  if (!ledger.complete || applied === undefined || expired === undefined || cleared === undefined) return undefined
  return applied - (events - foreign) - expired - cleared
}

function storeLaw({ stats, ledger, durableOrdinal, damagedLines }: Evidence): StoreLaw {
  const { events, foreign = 0, expired = null, cleared = null, appliedOrdinal } = stats
  // What others have written into the store's file was never accepted by us.
  const live = events - foreign
  // The store may know of a commit before this side has been told.
  const accepted = ledger.countUpTo(Math.max(durableOrdinal, appliedOrdinal)) ?? 0
  const applied = ledger.countUpTo(appliedOrdinal)
  const shortfall = unaccountedFor(stats, ledger)
  // A line that was damaged after the store had read it is not missing from the store.
  const quarantined = Math.min(Math.max(shortfall ?? 0, 0), damagedLines)
  return {
    balanced: shortfall === undefined ? null : shortfall === quarantined,
    accepted,
    live,
    expired,
    cleared,
    pending_apply: applied === undefined ? null : accepted - applied,
    quarantined,
    applied_ordinal: appliedOrdinal,
    durable_ordinal: durableOrdinal,
  }
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
