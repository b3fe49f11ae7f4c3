import { describe, expect, it } from 'vitest'
import { spendWindow } from './window.ts'

const at = (text: string): number => Date.parse(text)

describe('the window of a budget', () => {
  it.each([
    [
      'a day of summer time that begins has 23 hours',
      'day',
      'Europe/Berlin',
      '2026-03-29T12:00:00Z',
      '2026-03-28T23:00:00Z',
      '2026-03-29T22:00:00Z',
    ],
    [
      'a day of summer time that ends has 25 hours',
      'day',
      'Europe/Berlin',
      '2026-10-25T12:00:00Z',
      '2026-10-24T22:00:00Z',
      '2026-10-25T23:00:00Z',
    ],
    [
      'a day where clocks change at midnight begins when its first minute does',
      'day',
      'America/Havana',
      '2026-03-08T12:00:00Z',
      '2026-03-08T05:00:00Z',
      '2026-03-09T04:00:00Z',
    ],
    [
      'a week begins on Monday by the clock of its zone',
      'week',
      'America/New_York',
      '2026-03-08T12:00:00Z',
      '2026-03-02T05:00:00Z',
      '2026-03-09T04:00:00Z',
    ],
    [
      'a month of a change is as long as its zone has it',
      'month',
      'Europe/Berlin',
      '2026-10-31T22:59:59Z',
      '2026-09-30T22:00:00Z',
      '2026-10-31T23:00:00Z',
    ],
    [
      'a zone with a quarter of an hour has its own midnight',
      'day',
      'Asia/Kathmandu',
      '2026-11-21T18:14:59Z',
      '2026-11-20T18:15:00Z',
      '2026-11-21T18:15:00Z',
    ],
    [
      'a zone of half-hour changes has days of 23.5 hours',
      'day',
      'Australia/Lord_Howe',
      '2026-10-04T00:00:00Z',
      '2026-10-03T13:30:00Z',
      '2026-10-04T13:00:00Z',
    ],
  ] as const)('%s', (_, kind, timeZone, now, from, to) => {
    const window = spendWindow({ kind, timeZone })
    expect(window.at(at(now))).toEqual({ fromMs: at(from), toMs: at(to), resetsMs: at(to) })
    expect(window.slotOf(at(from))).toBe(at(from))
    expect(window.slotOf(at(to) - 1)).toBe(at(from))
    expect(window.slotOf(at(to))).toBe(at(to))
    expect(window.slotOf(at(from) - 1)).toBeLessThan(at(from))
  })

  it('of a total is all time and never resets', () => {
    const window = spendWindow({ kind: 'total' })
    expect(window.at(1)).toEqual(window.at(at('2030-01-01T00:00:00Z')))
    expect(window.slotOf(0)).toBe(window.slotOf(at('2030-01-01T00:00:00Z')))
    expect(window.at(1).resetsMs).toBeUndefined()
  })

  it('that rolls counts whole slots: never too short, and at most one slot too long', () => {
    const hour = 3_600_000
    for (const ms of [60_000, hour, 24 * hour, 5 * 24 * hour, 30 * 24 * hour, 366 * 24 * hour]) {
      const window = spendWindow({ kind: 'rolling', ms })
      for (const now of [at('2026-11-21T12:34:56.789Z'), at('2026-11-21T00:00:00Z'), at('2026-11-20T23:59:59.999Z')]) {
        const { fromMs, toMs } = window.at(now)
        const slot = toMs - window.slotOf(now)
        expect(fromMs).toBeLessThanOrEqual(now - ms)
        expect(fromMs).toBeGreaterThan(now - ms - slot)
        expect(toMs).toBeGreaterThan(now)
        expect(toMs).toBeLessThanOrEqual(now + slot)
        expect(slot).toBeLessThanOrEqual(Math.max(60_000, ms / 1_400))
      }
    }
  })
})
