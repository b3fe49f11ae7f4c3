/** What a budget is counted in: `nano_usd` of cost, or `tokens` (input and output together). */
export type BudgetUnit = 'nano_usd' | 'tokens'

/** Whose spend: every event for which the dimension has this value. `tags.team` and the like split by a tag. */
export interface BudgetSubject {
  readonly dimension: 'agent_id' | 'api_key_id' | 'user_id' | 'provider' | 'model' | `tags.${string}`
  readonly value: string
}

/** From when to when spend counts. `day`, `week` (from Monday) and `month` are those of an IANA zone. */
export type BudgetWindow =
  | { readonly kind: 'day' | 'week' | 'month'; readonly timeZone: string }
  | { readonly kind: 'rolling'; readonly ms: number }
  | { readonly kind: 'total' }

/** How much somebody may spend in a window. */
export interface Budget {
  readonly id: string
  readonly name: string
  /** Absent: of the whole server. */
  readonly tenantId?: string
  /** Absent: all of the tenant's spend. */
  readonly subject?: BudgetSubject
  readonly unit: BudgetUnit
  /** A decimal integer of the unit, e.g. `"25000000000"` is $25. */
  readonly amount: string
  readonly window: BudgetWindow
  /** `hard` refuses leases beyond the amount; `soft` only tells. */
  readonly mode: 'soft' | 'hard'
  /** Percent of the amount at which to tell, ascending. */
  readonly thresholds: readonly number[]
  /** Earlier spend does not count: the budget was reset then, or made then if its window is `total`. */
  readonly countedFromMs?: number
  /** Rises by one with every change somebody makes; absent: 1. */
  readonly revision?: number
  /** Thresholds that spend has reached in the window, and whether everybody has been told. */
  readonly crossings?: readonly BudgetCrossing[]
  readonly createdMs: number
  readonly updatedMs: number
}

/** That spend has reached a threshold. */
export interface BudgetCrossing {
  /** Percent of the amount. */
  readonly threshold: number
  /** Which window: its start, or for a rolling one when it happened. */
  readonly windowStartMs: number
  /** Of the budget when it happened: after a reset the same threshold can be reached again in the same window. */
  readonly revision: number
  readonly atMs: number
  /** Spend then: a decimal integer of the unit. */
  readonly spent: string
  /** Absent: somebody is still to be told. */
  readonly told?: true
}
