import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addExact,
  compareExact,
  divideHalfEven,
  type Exact,
  exactToJson,
  microsToNano,
  microsToUsd,
  nanoToMicros,
  nanoToUsd,
  normalizeExact,
  usdToMicros,
  usdToNano,
} from './units.ts'

const MAX = Number.MAX_SAFE_INTEGER
const exact: fc.Arbitrary<Exact> = fc
  .oneof(fc.maxSafeInteger().map(BigInt), fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }))
  .map(normalizeExact)

describe('exact integers', () => {
  it('add like bigints and have one form each', () => {
    fc.assert(
      fc.property(exact, exact, (a, b) => {
        const sum = addExact(a, b)
        expect(BigInt(sum)).toBe(BigInt(a) + BigInt(b))
        expect(typeof sum).toBe(Number.isSafeInteger(Number(sum)) ? 'number' : 'bigint')
        expect(addExact(b, a)).toBe(sum)
      }),
      { seed: 1, numRuns: 1000 },
    )
  })

  it('compare and print across both forms', () => {
    expect(addExact(MAX, 1)).toBe(9_007_199_254_740_992n)
    expect(compareExact(MAX, 2n ** 60n)).toBe(-1)
    expect(compareExact(2n ** 60n, MAX)).toBe(1)
    expect(compareExact(3, 3)).toBe(0)
    expect(exactToJson(2n ** 60n)).toBe('1152921504606846976')
    expect(exactToJson(7)).toBe(7)
  })
})

describe('rounding', () => {
  it.each([
    [0, 0],
    [499, 0],
    [500, 0],
    [501, 1],
    [1500, 2],
    [52_500, 52],
    [53_500, 54],
    [-500, 0],
    [-1500, -2],
    [MAX, 9_007_199_254_741],
  ])('%d nano-USD is %d micro-USD, half to even', (nano, micros) => {
    expect(Number(nanoToMicros(nano))).toBe(micros)
  })

  it('is never off by more than half, and even in the middle', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.bigInt({ min: 1n, max: 2n ** 40n }), (n, d) => {
        const quotient = divideHalfEven(n, d)
        const twice = 2n * (n - quotient * d)
        expect(twice >= -d && twice <= d).toBe(true)
        if (twice === d || twice === -d) expect(quotient % 2n).toBe(0n)
      }),
      { seed: 2, numRuns: 1000 },
    )
  })

  it('gives micro-USD back', () => {
    fc.assert(
      fc.property(exact, (micros) => {
        expect(nanoToMicros(microsToNano(micros))).toBe(micros)
      }),
      { seed: 3, numRuns: 1000 },
    )
  })
})

describe('amounts in USD', () => {
  it.each([
    [1, 1_000_000],
    [0.5, 500_000],
    [0.000001, 1],
    [0, 0],
  ])('T:converter %d USD are %d micro-USD, both ways', (usd, micros) => {
    expect(usdToMicros(usd)).toBe(micros)
    expect(microsToUsd(micros)).toBe(usd)
  })

  it('T:converter 123.456789 USD come back within a micro-USD, negative ones as 0', () => {
    expect(usdToMicros(123.456789)).toBe(123_456_789)
    expect(Math.abs(microsToUsd(usdToMicros(123.456789) ?? 0) - 123.456789)).toBeLessThan(0.000001)
    expect(usdToMicros(-1)).toBe(0)
    expect(usdToMicros(-0.5)).toBe(0)
  })

  it('T:converter every micro-USD survives the way to USD and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (micros) => {
        expect(usdToMicros(microsToUsd(micros))).toBe(micros)
      }),
      { seed: 4, numRuns: 1000 },
    )
  })

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [1e10]])('%d USD are no micro-USD', (usd) => {
    expect(usdToMicros(usd)).toBeUndefined()
  })

  it('are read to the nearest nano-USD', () => {
    expect(usdToNano(0.0075)).toBe(7_500_000)
    expect(usdToNano(0.1 + 0.2)).toBe(300_000_000)
    expect(nanoToUsd(1_500_000_000)).toBe(1.5)
  })

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [-1], [9_007_200]])('%d is no amount', (usd) => {
    expect(usdToNano(usd)).toBeUndefined()
  })
})
