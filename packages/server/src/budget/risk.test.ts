import { expect, test } from 'vitest'
import { basisPointsOf, riskOf } from './risk.ts'

test.each([
  [0n, 'active', 'low'],
  [4_999n, 'active', 'low'],
  [5_000n, 'active', 'medium'],
  [7_999n, 'active', 'medium'],
  [8_000n, 'active', 'high'],
  [9_499n, 'active', 'high'],
  [9_500n, 'active', 'critical'],
  [9_999n, 'active', 'critical'],
  [10_000n, 'exhausted', 'exhausted'],
  [25_000n, 'exhausted', 'exhausted'],
])('%d of 10,000 spent is %s and %s', (spent, status, riskLevel) => {
  expect(riskOf(spent, 10_000n)).toEqual({ status, riskLevel })
  // The same bands hold where a float has no digit left to tell one side from the other.
  expect(riskOf(spent * 10n ** 20n, 10n ** 24n)).toEqual({ status, riskLevel })
  if (spent > 0n && status === 'exhausted') expect(riskOf(10n ** 24n - 1n, 10n ** 24n).riskLevel).toBe('critical')
})

test('nothing allocated is active and low, whatever was spent', () => {
  expect(riskOf(5n, 0n)).toEqual({ status: 'active', riskLevel: 'low' })
  expect(basisPointsOf(5n, 0n)).toBe(0n)
})

test('a share is rounded down, so that 100 % is not said before it is reached', () => {
  expect(basisPointsOf(10n ** 24n - 1n, 10n ** 24n)).toBe(9_999n)
  expect(basisPointsOf(10n ** 24n, 10n ** 24n)).toBe(10_000n)
  expect(basisPointsOf(1n, 3n)).toBe(3_333n)
})
