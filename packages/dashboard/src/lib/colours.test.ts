import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assignColours, COLOURS, colourVariable, OTHER } from './colours.ts'

describe('a name', () => {
  test('keeps its colour, whoever stands beside it', () => {
    const book = new Map<string, number>()
    const first = assignColours(['a', 'b', 'c'], book)
    expect(assignColours(['c'], book).get('c')).toBe(first.get('c'))
    expect(assignColours(['b', 'a'], book).get('a')).toBe(first.get('a'))
  })

  test('has a colour of its own among eight; the ninth is grey', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 12 }), (names) => {
        const given = [...assignColours(names, new Map()).values()]
        const own = given.filter((colour) => colour !== OTHER)
        expect(new Set(own).size).toBe(own.length)
        expect(own.length).toBe(Math.min(COLOURS, names.length))
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  test('of grey is called other', () => {
    expect([colourVariable(3), colourVariable(OTHER)]).toEqual(['--series-3', '--series-other'])
  })
})
