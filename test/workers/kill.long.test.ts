import { expect, it } from 'vitest'
import { killLoop } from './testing/kill-loop.ts'

it('2,000 kills at random moments', async () => {
  const { arrived, midRecord } = await killLoop(2_000, 7)
  console.log(`${arrived} events arrived; ${midRecord} of 2,000 kills fell into the middle of an event`)
  expect(midRecord).toBeGreaterThan(0)
}, 3_600_000)
