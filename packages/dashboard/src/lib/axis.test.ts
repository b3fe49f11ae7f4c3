import { bucketStarts } from '@tallystick/core/query'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { timeTicks } from './axis.ts'

const NOW = Date.UTC(2026, 10, 21)
const labels = (
  from: number,
  to: number,
  interval: Parameters<typeof bucketStarts>[2],
  most: number,
  zone = 'UTC',
): string[] => timeTicks(bucketStarts(from, to, interval, zone), most, zone, NOW).map(({ label }) => label)

describe('ticks of time', () => {
  test('of a day stand on round hours and name the day where it changes', () => {
    expect(labels(Date.UTC(2026, 10, 20, 10, 7), Date.UTC(2026, 10, 21, 10, 7), '15m', 9)).toEqual([
      '12:00\n20 Nov',
      '15:00',
      '18:00',
      '21:00',
      '00:00\n21 Nov',
      '03:00',
      '06:00',
      '09:00',
    ])
  })

  test('stand on round hours of the zone, not of UTC', () => {
    expect(labels(Date.UTC(2026, 10, 20), Date.UTC(2026, 10, 21), '15m', 5, 'Asia/Kathmandu')).toEqual([
      '06:00\n20 Nov',
      '12:00',
      '18:00',
      '00:00\n21 Nov',
    ])
  })

  test('of a month of days are Mondays or odd days, of a year of weeks months', () => {
    expect(labels(Date.UTC(2026, 9, 1), Date.UTC(2026, 9, 31), '1d', 6)).toEqual([
      '5 Oct',
      '12 Oct',
      '19 Oct',
      '26 Oct',
    ])
    expect(labels(Date.UTC(2025, 10, 17), Date.UTC(2026, 10, 17), '1w', 6)).toEqual(
      ['Jan', 'Apr', 'Jul', 'Oct'].map((month) => month),
    )
  })

  test('are thinned out where round ones would be too few', () => {
    expect(labels(Date.UTC(2026, 10, 14, 9), Date.UTC(2026, 10, 21, 9), '3h', 3)).toEqual(['15 Nov', '19 Nov'])
    expect(labels(Date.UTC(2026, 10, 14, 9), Date.UTC(2026, 10, 14, 9, 1), '1m', 3)).toEqual(['09:00\n14 Nov'])
  })

  test('name a year that is not this one', () => {
    expect(labels(Date.UTC(2023, 10, 16), Date.UTC(2023, 10, 18), '1d', 6)).toEqual(['16 Nov\n2023', '17 Nov'])
    expect(labels(Date.UTC(2024, 6, 1), Date.UTC(2026, 1, 1), '1mo', 4)).toEqual([
      'Jul\n2024',
      'Jan\n2025',
      'Jul',
      'Jan\n2026',
    ])
    expect(labels(Date.UTC(2023, 10, 16, 18), Date.UTC(2023, 10, 16, 19), '1m', 3)).toEqual([
      '18:00\n16 Nov 2023',
      '18:30',
    ])
  })

  test('never are more than fit, and each stands on a bucket', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2e12 }),
        fc.integer({ min: 1, max: 1_500 }),
        fc.constantFrom('1m', '15m', '1h', '3h', '1d', '1w', '1mo' as const),
        fc.integer({ min: 2, max: 20 }),
        fc.constantFrom('UTC', 'Asia/Kathmandu', 'America/Sao_Paulo', 'Australia/Lord_Howe'),
        (from, count, interval, most, zone) => {
          const length = { '1m': 6e4, '15m': 9e5, '1h': 36e5, '3h': 108e5, '1d': 864e5, '1w': 6048e5, '1mo': 26e8 }[
            interval
          ]
          const starts = bucketStarts(from, from + Math.min(count, 400) * length, interval, zone)
          const ticks = timeTicks(starts, most, zone, NOW)
          expect(ticks.length).toBeGreaterThan(0)
          expect(ticks.length).toBeLessThanOrEqual(most)
          for (const { ms } of ticks) expect(starts).toContain(ms)
        },
      ),
      { seed: 1, numRuns: 60 },
    )
  })

  test('of nothing are none', () => {
    expect(timeTicks([], 5, 'UTC', NOW)).toEqual([])
  })
})
