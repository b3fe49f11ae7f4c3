import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Interval } from './query.ts'
import { ODD_ZONES } from './testing/arbitrary.ts'
import { bucketer, bucketStartOf, bucketStarts, INTERVALS, MAX_BUCKETS } from './time.ts'
import { isTimeZone, type Zone, zoneOf } from './zone.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const at = (text: string): number => Date.parse(text)
const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
const hours = (zone: string, from: string, to: string): number => bucketStarts(at(from), at(to), '1h', zone).length

const openedZone = (name: string): Zone => zoneOf(name) as Zone

/** What the runtime says the clock of `zone` shows, without our offsets. */
const wallClock = (ms: number, zone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(ms)

const instant = fc.integer({ min: at('2005-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') })

describe('zones', () => {
  test('offsets are those of the runtime at any instant since 1972', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: at('1972-06-01T00:00:00Z'), max: at('2037-12-31T00:00:00Z') }),
        fc.constantFrom(...ODD_ZONES),
        (ms, zone) => {
          const { offsetMs, startMs, endMs } = openedZone(zone).at(ms)
          expect(new Date(ms + offsetMs).toISOString().slice(0, 19).replace('T', ' ')).toBe(wallClock(ms, zone))
          expect(startMs <= ms && ms < endMs).toBe(true)
        },
      ),
      { seed: 1, numRuns: 400 },
    )
  })

  test('a change is found to the millisecond', () => {
    const change = at('2025-03-30T01:00:00Z')
    const zone = openedZone('Europe/Berlin')
    expect(zone.at(change - 1)).toMatchObject({ endMs: change, offsetMs: HOUR })
    expect(zone.at(change)).toMatchObject({ startMs: change, offsetMs: 2 * HOUR })
  })

  test('a summer time of one week is not missed', () => {
    const offsets = [6, 9, 14, 16].map(
      (day) => openedZone('America/Boa_Vista').at(Date.UTC(2000, 9, day)).offsetMs / HOUR,
    )
    expect(offsets).toEqual([-4, -3, -3, -4])
  })

  test('unknown names are told apart, odd ones do no harm', () => {
    expect(['UTC', 'Europe/Berlin', 'asia/kathmandu'].every(isTimeZone)).toBe(true)
    expect(['', 'Mars/Base', 'Europe/', '__proto__', 'constructor', ' UTC'].some(isTimeZone)).toBe(false)
  })
})

describe('days of a change of the clock', () => {
  test('Berlin has 23 hours on 2025-03-30 and 25 on 2025-10-26', () => {
    expect(hours('Europe/Berlin', '2025-03-29T23:00:00Z', '2025-03-30T22:00:00Z')).toBe(23)
    expect(hours('Europe/Berlin', '2025-10-25T22:00:00Z', '2025-10-26T23:00:00Z')).toBe(25)
    expect(
      bucketStarts(at('2025-03-30T12:00:00Z'), at('2025-03-30T22:00:01Z'), '1d', 'Europe/Berlin').map(iso),
    ).toEqual(['2025-03-29T23:00:00Z', '2025-03-30T22:00:00Z'])
    expect(
      bucketStarts(at('2025-10-26T12:00:00Z'), at('2025-10-26T23:00:01Z'), '1d', 'Europe/Berlin').map(iso),
    ).toEqual(['2025-10-25T22:00:00Z', '2025-10-26T23:00:00Z'])
  })

  test('the repeated hour is two buckets of an hour, and one longer bucket of three', () => {
    const from = at('2025-10-25T22:00:00Z')
    expect(bucketStarts(from, from + 5 * HOUR, '1h', 'Europe/Berlin').map((ms) => (ms - from) / HOUR)).toEqual([
      0, 1, 2, 3, 4,
    ])
    expect(bucketStarts(from, from + 25 * HOUR, '3h', 'Europe/Berlin').map((ms) => (ms - from) / HOUR)).toEqual([
      0, 4, 7, 10, 13, 16, 19, 22,
    ])
    expect(bucketStarts(from, from + 25 * HOUR, '12h', 'Europe/Berlin').map((ms) => (ms - from) / HOUR)).toEqual([
      0, 13,
    ])
  })

  test('where the clock moves by half an hour, that hour is cut in two', () => {
    // Lord Howe, 2025-04-06: 02:00 (+11) becomes 01:30 (+10:30) at 15:00 UTC.
    expect(
      bucketStarts(at('2025-04-05T14:00:00Z'), at('2025-04-05T16:00:00Z'), '1h', 'Australia/Lord_Howe').map(iso),
    ).toEqual(['2025-04-05T14:00:00Z', '2025-04-05T15:00:00Z', '2025-04-05T15:30:00Z'])
  })

  test('Chatham sets its clock back after a midnight that lies on another day in UTC', () => {
    // 2025-04-06: 03:45 (+13:45) becomes 02:45 (+12:45) at 14:00 UTC of the 5th.
    expect(
      bucketStarts(at('2025-04-05T10:15:00Z'), at('2025-04-06T12:00:00Z'), '1d', 'Pacific/Chatham').map(iso),
    ).toEqual(['2025-04-05T10:15:00Z', '2025-04-06T11:15:00Z'])
  })

  test('a day starts at one where the clock jumps over midnight', () => {
    // Cairo, 2025-04-25: 00:00 becomes 01:00.
    expect(iso(bucketStartOf(at('2025-04-25T10:00:00Z'), '1d', 'Africa/Cairo'))).toBe('2025-04-24T22:00:00Z')
    expect(wallClock(at('2025-04-24T22:00:00Z'), 'Africa/Cairo')).toBe('2025-04-25 01:00:00')
  })

  test('a day whose midnight comes twice starts at the first and holds the repeated time', () => {
    // St. John's, 2010-11-07: 00:01 (-2:30) becomes 23:01 (-3:30) of the day before.
    const starts = bucketStarts(at('2010-11-06T12:00:00Z'), at('2010-11-08T12:00:00Z'), '1d', 'America/St_Johns')
    expect(starts.map(iso)).toEqual(['2010-11-06T02:30:00Z', '2010-11-07T02:30:00Z', '2010-11-08T03:30:00Z'])
    expect(iso(bucketStartOf(at('2010-11-07T02:45:00Z'), '1d', 'America/St_Johns'))).toBe('2010-11-07T02:30:00Z')
  })

  test('a day that a zone left out has no bucket', () => {
    // Samoa went from 2011-12-29 to 2011-12-31.
    const days = bucketStarts(at('2011-12-29T12:00:00Z'), at('2011-12-31T12:00:00Z'), '1d', 'Pacific/Apia')
    expect(days.map((ms) => wallClock(ms, 'Pacific/Apia'))).toEqual([
      '2011-12-29 00:00:00',
      '2011-12-31 00:00:00',
      '2012-01-01 00:00:00',
    ])
  })
})

describe('alignment', () => {
  test.each<[Interval, string, string, string]>([
    ['1h', 'Asia/Kathmandu', '2025-06-01T10:00:00Z', '2025-06-01T09:15:00Z'],
    ['1h', 'Pacific/Chatham', '2025-06-01T10:00:00Z', '2025-06-01T09:15:00Z'],
    ['30m', 'Asia/Kathmandu', '2025-06-01T10:00:00Z', '2025-06-01T09:45:00Z'],
    ['15m', 'Asia/Kathmandu', '2025-06-01T10:00:00Z', '2025-06-01T10:00:00Z'],
    ['6h', 'Asia/Kathmandu', '2025-06-01T10:00:00Z', '2025-06-01T06:15:00Z'],
    ['1d', 'Asia/Kathmandu', '2025-06-01T18:14:59Z', '2025-05-31T18:15:00Z'],
    ['1d', 'Asia/Kathmandu', '2025-06-01T18:15:00Z', '2025-06-01T18:15:00Z'],
    ['1w', 'UTC', '2025-06-01T10:00:00Z', '2025-05-26T00:00:00Z'],
    ['1w', 'UTC', '2025-06-02T00:00:00Z', '2025-06-02T00:00:00Z'],
    ['1w', 'UTC', '1970-01-01T00:00:00Z', '1969-12-29T00:00:00Z'],
    ['1mo', 'America/New_York', '2025-03-31T23:00:00Z', '2025-03-01T05:00:00Z'],
    ['1mo', 'America/New_York', '2025-04-01T03:59:59Z', '2025-03-01T05:00:00Z'],
    ['1mo', 'America/New_York', '2025-04-01T04:00:00Z', '2025-04-01T04:00:00Z'],
    ['5m', 'Europe/Berlin', '2025-06-01T10:04:59.999Z', '2025-06-01T10:00:00Z'],
  ])('a bucket of %s in %s that holds %s starts at %s', (interval, zone, instant, start) => {
    expect(iso(bucketStartOf(at(instant), interval, zone))).toBe(start)
  })

  test('the first bucket of a range may start before it, the last holds its last ms', () => {
    const from = at('2025-06-01T10:20:00Z')
    expect(bucketStarts(from, at('2025-06-01T12:00:00Z'), '1h', 'UTC').map(iso)).toEqual([
      '2025-06-01T10:00:00Z',
      '2025-06-01T11:00:00Z',
    ])
    expect(bucketStarts(from, from, '1h', 'UTC')).toEqual([])
  })
})

describe('partition', () => {
  test('the clock shows midnight where a day starts, Monday a week, the first a month', () => {
    fc.assert(
      fc.property(instant, fc.constantFrom(...ODD_ZONES), (ms, zone) => {
        const shown = (interval: Interval): string => wallClock(bucketStartOf(ms, interval, zone), zone)
        expect(shown('1d').slice(10)).toBe(' 00:00:00')
        expect(shown('1mo').slice(7)).toBe('-01 00:00:00')
        expect(new Date(`${shown('1w').replace(' ', 'T')}Z`).getUTCDay()).toBe(1)
      }),
      { seed: 2, numRuns: 400 },
    )
  })

  test('buckets hold the instant, share one start and end, and follow each other without gap', () => {
    fc.assert(
      fc.property(instant, fc.constantFrom(...INTERVALS), fc.constantFrom(...ODD_ZONES), (ms, interval, zone) => {
        const bucketOf = bucketer(interval, zone)
        const bucket = bucketOf(ms)
        expect(bucket.startMs <= ms && ms < bucket.endMs).toBe(true)
        for (const inside of [bucket.startMs, bucket.endMs - 1, Math.floor((bucket.startMs + bucket.endMs) / 2)]) {
          expect(bucketer(interval, zone)(inside)).toEqual(bucket)
        }
        expect(bucketer(interval, zone)(bucket.endMs).startMs).toBe(bucket.endMs)
        expect(bucketer(interval, zone)(bucket.startMs - 1).endMs).toBe(bucket.startMs)
      }),
      { seed: 1, numRuns: 1_500 },
    )
  })

  test('so does every bucket around every change of the clock', () => {
    for (const name of ODD_ZONES) {
      const zone = openedZone(name)
      for (const interval of INTERVALS) {
        const bucketOf = bucketer(interval, name)
        for (
          let change = at('2010-01-01T00:00:00Z');
          change < at('2012-02-01T00:00:00Z');
          change = zone.at(change).endMs
        ) {
          let bucket = bucketOf(change - 90 * MINUTE)
          while (bucket.startMs < change + 90 * MINUTE) {
            const next = bucketOf(bucket.endMs)
            const follows = next.startMs === bucket.endMs && next.endMs > next.startMs
            // Asked afresh, since a bucketer that remembers could hide an overlap.
            const holdsItsLast = bucketStartOf(bucket.endMs - 1, interval, name) === bucket.startMs
            if (!follows || !holdsItsLast) expect.fail(`${interval} in ${name} at ${iso(bucket.endMs)}`)
            bucket = next
          }
        }
      }
    }
  })

  test('hours, and days, of a day tile it exactly', () => {
    fc.assert(
      fc.property(instant, fc.constantFrom(...ODD_ZONES.filter((zone) => zone !== 'America/St_Johns')), (ms, zone) => {
        const day = bucketer('1d', zone)(ms)
        for (const interval of ['15m', '30m', '1h', '3h', '6h', '12h'] as const) {
          expect(bucketStarts(day.startMs, day.endMs, interval, zone)[0]).toBe(day.startMs)
          expect(bucketer(interval, zone)(day.endMs - 1).endMs).toBe(day.endMs)
        }
        expect(bucketer('1d', zone)(bucketer('1w', zone)(ms).startMs).startMs).toBe(bucketer('1w', zone)(ms).startMs)
        expect(bucketer('1d', zone)(bucketer('1mo', zone)(ms).startMs).startMs).toBe(bucketer('1mo', zone)(ms).startMs)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test('since 2012 every boundary of 15 minutes or more is a multiple of 15 minutes, as rollups assume', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: at('2016-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') }),
        fc.constantFrom(...INTERVALS.slice(2)),
        fc.constantFrom(...ODD_ZONES),
        (ms, interval, zone) => {
          expect(bucketStartOf(ms, interval, zone) % 900_000).toBe(0)
        },
      ),
      { seed: 1, numRuns: 500 },
    )
  })
})

describe('limits', () => {
  test('as many buckets as allowed are made, one more is an invalid query', () => {
    expect(bucketStarts(0, MAX_BUCKETS * 60_000, '1m', 'UTC')).toHaveLength(MAX_BUCKETS)
    for (const to of [MAX_BUCKETS * 60_000 + 1, 253_402_300_800_000]) {
      expect(() => bucketStarts(0, to, '1m', 'UTC')).toThrow(expect.objectContaining({ code: 'invalid_query' }))
    }
  })

  test('an unknown zone is an invalid query', () => {
    expect(() => bucketStartOf(0, '1h', 'Mars/Base')).toThrow(
      expect.objectContaining({
        code: 'invalid_query',
        issues: [{ path: 'time_zone', message: expect.stringContaining('Mars/Base') }],
      }),
    )
  })
})
