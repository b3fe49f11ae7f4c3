import { expect, test } from 'vitest'
import { parseAmount, parseSpan } from './alert-amounts.ts'

test.each([
  ['2.5%', 'basis_points', 250],
  ['100%', 'basis_points', 10_000],
  ['150%', 'percent', 150],
  ['$20', 'nano_usd', 20_000_000_000],
  ['$0.000000001', 'nano_usd', 1],
  ['1.5s', 'ms', 1_500],
  ['7', 'requests', 7],
  ['7', undefined, 7],
])('%s of %s is %d', (text, unit, amount) => {
  expect(parseAmount('--threshold', text, unit)).toBe(amount)
})

test.each([
  ['2.5%', 'percent'],
  ['0.001%', 'basis_points'],
  ['$20', 'ms'],
  ['20 USD', 'nano_usd'],
  ['-1', 'requests'],
  ['$999999999', 'nano_usd'],
])('%s of %s is refused', (text, unit) => {
  expect(() => parseAmount('--threshold', text, unit)).toThrow(/--threshold/)
})

test('spans', () => {
  expect(['90s', '5m', '1h', '2d'].map((text) => parseSpan('--for', text))).toEqual([
    90_000, 300_000, 3_600_000, 172_800_000,
  ])
  expect(() => parseSpan('--for', '5')).toThrow(/--for 5/)
})
