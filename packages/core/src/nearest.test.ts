import { describe, expect, test } from 'vitest'
import { editDistance, nearest, nearestNames, quoted } from './nearest.ts'

describe('nearest names', () => {
  test('edit distance', () => {
    expect([editDistance('', 'abc'), editDistance('kitten', 'sitting'), editDistance('same', 'same')]).toEqual([
      3, 3, 0,
    ])
  })

  test('containment goes before distance', () => {
    expect(nearestNames('cost', ['requests', 'cost_nano_usd', 'most'], 2)).toEqual(['cost_nano_usd', 'most'])
  })

  test('a message names at most three and quotes them', () => {
    expect(nearest('ab', ['a', 'b', 'abc', 'xyz'])).toBe('nearest: "a", "abc", "b"')
  })

  test("somebody else's text is cut and cannot break out of its quotes", () => {
    expect(quoted('a"b')).toBe('"a\\"b"')
    expect(quoted('x'.repeat(1_000_000)).length).toBeLessThan(80)
  })
})
