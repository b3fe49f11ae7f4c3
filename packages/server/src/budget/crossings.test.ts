import { describe, expect, it } from 'vitest'
import { NOON } from '../ingest/testing/harness.ts'
import { openMemoryState } from '../state/memory.ts'
import type { ControlState } from '../state/state.ts'
import type { Crossing } from './crossings.ts'
import { openDesk, type TestDesk } from './testing/desk.ts'

const HOUR = 3_600_000

/** Thresholds as they are told. */
function told(desk: TestDesk): number[] {
  const thresholds: number[] = []
  desk.budgets.onCrossing(({ threshold }) => {
    thresholds.push(threshold)
    return undefined
  })
  return thresholds
}

async function events({ store, ingest }: TestDesk): Promise<readonly unknown[]> {
  await ingest.applied()
  const { events } = await store.scan({ fromMs: 0, toMs: 2 ** 52, filters: [], limit: 1_000, ascending: true })
  return events.filter(({ event }) => event.kind === 'budget_threshold_reached').map(({ event }) => event)
}

describe('a threshold', () => {
  it('is told once for each upward crossing, with an event', async () => {
    const desk = await openDesk()
    const id = await desk.make({ amount: 1_000_000, window: 'day', subject: { dimension: 'agent_id', value: '1' } })
    const seen: Crossing[] = []
    desk.budgets.onCrossing((crossing) => void seen.push(crossing))
    for (const cost of [499_999, 1, 299_999, 1]) {
      await desk.spend(cost)
      await desk.budgets.settled()
    }
    expect(seen.map(({ threshold, spent }) => [threshold, spent])).toEqual([
      [50, 500_000n],
      [80, 800_000n],
    ])
    await desk.spend(500_000)
    await desk.budgets.settled()
    expect(seen.map(({ threshold }) => threshold)).toEqual([50, 80, 90, 95, 100])
    expect(await events(desk)).toHaveLength(5)
    expect((await events(desk))[0]).toMatchObject({
      eventId: `budget/${id}/1/${NOON - 12 * HOUR}/50`,
      agentId: 'agent_1',
      detail: { threshold_percent: 50, current_spend_micros: 500, budget_micros: 1_000, spent_nano_usd: '500000' },
    })
    // It is no spend of its own.
    expect((await desk.figures(id)).spent).toBe(1_300_000n)
  })

  it('is told anew in the next window, also by what was dated ahead', async () => {
    const desk = await openDesk()
    await desk.make({ amount: 100, window: 'day', thresholds: [50] })
    const thresholds = told(desk)
    await desk.spend(60)
    await desk.spend(60, { timestamp_ms: NOON + 12 * HOUR })
    await desk.budgets.settled()
    expect(thresholds).toEqual([50])
    desk.clock.set(NOON + 12 * HOUR)
    await desk.budgets.tick()
    await desk.budgets.settled()
    expect(thresholds).toEqual([50, 50])
  })

  it.each(['reset', 'amount', 'name'] as const)(
    'is told anew after a change unless that is of the name: %s',
    async (what) => {
      const desk = await openDesk()
      const id = await desk.make({ amount: 100, window: 'day', thresholds: [50] })
      const thresholds = told(desk)
      await desk.spend(60)
      await desk.budgets.settled()
      const budget = desk.budgets.get(id)
      const { name, unit, amount, window, mode, thresholds: percent } = budget
      const definition = { name, unit, amount, window, mode, thresholds: percent }
      desk.clock.set(NOON + 1)
      if (what === 'reset') await desk.budgets.reset(budget)
      else
        await desk.budgets.update(budget, {
          ...definition,
          ...(what === 'name' ? { name: 'Other' } : { amount: '110' }),
        })
      await desk.budgets.settled()
      await desk.spend(70)
      await desk.budgets.settled()
      expect(thresholds).toEqual(what === 'name' ? [50] : [50, 50])
      expect(await events(desk)).toHaveLength(thresholds.length)
    },
  )

  it('of a rolling window is told again only after spend was below it', async () => {
    const desk = await openDesk()
    await desk.make({ amount: 100, window: { kind: 'rolling', ms: HOUR }, thresholds: [50] })
    const thresholds = told(desk)
    const step = async (afterMs: number, cost: number): Promise<void> => {
      desk.clock.set(desk.clock.now() + afterMs)
      await desk.budgets.tick()
      if (cost > 0) await desk.spend(cost)
      await desk.budgets.settled()
    }
    await step(0, 60)
    await step(HOUR / 2, 60)
    await step(HOUR / 2 + 120_000, 10)
    expect(thresholds).toEqual([50])
    await step(2 * HOUR, 0)
    await step(1_000, 60)
    expect(thresholds).toEqual([50, 50])
  })

  it('is told neither twice nor not at all over a restart', async () => {
    const desk = await openDesk()
    await desk.make({ amount: 100, window: 'day', thresholds: [50, 90] })
    const first = told(desk)
    await desk.spend(60)
    await desk.budgets.settled()
    // Nobody is there when the next is reached.
    await desk.budgets.close()
    await desk.spend(35)
    await desk.reopen()
    const second = told(desk)
    await desk.budgets.settled()
    await desk.budgets.tick()
    await desk.budgets.settled()
    expect([first, second]).toEqual([[50], [90]])
    expect(await events(desk)).toHaveLength(2)
  })

  it('is told after a crash at any step, and its event is counted once', async () => {
    for (let failing = 1; failing <= 4; failing++) {
      const memory = openMemoryState()
      let writes = Number.NEGATIVE_INFINITY
      const state: ControlState = {
        ...memory,
        write: (changes) => (++writes === failing ? Promise.reject(new Error('crash')) : memory.write(changes)),
      }
      const desk = await openDesk({ state })
      await desk.make({ amount: 100, window: 'day', thresholds: [50, 90] })
      await desk.budgets.settled()
      const written = (crossing: Crossing) => [
        { table: 'rules', id: `${crossing.threshold}`, row: { id: `${crossing.threshold}` } as never } as const,
      ]
      desk.budgets.onCrossing(written)
      writes = 0
      await desk.spend(95)
      await desk.budgets.settled().catch(() => undefined)
      await desk.reopen()
      desk.budgets.onCrossing(written)
      await desk.budgets.settled()
      await desk.budgets.tick()
      await desk.budgets.settled()
      expect([...state.rows('rules').keys()].sort(), `write ${failing}`).toEqual(['50', '90'])
      expect(await events(desk)).toHaveLength(2)
      expect(desk.ingest.conflicts()).toEqual([])
    }
  })
})
