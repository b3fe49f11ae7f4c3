import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ENTRY_WORDS, FIRST_RESERVATION, HotTable, SETTLED } from './hot-table.ts'
import { compareKeys } from './key-order.ts'

const keyOf = (...words: number[]): Uint32Array => Uint32Array.from(words)

/** Spreads `n` over the key space. */
function spread(n: number): Uint32Array {
  const mix = (x: number): number => {
    const y = Math.imul(x ^ (x >>> 16), 0x45d9f3b)
    return (y ^ (y >>> 15)) >>> 0
  }
  return keyOf(mix(n * 4 + 1), mix(n * 4 + 2), mix(n * 4 + 3), n)
}

function sortedKeys(table: HotTable, pieces = 3): number[][] {
  const keys: number[][] = []
  for (const { words, offsets } of table.sortedPieces(pieces))
    for (const at of offsets) keys.push([...words.subarray(at, at + 4)])
  return keys
}

describe('hot table', () => {
  test('does what a map does, whatever is inserted and removed, also in one long cluster', () => {
    // Few heads, the lowest and the highest among them: all the collisions there can be, and the end of the array.
    const head = fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_fff0, 0xffff_ffff)
    const step = fc.record({
      head,
      tail: fc.nat(40),
      remove: fc.boolean(),
      mark: fc.constantFrom(SETTLED, FIRST_RESERVATION, 77),
    })
    const property = fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new HotTable()
      const model = new Map<string, { readonly key: Uint32Array; readonly mark: number }>()
      for (const { head: first, tail, remove, mark } of steps) {
        const key = keyOf(first, 0, 0, tail)
        const name = key.join()
        const at = table.find(key)
        expect(at >= 0).toBe(model.has(name))
        if (at < 0) {
          table.insert(key, first, tail, mark)
          model.set(name, { key, mark })
        } else if (remove) {
          table.remove(at)
          model.delete(name)
        }
      }
      expect(table.size).toBe(model.size)
      for (const { key, mark } of model.values()) {
        const at = table.find(key)
        expect([table.hash0(at), table.hash1(at), table.mark(at)]).toEqual([key[0], key[3], mark])
      }
      expect(sortedKeys(table)).toEqual(
        [...model.values()]
          .map(({ key }) => key)
          .sort((a, b) => compareKeys(a, 0, b, 0))
          .map((key) => [...key]),
      )
      const reserved = new HotTable()
      table.moveReserved(reserved)
      const marks = [...model.values()].map(({ mark }) => mark)
      expect(table.size).toBe(marks.filter((mark) => mark === SETTLED).length)
      expect(reserved.size).toBe(marks.filter((mark) => mark !== SETTLED).length)
      for (const { key, mark } of model.values())
        expect((mark === SETTLED ? table : reserved).find(key)).toBeGreaterThanOrEqual(0)
    })
    fc.assert(property, { seed: 1, numRuns: 300 })
  })

  test('holds a million ids in 59 MB and finds each of them and no other', () => {
    const table = new HotTable()
    for (let n = 0; n < 1_000_000; n++) table.insert(spread(n), n, 0, SETTLED)
    expect(table.size).toBe(1_000_000)
    expect(table.byteLength).toBeLessThanOrEqual(59_000_000)
    let found = 0
    for (let n = 0; n < 1_000_000; n += 7) if (table.hash0(table.find(spread(n))) === n) found++
    expect(found).toBe(Math.ceil(1_000_000 / 7))
    for (let n = 1_000_000; n < 1_010_000; n++) expect(table.find(spread(n))).toBe(-1)
  })

  test('at its fullest an id takes 40 bytes', () => {
    const table = new HotTable(700_000)
    const before = table.byteLength
    for (let n = 0; n < 700_000; n++) table.insert(spread(n), n, 0, SETTLED)
    expect(table.byteLength).toBe(before)
    expect(before / 700_000).toBeLessThan(43)
  })

  test('gives its entries in pieces that end with a cluster', () => {
    const table = new HotTable()
    for (let n = 0; n < 1000; n++) table.insert(spread(n), n, 0, SETTLED)
    let last: Uint32Array | undefined
    let count = 0
    for (const { words, offsets } of table.sortedPieces(64)) {
      for (const at of offsets) {
        const key = words.slice(at, at + ENTRY_WORDS)
        if (last) expect(compareKeys(last, 0, key, 0)).toBe(-1)
        last = key
        count++
      }
    }
    expect(count).toBe(1000)
  })
})
