import { describe, expect, test } from 'vitest'
import {
  autoInterval,
  effectiveInterval,
  intervalChoices,
  intervalMs,
  PRESETS,
  previousLabel,
  previousSpan,
  rangeAround,
  spanOf,
} from './range.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = Date.UTC(2026, 10, 21, 12)

describe('a range', () => {
  test('that is preset ends now', () => {
    expect(spanOf({ preset: '7d' }, NOW, null)).toEqual({ fromMs: NOW - 7 * DAY, toMs: NOW, moving: true })
  })

  test('of all time waits for the extent of the data, and holds events that are ahead of now', () => {
    expect(spanOf({ preset: 'all' }, NOW, null)).toBeNull()
    expect(spanOf({ preset: 'all' }, NOW, { oldestMs: 5, newestMs: NOW + 10 })).toEqual({
      fromMs: 5,
      toMs: NOW + 11,
      moving: true,
    })
  })

  test('that is fixed stands still', () => {
    expect(spanOf({ fromMs: 1, toMs: 2 }, NOW, null)).toEqual({ fromMs: 1, toMs: 2, moving: false })
  })

  test('is compared with the equally long one before it; all time with nothing', () => {
    const span = { fromMs: NOW - DAY, toMs: NOW, moving: true }
    expect(previousSpan({ preset: '24h' }, span)).toEqual({ fromMs: NOW - 2 * DAY, toMs: NOW - DAY, moving: true })
    expect(previousSpan({ preset: 'all' }, span)).toBeNull()
    expect(previousLabel({ preset: '24h' })).toBe('previous 24 h')
    expect(previousLabel({ preset: '1h' })).toBe('previous hour')
    expect(previousLabel({ fromMs: 1, toMs: 2 })).toBe('period before')
  })

  test('around events begins and ends with whole steps and holds all of them', () => {
    const range = rangeAround(1_700_158_623_979, 1_700_162_059_928)
    expect(range).toEqual({ fromMs: 1_700_158_620_000, toMs: 1_700_162_100_000 })
    expect(rangeAround(90_000, 90_000)).toEqual({ fromMs: 60_000, toMs: 120_000 })
  })
})

describe('the step', () => {
  test.each([
    ['1h', '1m'],
    ['24h', '15m'],
    ['7d', '3h'],
    ['30d', '1d'],
    ['90d', '1d'],
  ] as const)('of %s is %s unless picked', (preset, interval) => {
    const ms = PRESETS.find((entry) => entry.preset === preset)?.ms ?? 0
    expect(autoInterval(ms)).toBe(interval)
    expect(ms / intervalMs(interval)).toBeLessThanOrEqual(100)
  })

  test('of decades is a month', () => {
    expect(autoInterval(30 * 365 * DAY)).toBe('1mo')
  })

  test('is the picked one only where it fits the range', () => {
    expect(effectiveInterval('1h', 7 * DAY)).toBe('1h')
    expect(effectiveInterval('1m', 90 * DAY)).toBe('1d')
    expect(effectiveInterval('1mo', HOUR)).toBe('1m')
  })

  test('is offered from a screenful of bars down to two', () => {
    expect(intervalChoices(DAY)).toEqual(['1m', '5m', '15m', '30m', '1h', '3h', '6h', '12h'])
    expect(intervalChoices(0)).toEqual([])
  })
})
