import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rowWindow } from './window.ts'

test('a short list is drawn whole, a long one where it is in sight and a little beyond', () => {
  expect(rowWindow(5_000, 320, 32, 500)).toEqual({ first: 0, end: 500 })
  expect(rowWindow(0, 320, 32, 501)).toEqual({ first: 0, end: 31 })
  expect(rowWindow(32_000, 320, 32, 1_005)).toEqual({ first: 980, end: 1_005 })
})

test('whatever is in sight is among the rows', () => {
  const position = fc.record({ count: fc.integer({ min: 0, max: 20_000 }), height: fc.integer({ min: 0, max: 2_000 }) })
  const property = fc.property(
    position,
    fc.nat(700_000),
    fc.integer({ min: 20, max: 60 }),
    ({ count, height }, top, row) => {
      const { first, end } = rowWindow(top, height, row, count)
      const [firstSeen, lastSeen] = [Math.floor(top / row), Math.ceil((top + height) / row)]
      return first <= Math.min(count, firstSeen) && end >= Math.min(count, lastSeen) && first <= end && end <= count
    },
  )
  fc.assert(property, { seed: 7, numRuns: 2_000 })
})
