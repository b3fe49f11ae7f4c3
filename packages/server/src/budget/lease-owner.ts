import type { Lease } from '../state/lease.ts'
import type { LeaseTerms } from './lease-terms.ts'

/** The server that promises room in budgets, where that is another one. */
export interface LeaseOwner {
  /** As `Leases.reserve`, and `control_unavailable` when it cannot be asked. */
  reserve(terms: LeaseTerms): Promise<Lease>
  giveBack(lease: Lease): Promise<void>
  /** What becomes of a request that counts in a hard budget while it cannot be asked. */
  readonly whenAway: 'refuse' | 'pass'
}

/**
 * How long a lease that was settled at another server than the owner takes room: until the owner has taken the spend with its event
 * from the store, reckoned generously.
 */
export const SETTLED_ELSEWHERE_MS = 15_000
