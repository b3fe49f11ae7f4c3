import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keptMetadata } from './metadata.ts'

const kept = (source: object) => keptMetadata([[source, Object.keys(source)]])

describe('metadata', () => {
  it('keeps what is short and plain, four deep, a date as its text', () => {
    const source = { team: 'search', n: 1.5, ok: true, no: null, list: [1, 'a', { b: [2] }], at: new Date(0) }
    expect(kept(source)).toEqual({ ...source, at: '1970-01-01T00:00:00.000Z' })
    expect(kept({ a: { b: { c: { d: { e: {}, f: 1 } } } } })).toEqual({ a: { b: { c: { d: { f: 1 } } } } })
  })

  it('leaves out content and secrets at every depth, long texts and what is no JSON', () => {
    expect(
      kept({
        prompt: 'Dear ...',
        request: { messages: ['Dear ...'], api_key: 'sk-1', id: 7 },
        long: 'x'.repeat(257),
        nan: Number.NaN,
        big: 5n,
        call: () => 1,
        '': 1,
        half: '\ud800',
        tokens: 3,
      }),
    ).toEqual({ request: { id: 7 }, tokens: 3 })
    expect(kept({ prompt: 'x', content: [] })).toBeUndefined()
  })

  it('keeps the first of two members of one name', () => {
    const parts = [
      [{ a: 1 }, ['a']],
      [{ a: 2, b: 3 }, ['a', 'b']],
    ] as const
    expect(keptMetadata(parts)).toEqual({ a: 1, b: 3 })
  })

  it('is no way to the prototype', () => {
    const copy = kept(JSON.parse('{"__proto__":{"x":1},"a":{"__proto__":2}}')) as object
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"x":1},"a":{"__proto__":2}}')
  })

  it('stays within 4 KiB of JSON and never throws, whatever it is given', () => {
    const hostile = {
      get broken(): number {
        throw new Error('broken')
      },
      fine: 1,
    }
    expect(kept(hostile)).toEqual({ fine: 1 })
    const round: Record<string, unknown> = { fine: 1 }
    round['self'] = round
    expect(() => kept(round)).not.toThrow()
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything({ withDate: true, withBigInt: true })), (source) => {
        const copy = kept(source)
        expect(Buffer.byteLength(JSON.stringify(copy ?? {}))).toBeLessThanOrEqual(4096)
        expect(JSON.parse(JSON.stringify(copy ?? null))).toEqual(copy ?? null)
      }),
      { seed: 4, numRuns: 1000 },
    )
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, 'x'.repeat(200)]))
    expect(Object.keys(kept(wide) ?? {})).toHaveLength(19)
  })
})
