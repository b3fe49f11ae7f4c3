import { describe, expect, it } from 'vitest'
import { createRateLimit } from './rate-limit.ts'

const harness = (limit: number, maxKeys?: number) => {
  const clock = { nowMs: 0, monotonic: (): number => clock.nowMs }
  const rate = createRateLimit(limit, 60_000, clock, maxKeys)
  return { clock, take: (...counts: [string, number][]): number => rate.take(new Map(counts)) }
}

describe('a rate limit', () => {
  it('takes so many in the minute that begins with the first, and says how long the rest waits', () => {
    const { clock, take } = harness(3)
    expect([take(['a', 1]), take(['a', 1]), take(['a', 1])]).toEqual([0, 0, 0])
    clock.nowMs = 20_000
    expect(take(['a', 1])).toBe(40_000)
    clock.nowMs = 60_000
    expect([take(['a', 3]), take(['a', 1])]).toEqual([0, 60_000])
  })

  it('counts each key by itself', () => {
    const { take } = harness(1)
    expect([take(['a', 1]), take(['b', 1]), take(['a', 1])]).toEqual([0, 0, 60_000])
  })

  it('takes all of several keys or none', () => {
    const { take } = harness(2)
    expect(take(['a', 2])).toBe(0)
    expect(take(['a', 1], ['b', 2])).toBe(60_000)
    expect(take(['b', 2])).toBe(0)
  })

  it('forgets the key seen first rather than grow', () => {
    const { take } = harness(1, 2)
    expect([take(['a', 1]), take(['b', 1]), take(['c', 1])]).toEqual([0, 0, 0])
    expect([take(['b', 1]), take(['c', 1])]).toEqual([60_000, 60_000])
    expect(take(['a', 1])).toBe(0)
  })
})
