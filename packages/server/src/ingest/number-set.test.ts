import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NumberSet } from './number-set.ts'

describe('number set', () => {
  test('counts what is missing as a plain set does, in whatever order and however often numbers come', () => {
    const property = fc.property(fc.array(fc.nat(60), { maxLength: 120 }), (numbers) => {
      const set = new NumberSet()
      for (const n of numbers) set.add(n)
      const plain = new Set(numbers)
      const max = Math.max(-1, ...numbers)
      expect(set.max).toBe(max)
      expect(set.missing).toBe(max + 1 - plain.size)
      expect(NumberSet.from(JSON.parse(JSON.stringify(set))).missing).toBe(set.missing)
    })
    fc.assert(property, { seed: 1, numRuns: 1000 })
  })

  test('is bounded: the narrowest holes are closed, counted, and never reported as missing', () => {
    const set = new NumberSet(4)
    for (const n of [0, 10, 12, 20, 30, 40]) set.add(n)
    expect(set.toJSON().bounds).toHaveLength(8)
    expect(set.closed).toBe(1 + 7)
    expect(set.missing).toBe(41 - 6 - 8)
  })
})
