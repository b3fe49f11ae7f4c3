import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundedJson, itemsWithin } from './bound.ts'

const CUT_CHARS = 120

describe('bounded JSON', () => {
  it('is the value itself where that is short, and says what was cut where it is not', () => {
    expect(boundedJson({ rows: [1, 2, 3] }, 100)).toBe('{"rows":[1,2,3]}')
    expect(boundedJson({ rows: [1, 2, 3], total: 6 }, 24)).toBe(
      '{"rows":[1],"total":6,"truncated":[{"at":"rows","shown":1,"of":3}]}',
    )
    expect(boundedJson({ text: 'x'.repeat(3_000) }).length).toBe(2_014)
  })

  it('is JSON, is no longer than it may be but for what tells of the cut, and keeps the beginning of each list', () => {
    const row = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { maxKeys: 4 })
    const value = fc.record({ rows: fc.array(row), series: fc.array(fc.integer()), of: fc.integer() })
    fc.assert(
      fc.property(value, fc.integer({ min: 40, max: 400 }), (given, most) => {
        const text = boundedJson(given, most)
        const { truncated = [], ...rest } = JSON.parse(text) as typeof given & { truncated?: readonly object[] }
        expect(text.length).toBeLessThanOrEqual(most + (truncated.length > 0 ? CUT_CHARS : 0))
        const whole = JSON.parse(JSON.stringify(given)) as typeof given
        expect(whole.rows.slice(0, rest.rows.length)).toEqual(rest.rows)
        expect(whole.series.slice(0, rest.series.length)).toEqual(rest.series)
        if (truncated.length === 0) expect(rest).toEqual(whole)
      }),
      { seed: 8, numRuns: 200 },
    )
  })

  it('counts items by what they take as JSON', () => {
    expect(itemsWithin(['ab', 'cd', 'ef'], 12)).toBe(2)
    expect(itemsWithin([], 0)).toBe(0)
  })
})
