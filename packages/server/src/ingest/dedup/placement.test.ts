import { uuidv7TimeMs } from '@tallystick/core/event'
import { describe, expect, test } from 'vitest'
import { DAY_MS, NOON, uuidAt } from '../testing/harness.ts'
import { dayOf, placementOf, strayDaysFor } from './placement.ts'

const today = dayOf(NOON)
const place = (id: string, eventMs: number, receivedMs = NOON, strayDays = 1) =>
  placementOf(uuidv7TimeMs(id), eventMs, receivedMs, strayDays)

describe('placement', () => {
  test('a UUIDv7 is kept under the day it was minted, so a late retry meets it', () => {
    const id = uuidAt(NOON - 20 * DAY_MS, 1)
    const expected = { family: 'v7', day: today - 20 }
    expect(place(id, NOON - 20 * DAY_MS)).toEqual(expected)
    expect(place(id, NOON - 20 * DAY_MS, NOON + 10 * DAY_MS)).toEqual(expected)
  })

  test('its time is believed within 48 hours of the event', () => {
    expect(place(uuidAt(NOON, 1), NOON - 2 * DAY_MS).family).toBe('v7')
    expect(place(uuidAt(NOON, 1), NOON - 2 * DAY_MS - 1)).toEqual({ family: 'late', day: today })
    expect(place(uuidAt(NOON, 1), NOON + 2 * DAY_MS + 1).family).toBe('late')
  })

  test('invented days in the far past or future make no buckets of their own', () => {
    for (const ms of [0, Date.UTC(2000, 0, 1), NOON - 36 * DAY_MS, NOON + 3 * DAY_MS]) {
      expect(place(uuidAt(ms, 1), ms)).toEqual({ family: 'late', day: today })
    }
  })

  test('any other id is kept under the day it arrived', () => {
    for (const id of ['x', '550e8400-e29b-41d4-a716-446655440000', uuidAt(NOON, 1).toUpperCase()]) {
      expect(place(id, 0)).toEqual({ family: 'other', day: today })
    }
  })

  test('where events are kept for years, buckets of the day of arrival are wider', () => {
    expect([1, 35, 40, 41, 365, 10_000, Number.POSITIVE_INFINITY].map((days) => strayDaysFor(days * DAY_MS))).toEqual([
      1, 1, 1, 2, 10, 31, 31,
    ])
    expect(place('x', NOON, NOON, 31).day % 31).toBe(0)
  })
})
