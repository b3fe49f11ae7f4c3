import { describe, expect, it } from 'vitest'
import { KnownNames } from './known-names.ts'

const names = (count: number, prefix = 'msg_'): string[] => Array.from({ length: count }, (_, at) => `${prefix}${at}`)

describe('names that are known', () => {
  it('are known once they are added, and no others are', () => {
    const known = new KnownNames()
    for (const name of names(20_000)) expect(known.add(name)).toBe(true)
    expect(names(20_000).filter((name) => known.add(name))).toEqual([])
    expect(names(20_000, 'other_').filter((name) => known.has(name))).toEqual([])
    expect(known.size).toBe(20_000)
  })

  it('are known again from what was written of them', () => {
    const known = new KnownNames()
    for (const name of names(3_000)) known.add(name)
    const read = new KnownNames(known.words())
    expect(names(3_000).filter((name) => !read.has(name))).toEqual([])
    expect(read.size).toBe(3_000)
  })

  it('are forgotten beyond a number, and never taken for known because of it', () => {
    const known = new KnownNames(undefined, 1_000)
    for (const name of names(5_000)) known.add(name)
    expect(known.size).toBe(1_000)
    expect(names(5_000).filter((name) => known.has(name))).toEqual(names(1_000))
  })
})
