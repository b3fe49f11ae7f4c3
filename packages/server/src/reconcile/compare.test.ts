import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BillRow } from '../state/bill.ts'
import { compare, MEASURES, type OurRow, totalsJson } from './compare.ts'

const DAYS = ['2026-11-01', '2026-11-02'] as const
const MODELS = ['gpt-4o', 'gpt-4o-2024-08-06', 'o3', '__proto__'] as const

const row = (day: string, model: string, more: Partial<Record<string, number | string | null>> = {}): OurRow => ({
  ...Object.fromEntries(MEASURES.map((name) => [name, 0])),
  time_ms: Date.parse(`${day}T00:00:00Z`),
  model,
  response_model: null,
  ...(more as OurRow),
})
const bill = (day: string, model: string | undefined, more: Partial<BillRow>): BillRow => ({
  id: JSON.stringify([day, model ?? null]),
  provider: 'openai',
  day,
  ...(model === undefined ? {} : { model }),
  updatedMs: 1,
  ...more,
})

const amount = fc.nat({ max: 10 ** 12 })
const ours = fc.uniqueArray(
  fc.record({
    day: fc.constantFrom(...DAYS),
    model: fc.constantFrom(...MODELS),
    figures: fc.array(amount, { minLength: 13, maxLength: 13 }),
  }),
  { selector: ({ day, model }) => `${day} ${model}` },
)
const bills = fc.uniqueArray(
  fc.record({
    day: fc.constantFrom(...DAYS),
    model: fc.option(fc.constantFrom(...MODELS), { nil: undefined }),
    nanoUsd: fc.option(fc.integer({ min: -1000, max: 10 ** 12 }), { nil: undefined }),
    tokens: fc.option(fc.record({ fresh_input: amount, cache_read: amount, cache_write: amount, output: amount }), {
      nil: undefined,
    }),
  }),
  { selector: ({ day, model }) => `${day} ${model}` },
)

describe('bills beside what was recorded', () => {
  it('every amount of either side on days with costs is in one row, and the parts make the difference', () => {
    fc.assert(
      fc.property(ours, bills, (recorded, billed) => {
        const rows = recorded.map(({ day, model, figures }) =>
          row(day, model, Object.fromEntries(MEASURES.map((name, index) => [name, figures[index] ?? 0]))),
        )
        const table = billed.map(({ day, model, nanoUsd, tokens }) =>
          bill(day, model, {
            ...(nanoUsd === undefined ? {} : { cost: { nanoUsd: String(nanoUsd), lines: 1 } }),
            ...(tokens === undefined ? {} : { usage: { tokens } }),
          }),
        )
        const comparisons = compare(table, rows)
        const days = new Set(table.filter(({ cost }) => cost !== undefined).map(({ day }) => day))
        const sum = (values: readonly unknown[]): bigint =>
          values.reduce<bigint>((total, value) => total + BigInt(value as number | string), 0n)
        const ofDays = rows.filter((one) => days.has(new Date(Number(one['time_ms'])).toISOString().slice(0, 10)))
        const totals = totalsJson(comparisons) as {
          ours_nano_usd: number | string
          theirs_nano_usd: number | string
          explained: object
        }
        const [have, billedSum] = [BigInt(totals.ours_nano_usd), BigInt(totals.theirs_nano_usd)]
        expect(have).toBe(sum(ofDays.map((one) => one['cost_nano_usd'])))
        expect(billedSum).toBe(sum(table.flatMap(({ cost }) => (cost === undefined ? [] : [cost.nanoUsd]))))
        expect(have + sum(Object.values(totals.explained))).toBe(billedSum)
      }),
      { seed: 67, numRuns: 500 },
    )
  })

  it('a model of ours stands beside the one that answered, else the only one that differs by its date', () => {
    const table = [bill(DAYS[0], 'gpt-4o-2024-08-06', { cost: { nanoUsd: '9', lines: 1 } })]
    const rows = [
      row(DAYS[0], 'gpt-4o', { requests: 1, cost_nano_usd: 2 }),
      row(DAYS[0], 'alias', { response_model: 'gpt-4o-2024-08-06', requests: 1, cost_nano_usd: 3 }),
      row(DAYS[1], 'gpt-4o', { requests: 1, cost_nano_usd: 100 }),
    ]
    expect(compare(table, rows).map(({ model, ours }) => [model, ours.costNanoUsd])).toEqual([
      ['gpt-4o-2024-08-06', 5n],
    ])
  })
})
