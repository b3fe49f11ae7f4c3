import { isTallystickError } from '@tallystick/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Period, periodOf } from './period.ts'

const NOW_MS = Date.parse('2026-03-01T10:30:00Z')
const of = (query: string, nowMs = NOW_MS): Period => periodOf(new URLSearchParams(query), nowMs)
const range = (query: string): readonly string[] => {
  const { fromMs, toMs } = of(query)
  return [new Date(fromMs).toISOString().slice(0, 16), new Date(toMs).toISOString().slice(0, 16)]
}

describe('a period', () => {
  it.each([
    ['today', '2026-03-01T00:00', '2026-03-02T00:00'],
    ['yesterday', '2026-02-28T00:00', '2026-03-01T00:00'],
    ['last-7-days', '2026-02-22T00:00', '2026-03-02T00:00'],
    ['last-30-days', '2026-01-30T00:00', '2026-03-02T00:00'],
    ['this-month', '2026-03-01T00:00', '2026-03-02T00:00'],
    ['last-month', '2026-02-01T00:00', '2026-03-01T00:00'],
    ['all-time', '2000-01-01T00:00', '2026-03-02T10:30'],
  ])('%s lasts from %s to %s, UTC', (name, from, to) => {
    expect(of(`period=${name}`).name).toBe(name)
    expect(range(`period=${name}`)).toEqual([from, to])
  })

  it.each([
    ['last-7-days', ['last7-days', 'last7days', 'Last-7-Days', 'LAST_7_DAYS', 'last-7days']],
    ['last-30-days', ['last30-days', 'last30days']],
    ['all-time', ['alltime', 'AllTime']],
    ['this-month', ['thismonth']],
    ['last-month', ['lastmonth']],
  ])('%s is echoed for each of its spellings', (canonical, spellings) => {
    for (const spelling of spellings) expect(of(`period=${spelling}`)).toEqual(of(`period=${canonical}`))
  })

  it('is all time unless said otherwise', () => {
    expect(of('')).toEqual(of('period=all-time'))
  })

  it('of last month reaches back over the turn of a year', () => {
    const { fromMs, toMs } = of('period=last-month', Date.parse('2026-01-31T23:59:59Z'))
    expect([fromMs, toMs]).toEqual([Date.UTC(2025, 11, 1), Date.UTC(2026, 0, 1)])
  })

  it('may be told by start and end: ms, RFC 3339, or days, the last of them included', () => {
    expect(of('start=1000&end=2000')).toEqual({ name: 'custom', fromMs: 1000, toMs: 2000 })
    expect(range('start=2026-02-01T00:00:00%2B01:00&end=2026-02-02T00:00:00Z')).toEqual([
      '2026-01-31T23:00',
      '2026-02-02T00:00',
    ])
    expect(range('start=2026-02-01&end=2026-02-01')).toEqual(['2026-02-01T00:00', '2026-02-02T00:00'])
    expect(range('start=2026-02-01')).toEqual(['2026-02-01T00:00', '2026-03-02T10:30'])
    expect(range('end=2026-02-01')).toEqual(['2000-01-01T00:00', '2026-02-02T00:00'])
  })

  it.each([
    'period=',
    'period=week',
    'period=last--',
    'period=__proto__',
    'period=constructor',
    'period=last-8-days',
    'period=today&start=1',
    'start=2&end=1',
    'start=1&end=1',
    'start=-1',
    'start=1.5',
    'start=now',
    'end=2026-02-30',
    'start=9999999999999999999',
    'start=',
  ])('%s is refused', (query) => {
    try {
      of(query)
      expect.unreachable()
    } catch (error) {
      if (!isTallystickError(error)) throw error
      expect(error.code).toBe('invalid_period')
      expect(error.issues).toHaveLength(1)
    }
  })

  it('is a range or refused, whatever the text', () => {
    fc.assert(
      fc.property(fc.constantFrom('period', 'start', 'end'), fc.string(), (name, text) => {
        try {
          const { fromMs, toMs } = periodOf(new URLSearchParams([[name, text]]), NOW_MS)
          expect(Number.isSafeInteger(fromMs) && Number.isSafeInteger(toMs) && fromMs < toMs).toBe(true)
        } catch (error) {
          expect(isTallystickError(error) && error.code).toBe('invalid_period')
        }
      }),
      { seed: 4, numRuns: 500 },
    )
  })
})
