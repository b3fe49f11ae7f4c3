import { expect, it } from 'vitest'
import { TupleMap } from './tuple-map.ts'

it.each([0, 1, 3])('a map of tuples of %d gives what it was given, and nothing else', (length) => {
  const map = new TupleMap<number>(length)
  const key = ['a', 1, null].slice(0, length)
  expect(map.get(key)).toBeUndefined()
  expect(map.getOrCreate(key, () => 7)).toBe(7)
  expect(map.getOrCreate(key, () => 8)).toBe(7)
  expect(map.get(key)).toBe(7)
  expect(map.size).toBe(1)
  if (length === 3)
    for (const other of [
      ['a', '1', null],
      ['b', 1, null],
      ['a', 1, 'null'],
    ])
      expect(map.get(other)).toBeUndefined()
})
