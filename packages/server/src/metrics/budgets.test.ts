import { describe, expect, it } from 'vitest'
import type { BudgetFigures } from '../budget/figures.ts'
import type { Budget } from '../state/budget.ts'
import { type BudgetSource, budgetSamples } from './budgets.ts'
import type { Share } from './share.ts'

const NANO = 1_000_000_000n

interface Case {
  readonly id: string
  readonly name: string
  readonly tenantId?: string
  readonly unit?: Budget['unit']
  readonly amount?: bigint
  readonly spent?: bigint
  /** Its spend is not known yet. */
  readonly unknown?: true
}

function sourceOf(cases: readonly Case[]): BudgetSource {
  return {
    list: (tenantId) =>
      cases
        .filter((one) => tenantId === undefined || one.tenantId === tenantId)
        .map(({ id, name, unit = 'nano_usd', tenantId: owner }) => ({
          ...{ id, name, unit, amount: '1', window: { kind: 'total' as const }, mode: 'soft' as const, thresholds: [] },
          ...{ createdMs: 0, updatedMs: 0, ...(owner === undefined ? {} : { tenantId: owner }) },
        })),
    known(id) {
      const { amount = 10n * NANO, spent = 0n, unknown } = cases.find((one) => one.id === id) as Case
      return unknown ? undefined : ({ amount, spent, percentBp: (spent * 10_000n) / amount } as BudgetFigures)
    },
  }
}

/** Label and value in the family's unit, by family. */
function shown(cases: readonly Case[], share?: Share): Record<string, readonly (readonly [string, number])[]> {
  return Object.fromEntries(
    budgetSamples(sourceOf(cases), share).map(({ family, samples, per = 1 }) => [
      family.name.replace('llm_budget_', ''),
      samples.map((sample) => [sample.labels['budget'] ?? '', 'value' in sample ? Number(sample.value) / per : -1]),
    ]),
  )
}

describe('budgets', () => {
  it('are told of in dollars, and their use as a share, which those in tokens have too', () => {
    expect(
      shown([
        { id: 'a', name: 'Team', amount: 25n * NANO, spent: 5_000_000_000n },
        { id: 'b', name: 'Tokens', unit: 'tokens', amount: 1_000n, spent: 1_500n },
        { id: 'c', name: 'New', unknown: true },
      ]),
    ).toEqual({
      limit_usd: [['Team', 25]],
      spent_usd: [['Team', 5]],
      used_ratio: [
        ['Team', 0.2],
        ['Tokens', 1.5],
      ],
    })
  })

  it('of one name are told apart, the first keeping it whatever comes after', () => {
    const { limit_usd: labels } = shown([
      { id: 'a', name: 'Team' },
      { id: 'b', name: 'Team' },
      { id: 'c', name: 'Team (d)' },
      { id: 'd', name: 'Team' },
      { id: 'e', name: 'other' },
    ])
    expect(labels?.map(([label]) => label)).toEqual(['Team', 'Team (b)', 'Team (d)', 'other', 'other (e)'])
  })

  it('are those of the tenant, of none, or all', () => {
    const cases: readonly Case[] = [
      { id: 'a', name: 'of none' },
      { id: 'b', name: 'left', tenantId: 'l' },
      { id: 'c', name: 'right', tenantId: 'r' },
    ]
    const names = (share?: Share): unknown => shown(cases, share)['limit_usd']?.map(([label]) => label)
    expect(names()).toEqual(['of none', 'left', 'right'])
    expect(names('l')).toEqual(['left'])
    expect(names(null)).toEqual(['of none'])
  })

  it('beyond those that are named are one, with their sums and the ratio of the fullest', () => {
    const cases = Array.from({ length: 100 }, (_, index) => ({ id: `i${index}`, name: `n${index}`, spent: NANO }))
    const {
      limit_usd: limits = [],
      spent_usd: spent = [],
      used_ratio: used = [],
    } = shown([...cases, { id: 'full', name: 'full', spent: 9n * NANO }])
    expect(limits.length).toBeLessThanOrEqual(31)
    expect(limits.reduce((sum, [, value]) => sum + value, 0)).toBe(1_010)
    expect(spent.reduce((sum, [, value]) => sum + value, 0)).toBe(109)
    expect(used.find(([label]) => label === 'other')?.[1]).toBe(0.9)
  })
})
