import { afterAll, beforeAll, test } from 'vitest'
import { LONG } from '../../../core/src/testing/thorough.ts'
import { type ParityRound, parityRound } from './testing/parity.ts'
import { startParityStores } from './testing/parity-stores.ts'

/**
 * In the short run a week with a day of 23 hours and many questions by its days: the week of the conformance suite has one of 25, and
 * to set up five stores costs more than to ask them.
 */
const ROUNDS: readonly ParityRound[] = LONG
  ? [100, 102].map((seed) => ({ seed, events: 200, queries: 30 }))
  : [{ seed: 109, events: 120, queries: 30 }]

let started: Awaited<ReturnType<typeof startParityStores>>
beforeAll(async () => {
  started = await startParityStores()
})
afterAll(() => started?.stop())

test('every store gives the integers of fold, with late events and days of 23 or 25 hours', async () => {
  for (const round of ROUNDS) await parityRound(started.stores, round)
}, 600_000)
