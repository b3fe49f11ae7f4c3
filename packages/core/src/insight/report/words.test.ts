import { expect, it } from 'vitest'
import { changeText, countText, durationText, ratioText, shortCount, totalText, usdText } from './words.ts'

it.each([
  [0, '$0.00'],
  [1, '$0.000000001'],
  [4_200_000, '$0.0042'],
  [99_999_999, '$0.100'],
  [12_480_000_000, '$12.48'],
  [999_994_999_999, '$999.99'],
  [999_995_000_000, '$1,000'],
  ['9007199254740993000000000', '$9,007,199,254,740,993'],
  [-1_500_000_000, '-$1.50'],
  [null, '–'],
])('%s nano-USD is %s', (nano, text) => expect(usdText(nano)).toBe(text))

it('writes counts whole, and short from a million on', () => {
  expect(countText('9007199254740993')).toBe('9,007,199,254,740,993')
  expect([shortCount(999_999), shortCount(1_234_567), shortCount(12_345_678), shortCount('9007199254740993')]).toEqual([
    '999,999',
    '1.23 M',
    '12.3 M',
    '9.01 Q',
  ])
})

it('writes durations, ratios and what is unknown', () => {
  expect([340, 2_430, 15_660, 72_000, null].map(durationText)).toEqual(['340 ms', '2.43 s', '15.7 s', '1 m 12 s', '–'])
  expect([0, 0.0002, 0.975, 0.9999, 1, null].map(ratioText)).toEqual([
    '0 %',
    '<0.1 %',
    '97.5 %',
    '>99.9 %',
    '100 %',
    '–',
  ])
  expect(totalText({ unit: 'ms', value: 15 })).toBe('15 ms')
})

it('writes changes with their sign, and of ratios in points', () => {
  expect(changeText({ unit: 'count', change: 0.123 })).toBe('+12 %')
  expect(changeText({ unit: 'count', change: -0.0004 })).toBe('±0 %')
  expect(changeText({ unit: 'nano_usd', change: 41.5 })).toBe('×42.5')
  expect(changeText({ unit: 'ratio', change: -0.012 })).toBe('−1.2 pts')
  expect(changeText({ unit: 'count', change: null })).toBeUndefined()
})
