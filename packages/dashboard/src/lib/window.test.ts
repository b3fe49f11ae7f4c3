import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WHOLE_UP_TO, windowOf } from './window.ts'

test('a short table is there as a whole', () => {
  expect(windowOf(9_999, 300, 33, WHOLE_UP_TO)).toEqual({ from: 0, to: WHOLE_UP_TO, above: 0, below: 0 })
})

test('of a long one what is seen is there, and heights come to the whole, wherever it is scrolled', () => {
  const length = fc.integer({ min: WHOLE_UP_TO + 1, max: 10_000 })
  fc.assert(
    fc.property(length, fc.nat(400_000), fc.integer({ min: 1, max: 2_000 }), (count, top, height) => {
      const { from, to, above, below } = windowOf(top, height, 33, count)
      expect(above + (to - from) * 33 + below).toBe(count * 33)
      const seenFrom = Math.min(count - 1, Math.floor(top / 33))
      const seenTo = Math.min(count, Math.ceil((top + height) / 33))
      expect(from <= seenFrom && to >= seenTo && to > from).toBe(true)
      expect(to - from).toBeLessThan(height / 33 + 50)
    }),
    { seed: 1, numRuns: 300 },
  )
})
