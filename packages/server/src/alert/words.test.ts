import { expect, test } from 'vitest'
import { plainName, span, written } from './words.ts'

test.each([
  ['percent', 1_500n, '1,500 %'],
  ['basis_points', 250n, '2.5 %'],
  ['basis_points', 10_000n, '100 %'],
  ['basis_points', 1n, '0.01 %'],
  ['nano_usd', 100_000_000_000n, '$100.00'],
  ['nano_usd', 1n, '$0.000000001'],
  ['nano_usd', 1_500_000_000n, '$1.50'],
  ['ms', 42_000n, '42,000 ms'],
  ['requests', 1n, '1 request'],
  ['events', 0n, '0 events'],
] as const)('%s %s is written %s', (unit, value, text) => {
  expect(written(unit, value)).toBe(text)
})

test.each([
  [300_000, '5 min'],
  [86_400_000, '24 h'],
  [172_800_000, '2 d'],
  [5_400_000, '90 min'],
  [1_500, '1500 ms'],
])('%d ms is a span of %s', (ms, text) => {
  expect(span(ms)).toBe(text)
})

test('a name is one line and no longer than a title bears', () => {
  expect(plainName('a\r\nBcc: b\u001b[31m\u202Ec\u2028d')).toBe('a  Bcc: b [31m c d')
  expect(plainName('x'.repeat(200))).toHaveLength(103)
  expect(plainName(' ')).toBe('(no name)')
})
