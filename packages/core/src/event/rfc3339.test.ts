import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRfc3339 } from './rfc3339.ts'

describe('parseRfc3339', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0],
    ['2026-11-21T08:00:00.1239+05:45', Date.UTC(2026, 10, 21, 2, 15, 0, 123)],
    ['2026-11-21t08:00:00z', Date.UTC(2026, 10, 21, 8)],
    ['2026-11-21 08:00:00.5-08:00', Date.UTC(2026, 10, 21, 16, 0, 0, 500)],
    ['2026-11-21T08:00:00.12Z', Date.UTC(2026, 10, 21, 8, 0, 0, 120)],
    ['2026-11-21T08:00:00.999999999Z', Date.UTC(2026, 10, 21, 8, 0, 0, 999)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
    ['2026-01-01T00:00:00-00:00', Date.UTC(2026, 0, 1)],
  ])('reads %s', (text, ms) => {
    expect(parseRfc3339(text)).toBe(ms)
  })

  it.each([
    ['2026-11-21T08:00:00'],
    ['2026-11-21'],
    ['2026-11-21T08:00Z'],
    ['2026-11-21T08:00:00+0545'],
    ['2026-11-21T08:00:00+24:00'],
    ['2026-11-21T08:00:00+05:60'],
    ['2026-11-21T08:00:00.Z'],
    ['2026-11-21T08:00:00,5Z'],
    ['2026-11-21T24:00:00Z'],
    ['2026-11-21T08:60:00Z'],
    ['2026-11-21T08:00:61Z'],
    ['2026-02-29T00:00:00Z'],
    ['2026-04-31T00:00:00Z'],
    ['2026-13-01T00:00:00Z'],
    ['2026-00-01T00:00:00Z'],
    ['2026-01-00T00:00:00Z'],
    ['2026/11/21T08:00:00Z'],
    ['2026-11-21T08:00:00Z '],
    ['2026-11-21T08:00:00Z+00:00'],
    ['+2026-11-21T08:00:00Z'],
    ['\u0662026-11-21T08:00:00Z'],
    [`2026-11-21T08:00:00.${'1'.repeat(40)}Z`],
    [''],
  ])('refuses %j', (text) => {
    expect(parseRfc3339(text)).toBeUndefined()
  })

  it('reads back every instant that Date writes', () => {
    const years = {
      min: new Date('0000-01-01T00:00:00.000Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    }
    fc.assert(
      fc.property(fc.date(years), (date) => {
        expect(parseRfc3339(date.toISOString())).toBe(date.getTime())
      }),
      { seed: 1, numRuns: 1000 },
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9TZ:.+-]{18,30}$/)), (text) => {
        const ms = parseRfc3339(text)
        expect(ms === undefined || Number.isSafeInteger(ms)).toBe(true)
      }),
      { seed: 2, numRuns: 2000 },
    )
  })
})
