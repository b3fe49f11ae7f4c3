import { afterEach, expect, it, vi } from 'vitest'
import { systemTimers } from './timers.ts'

afterEach(() => void vi.useRealTimers())

it('a time that no timer can take is the longest there is, not the shortest', () => {
  vi.useFakeTimers()
  const fired: number[] = []
  for (const ms of [Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 53]) systemTimers.after(ms, () => fired.push(ms))
  vi.advanceTimersByTime(2 ** 31 - 2)
  expect(fired).toEqual([])
})
