import { afterAll, beforeAll, test } from 'vitest'
import { parityRound } from './testing/parity.ts'
import { startParityStores } from './testing/parity-stores.ts'

let started: Awaited<ReturnType<typeof startParityStores>>
beforeAll(async () => {
  started = await startParityStores()
})
afterAll(() => started?.stop())

test('every store gives the integers of fold, with late events and days of 23 and 25 hours', async () => {
  for (const seed of [100, 102]) await parityRound(started.stores, { seed, events: 200, queries: 30 })
}, 120_000)
