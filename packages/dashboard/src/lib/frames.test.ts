import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketsOf, groupedFrame, less, measureSeries, plus, ratioSeries, stackHeights, sumOf } from './frames.ts'

const HOUR = 3_600_000
const axis = bucketsOf(0, 3 * HOUR, 3 * HOUR, '1h', 'UTC')

describe('buckets', () => {
  test('are partial where the range or the present cuts them', () => {
    expect(bucketsOf(HOUR / 2, 3 * HOUR, 2.5 * HOUR, '1h', 'UTC')).toEqual({
      starts: [0, HOUR, 2 * HOUR],
      ends: [HOUR, 2 * HOUR, 3 * HOUR],
      partial: [true, false, true],
    })
  })

  test('of days are as long as their days', () => {
    const days = bucketsOf(
      Date.UTC(2025, 2, 28, 23),
      Date.UTC(2025, 2, 30, 22),
      Date.UTC(2026, 0, 1),
      '1d',
      'Europe/Berlin',
    )
    expect(days.starts.map((start, index) => ((days.ends[index] ?? 0) - start) / HOUR)).toEqual([24, 23])
    expect(days.partial).toEqual([false, false])
  })
})

describe('series', () => {
  const rows = [
    { time_ms: 0, cost: 5, share: 0.5 },
    { time_ms: 2 * HOUR, cost: '9007199254740993', share: null },
  ]

  test('follow the buckets; what has no row or no figure is unknown', () => {
    expect(measureSeries(axis, rows, 'cost')).toEqual([5, null, 9_007_199_254_740_993n])
    expect(ratioSeries(axis, rows, 'share')).toEqual([0.5, null, null])
  })

  test('add and subtract exactly', () => {
    expect(plus([1, null, null], [2, 3, null])).toEqual([3, 3, null])
    expect(less([5, null, 1], [2, 1, 4])).toEqual([3, null, 0])
    expect(sumOf([9_007_199_254_740_991, 2, null])).toBe(9_007_199_254_740_993n)
    expect(sumOf([null, null])).toBeNull()
  })

  test('less their parts leave the rest, whatever the integers', () => {
    const exact = fc.bigInt(0n, 10n ** 20n)
    fc.assert(
      fc.property(exact, exact, (part, rest) => {
        expect(BigInt(less([part + rest], [part])[0] ?? -1)).toBe(rest)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  test('stack on each other', () => {
    expect(stackHeights([{ values: [1, null] }, { values: [2, 4] }], 1)).toEqual([
      [1, 0],
      [3, 4],
    ])
  })
})

describe('a grouped frame', () => {
  const row = (
    time_ms: number,
    model: string | null,
    cost: number | string | null,
    more = {},
  ): Record<string, string | number | boolean | null> => ({
    time_ms,
    model,
    cost,
    ...more,
  })

  test('has the greatest group first and the folded rest last, in grey', () => {
    const rows = [
      row(0, 'a', 1),
      row(0, 'b', 5),
      row(HOUR, 'a', 1),
      row(0, null, 99, { other: true }),
      row(0, 'free', null),
    ]
    const { series } = groupedFrame(axis, rows, 'model', 'cost', new Map())
    expect(series.map(({ label, values }) => [label, values])).toEqual([
      ['b', [5, null, null]],
      ['a', [1, 1, null]],
      ['Other', [99, null, null]],
    ])
    expect(series.at(-1)?.colour).toBe('--series-other')
    expect(new Set(series.map(({ colour }) => colour)).size).toBe(3)
  })

  test('tells a model called "other", and an absent one, from the rest', () => {
    const rows = [row(0, 'Other', 3), row(0, null, 2), row(0, null, 1, { other: true })]
    const { series } = groupedFrame(axis, rows, 'model', 'cost', new Map())
    expect(series.map(({ label, value }) => [label, value])).toEqual([
      ['Other', 'Other'],
      ['none', null],
      ['Other', undefined],
    ])
    expect(new Set(series.map(({ name }) => name)).size).toBe(3)
  })

  test('is not led astray by names of object members', () => {
    const rows = [row(0, '__proto__', 3), row(0, 'constructor', 2)]
    expect(groupedFrame(axis, rows, 'model', 'cost', new Map()).series.map(({ label }) => label)).toEqual([
      '__proto__',
      'constructor',
    ])
  })
})
