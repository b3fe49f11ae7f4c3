import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseInstant } from './instant.ts'

describe('instants of imported rows', () => {
  it('reads a date and time with seven decimals and cuts it to milliseconds', () => {
    expect(parseInstant('2023-11-16 18:17:03.9799600', 'UTC')).toBe(Date.UTC(2023, 10, 16, 18, 17, 3, 979))
  })

  it('takes an offset in the text over the zone of the flag', () => {
    expect(parseInstant('2024-01-01T00:00:00+05:45', 'America/New_York')).toBe(Date.UTC(2023, 11, 31, 18, 15))
    expect(parseInstant('2024-01-01 00:00 UTC', 'America/New_York')).toBe(Date.UTC(2024, 0, 1))
  })

  it('reads local time in the zone of the flag on both sides of a clock change', () => {
    expect(parseInstant('2025-03-29 12:00', 'Europe/Berlin')).toBe(Date.UTC(2025, 2, 29, 11))
    expect(parseInstant('2025-03-31 12:00', 'Europe/Berlin')).toBe(Date.UTC(2025, 2, 31, 10))
  })

  it('takes the first of two equal local times and reads a skipped one with the offset before', () => {
    expect(parseInstant('2025-10-26 02:30', 'Europe/Berlin')).toBe(Date.UTC(2025, 9, 26, 0, 30))
    expect(parseInstant('2025-03-30 02:30', 'Europe/Berlin')).toBe(Date.UTC(2025, 2, 30, 1, 30))
  })

  it('tells seconds, milliseconds, microseconds and nanoseconds since 1970 apart', () => {
    for (const text of ['1700158623', '1700158623000', '1700158623000000', '1700158623000000000'])
      expect(parseInstant(text, 'UTC')).toBe(1_700_158_623_000)
  })

  it.each(['', 'yesterday', '2025-02-30 00:00', '2025-01-01 24:00', '01/02/2025', '2025-13-01'])(
    'refuses %j',
    (text) => {
      expect(parseInstant(text, 'UTC')).toBeUndefined()
    },
  )

  it('reads back every instant that is written in ISO form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 }), (ms) => {
        expect(parseInstant(new Date(ms).toISOString(), 'Asia/Kathmandu')).toBe(ms)
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})
