import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BillRow } from '../state/bill.ts'
import { billChanges } from './bill-changes.ts'
import { type BillInput, readBillInput } from './bill-input.ts'

type Bills = ReadonlyMap<string, BillRow>

function put(bills: Bills, input: BillInput): Bills {
  const next = new Map(bills)
  for (const { id, row } of billChanges(bills.values(), input, 1)) {
    if (row === undefined) next.delete(id)
    else next.set(id, row as BillRow)
  }
  return next
}

const figures = (bills: Bills) =>
  [...bills.values()]
    .map(({ day, model = null, usage, cost, tenantId }) => ({ day, model, usage, cost, tenantId }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

const cost = (days: Record<string, Record<string, number>>, more: object = {}): BillInput =>
  readBillInput({
    provider: 'openai',
    part: 'cost',
    days: Object.entries(days).map(([day, models]) => ({
      day,
      rows: Object.entries(models).map(([model, amount]) => ({ model, cost_nano_usd: amount })),
    })),
    ...more,
  })
const usage = (day: string, model: string, tokens: number): BillInput =>
  readBillInput({ provider: 'openai', part: 'usage', days: [{ day, rows: [{ model, fresh_input_tokens: tokens }] }] })

describe('a part of a bill', () => {
  it('takes the place of what was known of it for its days, and of nothing else', () => {
    let bills = put(new Map(), cost({ '2026-11-01': { a: 1, b: 2 }, '2026-11-02': { a: 3 } }))
    bills = put(bills, usage('2026-11-01', 'b', 7))
    bills = put(bills, cost({ '2026-11-01': { a: 9 } }))
    expect(
      [...bills.values()].map(({ day, model, cost, usage }) => [day, model, cost?.nanoUsd, usage?.tokens.fresh_input]),
    ).toEqual(
      expect.arrayContaining([
        ['2026-11-01', 'a', '9', undefined],
        ['2026-11-01', 'b', undefined, 7],
        ['2026-11-02', 'a', '3', undefined],
      ]),
    )
    // Besides these, a row for each day that says what has been told of it.
    expect(bills.size).toBe(5)
  })

  it('of a tenant is apart from that of the server', () => {
    const bills = put(put(new Map(), cost({ '2026-11-01': { a: 1 } })), {
      ...cost({ '2026-11-01': { a: 2 } }),
      tenantId: 't',
    })
    expect(
      [...bills.values()].filter(({ model }) => model === 'a').map(({ tenantId, cost }) => [tenantId, cost?.nanoUsd]),
    ).toEqual([
      [undefined, '1'],
      ['t', '2'],
    ])
  })

  it('sent again changes nothing; parts can come in any order', () => {
    const models = fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'c'), fc.nat())
    const days = fc.dictionary(fc.constantFrom('2026-11-01', '2026-11-02'), models)
    fc.assert(
      fc.property(days, fc.constantFrom('a', 'd'), fc.nat(), (costs, model, tokens) => {
        const [one, two] = [cost(costs), usage('2026-11-01', model, tokens)]
        const bills = put(put(new Map(), one), two)
        expect(figures(put(bills, one))).toEqual(figures(bills))
        expect(figures(put(put(new Map(), two), one))).toEqual(figures(bills))
      }),
      { seed: 66, numRuns: 200 },
    )
  })

  it.each([
    [{ part: 'costs' }, /part: must be usage or cost/],
    [{ days: [{ day: '2026-02-30', rows: [] }] }, /days\[0\].day/],
    [{ days: [{ day: '2026-11-01', rows: [{ model: 'a' }] }] }, /cost_nano_usd: must be given/],
    [{ days: [{ day: '2026-11-01', rows: [{ cost_nano_usd: 3, cost_output_nano_usd: 2 }] }] }, /which is 2/],
    [{ days: [{ day: '2026-11-01', rows: [{ cost_nano_usd: 1.5 }] }] }, /must be an integer/],
    [
      {
        days: [
          { day: '2026-11-01', rows: [] },
          { day: '2026-11-01', rows: [] },
        ],
      },
      /each day once/,
    ],
    [{ days: [{ day: '2026-11-01', rows: [{ cost_nano_usd: 1 }, { cost_nano_usd: 1 }] }] }, /each model once/],
    [{ surplus: 1 }, /surplus: no such member/],
  ])('%j is refused', (change, message) => {
    expect(() => readBillInput({ provider: 'openai', part: 'cost', days: [], ...change })).toThrow(message)
  })
})
