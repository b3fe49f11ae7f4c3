/** How near an agent is to the end of its budget. */
export interface BudgetRisk {
  readonly status: 'active' | 'exhausted'
  readonly riskLevel: 'low' | 'medium' | 'high' | 'critical' | 'exhausted'
}

/** From this percentage of the amount on; the greatest first. */
const BANDS: readonly (readonly [percent: bigint, riskLevel: BudgetRisk['riskLevel']])[] = [
  [100n, 'exhausted'],
  [95n, 'critical'],
  [80n, 'high'],
  [50n, 'medium'],
]

/**
 * The documented bands, in integers, so that 49.99 % is low and 50 % is not. Without an amount there is nothing to run out of.
 *
 * @example budgetRisk(80n, 100n) // { status: 'active', riskLevel: 'high' }
 */
export function budgetRisk(spent: bigint, allowed: bigint): BudgetRisk {
  const band = allowed > 0n ? BANDS.find(([percent]) => spent * 100n >= percent * allowed) : undefined
  const riskLevel = band?.[1] ?? 'low'
  return { status: riskLevel === 'exhausted' ? 'exhausted' : 'active', riskLevel }
}
