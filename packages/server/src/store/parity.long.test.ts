import { afterAll, beforeAll, test } from 'vitest'
import { type ParityRound, parityRound } from './testing/parity.ts'
import { startParityStores } from './testing/parity-stores.ts'

const ROUNDS = 50
const ROUND: Omit<ParityRound, 'seed'> = { events: 300, queries: 210 }

/** A seed that a failure has named runs alone. */
const given = process.env['TALLYSTICK_PARITY_SEED']
const seeds = given === undefined ? Array.from({ length: ROUNDS }, (_, index) => 1_000 + index) : [Number(given)]

let started: Awaited<ReturnType<typeof startParityStores>>
beforeAll(async () => {
  started = await startParityStores()
})
afterAll(() => started?.stop())

test('every store gives the integers of fold: more than 10,000 questions to each', async () => {
  for (const seed of seeds) await parityRound(started.stores, { ...ROUND, seed })
  const asked = seeds.length * ROUND.queries
  process.stdout.write(`${asked} questions to each of ${started.stores.map(({ name }) => name).join(', ')}\n`)
}, 7_200_000)
