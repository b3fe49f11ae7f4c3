import { expect, test } from 'vitest'
import { waterfall } from './attempts.ts'

const attempt = (event_id: string, timestamp_ms: number, more = {}) => ({ event_id, timestamp_ms, ...more })

test('attempts lie beside each other from the first beginning to the last end', () => {
  const rows = waterfall([
    attempt('b', 1_500, { duration_ms: 500, ttfb_ms: 125 }),
    attempt('a', 1_000, { duration_ms: 250 }),
    attempt('c', 1_750),
  ])
  expect(rows.map(({ event, from, width, firstByte }) => [event['event_id'], from, width, firstByte])).toEqual([
    ['a', 0, 0.25, null],
    ['b', 0.5, 0.5, 0.25],
    ['c', 0.75, 0, null],
  ])
})

test('one without a duration is a point, and a first byte after the end lies at the end', () => {
  expect(waterfall([attempt('a', 7)])).toMatchObject([{ from: 0, width: 0 }])
  expect(waterfall([attempt('a', 7, { duration_ms: 10, ttfb_ms: 99 })])).toMatchObject([{ width: 1, firstByte: 1 }])
})
