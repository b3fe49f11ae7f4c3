import { CONVENTIONAL_FAMILIES as FAMILIES, type FamilySamples, type ValueSample } from '@tallystick/core/metrics'
import type { Budgets } from '../budget/budgets.ts'
import type { BudgetFigures } from '../budget/figures.ts'
import type { Budget } from '../state/budget.ts'
import { isOf, type Share } from './share.ts'

/** Budgets that are named; the rest is `other`. */
const MAX_BUDGETS = 30
const OTHER = 'other'
const NANO = 1_000_000_000
const BASIS_POINTS = 10_000

/** Where the figures of budgets come from. */
export type BudgetSource = Pick<Budgets, 'list' | 'known'>

interface Standing {
  readonly label: string
  readonly budget: Budget
  readonly figures: BudgetFigures
}

/**
 * How budgets stand, by name; one whose spend is not known is left out. The first of a name has it, further ones have their id
 * behind it. Beyond {@link MAX_BUDGETS} they are `other`: their amounts and spends in money summed, and the fullest one's ratio.
 */
export function budgetSamples(source: BudgetSource, share: Share): readonly FamilySamples[] {
  const taken = new Set<string>([OTHER])
  const standings: Standing[] = []
  for (const budget of source.list(share ?? undefined)) {
    if (!isOf(share, budget.tenantId)) continue
    const named = taken.size <= MAX_BUDGETS
    const label = named ? labelOf(budget, taken) : OTHER
    taken.add(label)
    const figures = source.known(budget.id)
    if (figures !== undefined) standings.push({ label, budget, figures })
  }
  const money = standings.filter(({ budget }) => budget.unit === 'nano_usd')
  return [
    { family: FAMILIES.budgetLimit, samples: summed(money, ({ amount }) => amount), per: NANO },
    { family: FAMILIES.budgetSpent, samples: summed(money, ({ spent }) => spent), per: NANO },
    { family: FAMILIES.budgetUsed, samples: fullest(standings), per: BASIS_POINTS },
  ]
}

function labelOf({ name: said, id }: Budget, taken: ReadonlySet<string>): string {
  const name = said.toWellFormed()
  if (!taken.has(name)) return name
  const longer = `${name} (${id})`
  // Somebody has named a budget like that.
  return taken.has(longer) ? OTHER : longer
}

function summed(standings: readonly Standing[], of: (figures: BudgetFigures) => bigint): readonly ValueSample[] {
  const sums = new Map<string, bigint>()
  for (const { label, figures } of standings) sums.set(label, (sums.get(label) ?? 0n) + of(figures))
  return [...sums].map(([budget, value]) => ({ labels: { budget }, value }))
}

function fullest(standings: readonly Standing[]): readonly ValueSample[] {
  const most = new Map<string, bigint>()
  for (const { label, figures } of standings) {
    const known = most.get(label)
    if (known === undefined || figures.percentBp > known) most.set(label, figures.percentBp)
  }
  return [...most].map(([budget, value]) => ({ labels: { budget }, value }))
}
