import type { UsageEvent } from '@tallystick/core/event'
import { COUNTER_OF, type Counter, QUANTITY_OF, type Quantity, quantityValue, satisfies } from '@tallystick/core/query'
import type { BudgetUnit } from '../state/budget.ts'

/** What a budget counts of some events. */
export interface Spend {
  /** In the unit of the budget. */
  amount: bigint
  requests: number
  /** Those of the requests whose cost nobody knows. They are in no amount. */
  unpriced: number
}

export const noSpend = (): Spend => ({ amount: 0n, requests: 0, unpriced: 0 })

export function addSpend(into: Spend, { amount, requests, unpriced }: Readonly<Spend>): void {
  into.amount += amount
  into.requests += requests
  into.unpriced += unpriced
}

/** The measure that a unit is the sum of. */
export const UNIT_MEASURE: { readonly [K in BudgetUnit]: string } = {
  nano_usd: 'cost_nano_usd',
  tokens: 'total_tokens',
}

const QUANTITY: { readonly [K in BudgetUnit]: Quantity } = {
  nano_usd: QUANTITY_OF.get(UNIT_MEASURE.nano_usd) as Quantity,
  tokens: QUANTITY_OF.get(UNIT_MEASURE.tokens) as Quantity,
}
const REQUESTS = COUNTER_OF.get('requests') as Counter
const UNPRICED = COUNTER_OF.get('unpriced_requests') as Counter

/** What one event adds, by the rules of the figures themselves; undefined where that is nothing. */
export function spendOf(unit: BudgetUnit, event: UsageEvent): Readonly<Spend> | undefined {
  const amount = quantityValue(QUANTITY[unit], event)
  const requests = satisfies(REQUESTS.where, event) ? 1 : 0
  if ((amount === undefined || amount === 0) && requests === 0) return undefined
  return { amount: BigInt(amount ?? 0), requests, unpriced: satisfies(UNPRICED.where, event) ? 1 : 0 }
}
