import { expect, it } from 'vitest'
import { rangeBefore, reportRange } from './range.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const at = (ms: number): string => new Date(ms).toISOString()

it('counts an age back from now', () => {
  expect(reportRange('24h', NOW, 'Asia/Kathmandu')).toEqual({ fromMs: NOW + 1 - 86_400_000, toMs: NOW + 1 })
  expect(reportRange('4w', NOW, 'UTC').fromMs).toBe(NOW + 1 - 28 * 86_400_000)
})

it.each([
  ['today', 'UTC', '2026-11-21T00:00:00.000Z', '2026-11-21T12:00:00.001Z'],
  ['yesterday', 'Asia/Kathmandu', '2026-11-19T18:15:00.000Z', '2026-11-20T18:15:00.000Z'],
  ['this_week', 'UTC', '2026-11-16T00:00:00.000Z', '2026-11-21T12:00:00.001Z'],
  ['last_week', 'Europe/Berlin', '2026-11-08T23:00:00.000Z', '2026-11-15T23:00:00.000Z'],
  ['this_month', 'America/New_York', '2026-11-01T04:00:00.000Z', '2026-11-21T12:00:00.001Z'],
  // Berlin's clocks go back in October: 31 days and an hour.
  ['last_month', 'Europe/Berlin', '2026-09-30T22:00:00.000Z', '2026-10-31T23:00:00.000Z'],
])('%s is a part of the calendar of %s', (name, zone, from, to) => {
  const { fromMs, toMs } = reportRange(name, NOW, zone)
  expect([at(fromMs), at(toMs)]).toEqual([from, to])
})

it('is never empty, also at the instant at which a day begins', () => {
  const midnight = Date.UTC(2026, 10, 21)
  expect(reportRange('today', midnight, 'UTC')).toEqual({ fromMs: midnight, toMs: midnight + 1 })
})

it.each(['', '7', 'd', '0d', '-1d', '99999d', '7 d', 'last_weak', '__proto__'])('refuses %j', (name) => {
  expect(() => reportRange(name, NOW, 'UTC')).toThrow(expect.objectContaining({ code: 'invalid_query' }))
})

it('compares with as long before, and not with before 1970', () => {
  expect(rangeBefore({ fromMs: 300, toMs: 400 })).toEqual({ fromMs: 200, toMs: 300 })
  expect(rangeBefore({ fromMs: 100, toMs: 400 })).toEqual({ fromMs: 0, toMs: 100 })
})
