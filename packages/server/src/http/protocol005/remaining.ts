import type { Budgets } from '../../budget/budgets.ts'
import type { Lease } from '../../state/lease.ts'

/** What is left in the tightest money budget that the lease counts in; undefined where there is none. */
export function remainingOf(budgets: Budgets, lease: Lease): bigint | undefined {
  let least: bigint | undefined
  for (const id of lease.budgetIds) {
    const left = budgets.remaining(id, 'nano_usd')
    if (left !== undefined && (least === undefined || left < least)) least = left
  }
  return least
}
