import { parseQuery } from '@tallystick/core/query'
import { describe, expect, test } from 'vitest'
import {
  breakdownQuery,
  eventsParams,
  figuresQuery,
  queryFilters,
  type Scope,
  seriesQuery,
  spendQuery,
  totalsQuery,
  valuesQuery,
} from './queries.ts'

const scope: Scope = {
  span: { fromMs: 1_000, toMs: 90_000_000, moving: true },
  zone: 'Asia/Kathmandu',
  filters: [
    { name: 'model', values: ['gpt-4o', null], negate: false },
    { name: 'tags.__proto__', values: ['x'], negate: true },
  ],
}

describe('questions', () => {
  test.each([
    ['totals', totalsQuery(scope)],
    ['figures', figuresQuery(scope)],
    ['series', seriesQuery(scope, '1h')],
    ['spend', spendQuery(scope, '1h', 'model')],
    ['breakdown', breakdownQuery(scope, 'tags.team', '-requests')],
    ['values', valuesQuery(scope, 'model')],
  ])('about %s are understood by the algebra', (_, body) => {
    const query = parseQuery(JSON.parse(JSON.stringify(body)), { nowMs: 100_000_000 })
    expect(query.measures.map(({ name }) => name)).toEqual(expect.arrayContaining([...body.measures]))
    expect([query.fromMs, query.toMs, query.timeZone]).toEqual([1_000, 90_000_000, 'Asia/Kathmandu'])
  })

  test('about a sort order that is not in the table ask for the greatest spend', () => {
    expect(breakdownQuery(scope, 'model', '-nonsense').order_by).toBe('-cost_nano_usd')
    expect(breakdownQuery(scope, 'model', 'requests').order_by).toBe('requests')
  })

  test('about the values of a dimension leave its own filter out', () => {
    expect(Object.keys(valuesQuery(scope, 'model').filters ?? {})).toEqual(['tags.__proto__'])
  })

  test('negate with not', () => {
    expect(JSON.stringify(queryFilters(scope.filters))).toBe('{"model":["gpt-4o",null],"tags.__proto__":{"not":["x"]}}')
  })
})

test('newest events are asked for with the same filters', () => {
  expect(eventsParams(scope, 50, 'c').toString()).toBe(
    'from=1000&to=90000000&limit=50&cursor=c&model=gpt-4o&model=&tags.__proto__%21=x',
  )
})
