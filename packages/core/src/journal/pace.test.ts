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

it('background work rests nine times as long as it worked while bytes are appended, and not at all when none are', async () => {
  const clock = standing()
  let written = 0
  const pace = new Pace(
    clock,
    () => written,
    () => false,
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
  clock.move(4)
  const idle = pace.rest().then(() => 'idle')
  const soon = new Promise((resolve) => setTimeout(resolve, 30, 'timer'))
  expect(await Promise.race([idle, soon])).toBe('idle')
})

it('a stop does not wait for the rest', async () => {
  const clock = standing()
  let written = 0
  const pace = new Pace(
    clock,
    () => written,
    () => true,
  )
  clock.move(1_000)
  written += 100_000_000
  const soon = new Promise((resolve) => setTimeout(resolve, 60, 'timer'))
  expect(await Promise.race([pace.rest().then(() => 'done'), soon])).toBe('done')
})
