import { decodeWireEvent } from '@tallystick/core/event'
import { MEASURE_OF } from '@tallystick/core/query'
import { describe, expect, test } from 'vitest'
import type { Budget } from '../state/budget.ts'
import { openMemoryState } from '../state/memory.ts'
import type { BudgetCrossings } from './crossing.ts'
import { ALERT_KINDS } from './kinds.ts'
import { DAY_MS, FAILED, HOUR_MS, type Scene, START_MS, scene, type Traffic } from './testing/scene.ts'

/** How each kind comes to fire, what is just short of that, and how it is over. Minutes of traffic, then the next. */
interface Course {
  readonly rule?: object
  /** Before the rule is there. */
  readonly earlier?: (stage: Scene) => Promise<void>
  /** Just short of it, and for as long as it would take. */
  readonly below: (stage: Scene) => Promise<void>
  readonly over: (stage: Scene) => Promise<void>
  readonly title: string
  readonly after: (stage: Scene) => Promise<void>
}

const USD = 1_000_000_000
const ok = (count: number): Traffic => ({ count })

const COURSES: { readonly [kind: string]: Course } = {
  spend_rate: {
    rule: { threshold: 10 * USD, window_ms: HOUR_MS },
    below: (stage) => stage.minute({ costNanoUsd: 10 * USD }),
    over: (stage) => stage.minute({ costNanoUsd: 1 }),
    title: 'Spend of $10.000000001 within 1 h, over $10.00 (most: gpt-4o)',
    after: (stage) => stage.minutes(65),
  },
  cost_spike: {
    earlier: async (stage) => {
      for (let day = 7; day > 0; day--) {
        stage.time.nowMs = START_MS - day * DAY_MS
        // Of two days nothing is known: they are no days without cost.
        if (day > 2) await stage.minute({ count: 20, costNanoUsd: 100 })
      }
      stage.time.nowMs = START_MS
    },
    below: (stage) => stage.minutes(17, { count: 20, costNanoUsd: 0 }, { costNanoUsd: 176 }),
    over: async (stage) => {
      await stage.minute({ costNanoUsd: 9 })
      await stage.minutes(15)
    },
    title: 'Spend of the last 1 h is 150 % of that at the same time of earlier days, over 150 %',
    after: (stage) => stage.minutes(80),
  },
  error_rate: {
    below: (stage) => stage.minutes(12, ok(99), FAILED),
    over: (stage) => stage.minutes(7, ok(98), { ...FAILED, count: 2 }),
    title: '2 % of requests failed within 5 min, over 1 %',
    after: (stage) => stage.minutes(12, ok(100)),
  },
  latency_p95: {
    rule: { threshold: 2_000 },
    // A sketch is exact to a fraction of a percent.
    below: (stage) => stage.minutes(16, { count: 5, durationMs: 1_950 }),
    over: (stage) => stage.minutes(16, { count: 5, durationMs: 2_500 }),
    title: 'The p95 of request durations is ',
    after: (stage) => stage.minutes(20, { count: 5, durationMs: 100 }),
  },
  cache_hit_rate: {
    below: (stage) => stage.minutes(30, { count: 10, inputTokens: 100, cacheReadTokens: 60 }),
    over: (stage) => stage.minutes(25, { count: 10, inputTokens: 100, cacheReadTokens: 59 }),
    title: '59 % of input tokens were read from the cache within 10 min, under 60 %',
    after: (stage) => stage.minutes(30, { count: 10, inputTokens: 100, cacheReadTokens: 80 }),
  },
  provider_down: {
    below: async (stage) => {
      await stage.minute({ ...FAILED, provider: 'mistral', count: 4 })
      await stage.minutes(8, ok(1), { ...FAILED, count: 9 })
    },
    over: (stage) => stage.minutes(8, ok(1), { ...FAILED, count: 2, provider: 'anthropic' }),
    title: 'Provider anthropic: 100 % of requests failed within 5 min',
    after: (stage) => stage.minutes(10, ok(1), { count: 2, provider: 'anthropic' }),
  },
  no_data: {
    earlier: (stage) => stage.minute(ok(1)),
    below: async (stage) => {
      await stage.minutes(14)
      await stage.minutes(14, ok(1))
    },
    over: (stage) => stage.minutes(15),
    title: '0 requests within 15 min, fewer than 1 request',
    after: (stage) => stage.minutes(7, ok(1)),
  },
  source_gap: {
    rule: { threshold: 2 },
    below: (stage) => {
      stage.gaps = [{ missing: 3, told: 1, untold: 2 }]
      return stage.minutes(10)
    },
    over: (stage) => {
      stage.gaps = [{ missing: 4, told: 1, untold: 3 }]
      return stage.minutes(6)
    },
    title: 'Source gateway-1: 3 events are missing and have not been told of',
    after: (stage) => {
      stage.gaps = []
      return stage.minutes(7)
    },
  },
  unpriced: {
    below: (stage) => stage.minute({ costNanoUsd: 0 }),
    over: (stage) => stage.minute({ requestModel: 'gpt-9' }, { count: 3, requestModel: 'o9' }),
    title: '4 requests within 1 h had no price (most: o9, gpt-9)',
    after: (stage) => stage.minutes(66),
  },
  dropped: {
    rule: { threshold: 1 },
    below: (stage) => {
      stage.gaps = [{ told: 1 }]
      return stage.minutes(3)
    },
    over: (stage) => {
      stage.gaps = [{ told: 2 }]
      return stage.minute()
    },
    title: 'Source gateway-1 has dropped 2 events',
    // It never comes back; after a window without another it is history.
    after: (stage) => stage.minutes(62),
  },
}

const BUDGET: Budget = {
  id: 'b-1',
  name: 'Team A',
  unit: 'nano_usd',
  amount: String(25 * USD),
  window: { kind: 'day', timeZone: 'UTC' },
  mode: 'soft',
  thresholds: [50, 80, 90, 95, 100],
  createdMs: 0,
  updatedMs: 0,
}
const crossing = (
  threshold: number,
  windowStartMs = Date.UTC(2026, 10, 21),
): Parameters<Scene['alerts']['crossed']>[0] => ({
  budget: BUDGET,
  threshold,
  windowStartMs,
  spent: 20n * BigInt(USD),
  amount: BUDGET.amount,
})

test('has a course for every kind', () => {
  expect([...Object.keys(COURSES), 'budget'].sort()).toEqual(ALERT_KINDS.map(({ kind }) => kind).sort())
})

test('asks for measures that exist, so that no rule can be one that never fires', () => {
  const asked = ALERT_KINDS.flatMap(({ measured }) => {
    if (measured.of === 'share') return [measured.part, measured.whole]
    return 'measure' in measured ? [measured.measure] : []
  })
  expect(asked.filter((name) => !MEASURE_OF.has(name))).toEqual([])
  expect(asked.length).toBeGreaterThan(8)
})

describe.each(Object.entries(COURSES))('%s', (kind, course) => {
  test('is silent just below, fires above, once, and is over', async () => {
    const stage = scene()
    await course.earlier?.(stage)
    await stage.rule({ kind, ...course.rule })
    await course.below(stage)
    expect(stage.firing()).toEqual([])

    await course.over(stage)
    expect(stage.firing()).toEqual([expect.stringContaining(course.title)])

    await course.after(stage)
    expect(stage.firing()).toEqual([])
    expect(stage.all()).toHaveLength(1)
  })
})

describe('budget', () => {
  test('tells of each crossing once, for each threshold and window', async () => {
    const stage = scene()
    await stage.state.write([{ table: 'budgets', id: BUDGET.id, row: BUDGET }])
    await stage.rule({ kind: 'budget', threshold: 80 })
    await stage.alerts.crossed(crossing(50))
    expect(stage.firing()).toEqual([])
    await stage.alerts.crossed(crossing(80))
    await stage.alerts.crossed(crossing(80))
    await stage.alerts.crossed(crossing(95))
    expect(stage.all().map(({ title, severity }) => [title, severity])).toEqual([
      ['Budget Team A has reached 80 %: $20.00 of $25.00', 'warning'],
      ['Budget Team A has reached 95 %: $20.00 of $25.00', 'critical'],
    ])
  })

  test('is over with its window, and tells again in the next', async () => {
    const stage = scene()
    await stage.state.write([{ table: 'budgets', id: BUDGET.id, row: BUDGET }])
    await stage.rule({ kind: 'budget' })
    await stage.alerts.crossed(crossing(80))
    await stage.minutes(1)
    expect(stage.firing()).toHaveLength(1)
    await stage.time.advance(12 * HOUR_MS)
    await stage.minutes(1)
    expect(stage.firing()).toEqual([])
    await stage.alerts.crossed(crossing(80, Date.UTC(2026, 10, 22)))
    expect(stage.all()).toHaveLength(2)
  })

  test('is over, and told again, when the amount is changed or the budget reset', async () => {
    const stage = scene()
    await stage.state.write([{ table: 'budgets', id: BUDGET.id, row: BUDGET }])
    await stage.rule({ kind: 'budget' })
    await stage.alerts.crossed(crossing(80))
    const raised = { ...BUDGET, amount: String(30 * USD) }
    await stage.state.write([{ table: 'budgets', id: BUDGET.id, row: raised }])
    await stage.minutes(1)
    expect(stage.firing()).toEqual([])
    await stage.alerts.crossed({ ...crossing(80), budget: raised, amount: raised.amount })
    await stage.alerts.crossed({
      ...crossing(80),
      budget: { ...raised, countedFromMs: START_MS },
      amount: raised.amount,
    })
    expect(stage.all()).toHaveLength(3)
  })

  test('is recorded as an event, once, whether a rule tells of it or not', async () => {
    const stage = scene()
    const tenant = { ...BUDGET, tenantId: 'acme', subject: { dimension: 'tags.team', value: 'a' } } as const
    await stage.alerts.crossed({ ...crossing(80), budget: tenant })
    await stage.alerts.crossed({ ...crossing(80), budget: tenant })
    await stage.alerts.crossed({ ...crossing(80), budget: { ...BUDGET, unit: 'tokens' } })
    expect(stage.recorded).toEqual([
      {
        event_id: expect.stringMatching(/^budget-[0-9a-f]{32}$/),
        kind: 'budget_threshold_reached',
        tenant_id: 'acme',
        tags: { team: 'a' },
        threshold_percent: 80,
        current_spend_micros: 20_000_000,
        budget_micros: 25_000_000,
        detail: { budget_id: 'b-1' },
      },
    ])
    expect(decodeWireEvent(stage.recorded[0], { nowMs: START_MS, mintId: () => 'x' })).toMatchObject({ ok: true })
  })

  test('is heard from whoever keeps budgets, and not lost while nothing can be written', async () => {
    let tell: Parameters<BudgetCrossings['onCrossing']>[0] = async () => undefined
    const memory = openMemoryState()
    let full = false
    const state = {
      ...memory,
      write: (changes: Parameters<typeof memory.write>[0]) =>
        full ? Promise.reject(new Error('full')) : memory.write(changes),
    }
    const stage = scene({
      state,
      budgets: {
        onCrossing: (listener) => {
          tell = listener
          return () => {
            tell = async () => undefined
          }
        },
      },
    })
    await stage.rule({ kind: 'budget' })
    full = true
    const told = tell(crossing(80))
    await stage.time.advance(12_000)
    expect(stage.all()).toEqual([])
    full = false
    await stage.time.advance(5_000)
    await told
    expect(stage.all()).toHaveLength(1)
    await stage.alerts.close()
    await tell(crossing(90))
    expect(stage.all()).toHaveLength(1)
  })

  test('keeps to the budgets and the tenant of the rule', async () => {
    const stage = scene()
    await stage.rule({ kind: 'budget', filters: { budget_id: 'other' } })
    await stage.rule({ kind: 'budget', tenant_id: 'acme' })
    await stage.alerts.crossed(crossing(100))
    expect(stage.all()).toEqual([])
    await stage.alerts.crossed({ ...crossing(100), budget: { ...BUDGET, tenantId: 'acme' } })
    expect(stage.all()).toHaveLength(1)
  })
})
