import type { UsageEvent } from '@tallystick/core/event'
import { describe, expect, it } from 'vitest'
import { LOCAL, type Principal } from '../../identity/principal.ts'
import { scopedStore } from '../../identity/scoped-store.ts'
import { openMemoryState } from '../../state/memory.ts'
import { openMemoryStore } from '../../store/memory.ts'
import type { Handler } from '../route.ts'
import { createTestApp, NOW_MS, type TestApp, type TestAppOptions } from '../testing/test-app.ts'
import { avgPerRequest } from './avg-per-request.ts'
import { budgetStatus } from './budget-status.ts'
import type { BudgetsOf } from './budgets.ts'
import { listProtocol012 } from './list.ts'
import { spendingByAgent } from './spending-by-agent.ts'
import { spendingByProvider } from './spending-by-provider.ts'
import { spendingTotal } from './spending-total.ts'
import { tokensByAgent } from './tokens-by-agent.ts'
import { usageModels } from './usage-models.ts'
import { usageRequests } from './usage-requests.ts'

type Members = Readonly<Record<string, unknown>>

const BASE = '/api/v1/analytics'
const USD = 1_000_000_000

let ids = 0
const completed = (over: Partial<UsageEvent> = {}): UsageEvent => ({
  eventId: `e${ids++}`,
  timestampMs: NOW_MS - 1_000,
  kind: 'llm_request_completed',
  success: true,
  requestModel: 'gpt-4o-mini',
  provider: 'openai',
  agentId: 'agent_1',
  inputTokens: 10,
  outputTokens: 5,
  costNanoUsd: USD,
  ...over,
})
function without(event: UsageEvent, name: 'agentId' | 'costNanoUsd'): UsageEvent {
  const { [name]: _, ...rest } = event
  return rest
}

async function app(events: readonly UsageEvent[], options: TestAppOptions = {}): Promise<TestApp> {
  const made = await createTestApp(options)
  await made.store.append(events.map((event, index) => ({ ordinal: index + 1, receivedMs: NOW_MS, event })))
  return made
}

async function ask({ call }: TestApp, path: string): Promise<Members> {
  const response = await call(`${BASE}/${path}`)
  const body = (await response.json()) as Members
  expect(response.status, JSON.stringify(body)).toBe(200)
  return body
}

/** As the route would be asked by somebody who may not see everything. */
async function askAs(
  principal: Principal,
  { app: { context } }: TestApp,
  handler: Handler,
  search = '',
): Promise<Members> {
  const url = new URL(`http://localhost/?${search}`)
  const store = scopedStore(context.store, principal)
  const response = await handler({ request: new Request(url), url, app: context, principal, store, peer: undefined })
  return (await response.json()) as Members
}

const dataOf = (answer: Members): Members[] => answer['data'] as Members[]

describe('the cost of one request', () => {
  const perRequest = async (costs: readonly (number | null)[]): Promise<Members> => {
    const events = costs.map((cost) =>
      cost === null ? without(completed(), 'costNanoUsd') : completed({ costNanoUsd: cost }),
    )
    return ask(await app(events), 'spending/avg-per-request')
  }

  it('has its median in the middle of an odd number, exactly', async () => {
    expect(await perRequest([3 * USD, 1 * USD, 10 * USD])).toMatchObject({
      median_cost_per_request: 3,
      median_cost_per_request_nano_usd: 3 * USD,
      min_cost_per_request: 1,
      max_cost_per_request: 10,
      average_cost_per_request: 4.6667,
      average_cost_per_request_nano_usd: 4_666_666_667,
      total_requests: 3,
      ranked_requests: 3,
    })
  })

  it('has it between the two in the middle of an even number, with four decimals rounded once', async () => {
    expect(await perRequest([100_000, 200_001, 5 * USD, 0])).toMatchObject({
      median_cost_per_request: 0.0002,
      median_cost_per_request_nano_usd: 150_000,
      min_cost_per_request: 0,
    })
    expect(await perRequest([100_000, 200_000])).toMatchObject({ median_cost_per_request: 0.0002 })
    expect(await perRequest([300_000, 200_000])).toMatchObject({ median_cost_per_request: 0.0002 })
  })

  it('counts a request without a price as 0, and says how many there are', async () => {
    expect(await perRequest([null, null, 4 * USD])).toMatchObject({
      median_cost_per_request: 0,
      min_cost_per_request: 0,
      max_cost_per_request: 4,
      total_spend: 4,
      total_requests: 3,
      unpriced_requests: 2,
    })
  })

  it('is 0 of nothing', async () => {
    expect(await perRequest([])).toMatchObject({
      average_cost_per_request: 0,
      median_cost_per_request: 0,
      min_cost_per_request: 0,
      max_cost_per_request: 0,
      total_requests: 0,
      ranked_requests: 0,
    })
  })

  it('keeps every digit of a sum past 2^53', async () => {
    const most = Number.MAX_SAFE_INTEGER
    expect(await perRequest([most, most, most])).toMatchObject({
      total_spend_nano_usd: String(3n * BigInt(most)),
      median_cost_per_request_nano_usd: most,
      average_cost_per_request_nano_usd: most,
    })
  })
})

describe('agents', () => {
  it('are named by the table of agents, else by their number or id, else not at all', async () => {
    const state = openMemoryState()
    await state.write([{ table: 'agents', id: 'agent_1', row: { id: 'agent_1', name: 'Support', createdMs: 0 } }])
    const events = [
      ...['agent_1', 'agent_2', 'bot'].map((agentId) => completed({ agentId })),
      without(completed(), 'agentId'),
    ]
    const made = await app(events, { state })
    for (const path of ['spending/by-agent', 'usage/tokens/by-agent', 'events/list']) {
      const names = new Map(dataOf(await ask(made, path)).map((row) => [row['agent_id'], row['agent_name']]))
      expect(names, path).toEqual(
        new Map<unknown, unknown>([
          ['agent_1', 'Support'],
          ['agent_2', 'Agent 2'],
          ['bot', 'bot'],
          [null, 'Unknown'],
        ]),
      )
    }
  })

  it('are told with their budget, the percentage in the units of the money', async () => {
    const budgets = new Map([['agent_1', { amountNanoUsd: 10 * USD, spentNanoUsd: 0 }]])
    const made = await app(
      [completed({ costNanoUsd: 2_500_000_000 }), completed({ agentId: 'agent_2', costNanoUsd: 4 * USD })],
      { budgetsOf: (id) => budgets.get(id) },
    )
    const answer = await ask(made, 'spending/by-agent?per_page=1&page=2')
    expect(dataOf(answer)).toMatchObject([
      { agent_id: 'agent_1', spending: 2.5, budget: 10, percent_used: 25, request_count: 1 },
    ])
    expect(answer['summary']).toMatchObject({
      total_spend: 6.5,
      total_budget: 10,
      average_percent_used: 25,
      total_agents: 2,
    })
  })

  it('come in one order whatever they have in common', async () => {
    const made = await app(['c', 'a', 'b'].map((agentId) => completed({ agentId })))
    for (const path of ['spending/by-agent', 'usage/tokens/by-agent'])
      expect(dataOf(await ask(made, path)).map((row) => row['agent_id'])).toEqual(['a', 'b', 'c'])
  })
})

describe('a row of several credentials', () => {
  it('names the credential only where there is one', async () => {
    const made = await app([
      completed({ providerId: 'ip_openai_001' }),
      completed({ providerId: 'ip_openai_002' }),
      completed({ provider: 'anthropic', requestModel: 'claude-haiku-4-5', providerId: 'ip_anthropic_001' }),
    ])
    for (const path of ['spending/by-provider', 'usage/models'])
      expect(dataOf(await ask(made, path)).map((row) => [row['provider'], row['provider_id']])).toEqual([
        ['openai', null],
        ['anthropic', 'ip_anthropic_001'],
      ])
  })
})

describe('the budget of an agent', () => {
  const spent = (...hundredths: readonly number[]): BudgetsOf => {
    const budgets = new Map(hundredths.map((value, index) => [`agent_${index}`, value]))
    return (id) => {
      const value = budgets.get(id)
      return value === undefined ? undefined : { amountNanoUsd: 100 * USD, spentNanoUsd: value * (USD / 100) }
    }
  }
  const status = async (budgetsOf: BudgetsOf, agents: number, search = ''): Promise<Members> => {
    const events = Array.from({ length: agents }, (_, index) => completed({ agentId: `agent_${index}` }))
    return ask(await app(events, { budgetsOf }), `budget/status?${search}`)
  }

  it('is at risk by the documented bands, to the hundredth of a percent', async () => {
    const answer = await status(spent(0, 4_999, 5_000, 7_999, 8_000, 9_499, 9_500, 9_999, 10_000, 12_345), 11)
    expect(dataOf(answer).map((row) => [row['percent_used'], row['status'], row['risk_level']])).toEqual([
      [123.45, 'exhausted', 'exhausted'],
      [100, 'exhausted', 'exhausted'],
      [99.99, 'active', 'critical'],
      [95, 'active', 'critical'],
      [94.99, 'active', 'high'],
      [80, 'active', 'high'],
      [79.99, 'active', 'medium'],
      [50, 'active', 'medium'],
      [49.99, 'active', 'low'],
      [0, 'active', 'low'],
      [0, 'active', 'low'],
    ])
    expect(answer['summary']).toEqual({
      total_agents: 11,
      active: 9,
      exhausted: 2,
      critical: 2,
      high: 2,
      medium: 2,
      low: 3,
    })
  })

  it('is not called half gone before it is, however near', async () => {
    const budgetsOf: BudgetsOf = () => ({ amountNanoUsd: 1_000_000, spentNanoUsd: 499_999 })
    expect(dataOf(await status(budgetsOf, 1))).toMatchObject([{ percent_used: 49.99, risk_level: 'low' }])
  })

  it('is told in USD and in integers, and never less than nothing remains', async () => {
    expect(dataOf(await status(spent(12_000), 1))).toMatchObject([
      {
        budget: 100,
        budget_micros: 100_000_000,
        spent: 120,
        spent_nano_usd: 120 * USD,
        remaining: 0,
        remaining_micros: 0,
      },
    ])
  })

  it('is listed strictly above a threshold, by status and by agent; the summary and the pages are of what is left', async () => {
    const budgetsOf = spent(8_000, 8_001, 10_000, 100)
    const ids = async (search: string): Promise<unknown[]> =>
      dataOf(await status(budgetsOf, 4, search)).map((row) => row['agent_id'])
    expect(await ids('threshold=80')).toEqual(['agent_2', 'agent_1'])
    expect(await ids('threshold=80.005')).toEqual(['agent_2', 'agent_1'])
    expect(await ids('threshold=80.01')).toEqual(['agent_2'])
    expect(await ids('status=exhausted')).toEqual(['agent_2'])
    expect(await ids('status=inactive')).toEqual([])
    expect(await ids('agent_id=1')).toEqual(['agent_1'])
    const page = await status(budgetsOf, 4, 'threshold=50&per_page=2&page=2')
    expect(dataOf(page)).toMatchObject([{ agent_id: 'agent_0' }])
    expect(page).toMatchObject({
      pagination: { total: 3, total_pages: 2 },
      summary: { total_agents: 3, exhausted: 1, high: 2 },
    })
  })

  it('is listed of agents that are only known by name or by a budget', async () => {
    const state = openMemoryState()
    await state.write([{ table: 'agents', id: 'agent_9', row: { id: 'agent_9', name: 'Quiet', createdMs: 0 } }])
    const made = await app([], { state })
    expect(dataOf(await ask(made, 'budget/status'))).toMatchObject([
      { agent_id: 'agent_9', agent_name: 'Quiet', budget: 0, percent_used: 0, status: 'active', risk_level: 'low' },
    ])
  })

  it.each(['threshold=much', 'threshold=-1', 'status=asleep'])('cannot be asked for by %s', async (search) => {
    const { call } = await app([])
    const response = await call(`${BASE}/budget/status?${search}`)
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { code: 'VALIDATION_ERROR', details: { fields: [{ field: search.split('=')[0] }] } } },
    ])
  })
})

describe('what somebody may not see', () => {
  const OWNER: Principal = { ...LOCAL, kind: 'user', name: 'owner', agentIds: new Set(['agent_1']) }

  it('is in no answer, and to filter by it finds nothing', async () => {
    const state = openMemoryState()
    await state.write([{ table: 'agents', id: 'agent_2', row: { id: 'agent_2', name: 'Secret', createdMs: 0 } }])
    const made = await app(
      [completed(), completed({ agentId: 'agent_2', requestModel: 'secret-model', provider: 'secret' })],
      {
        state,
        budgetsOf: () => ({ amountNanoUsd: 1, spentNanoUsd: 1 }),
      },
    )
    const handlers = {
      spendingTotal,
      spendingByAgent,
      spendingByProvider,
      avgPerRequest,
      usageRequests,
      tokensByAgent,
      usageModels,
      budgetStatus,
      listProtocol012,
    }
    for (const [name, handler] of Object.entries(handlers)) {
      expect(JSON.stringify(await askAs(OWNER, made, handler)), name).not.toMatch(/agent_2|secret|Secret/)
      const other = await askAs(OWNER, made, handler, 'agent_id=2')
      expect(other, name).toMatchObject(
        'data' in other ? { data: [], pagination: { total: 0, total_pages: 0 } } : { total_requests: 0 },
      )
    }
    expect(await askAs(OWNER, made, spendingTotal)).toMatchObject({ total_spend: 1 })
    expect(await askAs(OWNER, made, avgPerRequest)).toMatchObject({ ranked_requests: 1 })
  })
})

describe('a query that takes too long', () => {
  it('is given up with QUERY_TIMEOUT and told to the store', async () => {
    let signal: AbortSignal | undefined
    const store = openMemoryStore()
    const hanging = Object.assign(Object.create(store), {
      query: (_: unknown, options?: { signal?: AbortSignal }) => {
        signal = options?.signal
        return new Promise(() => undefined)
      },
    })
    const { call } = await app([], { store: hanging, limits: { queryMs: 20 } })
    const response = await call(`${BASE}/spending/total`)
    expect([response.status, await response.json()]).toMatchObject([
      504,
      { error: { code: 'QUERY_TIMEOUT', details: { reason: 'query_timeout' } } },
    ])
    expect(signal?.aborted).toBe(true)
  })
})

describe('the limit on queries', () => {
  it('is 20 a minute over all queries together where it is on', async () => {
    const { call } = await app([], { protocol012: { rateLimits: true } })
    const paths = ['spending/total', 'usage/models', 'events/list', 'budget/status']
    for (let index = 0; index < 20; index++) expect((await call(`${BASE}/${paths[index % 4]}`)).status).toBe(200)
    const refused = await call(`${BASE}/usage/requests`)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60'])
    expect(await refused.json()).toMatchObject({ error: { code: 'RATE_LIMIT_EXCEEDED' } })
  })
})
