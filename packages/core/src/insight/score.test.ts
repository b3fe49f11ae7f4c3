import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { volumeScore, wilsonLowerBound } from './score.ts'

describe('the score by volume', () => {
  it.each([
    [{ requests: 10, successes: 9, averageMs: 1_000 }, 74],
    [{ requests: 0, successes: 0, averageMs: 0 }, 30],
    [{ requests: 100, successes: 100, averageMs: 0 }, 100],
    [{ requests: 500, successes: 500, averageMs: 10_000 }, 70],
    [{ requests: 500, successes: 500, averageMs: 60_000 }, 70],
  ])('of %j is %d', (outcome, score) => {
    expect(volumeScore(outcome)).toBe(score)
  })
})

describe('the Wilson bound', () => {
  // The lower root of (ratio - p)^2 = z^2 p (1 - p) / trials, found by bisection.
  it.each([
    [9, 10, 0.5958499732047615],
    [90, 100, 0.8256343384950865],
    [1, 1, 0.20654931437723745],
    [0, 0, 0],
    [0, 20, 0],
  ])('of %d of %d', (successes, trials, bound) => {
    expect(wilsonLowerBound(successes, trials)).toBeCloseTo(bound, 9)
  })

  it('lies between 0 and the ratio, and rises with the number of trials at one ratio', () => {
    const tried = fc.integer({ min: 1, max: 1e6 }).chain((trials) => fc.tuple(fc.nat(trials), fc.constant(trials)))
    fc.assert(
      fc.property(tried, ([successes, trials]) => {
        const bound = wilsonLowerBound(successes, trials)
        expect(bound).toBeGreaterThanOrEqual(0)
        expect(bound).toBeLessThanOrEqual(successes / trials)
        expect(wilsonLowerBound(successes * 2, trials * 2)).toBeGreaterThanOrEqual(bound)
      }),
      { seed: 5, numRuns: 500 },
    )
  })
})
