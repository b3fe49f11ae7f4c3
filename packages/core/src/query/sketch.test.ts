import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addCounts,
  addToSketch,
  emptySketch,
  mergeSketch,
  quantile,
  quantileRank,
  SKETCH_BUCKETS,
  type Sketch,
  sketchBounds,
  sketchIndex,
  sketchPairs,
  sketchValue,
} from './sketch.ts'

const sketchOf = (values: readonly number[]): Sketch => {
  const sketch = emptySketch()
  for (const value of values) addToSketch(sketch, value)
  return sketch
}

/** As many small values as large ones, up to the greatest safe integer. */
const value = fc
  .tuple(fc.integer({ min: 0, max: 52 }), fc.double({ min: 1, max: 2, maxExcluded: true, noNaN: true }))
  .map(([exponent, mantissa]) => Math.floor(mantissa * 2 ** exponent))

describe('buckets', () => {
  test('values below 128 have a bucket each, 128 and 129 share the first wide one', () => {
    expect([0, 1, 127, 128, 129, 130].map(sketchIndex)).toEqual([0, 1, 127, 128, 128, 129])
  })

  test('the index is exact at and around every power of two', () => {
    for (let exponent = 7; exponent <= 53; exponent++) {
      const power = 2 ** exponent
      const first = (exponent - 6) * 64 + 64
      expect(sketchIndex(power - 1)).toBe(first - 1)
      if (exponent < 53) expect(sketchIndex(power)).toBe(first)
    }
    expect(sketchIndex(Number.MAX_SAFE_INTEGER)).toBe(SKETCH_BUCKETS - 1)
  })

  test('buckets follow each other without gap or overlap', () => {
    for (let index = 1; index < SKETCH_BUCKETS; index++) {
      const { lower, upper } = sketchBounds(index)
      expect(lower).toBe(sketchBounds(index - 1).upper + 1)
      expect(sketchIndex(lower)).toBe(index)
      expect(sketchIndex(upper)).toBe(index)
    }
  })

  test('the value of a bucket is at most 1/128 from every value in it', () => {
    fc.assert(
      fc.property(value, (v) => {
        const shown = sketchValue(sketchIndex(v))
        expect(sketchIndex(shown)).toBe(sketchIndex(v))
        expect(Math.abs(shown - v) * 128).toBeLessThanOrEqual(v)
      }),
      { seed: 1, numRuns: 2_000 },
    )
  })

  test('a negative value counts as 0', () => {
    expect(sketchIndex(-5)).toBe(0)
  })
})

describe('counts', () => {
  const index = fc.integer({ min: 0, max: SKETCH_BUCKETS - 1 })
  const count = fc.integer({ min: 1, max: 2 ** 40 })

  test('add up by bucket whatever order they come in, and stand by rising index', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.tuple(index, count))), (parts) => {
        const sketch = emptySketch()
        const expected = new Map<number, number>()
        for (const part of parts) {
          addCounts(
            sketch,
            part.map(([at]) => at),
            part.map(([, n]) => n),
          )
          for (const [at, n] of part) expected.set(at, (expected.get(at) ?? 0) + n)
        }
        expect(sketchPairs(sketch)).toEqual([...expected].sort(([a], [b]) => a - b).flat())
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  test('adding to a sketch leaves the one that was added as it is', () => {
    const from = sketchOf([1, 5])
    const into = emptySketch()
    mergeSketch(into, from)
    addToSketch(into, 1)
    expect(sketchPairs(from)).toEqual([1, 1, 5, 1])
    expect(sketchPairs(into)).toEqual([1, 2, 5, 1])
  })
})

describe('rank', () => {
  test.each([
    [0, 10, 1],
    [0.5, 1, 1],
    [0.5, 2, 1],
    [0.5, 3, 2],
    [0.95, 100, 95],
    [0.95, 101, 96],
    [0.999, 1000, 999],
    [0.9, 10, 9],
    [0.07, 100, 7],
    [1, 10, 10],
  ])('quantile %f of %i values has rank %i', (q, count, rank) => {
    expect(quantileRank(q, count)).toBe(rank)
  })

  test('is exact for counts whose product with ten thousand leaves 2^53', () => {
    expect(quantileRank(0.999, 9_000_000_000_000_000)).toBe(8_991_000_000_000_000)
  })
})

describe('quantile', () => {
  test('is within 1 % of the exact nearest-rank value', () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 0.999, 1),
        (values, q) => {
          const sorted = values.slice().sort((a, b) => a - b)
          const exact = sorted[Math.max(1, Math.ceil((Math.round(q * 10_000) * values.length) / 10_000)) - 1] as number
          const shown = quantile(sketchOf(values), values.length, q, sorted[0] as number, sorted.at(-1) as number)
          expect(Math.abs(shown - exact)).toBeLessThanOrEqual(exact / 100)
        },
      ),
      { seed: 1, numRuns: 500 },
    )
  })

  test('of one value is that value, and never leaves the extremes', () => {
    expect(quantile(sketchOf([100_003]), 1, 0.5, 100_003, 100_003)).toBe(100_003)
    expect(quantile(sketchOf([100_001, 100_002]), 2, 0.99, 100_001, 100_002)).toBeLessThanOrEqual(100_002)
  })

  test('does not depend on how the values were split and merged', () => {
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 30 }), { maxLength: 6 }), (parts) => {
        const merged = emptySketch()
        for (const part of parts) mergeSketch(merged, sketchOf(part))
        expect(sketchPairs(merged)).toEqual(sketchPairs(sketchOf(parts.flat())))
      }),
      { seed: 1, numRuns: 200 },
    )
  })
})
