import { expect, it } from 'vitest'
import { killLoop } from './testing/kill-loop.ts'

it('a thread killed at any moment loses at most the event that it was at, again and again on the same ring', async () => {
  const { arrived } = await killLoop(12, 1)
  expect(arrived).toBeGreaterThan(100)
}, 120_000)
