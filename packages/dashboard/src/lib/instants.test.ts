import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ago, allZones, formatInstant, formatRange, fromInputValue, toInputValue, zoneOffset } from './instants.ts'

const at = Date.UTC

describe('an instant', () => {
  const ms = at(2023, 10, 16, 18, 17, 3)

  test('is written in the zone', () => {
    expect(formatInstant(ms, 'UTC', 'second')).toBe('16 Nov 2023, 18:17:03')
    expect(formatInstant(ms, 'Asia/Kathmandu', 'minute')).toBe('17 Nov 2023, 00:02')
    expect(formatInstant(ms, 'Asia/Kathmandu', 'day')).toBe('Fri, 17 Nov 2023')
  })

  test('of midnight is 00:00, never 24:00', () => {
    expect(formatInstant(at(2026, 0, 1), 'UTC', 'clock')).toBe('00:00')
    expect(toInputValue(at(2026, 0, 1), 'UTC')).toBe('2026-01-01T00:00')
  })

  test('survives the input field in any zone, to the minute', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        fc.constantFrom('UTC', 'Asia/Kathmandu', 'Pacific/Chatham', 'America/St_Johns'),
        (instant, zone) => {
          const minute = Math.floor(instant / 60_000) * 60_000
          const back = fromInputValue(toInputValue(minute, zone), zone)
          expect(back).not.toBeNull()
          // An hour that a clock shows twice is read as one of the two.
          expect(Math.abs((back ?? 0) - minute)).toBeLessThanOrEqual(3_600_000)
          expect(toInputValue(back ?? 0, zone)).toBe(toInputValue(minute, zone))
        },
      ),
      { seed: 1, numRuns: 300 },
    )
  })

  test('is read on both sides of a change of clocks', () => {
    expect(fromInputValue('2025-03-30T01:59', 'Europe/Berlin')).toBe(at(2025, 2, 30, 0, 59))
    expect(fromInputValue('2025-03-30T03:00', 'Europe/Berlin')).toBe(at(2025, 2, 30, 1, 0))
    expect(fromInputValue('2025-03-30T02:30', 'Europe/Berlin')).toBe(at(2025, 2, 30, 1, 30))
    expect(fromInputValue('2025-10-26T02:30', 'Europe/Berlin')).toBe(at(2025, 9, 26, 0, 30))
    expect(fromInputValue('2025-10-26T03:00', 'Europe/Berlin')).toBe(at(2025, 9, 26, 2, 0))
  })

  test.each(['', '2025-02-30T10:00', '2025-01-01', '2025-01-01T25:00', 'now'])('is not read from "%s"', (text) => {
    expect(fromInputValue(text, 'UTC')).toBeNull()
  })
})

describe('a range in words', () => {
  test('says one day once', () => {
    expect(formatRange(at(2023, 10, 16, 18, 17), at(2023, 10, 16, 19, 15), 'UTC')).toBe('16 Nov 2023, 18:17 – 19:15')
    expect(formatRange(at(2023, 10, 16, 21), at(2023, 10, 17), 'UTC')).toBe('16 Nov 2023, 21:00 – 00:00')
  })

  test('says two days twice', () => {
    expect(formatRange(at(2023, 10, 16, 21), at(2023, 10, 17, 3), 'UTC')).toBe(
      '16 Nov 2023, 21:00 – 17 Nov 2023, 03:00',
    )
  })
})

describe('zones', () => {
  test('say how far they are from UTC at that instant', () => {
    expect(zoneOffset(at(2026, 0, 1), 'Asia/Kathmandu')).toBe('UTC+5:45')
    expect(zoneOffset(0, 'Asia/Kathmandu')).toBe('UTC+5:30')
    expect(zoneOffset(at(2026, 0, 1), 'America/New_York')).toBe('UTC−5')
    expect(zoneOffset(at(2026, 6, 1), 'America/New_York')).toBe('UTC−4')
    expect(zoneOffset(0, 'UTC')).toBe('UTC+0')
  })

  test('are all there, each once, under the names of today too', () => {
    const zones = allZones()
    expect(zones[0]).toBe('UTC')
    expect(new Set(zones).size).toBe(zones.length)
    for (const zone of ['Asia/Kathmandu', 'Europe/Berlin', 'Australia/Lord_Howe']) expect(zones).toContain(zone)
  })
})

test.each([
  [0, 'now'],
  [3_400, '3 s ago'],
  [61_000, '1 m ago'],
  [7_200_000, '2 h ago'],
  [200_000_000, '2 d ago'],
  [-5_000, 'now'],
  [-120_000, 'ahead of now'],
])('%s ms ago reads %s', (before, text) => {
  expect(ago(1e12 - before, 1e12)).toBe(text)
})
