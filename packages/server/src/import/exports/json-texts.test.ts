import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonTexts } from './json-texts.ts'

function split(text: string, size: number): string[] {
  const texts = new JsonTexts()
  const found: string[] = []
  for (let at = 0; at < text.length; at += size) found.push(...texts.write(text.slice(at, at + size)))
  texts.end()
  return found
}

describe('JSON objects in a text', () => {
  it.each([
    ['an array', (rows: string[]) => `[\n${rows.join(',\n')}\n]`],
    ['JSON Lines', (rows: string[]) => `${rows.join('\n')}\n`],
    ['commas too many', (rows: string[]) => `[\n${rows.map((row) => `${row},\n`).join('')}]\n`],
    ['objects alone', (rows: string[]) => rows.join('')],
  ])('are found in %s, cut anywhere', (_, join) => {
    const row = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        (rows, size, spread) => {
          const texts = rows.map((value) => JSON.stringify(value, null, spread ? 2 : 0))
          expect(split(join(texts), size)).toEqual(texts)
        },
      ),
      { seed: 63, numRuns: 200 },
    )
  })

  it('a quote behind a backslash at the end of a piece does not end a string', () => {
    expect(split(String.raw`{"a":"\"}","b":"\\"}`, 1)).toEqual([String.raw`{"a":"\"}","b":"\\"}`])
  })

  it('one that never ends is given up, not gathered for ever', () => {
    const texts = new JsonTexts()
    const piece = 'x'.repeat(1 << 20)
    expect(() => {
      for (const _ of texts.write('{"a":"')) throw new Error('nothing is whole')
      for (let count = 0; count < 65; count++) for (const _ of texts.write(piece)) throw new Error('nothing is whole')
    }).toThrow(/64 Mi/)
  })

  it('that are cut off are told of', () => {
    expect(() => split('[{"a":1},{"b":', 3)).toThrow(/cut off/)
  })
})
