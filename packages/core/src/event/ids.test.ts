import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Clock, Random } from './clock.ts'
import { uuidv7Generator, uuidv7TimeMs } from './ids.ts'

const clockAt = (...times: number[]): Clock => ({
  now: () => (times.length > 1 ? (times.shift() as number) : (times[0] as number)),
  monotonic: () => 0,
})
const filledWith = (byte: number): Random => ({ fill: (bytes) => bytes.fill(byte) })

describe('a UUIDv7 generator', () => {
  it('writes version, variant and the instant', () => {
    const id = uuidv7Generator(clockAt(1_795_227_300_123), filledWith(0xff))()
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(uuidv7TimeMs(id)).toBe(1_795_227_300_123)
  })

  it('rises within one millisecond, past the end of its counter and when the clock goes back', () => {
    const random: Random = { fill: (bytes) => bytes.fill(0xff) }
    const still = uuidv7Generator(clockAt(5000), random)
    const back = uuidv7Generator(clockAt(9000, 8000, 1, 9001), random)
    for (const next of [still, back]) {
      const ids = Array.from({ length: 6000 }, () => next())
      expect(new Set(ids).size).toBe(ids.length)
      expect([...ids].sort()).toEqual(ids)
    }
  })

  it('rises whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 2, maxLength: 200 }), (times) => {
        const next = uuidv7Generator(clockAt(...times), filledWith(0x7f))
        const ids = times.map(() => next())
        expect([...ids].sort()).toEqual(ids)
        expect(new Set(ids).size).toBe(ids.length)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('counts a clock before 1970 as 1970', () => {
    expect(uuidv7TimeMs(uuidv7Generator(clockAt(-5), filledWith(1))())).toBe(0)
  })
})

describe('uuidv7TimeMs', () => {
  it.each([
    ['another version', '550e8400-e29b-41d4-a716-446655440000'],
    ['capitals', '019A9F3E-7D1C-7ABC-8DEF-0123456789AB'],
    ['no dashes', '019a9f3e7d1c7abc8def0123456789ab'],
    ['36 other characters', 'x'.repeat(36)],
    ['nothing', ''],
  ])('does not read %s', (_, id) => {
    expect(uuidv7TimeMs(id)).toBeUndefined()
  })
})
