import { expect, test } from 'vitest'
import { everyMinute } from './schedule.ts'
import { FakeTime, MINUTE_MS, START_MS } from './testing/scene.ts'

const SETTLE_MS = 5_000

test('runs once a minute, five seconds after its end, however long it runs itself', async () => {
  const time = new FakeTime(START_MS + 17_123)
  const runs: [toMs: number, atMs: number][] = []
  const schedule = everyMinute({
    clock: time,
    timers: time,
    run: async (toMs) => {
      runs.push([toMs, time.nowMs])
      time.nowMs += 1_777
    },
  })
  await time.advance(5 * MINUTE_MS)
  expect(runs.map(([toMs]) => (toMs - START_MS) / MINUTE_MS)).toEqual([1, 2, 3, 4, 5])
  expect(runs.map(([toMs, atMs]) => atMs - toMs)).toEqual([SETTLE_MS, SETTLE_MS, SETTLE_MS, SETTLE_MS, SETTLE_MS])
  await schedule.stop()
  expect(time.waiting).toEqual([])
})

test('runs one at a time, and leaves out the minutes that pass meanwhile', async () => {
  const time = new FakeTime(START_MS + 30_000)
  const runs: number[] = []
  let finish = (): void => undefined
  const schedule = everyMinute({
    clock: time,
    timers: time,
    run: (toMs) => {
      runs.push((toMs - START_MS) / MINUTE_MS)
      return new Promise((resolve) => {
        finish = resolve
      })
    },
  })
  await time.advance(4 * MINUTE_MS)
  expect(runs).toEqual([1])
  finish()
  await time.advance(2 * MINUTE_MS)
  expect(runs).toEqual([1, 5])
  finish()
  await schedule.stop()
})

test('a stop waits for the run under way', async () => {
  const time = new FakeTime()
  let finish = (): void => undefined
  const schedule = everyMinute({
    clock: time,
    timers: time,
    run: () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  })
  await time.advance(2 * MINUTE_MS)
  let stopped = false
  const stopping = schedule.stop().then(() => {
    stopped = true
  })
  await time.advance(0)
  expect(stopped).toBe(false)
  finish()
  await stopping
  expect(time.waiting).toEqual([])
})

test('a wall clock that is set back or ahead is followed', async () => {
  const time = new FakeTime()
  const runs: number[] = []
  const schedule = everyMinute({ clock: time, timers: time, run: async (toMs) => void runs.push(toMs) })
  await time.advance(2 * MINUTE_MS)
  time.nowMs -= 3_600_000
  // What waits does so by the monotonic clock.
  await time.advance(3_600_000 + 2 * MINUTE_MS)
  expect(runs.length).toBeGreaterThan(2)
  await schedule.stop()
})
