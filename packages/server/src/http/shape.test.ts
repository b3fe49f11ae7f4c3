import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isDeeperThan, jsonShape } from './shape.ts'

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
const containersOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? 1 + Object.values(value).reduce((sum: number, inner) => sum + containersOf(inner), 0)
    : 0
const commasOf = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value)
  return Math.max(0, inner.length - 1) + inner.reduce((sum: number, each) => sum + commasOf(each), 0)
}

describe('isDeeperThan', () => {
  it('agrees with the plain recursive definition', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 1, max: 8 }), (value, limit) => {
        if (typeof value !== 'object' || value === null) return
        expect(isDeeperThan(value, limit)).toBe(depthOf(value) > limit)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('survives a hundred thousand levels', () => {
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as object
    expect(isDeeperThan(deep, 16)).toBe(true)
  })

  it('counts members named __proto__ like any other', () => {
    expect(isDeeperThan(JSON.parse('{"__proto__":{"__proto__":{}}}') as object, 2)).toBe(true)
  })
})

describe('jsonShape', () => {
  it('counts containers and commas outside strings, however the text is spelled', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(undefined, 2), (text, space) => {
        const value: unknown = JSON.parse(text)
        const shape = jsonShape(Buffer.from(JSON.stringify(value, null, space)))
        expect(shape).toEqual({ containers: containersOf(value), commas: commasOf(value) })
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('is not fooled by quotes and brackets in strings', () => {
    expect(jsonShape(Buffer.from('{"a":"\\"[{,\\\\","b":["}"]}'))).toEqual({ containers: 2, commas: 1 })
  })

  it('ends on malformed text', () => {
    expect(jsonShape(Buffer.from('{"never closed \\'))).toEqual({ containers: 1, commas: 0 })
  })
})
