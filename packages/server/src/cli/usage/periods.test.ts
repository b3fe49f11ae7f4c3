import { describe, expect, it, test } from 'vitest'
import { clockIn, dateIn, periodOf } from './periods.ts'

const at = (text: string): number => Date.parse(text)
const NOW = at('2026-11-21T13:00:00Z')
const DAY_MS = 86_400_000

describe('the time a report is about', () => {
  test.each([
    [{ since: '2026-11-01', until: '2026-11-30' }, 'UTC', '2026-11-01T00:00Z', '2026-12-01T00:00Z'],
    [{ since: '20261101', until: '20261101' }, 'Europe/Berlin', '2026-10-31T23:00Z', '2026-11-01T23:00Z'],
    // A day of 25 hours.
    [{ since: '2026-10-25', until: '2026-10-25' }, 'Europe/Berlin', '2026-10-24T22:00Z', '2026-10-25T23:00Z'],
    [{ since: '2h', until: '2026-11-21T12:30:00Z' }, 'UTC', '2026-11-21T11:00Z', '2026-11-21T12:30Z'],
    [{ since: 'all', until: '2026-11-21' }, 'UTC', '2000-01-01T00:00Z', '2026-11-22T00:00Z'],
  ])('%j in %s', (flags, timezone, from, to) => {
    expect(periodOf({ ...flags, timezone }, '1d', 1, NOW)).toEqual({
      fromMs: at(from),
      toMs: at(to),
      timeZone: timezone,
    })
  })

  it('is so many whole buckets up to now, and what is dated ahead, where none is named', () => {
    const { fromMs, toMs } = periodOf({ timezone: 'Asia/Kathmandu' }, '1d', 7, NOW)
    expect([fromMs, toMs]).toEqual([at('2026-11-14T18:15Z'), NOW + DAY_MS])
    expect(periodOf({ timezone: 'UTC' }, '1w', 2, NOW).fromMs).toBe(at('2026-11-09T00:00Z'))
    expect(periodOf({ timezone: 'UTC' }, '1mo', 3, NOW).fromMs).toBe(at('2026-09-01T00:00Z'))
  })

  test.each([
    [{ timezone: 'Mars/Olympus' }, '--timezone Mars/Olympus'],
    [{ since: 'yesterdayish' }, '--since yesterdayish'],
    [{ since: '2026-11-20', until: '2026-11-10' }, '--since must be before --until'],
  ])('%j is refused with what is wrong', (flags, message) => {
    expect(() => periodOf(flags, '1d', 1, NOW)).toThrow(message)
  })
})

it('dates and clocks are those of the zone', () => {
  expect(dateIn(at('2026-11-20T19:00Z'), 'Asia/Kathmandu')).toBe('2026-11-21')
  expect(clockIn(at('2026-11-20T19:00Z'), 'Asia/Kathmandu')).toBe('2026-11-21 00:45')
})
