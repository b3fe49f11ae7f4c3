import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LEAST_DAYS, projectMonthEnd } from './month-end.ts'
import { outlookOf, outlookQuery } from './outlook.ts'
import { DAY_MS } from './projection.ts'

const USD = 1_000_000_000
const NOW_MS = Date.parse('2026-11-21T06:00:00Z')

const day = (date: string, cost: number | string | null, requests = 1, unpriced = 0) => ({
  time_ms: Date.parse(`${date}T00:00:00Z`),
  cost_nano_usd: cost,
  requests,
  unpriced_requests: unpriced,
})

describe('the end of a month', () => {
  it('is what was spent and the mean of whole days for the rest, without a margin where all are alike', () => {
    expect(projectMonthEnd([USD, USD, USD], 5 * USD, 2.5 * DAY_MS)).toEqual({
      expectedNanoUsd: 7.5 * USD,
      lowNanoUsd: 7.5 * USD,
      highNanoUsd: 7.5 * USD,
      days: 3,
    })
  })

  it('is given as a range that few days make wide and that never falls below what was spent', () => {
    const few = projectMonthEnd([0, 2 * USD, 4 * USD], 10 * USD, 4 * DAY_MS)
    // t of 2 degrees of freedom x 2 dollars x the root of 4 + 16 / 3.
    expect(few).toMatchObject({ expectedNanoUsd: 18 * USD, lowNanoUsd: 10 * USD })
    expect(Number(few?.highNanoUsd)).toBeCloseTo((18 + 1.886 * 2 * Math.sqrt(4 + 16 / 3)) * USD, -3)
    const many = projectMonthEnd(
      Array.from({ length: 27 }, (_, index) => (index % 3) * 2 * USD),
      10 * USD,
      4 * DAY_MS,
    )
    expect(Number(many?.highNanoUsd)).toBeLessThan(Number(few?.highNanoUsd))
    expect(Number(many?.lowNanoUsd)).toBeGreaterThan(10 * USD)
  })

  it('is not told from less than three days, and exact past 2^53', () => {
    expect(projectMonthEnd(Array(LEAST_DAYS - 1).fill(USD), USD, DAY_MS)).toBeUndefined()
    const great = 9_007_199_254_740_993n
    expect(projectMonthEnd([great, great, great], great, DAY_MS)?.expectedNanoUsd).toBe(2n * great)
  })

  it('always lies within its range, and is what was spent once the month is over', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(10 * USD), { minLength: 3, maxLength: 28 }),
        fc.nat(500 * USD),
        fc.nat(31 * DAY_MS),
        (days, spent, restMs) => {
          const end = projectMonthEnd(days, spent, restMs)
          const [low, expected, high] = [end?.lowNanoUsd, end?.expectedNanoUsd, end?.highNanoUsd].map(Number)
          expect(spent <= (low as number) && (low as number) <= (expected as number)).toBe(true)
          expect((expected as number) <= (high as number)).toBe(true)
          expect(projectMonthEnd(days, spent, 0)).toMatchObject({ lowNanoUsd: spent, highNanoUsd: spent })
        },
      ),
      { seed: 9, numRuns: 200 },
    )
  })
})

describe('the outlook', () => {
  it('asks for the days since the beginning of last month, and for those of four weeks where these reach further', () => {
    const asked = (now: string, zone: string) => {
      const { from, to } = outlookQuery(Date.parse(now), zone)
      return [from, to].map((ms) => new Date(ms).toISOString())
    }
    expect(asked('2026-11-21T06:00:00Z', 'UTC')).toEqual(['2026-10-01T00:00:00.000Z', '2026-11-22T00:00:00.000Z'])
    expect(asked('2026-03-01T06:00:00Z', 'UTC')).toEqual(['2026-02-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z'])
    // In Kathmandu it is the first of December already.
    expect(asked('2026-11-30T20:00:00Z', 'Asia/Kathmandu')).toEqual([
      '2026-10-31T18:15:00.000Z',
      '2026-12-01T18:15:00.000Z',
    ])
    expect(() => outlookQuery(NOW_MS, 'Nowhere/Land')).toThrow(/IANA/)
  })

  it('adds days up to today, a week and a month, each with what came before', () => {
    const rows = [
      day('2026-10-30', 100),
      day('2026-11-08', 40),
      day('2026-11-14', 20),
      day('2026-11-15', 8),
      day('2026-11-20', '9007199254740993'),
      day('2026-11-21', 2, 3, 1),
    ]
    const { today, yesterday, lastDays, previousDays, month, lastMonth } = outlookOf(rows, NOW_MS, 'UTC')
    const costs = [today, yesterday, lastDays, previousDays, month, lastMonth].map(({ costNanoUsd }) => costNanoUsd)
    const past = 9_007_199_254_740_993n
    expect(costs).toEqual([2, past, past + 10n, 60, past + 70n, 100])
    expect(today).toMatchObject({ requests: 3, unpricedRequests: 1, toMs: Date.parse('2026-11-22T00:00:00Z') })
    expect(month.toMs).toBe(Date.parse('2026-12-01T00:00:00Z'))
  })

  it('tells an unknown spend from none', () => {
    const { today, yesterday } = outlookOf([day('2026-11-21', null, 2, 2)], NOW_MS, 'UTC')
    expect(today).toMatchObject({ costNanoUsd: null, requests: 2 })
    expect(yesterday).toMatchObject({ costNanoUsd: null, requests: 0 })
  })

  it('leaves out the first day there are figures of, which may have been cut, and counts idle days', () => {
    const rows = [
      day('2026-11-15', null, 0),
      day('2026-11-16', 999 * USD),
      day('2026-11-17', 4 * USD),
      day('2026-11-18', null, 0),
      day('2026-11-19', 4 * USD),
      day('2026-11-20', 4 * USD),
      day('2026-11-21', USD),
    ]
    const { wholeDays, monthEnd } = outlookOf(rows, NOW_MS, 'UTC')
    expect(wholeDays).toBe(4)
    // $1,012 so far, and 9.75 days of $3.
    expect(monthEnd?.expectedNanoUsd).toBe((1_012 + 29.25) * USD)
    expect(outlookOf(rows.slice(4), NOW_MS, 'UTC').monthEnd).toBeUndefined()
    expect(outlookOf([], NOW_MS, 'UTC')).toMatchObject({ wholeDays: 0, monthEnd: undefined })
  })
})
