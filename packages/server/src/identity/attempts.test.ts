import { expect, it } from 'vitest'
import { createAttempts } from './attempts.ts'

it('lets somebody fail five times, then makes each further attempt wait twice as long, up to a minute', () => {
  const attempts = createAttempts()
  let nowMs = 0
  const waits: number[] = []
  for (let index = 0; index < 14; index++) {
    attempts.failed('a', nowMs)
    waits.push(attempts.waitMs('a', nowMs))
    nowMs += waits.at(-1) as number
    expect(attempts.waitMs('a', nowMs)).toBe(0)
  }
  expect(waits).toEqual([0, 0, 0, 0, 0, 1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 60e3, 60e3, 60e3])
  expect(attempts.waitMs('b', nowMs)).toBe(0)
})

it('forgets after a quarter of an hour, and after a success', () => {
  const attempts = createAttempts()
  for (let index = 0; index < 8; index++) attempts.failed('a', 0)
  expect(attempts.waitMs('a', 0)).toBeGreaterThan(0)
  attempts.failed('a', 15 * 60_000)
  expect(attempts.waitMs('a', 15 * 60_000)).toBe(0)
  for (let index = 0; index < 8; index++) attempts.failed('b', 0)
  attempts.succeeded('b')
  expect(attempts.waitMs('b', 0)).toBe(0)
})

it('remembers so many addresses and no more, those that failed last', () => {
  const attempts = createAttempts(2)
  for (let index = 0; index < 9; index++) for (const who of ['a', 'b']) attempts.failed(who, 0)
  attempts.failed('c', 0)
  expect(['a', 'b', 'c'].map((who) => attempts.waitMs(who, 0) > 0)).toEqual([false, true, false])
})
