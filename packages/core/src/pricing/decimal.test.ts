import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaleDecimal, usdPerMillion, usdPerToken } from './decimal.ts'

describe('decimal amounts', () => {
  it('become integers without passing through a float', () => {
    expect(usdPerToken(1.25e-6)).toBe(1_250_000_000)
    expect(usdPerToken(1e-5)).toBe(10_000_000_000)
    expect(usdPerToken(0.001)).toBe(1_000_000_000_000)
    expect(usdPerToken('0.00000125')).toBe(1_250_000_000)
    expect(usdPerMillion(0.0375)).toBe(37_500_000)
    expect(usdPerMillion(0.1)).toBe(100_000_000)
    expect(usdPerMillion('2.50')).toBe(2_500_000_000)
    expect(usdPerMillion(0)).toBe(0)
  })

  it('round what is finer than the unit half to even', () => {
    expect([
      scaleDecimal('0.5', 0),
      scaleDecimal('1.5', 0),
      scaleDecimal('2.5', 0),
      scaleDecimal('2.500001', 0),
    ]).toEqual([0, 2, 2, 3])
    expect(scaleDecimal('1e-300', 9)).toBe(0)
  })

  it('are undefined unless plain, not negative and safe', () => {
    for (const bad of ['', ' ', '-1', '+1', '0x10', '1,5', 'NaN', '1e', '.5', '5.', 'Infinity'])
      expect(scaleDecimal(bad, 9)).toBeUndefined()
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) expect(scaleDecimal(bad, 9)).toBeUndefined()
    expect(scaleDecimal('9007199254740992', 0)).toBeUndefined()
    expect(scaleDecimal('9007199254740991', 0)).toBe(9_007_199_254_740_991)
  })

  it('come back from any integer of nano-USD written as a decimal', () => {
    const property = fc.property(fc.nat({ max: 10 ** 12 }), (nano) => {
      const text = String(nano).padStart(10, '0')
      return usdPerMillion(`${text.slice(0, -9)}.${text.slice(-9)}`) === nano
    })
    fc.assert(property, { seed: 1, numRuns: 2_000 })
  })

  it('never throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double()), fc.integer({ min: 0, max: 15 }), (value, shift) => {
        const result = scaleDecimal(value, shift)
        return result === undefined || (Number.isSafeInteger(result) && result >= 0)
      }),
      { seed: 1, numRuns: 2_000 },
    )
  })
})
