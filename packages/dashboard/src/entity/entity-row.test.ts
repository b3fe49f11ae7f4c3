import { describe, expect, test } from 'vitest'
import { columnsOf, comparison, leastOf, measuresOf, sortRows } from './columns.ts'
import { entityRows, perEach } from './entity-row.ts'
import { unitPrice } from './prices.ts'

const figures = (model: string | null, cost: number | string | null, more: object = {}) => ({
  model,
  cost_nano_usd: cost,
  requests: 40,
  unpriced_requests: cost === null ? 40 : 0,
  output_tokens: 2_000,
  ...more,
})

const ANSWER = [
  figures('dear', 6_000),
  figures('cheap', 2_000),
  figures(null, null),
  figures('other', 1_000),
  { ...figures(null, 1_000), other: true },
]

describe('rows of a dimension', () => {
  const pairs = [
    { model: 'dear', provider: 'one', requests: 3 },
    { model: 'dear', provider: 'two', requests: 1 },
    { model: 'cheap', provider: null, requests: 4 },
    { model: null, provider: null, other: true, requests: 9 },
  ]
  const rows = entityRows('model', ANSWER, [figures('dear', 3_000)], pairs, 'provider')

  test('carry their share, what they go with, and what they were before', () => {
    expect(rows.map(({ value, share, beside }) => [value, share, beside])).toEqual([
      ['dear', 0.6, ['one', 'two']],
      ['cheap', 0.2, []],
      [null, null, []],
      ['other', 0.1, []],
      [null, 0.1, []],
    ])
    expect(rows.map(({ before }) => before?.['cost_nano_usd'])).toEqual([
      3_000,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(rows.map(({ before }) => before === null)).toEqual([false, true, true, true, false])
  })

  test('keep a value that is called other, none, and the folded rest apart', () => {
    expect(new Set(rows.map(({ key }) => key)).size).toBe(5)
  })

  test('do not call new what may have been among the rest of then', () => {
    const [, cheap] = entityRows('model', ANSWER, [{ ...figures(null, 9), other: true }], [], undefined)
    expect(cheap?.before).toBeUndefined()
    expect(entityRows('model', ANSWER, undefined, [], undefined)[0]?.before).toBeUndefined()
  })

  test('are sorted with the unknown after the known and the rest last, whichever way round', () => {
    const [spend] = columnsOf(['cost_nano_usd'])
    const order = (down: boolean) => sortRows(rows, spend, down).map(({ value, other }) => (other ? 'rest' : value))
    expect(order(true)).toEqual(['dear', 'cheap', 'other', null, 'rest'])
    expect(order(false)).toEqual(['other', 'cheap', 'dear', null, 'rest'])
  })
})

describe('columns', () => {
  const [row] = entityRows('model', [figures('m', '9007199254740993')], undefined, [], undefined)

  test('derive exactly, and nothing from what has no price', () => {
    const value = (name: string, of: object = {}) =>
      columnsOf([name])[0]?.value({ ...row, figures: { ...row?.figures, ...of } } as NonNullable<typeof row>)
    expect(value('cost_per_request')).toBe(225_179_981_368_525)
    expect(value('cost_per_request', { unpriced_requests: 39 })).toBe(9_007_199_254_740_993n)
    expect(value('cost_per_request', { unpriced_requests: 40 })).toBeNull()
    expect(value('cost_per_1k_output')).toBe(4_503_599_627_370_496)
    expect(value('cost_per_1k_output', { unpriced_requests: 1 })).toBeNull()
    expect(value('retries', { operations: 37 })).toBe(3)
  })

  test('say what the least is and how many times it the others are', () => {
    const [spend] = columnsOf(['cost_per_request'])
    const rows = entityRows('model', ANSWER, undefined, [], undefined)
    if (spend === undefined) throw new Error('no such column')
    expect(leastOf(rows, spend)).toBe(25)
    expect(leastOf(rows.slice(0, 1), spend)).toBeNull()
    const few = [figures('a', 400), ...ANSWER.slice(0, 2)].map((row, index) =>
      index === 0 ? { ...row, requests: 3 } : row,
    )
    expect(leastOf(entityRows('model', few, undefined, [], undefined), spend)).toBe(50)
    const alike = [figures('a', 4_000), figures('b', 4_200)]
    expect(leastOf(entityRows('model', alike, undefined, [], undefined), spend)).toBeNull()
    expect([250, 254, 375, 1_500, 25_000, null].map((value) => comparison(value, 250, 'cheapest'))).toEqual([
      'cheapest',
      'cheapest',
      '× 1.5',
      '× 6',
      '× 100',
      '',
    ])
  })

  test('are asked for once each, with spend and what has no price', () => {
    expect(measuresOf(columnsOf(['cost_per_request', 'requests', 'trend', 'no-such']))).toEqual([
      'cost_nano_usd',
      'requests',
      'unpriced_requests',
    ])
  })
})

test('a figure for each is rounded half to even', () => {
  expect([perEach(5, 2), perEach(7, 2), perEach(1, 3, 1_000), perEach(1, 0), perEach(null, 2)]).toEqual([
    2,
    4,
    333,
    null,
    null,
  ])
})

test('a unit price has all its digits and at least two', () => {
  expect([2_500_000_000, 37_500_000, 0, undefined].map(unitPrice)).toEqual(['$2.50', '$0.0375', '$0.00', '–'])
})
