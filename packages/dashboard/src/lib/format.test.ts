import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  change,
  changePoints,
  count,
  countExact,
  countTick,
  duration,
  money,
  moneyExact,
  moneyShort,
  moneyTick,
  ratio,
  toExact,
  unitPrice,
} from './format.ts'

/** Figures carry narrow no-break spaces; expectations are easier to read with plain ones. */
const plain = (text: string | null): string | null => text?.replaceAll('\u202f', ' ') ?? null

test('a unit price has every digit, and cents at the least', () => {
  expect([0, 2_500_000_000, 37_500_000, 1, 12_480_000_000_000].map(unitPrice)).toEqual([
    '$0.00',
    '$2.50',
    '$0.0375',
    '$0.000000001',
    '$12,480.00',
  ])
})

describe('money', () => {
  test.each([
    [0, '$0.00'],
    [1, '$0.000000001'],
    [12, '$0.000000012'],
    [123, '$0.00000012'],
    [4_200_000, '$0.0042'],
    [4_249_999, '$0.0042'],
    [9_999_999, '$0.0100'],
    [15_000_000, '$0.015'],
    [100_000_000, '$0.10'],
    [994_999_999, '$0.99'],
    [999_999_999, '$1.00'],
    [12_480_000_000, '$12.48'],
    [12_485_000_000, '$12.48'],
    [12_495_000_000, '$12.50'],
    [47_608_895_000, '$47.61'],
    [999_994_999_999, '$999.99'],
    [999_995_000_000, '$1,000'],
    [12_480_300_000_000, '$12,480'],
    [9_007_199_254_740_993_000n, '$9,007,199,255'],
    [-12_480_000_000, '-$12.48'],
  ])('%s nano-USD reads %s', (nano, text) => {
    expect(money(nano)).toBe(text)
  })

  test('an unknown amount is a dash, never zero', () => {
    expect([money(null), moneyExact(null), moneyShort(null)]).toEqual(['–', '–', '–'])
  })

  test('the exact form has all nine decimals and grouped digits', () => {
    expect(moneyExact(47_608_895_000)).toBe('$47.608895000')
    expect(moneyExact(9_007_199_254_740_993n)).toBe('$9,007,199.254740993')
    expect(moneyExact(-1)).toBe('-$0.000000001')
  })

  test('the short form says k and M and never hides a cost', () => {
    expect([1, 9_999_999, 10_000_000].map(moneyShort)).toEqual(['<$0.01', '<$0.01', '$0.01'])
    expect(moneyShort(12_480_000_000_000)).toBe('$12.5k')
    expect(moneyShort(999_960_000_000_000)).toBe('$1M')
    expect(moneyShort(0)).toBe('$0.00')
  })

  test('the exact form loses nothing, whatever the amount', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 24n), 10n ** 24n), (nano) => {
        expect(BigInt(moneyExact(nano).replaceAll(/[$,.]/g, ''))).toBe(nano)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  test('something that cost never reads as nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (nano) => {
        expect(money(nano)).toMatch(/[1-9]/)
        expect(moneyShort(nano)).toMatch(/[1-9]/)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  test('ticks have the decimals their step needs', () => {
    expect(moneyTick(0, 5)).toBe('$0')
    expect(moneyTick(0.25, 0.05)).toBe('$0.25')
    expect(moneyTick(0.002, 0.001)).toBe('$0.002')
    expect(moneyTick(15, 5)).toBe('$15')
    expect([0.025, 0.05, 0.075].map((value) => moneyTick(value, 0.025))).toEqual(['$0.025', '$0.050', '$0.075'])
    expect(moneyTick(7.5, 2.5)).toBe('$7.50')
    expect(moneyTick(1_250, 250)).toBe('$1.25k')
    expect(moneyTick(12_500, 2_500)).toBe('$12.5k')
  })
})

describe('counts', () => {
  test.each([
    [0, '0'],
    [8_819, '8,819'],
    [999_999, '999,999'],
    [1_000_000, '1.0 M'],
    [1_234_567, '1.2 M'],
    [18_059_974, '18.1 M'],
    [245_896_000, '246 M'],
    [999_960_000, '1.0 B'],
    [9_007_199_254_740_993n, '9.0 Q'],
  ])('%s reads %s', (value, text) => {
    expect(plain(count(value))).toBe(text)
  })

  test('every digit is there on request', () => {
    expect(countExact(18_059_974)).toBe('18,059,974')
    expect(countExact(9_007_199_254_740_993n)).toBe('9,007,199,254,740,993')
  })

  test('ticks are short', () => {
    expect([0, 0.5, 250, 1_500, 250_000, 2_000_000].map(countTick)).toEqual(['0', '0.5', '250', '1.5k', '250k', '2M'])
  })
})

describe('durations', () => {
  test.each([
    [0, '0 ms'],
    [0.4, '0.4 ms'],
    [340, '340 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [2_430, '2.4 s'],
    [59_960, '1 m'],
    [72_000, '1 m 12 s'],
    [3_599_600, '1 h'],
    [3_780_000, '1 h 3 m'],
    [180_000_000, '2 d 2 h'],
  ])('%s ms reads %s', (ms, text) => {
    expect(plain(duration(ms))).toBe(text)
  })
})

describe('ratios', () => {
  test.each([
    [0, '0 %'],
    [0.0002, '<0.1 %'],
    [0.975, '97.5 %'],
    [0.08, '8.0 %'],
    [0.9996, '>99.9 %'],
    [1, '100 %'],
  ])('%s reads %s', (value, text) => {
    expect(plain(ratio(value))).toBe(text)
  })
})

describe('change', () => {
  test('is told in percent of what was', () => {
    expect(plain(change(112, 100))).toBe('+12 %')
    expect(plain(change(99, 100))).toBe('−1 %')
    expect(plain(change(100, 100))).toBe('±0 %')
    expect(plain(change(2_500, 100))).toBe('×25')
  })

  test('has nothing to say without an earlier figure', () => {
    expect([change(5, 0), change(5, null), change(null, 5), changePoints(null, 0.1)]).toEqual([null, null, null, null])
  })

  test('of a ratio is told in points', () => {
    expect(plain(changePoints(0.034, 0.022))).toBe('+1.2 pts')
    expect(plain(changePoints(0.02, 0.03))).toBe('−1 pts')
  })
})

test('an integer of an answer is read exactly, and anything else is unknown', () => {
  expect(toExact(5)).toBe(5)
  expect(toExact('9007199254740993')).toBe(9_007_199_254_740_993n)
  expect(toExact('12')).toBe(12)
  expect([toExact(null), toExact(undefined), toExact(1.5), toExact('x'), toExact(true)]).toEqual([
    null,
    null,
    null,
    null,
    null,
  ])
})
