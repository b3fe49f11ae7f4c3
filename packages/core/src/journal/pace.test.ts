import { expect, it } from 'vitest'
import type { Clock } from '../event/clock.ts'
import { Pace } from './pace.ts'

/** A clock that stands unless it is moved. */
function standing(): Clock & { move(ms: number): void } {
  let at = 1_000
  return {
    now: () => at,
    monotonic: () => at,
    move: (ms) => {
      at += ms
    },
  }
}

it('background work rests nine times as long as it worked while bytes are appended, less the more of it waits, and not at all when none are', async () => {
  const clock = standing()
  let written = 0
  let waiting = 0
  const pace = new Pace(
    clock,
    () => written,
    () => false,
    () => waiting,
  )
  const restedMs = async (): Promise<number> => {
    const before = performance.now()
    await pace.rest()
    return performance.now() - before
  }
  clock.move(4)
  written += 1_000_000
  // Timers may fire up to a millisecond early.
  expect(await restedMs()).toBeGreaterThanOrEqual(35)
  waiting = 40
  clock.move(10)
  written += 2_500_000
  // Half as long.
  expect(await restedMs()).toBeGreaterThanOrEqual(44)
  const soonerThan = async (ms: number): Promise<unknown> => {
    const idle = pace.rest().then(() => 'idle')
    return Promise.race([idle, new Promise((resolve) => setTimeout(resolve, ms, 'timer'))])
  }
  clock.move(4)
  expect(await soonerThan(30)).toBe('idle')
  for (waiting of [64, 1_000]) {
    clock.move(50)
    written += 100_000_000
    expect(await soonerThan(30)).toBe('idle')
  }
})

it('rests beside others that are at work, though nothing is appended', async () => {
  const clock = standing()
  let busy = true
  const pace = new Pace(
    clock,
    () => 0,
    () => false,
    () => 0,
    () => busy,
  )
  const restedMs = async (): Promise<number> => {
    const before = performance.now()
    await pace.rest()
    return performance.now() - before
  }
  clock.move(4)
  expect(await restedMs()).toBeGreaterThanOrEqual(35)
  busy = false
  clock.move(1_000)
  // In place of 250 ms, which another turn of the loop is well within.
  const soon = new Promise((resolve) => setTimeout(resolve, 200, 'timer'))
  expect(await Promise.race([pace.rest().then(() => 'done'), soon])).toBe('done')
})

it('a stop does not wait for the rest', async () => {
  const clock = standing()
  let written = 0
  const pace = new Pace(
    clock,
    () => written,
    () => true,
    () => 0,
  )
  clock.move(1_000)
  written += 100_000_000
  const soon = new Promise((resolve) => setTimeout(resolve, 60, 'timer'))
  expect(await Promise.race([pace.rest().then(() => 'done'), soon])).toBe('done')
})
