import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemRandom } from '../event/index.ts'
import { backoffMs, retryAfterMs } from './backoff.ts'
import { fixedRandom, VirtualTime } from './testing/virtual-time.ts'

describe('backoff', () => {
  it('doubles its ceiling from the base to 30 s', () => {
    const highest = (failures: number): number => backoffMs(failures, 500, fixedRandom(1))
    expect([1, 2, 3, 6, 7, 8, 5_000].map(highest)).toEqual([500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000])
  })

  it('takes anything from 0 to the ceiling, so that clients do not come back together', () => {
    expect(backoffMs(1, 500, fixedRandom(0))).toBe(0)
    expect(backoffMs(1, 500, fixedRandom(0.5))).toBe(250)
    const waits = Array.from({ length: 1_000 }, () => backoffMs(7, 500, systemRandom))
    expect(new Set(waits).size).toBeGreaterThan(900)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000)
  })
})

describe('Retry-After', () => {
  const clock = new VirtualTime()
  const inMs = (ms: number): string => new Date(clock.now() + ms).toUTCString()

  it('is read as seconds or as an HTTP date', () => {
    expect(retryAfterMs('0', clock)).toBe(0)
    expect(retryAfterMs('120', clock)).toBe(120_000)
    expect(retryAfterMs(inMs(90_000), clock)).toBe(90_000)
  })

  it('is five minutes at most and never negative', () => {
    expect(retryAfterMs('86400', clock)).toBe(300_000)
    expect(retryAfterMs('9'.repeat(400), clock)).toBe(300_000)
    expect(retryAfterMs(inMs(86_400_000), clock)).toBe(300_000)
    expect(retryAfterMs(inMs(-86_400_000), clock)).toBe(0)
  })

  it('is nothing when it cannot be read', () => {
    for (const header of [null, '', 'soon', '1.5e400x', 'NaN']) expect(retryAfterMs(header, clock)).toBeUndefined()
  })

  it('gives a wait that a timer can take, whatever is sent', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const wait = retryAfterMs(header, clock) ?? 0
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(300_000)
      }),
      { seed: 4 },
    )
  })
})
