import type { Query, QueryResult } from '@tallystick/core/query'
import { afterEach, describe, expect, it } from 'vitest'
import { type Budgets, createBudgets } from './budgets.ts'
import type { Crossing } from './crossings.ts'
import { readDefinition } from './definition.ts'
import { openDesk, type TestDesk } from './testing/desk.ts'

const open: Budgets[] = []
afterEach(async () => {
  for (const budgets of open.splice(0)) await budgets.close()
})

/** A store in which another server has put what `others` says, in nano-USD. */
async function shared(): Promise<{ readonly desk: TestDesk; readonly budgets: Budgets; others: number }> {
  const desk = await openDesk()
  await desk.budgets.close()
  const { state, ingest, clock, store } = desk
  const found = {
    desk,
    others: 0,
    budgets: createBudgets({
      state,
      ingest,
      clock,
      ticks: false,
      shared: () => true,
      store: {
        stats: () => store.stats(),
        async query(query: Query): Promise<QueryResult> {
          const result = await store.query(query)
          const [row = { cost_nano_usd: 0, requests: 0, unpriced_requests: 0 }] = result.rows
          return { ...result, rows: [{ ...row, cost_nano_usd: Number(row['cost_nano_usd'] ?? 0) + found.others }] }
        },
      },
    }),
  }
  open.push(found.budgets)
  return found
}

const TOTAL = readDefinition({ name: 'Team', amount: 1_000, mode: 'hard', window: { kind: 'total' }, thresholds: [80] })

async function spent(budgets: Budgets): Promise<bigint> {
  const [figures] = await budgets.figures(budgets.list())
  return figures?.spent ?? -1n
}

describe('budgets over a store that others write to too', () => {
  it('count what others have put there, and what came in here once', async () => {
    const found = await shared()
    const { desk, budgets } = found
    await budgets.create(TOTAL)
    await desk.spend(100)
    expect(await spent(budgets)).toBe(100n)
    found.others = 300
    desk.clock.set(desk.clock.now() + 5_000)
    await budgets.tick()
    expect(await spent(budgets)).toBe(400n)
    await desk.spend(50)
    expect(await spent(budgets)).toBe(450n)
  })

  it('tell of a threshold that the spend of others has reached', async () => {
    const found = await shared()
    const { desk, budgets } = found
    const told: Crossing[] = []
    budgets.onCrossing((crossing) => {
      told.push(crossing)
      return undefined
    })
    await budgets.create(TOTAL)
    await budgets.settled()
    found.others = 900
    desk.clock.set(desk.clock.now() + 5_000)
    await budgets.tick()
    await budgets.settled()
    expect(told.map(({ threshold, spent: amount }) => [threshold, amount])).toEqual([[80, 900n]])
  })

  it('are asked no more often than every five seconds', async () => {
    const found = await shared()
    const { desk, budgets } = found
    await budgets.create(TOTAL)
    await budgets.settled()
    desk.clock.set(desk.clock.now() + 5_000)
    await budgets.tick()
    found.others = 300
    desk.clock.set(desk.clock.now() + 4_999)
    await budgets.tick()
    expect(await spent(budgets)).toBe(0n)
    desk.clock.set(desk.clock.now() + 1)
    await budgets.tick()
    expect(await spent(budgets)).toBe(300n)
  })
})
