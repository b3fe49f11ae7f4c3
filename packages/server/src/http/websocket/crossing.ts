/** That spend has come to a threshold of a budget. */
export interface Crossing {
  readonly budgetId: string
  /** Absent: of the whole server. */
  readonly tenantId?: string
  /** Absent: the budget is not one agent's. */
  readonly agentId?: string
  readonly unit: 'nano_usd' | 'tokens'
  /** In the unit, exact. */
  readonly spent: bigint
  readonly amount: bigint
  /** Percent of the amount that was come to. */
  readonly threshold: number
}
