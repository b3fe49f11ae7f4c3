import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pruner, type Wanted, type WantedMembers } from './prune.ts'
import { pieces } from './testing/pieces.ts'

type Tree = WantedMembers

/** What `JSON.parse` and a walk over the whole document give. */
function pruned(value: unknown, wanted: Tree): unknown {
  if (Array.isArray(value)) {
    const first = wanted['[]']
    return first === undefined || value.length === 0 ? [] : [kept(value[0], first)].filter((one) => one !== undefined)
  }
  return Object.fromEntries(
    Object.entries(value as object).flatMap(([name, member]) => {
      const below = Object.hasOwn(wanted, name) ? wanted[name] : undefined
      const found = below === undefined ? undefined : kept(member, below)
      return found === undefined ? [] : [[name, found]]
    }),
  )
}

function kept(value: unknown, wanted: Wanted): unknown {
  if (wanted === true) return value
  if (wanted === 'length') return Array.isArray(value) ? value.length : undefined
  if (typeof value === 'string' && value !== '') return true
  return typeof value === 'object' && value !== null ? pruned(value, wanted) : undefined
}

function documents(text: string, wanted: Tree, split: readonly number[] = [], elements = false): unknown[] {
  const found: unknown[] = []
  const pruner = new Pruner(wanted, (document) => found.push(JSON.parse(JSON.stringify(document))), elements)
  for (const piece of pieces(new TextEncoder().encode(text), split)) pruner.write(piece)
  return pruner.end() ? found : ['broken']
}

const names = fc.constantFrom('usage', 'model', 'a', 'b', '[]', '__proto__', 'constructor', 'é"\\')
const { tree } = fc.letrec<{ tree: Tree; below: Wanted }>((tie) => ({
  tree: fc.dictionary(names, tie('below'), { maxKeys: 4 }) as fc.Arbitrary<Tree>,
  below: fc.oneof({ depthSize: 'small' }, fc.constantFrom(true as const, 'length' as const), tie('tree')),
}))
const { object } = fc.letrec<{ object: object; value: unknown }>((tie) => ({
  object: fc.dictionary(names, tie('value'), { maxKeys: 5 }),
  value: fc.oneof(
    { depthSize: 'small' },
    fc.jsonValue({ maxDepth: 1 }),
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}))

describe('pruning', () => {
  it('keeps of any document what parsing all of it would, whatever the pieces it comes in', () => {
    fc.assert(
      fc.property(object, tree, fc.array(fc.nat(200)), fc.nat(2), (value, wanted, split, indent) => {
        const expected = JSON.parse(JSON.stringify(pruned(JSON.parse(JSON.stringify(value)), wanted)))
        expect(documents(JSON.stringify(value, null, indent), wanted, split)).toEqual([expected])
      }),
      { numRuns: 500, seed: 1 },
    )
  })

  it('comes out of any text that is passed over where the text ends, whatever is escaped in it', () => {
    const letter = fc.constantFrom('\\', '"', 'x', '\n', 'é', '"usage":{"n":9}')
    const text = fc.array(letter, { maxLength: 90 }).map((letters) => letters.join(''))
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), fc.array(fc.nat(400), { maxLength: 6 }), (texts, split) => {
        const value = { a: texts[0] ?? '', below: { texts }, usage: { n: 1 }, b: texts.at(-1) ?? '' }
        expect(documents(JSON.stringify(value), { usage: { n: true } }, split)).toEqual([{ usage: { n: 1 } }])
      }),
      { numRuns: 2_000, seed: 1 },
    )
  })

  it('takes each element of an array as a document where told to, and an object all the same', () => {
    const wanted = { usage: { n: true } } as const
    expect(documents('[{"usage":{"n":1}},\n{"usage":{"n":2},"x":[{}]}]', wanted, [3, 9, 21], true)).toEqual([
      { usage: { n: 1 } },
      { usage: { n: 2 } },
    ])
    expect(documents('{"usage":{"n":3},"x":[{"usage":{"n":4}}]}', wanted, [], true)).toEqual([{ usage: { n: 3 } }])
    expect(documents('[]', wanted, [], true)).toEqual([])
  })

  it('believes nothing of what is no JSON', () => {
    const bad = [
      '',
      '{',
      '{"a":1',
      '{"a":1]',
      '{"a" 1}',
      '{a:1}',
      '{"a":1,}',
      '[1]',
      '{"a":1} {',
      '{"a":"\n"}',
      '{,}',
      '{"a":}',
      '"a"',
      '{"a":@}',
    ]
    for (const text of bad) expect(documents(text, { a: true }), text).toEqual(['broken'])
  })

  it('holds of a member no more than any figure takes, and says so', () => {
    const pruner = new Pruner({ a: true, b: true }, (document) => expect({ ...document }).toEqual({ b: 1 }))
    pruner.write(new TextEncoder().encode(`{"a":"${'x'.repeat(100_000)}","b":1}`))
    expect([pruner.end(), pruner.truncated]).toEqual([true, true])
  })

  it('tells texts apart that were read before, however many there were', () => {
    for (let number = 0; number < 5_000; number++) {
      const text = `${number % 700}-\u00e9-${'y'.repeat(number % 60)}`
      expect(documents(JSON.stringify({ a: text, [`n${number}`]: 1 }), { a: true })).toEqual([{ a: text }])
    }
  })

  it('reads anything at all without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const pruner = new Pruner({ a: { '[]': true } }, () => undefined, true)
        pruner.write(bytes)
        pruner.end()
      }),
      { numRuns: 1_000, seed: 2 },
    )
  })
})
