import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventIdOf, firstText, labelTags, saidCount, saidText } from './said.ts'

describe('a text', () => {
  it.each([
    ['', 8],
    ['a\0b', 8],
    ['\ud800', 8],
    ['é'.repeat(5), 9],
    [7, 8],
    [null, 8],
    [['a'], 8],
  ])('%j in %s bytes is none', (value, max) => {
    expect(saidText(value, max)).toBeUndefined()
  })

  it('may take all of its bytes', () => {
    expect(saidText('é'.repeat(5), 10)).toBe('ééééé')
    expect(firstText(3, undefined, 'long', '', 'abc', 'd')).toBe('abc')
  })
})

it('counts are whole numbers from 0 on', () => {
  for (const value of [-1, 1.5, Number.NaN, 2 ** 53, '1', null, true]) expect(saidCount(value)).toBeUndefined()
  expect([saidCount(0), Object.is(saidCount(-0), 0), saidCount(2 ** 53 - 1)]).toEqual([0, true, 2 ** 53 - 1])
})

it('ids of any length are ids of events, and different ones stay different', () => {
  const ids = fc.string({ minLength: 1, maxLength: 300 }).filter((id) => saidText(id, 5000) !== undefined)
  fc.assert(
    fc.property(ids, ids, (a, b) => {
      expect(Buffer.byteLength(eventIdOf(a))).toBeLessThanOrEqual(128)
      expect(eventIdOf(a) === eventIdOf(b)).toBe(a === b)
    }),
    { seed: 37, numRuns: 500 },
  )
})

describe('labels', () => {
  it.each([
    [['team:search'], { team: 'search' }],
    [['team = search'], { 'team = search': 'true' }],
    [['env=prod', 'env:dev'], { env: 'prod' }],
    [['beta', ' beta '], { beta: 'true' }],
    [['https://a.example/x'], { https: '//a.example/x' }],
    [['a:'], { 'a:': 'true' }],
    [['', 7, null, '\0'], {}],
    ['team:search', {}],
  ])('%j', (labels, tags) => {
    expect(Object.fromEntries(labelTags(labels))).toEqual(tags)
  })

  it('are bounded in number and in bytes, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 300 }), { maxLength: 100 }), (labels) => {
        const tags = [...labelTags(labels)]
        expect(tags.length).toBeLessThanOrEqual(32)
        for (const [name, value] of tags) {
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(128)
          expect(Buffer.byteLength(value)).toBeLessThanOrEqual(1024)
        }
      }),
      { seed: 41, numRuns: 300 },
    )
    expect(labelTags(Array.from({ length: 100 }, (_, n) => `label-${n}`)).size).toBe(32)
    expect(labelTags(Array.from({ length: 20 }, (_, n) => `${n}`.padEnd(200, 'x'))).size).toBeLessThan(11)
  })
})
