import { bucketStartOf } from '@tallystick/core/query'
import type { AlertRule, Firing } from '../state/alert.ts'
import type { Budget } from '../state/budget.ts'
import { factOf } from './read.ts'
import { settingsOf } from './settings.ts'
import { plainName, written } from './words.ts'

/** That spend has crossed a threshold of a budget upwards; amounts in the unit of the budget. */
export interface BudgetCrossing {
  readonly budget: Budget
  /** Percent of the amount. */
  readonly threshold: number
  readonly windowStartMs: number
  readonly spent: bigint | number | string
  readonly amount: bigint | number | string
}

/** Whoever keeps budgets. May tell of the same crossing more than once. */
export interface BudgetCrossings {
  /** Returns how to stop. A listener resolves once what it was told is durable, and does not reject. */
  onCrossing(listener: (crossing: BudgetCrossing) => Promise<void>): () => void
}

/** Is the rule about this budget, from this threshold on? */
export function concerns(rule: AlertRule, { budget, threshold }: BudgetCrossing): boolean {
  if (rule.kind !== 'budget' || !rule.enabled) return false
  if (rule.tenantId !== undefined && rule.tenantId !== budget.tenantId) return false
  const wanted = rule.filters?.['budget_id']
  return (wanted === undefined || wanted.includes(budget.id)) && threshold >= settingsOf(rule).threshold
}

/** A changed amount or a reset makes another firing of it, a restart does not. */
export function crossingKey(
  rule: AlertRule,
  { budget, threshold, windowStartMs, amount }: BudgetCrossing,
): Firing['key'] {
  return [rule.id, budget.id, threshold, windowStartMs, String(amount), budget.countedFromMs ?? 0]
}

/** What is told of a crossing. */
export function crossingTold(
  rule: AlertRule,
  { budget, threshold, windowStartMs, spent, amount }: BudgetCrossing,
): Pick<Firing, 'severity' | 'title' | 'facts'> {
  const { spec } = settingsOf(rule)
  const amountText = (value: bigint): string =>
    budget.unit === 'nano_usd' ? written('nano_usd', value) : `${written('events', value).split(' ')[0]} tokens`
  return {
    severity: severityOf(spec.severity, threshold),
    title: spec.title({
      subject: plainName(budget.name),
      limit: written('percent', BigInt(Math.trunc(threshold))),
      value: amountText(BigInt(spent)),
      over: amountText(BigInt(amount)),
      names: [],
    }),
    facts: {
      budget_id: budget.id,
      budget_name: budget.name,
      threshold_percent: threshold,
      spent: factOf(BigInt(spent)),
      amount: factOf(BigInt(amount)),
      unit: budget.unit,
      window_start_ms: windowStartMs,
    },
  }
}

/**
 * Is what was told of a budget no longer so? Its window has ended, or it was changed, reset or removed. A rolling window has no
 * end: there it is over once all that was in it has left.
 */
export function isPast({ key, firedMs }: Firing, budget: Budget | undefined, nowMs: number): boolean {
  const [, , , windowStartMs, amount, countedFromMs] = key
  if (budget === undefined || budget.amount !== amount || (budget.countedFromMs ?? 0) !== countedFromMs) return true
  const { window } = budget
  if (window.kind === 'total') return false
  if (window.kind === 'rolling') return nowMs - firedMs >= window.ms
  return bucketStartOf(nowMs, INTERVAL_OF[window.kind], window.timeZone) > Number(windowStartMs)
}

const INTERVAL_OF = { day: '1d', week: '1w', month: '1mo' } as const

type SeveritySpec = ReturnType<typeof settingsOf>['spec']['severity']

export function severityOf({ base, raised = [] }: SeveritySpec, value: number): Firing['severity'] {
  return raised.findLast(({ from }) => value >= from)?.to ?? base
}
