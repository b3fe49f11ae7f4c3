import { describe, expect, it } from 'vitest'
import { DAY_MS, projectMonth, thirtyfold } from './projection.ts'

const USD = 1_000_000_000

describe('the projection of a month', () => {
  it.each([
    // [elapsed, monthly, confidence]
    [0, 30 * USD, 'low'],
    [60_000, 30 * USD, 'low'],
    [DAY_MS - 1, 30 * USD, 'low'],
    [DAY_MS, 30 * USD, 'medium'],
    [2 * DAY_MS, 15 * USD, 'medium'],
    [7 * DAY_MS, 4_285_714_286, 'high'],
    [30 * DAY_MS, USD, 'high'],
    [-5, 30 * USD, 'low'],
    [Number.NaN, 30 * USD, 'low'],
  ] as const)('of a dollar in %d ms', (elapsedMs, monthlyNanoUsd, confidence) => {
    expect(projectMonth(USD, elapsedMs, 1)).toMatchObject({ monthlyNanoUsd, confidence })
  })

  it('of nothing is nothing, and a loss stays one', () => {
    expect(projectMonth(0, 30 * DAY_MS, 0)).toMatchObject({ monthlyNanoUsd: 0, confidence: 'low' })
    expect(projectMonth(-USD, 2 * DAY_MS, 1).monthlyNanoUsd).toBe(-15 * USD)
  })

  it('by thirty is exact beyond 2^53', () => {
    expect(thirtyfold(232_500_000)).toBe(6_975_000_000)
    expect(thirtyfold(Number.MAX_SAFE_INTEGER)).toBe(270215977642229730n)
  })
})
