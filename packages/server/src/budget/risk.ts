/** What a budget is said to be, as Protocol 012 has it. */
export type BudgetStatus = 'active' | 'exhausted'
export type RiskLevel = 'low' | 'medium' | 'high' | 'critical' | 'exhausted'

export interface Risk {
  readonly status: BudgetStatus
  readonly riskLevel: RiskLevel
}

/** From which percent on, the highest first. */
const BANDS: readonly { readonly percent: bigint; readonly riskLevel: RiskLevel }[] = [
  { percent: 100n, riskLevel: 'exhausted' },
  { percent: 95n, riskLevel: 'critical' },
  { percent: 80n, riskLevel: 'high' },
  { percent: 50n, riskLevel: 'medium' },
]

/**
 * Status and risk of a budget by the bands of Protocol 012: medium from 50 %, high from 80 %, critical from 95 %, exhausted
 * from 100 %. Compared in integers: a nano-dollar below a band is below it. An amount of 0 is `active` and `low`.
 *
 * @example riskOf(4_999n, 10_000n) // { status: 'active', riskLevel: 'low' }
 * @example riskOf(5_000n, 10_000n) // { status: 'active', riskLevel: 'medium' }
 */
export function riskOf(spent: bigint, amount: bigint): Risk {
  const band = amount <= 0n ? undefined : BANDS.find(({ percent }) => spent * 100n >= amount * percent)
  const riskLevel = band?.riskLevel ?? 'low'
  return { status: riskLevel === 'exhausted' ? 'exhausted' : 'active', riskLevel }
}

/**
 * What share of the amount is spent, in basis points (hundredths of a percent), rounded down, so that 10,000 is reached
 * when the budget is and no sooner. 0 of an amount of 0.
 *
 * @example basisPointsOf(1n, 3n) // 3333n
 */
export function basisPointsOf(spent: bigint, amount: bigint): bigint {
  return amount <= 0n || spent <= 0n ? 0n : (spent * 10_000n) / amount
}
