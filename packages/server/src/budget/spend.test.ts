import type { UsageEvent } from '@tallystick/core/event'
import { fold, MEASURE_OF, type Measure } from '@tallystick/core/query'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { thorough } from '../../../core/src/testing/thorough.ts'
import { NOON } from '../ingest/testing/harness.ts'
import type { Budget } from '../state/budget.ts'
import { UNIT_MEASURE } from './spend.ts'
import { filtersOf } from './stored-spend.ts'
import { openDesk, type TestDesk } from './testing/desk.ts'
import { spendWindow } from './window.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** What the figures themselves say of the window: the specification. */
async function folded({ store, clock }: TestDesk, budget: Budget): Promise<readonly unknown[]> {
  const { events } = await store.scan({ fromMs: 0, toMs: 2 ** 52, filters: [], limit: 10_000, ascending: true })
  const window = spendWindow(budget.window)
  const range = budget.window.kind === 'total' ? { fromMs: 0, toMs: 2 ** 52 } : window.at(clock.now())
  const fromMs = Math.max(range.fromMs, budget.countedFromMs ?? 0)
  const measures = [UNIT_MEASURE[budget.unit], 'requests', 'unpriced_requests']
  const query = {
    fromMs,
    toMs: range.toMs,
    measures: measures.map((name) => MEASURE_OF.get(name) as Measure),
    groupBy: [],
    interval: undefined,
    timeZone: 'UTC',
    filters: (await filtersOf(budget, async () => [])).map((filter) =>
      filter.by.name === 'model' ? { ...filter, values: OF_GPT_4O } : filter,
    ),
    orderBy: undefined,
    limit: 1,
  }
  const [row] = fold(
    query,
    events.map(({ event }): UsageEvent => event),
  ).rows
  return measures.map((name) => BigInt(row?.[name] ?? 0))
}

/** Other ways to ask for the model of a budget. */
const OF_GPT_4O = ['gpt-4o', 'GPT-4o', 'gpt-4o-2024-08-06', 'models/gpt-4o', 'openai/gpt-4o-latest']

const BUDGETS = [
  { window: { kind: 'day', time_zone: 'Asia/Kathmandu' }, amount: 1 },
  { window: { kind: 'week' }, amount: 1, unit: 'tokens' },
  { window: { kind: 'month', time_zone: 'Europe/Berlin' }, amount: 1, subject: { dimension: 'tags.team', value: 'a' } },
  { window: { kind: 'rolling', ms: 2 * HOUR }, amount: 1 },
  { window: { kind: 'rolling', ms: 7 * DAY }, amount: 1, subject: { dimension: 'agent_id', value: 'agent_1' } },
  { window: { kind: 'total' }, amount: 1, subject: { dimension: 'model', value: 'gpt-4o' } },
  { window: { kind: 'day' }, amount: 1, tenant_id: 'acme' },
]

const event = fc.record({
  // Late by up to a month, and up to a day early.
  atMs: fc.oneof(
    fc.constant(0),
    fc.integer({ min: -31 * DAY, max: DAY - 1 }),
    fc.integer({ min: -3 * HOUR, max: HOUR }),
  ),
  cost: fc.option(fc.integer({ min: 0, max: 2 ** 50 }), { nil: undefined }),
  input_tokens: fc.integer({ min: 0, max: 1_000 }),
  agent_id: fc.constantFrom('1', '2'),
  team: fc.constantFrom('a', 'b', undefined),
  tenant_id: fc.constantFrom('acme', 'umbrella', undefined),
  model: fc.constantFrom(...OF_GPT_4O, 'gpt-4o-mini-2024-07-18', 'nobody-prices-this'),
})

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('spend' as const),
      events: fc.array(event, { minLength: 1, maxLength: 8 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: -2 * HOUR, max: 3 * DAY }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('clear' as const, 'restart' as const, 'again' as const, 'look' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reset' as const), budget: fc.nat(BUDGETS.length - 1) }) },
)

describe('the counter of a budget', () => {
  it('is the sum of the events of its window, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const desk = await openDesk()
        const ids: string[] = []
        for (const budget of BUDGETS) ids.push(await desk.make({ ...budget, mode: 'soft', thresholds: [] }))
        let minted = 0
        for (const one of steps) {
          if (one.do === 'spend') {
            const now = desk.clock.now()
            const items = one.events.map(({ atMs, team, cost, ...rest }) => ({
              ...rest,
              event_id: `e${++minted}`,
              timestamp_ms: now + atMs,
              ...(cost === undefined ? {} : { cost_nano_usd: cost }),
              ...(team === undefined ? {} : { tags: { team } }),
            }))
            // Not waited for by itself: figures are asked for while events come in.
            const taken = desk.ingest.submit({ items, door: 'test' })
            if (items.length % 2 === 0) desk.budgets.takeAgain()
            await taken
          } else if (one.do === 'pass') desk.clock.set(desk.clock.now() + one.ms)
          else if (one.do === 'clear') await desk.ingest.clear()
          else if (one.do === 'restart') await desk.reopen()
          else if (one.do === 'again') desk.budgets.takeAgain()
          else if (one.do === 'look') await desk.budgets.figures(desk.budgets.list())
          else if (one.do === 'reset') await desk.budgets.reset(desk.budgets.get(ids[one.budget] as string))
        }
        for (const id of ids) {
          await desk.ingest.applied()
          const { spent, requests, unpricedRequests } = await desk.figures(id)
          const budget = desk.budgets.get(id)
          expect([spent, BigInt(requests), BigInt(unpricedRequests)], JSON.stringify(budget)).toEqual(
            await folded(desk, budget),
          )
        }
        expect(desk.errors).toEqual([])
        await desk.close()
      }),
      { numRuns: thorough(20, 60), seed: 20261121 },
    )
  }, 120_000)

  it('counts a late event in its own window, and one dated ahead once its window has come', async () => {
    const desk = await openDesk()
    const id = await desk.make({ amount: 100, window: 'day' })
    await desk.spend(7, { timestamp_ms: NOON - DAY })
    await desk.spend(5, { timestamp_ms: NOON + DAY - 1 })
    await desk.spend(3)
    expect((await desk.figures(id)).spent).toBe(3n)
    desk.clock.set(NOON + DAY)
    expect((await desk.figures(id)).spent).toBe(5n)
    desk.clock.set(NOON - DAY)
    expect((await desk.figures(id)).spent).toBe(7n)
  })

  it('tells requests without a cost apart instead of taking them for free', async () => {
    const desk = await openDesk()
    const id = await desk.make({ amount: 100 })
    await desk.ingest.submit({ items: [{ model: 'nobody-prices-this', input_tokens: 5 }], door: 'test' })
    await desk.spend(3)
    expect(await desk.figures(id)).toMatchObject({ spent: 3n, requests: 2, unpricedRequests: 1 })
  })
})
