import { describe, expect, it } from 'vitest'
import { mintKey } from '../identity/api-key.ts'
import type { ApiKey } from '../state/key.ts'
import { openMemoryState } from '../state/memory.ts'
import { createTestApp, type TestApp } from './testing/test-app.ts'

const DAY = '2026-11-01'
const AT = Date.UTC(2026, 10, 1, 9)
const RANGE = `from=${DAY}&to=2026-11-03`
const ZERO = {
  missing_nano_usd: 0,
  price_drift_nano_usd: 0,
  unpriced_nano_usd: 0,
  rounding_nano_usd: 0,
  unknown_nano_usd: 0,
}

interface Row {
  readonly model: string | null
  readonly ours: Record<string, number>
  readonly theirs: Record<string, number>
  readonly difference_nano_usd: number
  readonly explained: Record<string, number>
}
interface Answer {
  readonly providers: readonly { provider: string; rows: readonly Row[]; totals: Record<string, unknown> }[]
}

const event = (id: string, more: object): object => ({
  event_id: id,
  timestamp_ms: AT,
  provider: 'openai',
  model: 'gpt-4o',
  response_model: 'gpt-4o-2024-08-06',
  input_tokens: 450,
  output_tokens: 50,
  ...more,
})

/** The ingest of the tests prices an input token at a nano-USD, and no output. */
const COST_ROW = {
  model: 'gpt-4o-2024-08-06',
  cost_nano_usd: 1_000,
  cost_fresh_input_nano_usd: 1_000,
  lines: 2,
}
const bill = (part: string, rows: readonly object[], more: object = {}): object => ({
  provider: 'openai',
  part,
  days: [{ day: DAY, rows }],
  ...more,
})

async function recorded(...events: readonly object[]): Promise<TestApp> {
  const app = await createTestApp()
  expect((await app.post('/api/v1/events', events)).status).toBe(200)
  return app
}

async function shown(app: TestApp, search = RANGE, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await app.call(`/api/v1/reconciliation?${search}`, { headers })
  expect(response.status).toBe(200)
  return (await response.json()) as Answer
}

describe('reconciliation', () => {
  it('sets what was recorded beside the bill, and says what is missing', async () => {
    const app = await recorded(
      event('a', {}),
      event('b', {}),
      // On nobody's bill, of another provider, of another day.
      event('hit', { cache_hit: true, input_tokens: 9 }),
      event('other', { provider: 'anthropic' }),
      event('later', { timestamp_ms: AT + 86_400_000 }),
    )
    expect((await app.post('/api/v1/reconciliation', bill('cost', [COST_ROW]))).status).toBe(200)
    const usage = { model: 'gpt-4o-2024-08-06', requests: 3, fresh_input_tokens: 1_000, output_tokens: 100 }
    await app.post('/api/v1/reconciliation', bill('usage', [usage]))
    const { providers } = await shown(app)
    expect(providers).toMatchObject([
      {
        provider: 'openai',
        rows: [
          {
            model: 'gpt-4o-2024-08-06',
            ours: { requests: 2, fresh_input_tokens: 900, output_tokens: 100, cost_nano_usd: 900 },
            theirs: { requests: 3, fresh_input_tokens: 1_000, output_tokens: 100, cost_nano_usd: 1_000 },
            difference_nano_usd: 100,
            explained: { ...ZERO, missing_nano_usd: 100 },
          },
        ],
        totals: { difference_nano_usd: 100, explained: { ...ZERO, missing_nano_usd: 100 } },
      },
    ])
  })

  it('says of each model of a day that is told of, also of one that they do not bill, and of what is no model', async () => {
    const app = await recorded(event('a', { model: 'gpt-5', response_model: null }))
    await app.post('/api/v1/reconciliation', bill('cost', [COST_ROW, { cost_nano_usd: -30 }]))
    const { providers } = await shown(app)
    const rows = providers[0]?.rows ?? []
    expect(rows.map(({ model }) => model)).toEqual(['gpt-4o-2024-08-06', 'gpt-5', null])
    expect(rows[0]?.explained).toEqual({ ...ZERO, missing_nano_usd: 1_000 })
    expect(rows[1]?.theirs['cost_nano_usd']).toBe(0)
    expect(rows[1]?.explained['unknown_nano_usd']).toBe(-(rows[1]?.ours['cost_nano_usd'] ?? 0))
    expect(rows[2]?.explained).toEqual({ ...ZERO, unknown_nano_usd: -30 })
  })

  it('has no amount where only usage was told, and nothing for days that no bill tells of', async () => {
    const app = await recorded(event('a', {}))
    await app.post('/api/v1/reconciliation', bill('usage', []))
    expect((await shown(app)).providers[0]?.rows).toMatchObject([
      {
        model: 'gpt-4o-2024-08-06',
        theirs: { fresh_input_tokens: 0, cost_nano_usd: null },
        difference_nano_usd: null,
        explained: null,
      },
    ])
    expect((await shown(app, 'from=2026-11-02&to=2026-11-03')).providers).toEqual([])
    expect((await shown(app, `${RANGE}&provider=anthropic`)).providers).toEqual([])
  })

  it('keeps tenants and agents apart', async () => {
    const state = openMemoryState()
    const key = async (more: Partial<ApiKey>): Promise<Record<string, string>> => {
      const { id, text, secretHash } = mintKey()
      const row: ApiKey = { id, name: id, secretHash, scopes: ['admin'], createdMs: 1, ...more }
      await state.write([{ table: 'keys', id, row }])
      return { authorization: `Bearer ${text}` }
    }
    const [master, ofTenant, ofOther, ofAgent] = [
      await key({}),
      await key({ tenantId: 't' }),
      await key({ tenantId: 'u' }),
      await key({ agentId: 'agent_1' }),
    ]
    const app = await createTestApp({ state })
    const send = async (headers: Record<string, string>, body: object): Promise<number> => {
      const init = {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }
      return (await app.call('/api/v1/reconciliation', init)).status
    }
    expect(await send(ofTenant, bill('cost', [COST_ROW]))).toBe(200)
    expect(await send(ofTenant, bill('cost', [COST_ROW], { tenant_id: 'u' }))).toBe(403)
    expect(await send(ofAgent, bill('cost', [COST_ROW]))).toBe(403)
    expect((await shown(app, RANGE, ofTenant)).providers).toHaveLength(1)
    for (const headers of [master, ofOther, ofAgent]) expect((await shown(app, RANGE, headers)).providers).toEqual([])
    expect((await shown(app, `${RANGE}&tenant_id=t`, master)).providers).toHaveLength(1)
    expect((await app.call(`/api/v1/reconciliation?${RANGE}&tenant_id=t`, { headers: ofOther })).status).toBe(403)
  })

  it.each(['from=2026-11-01T00:00:00Z', 'from=2026-11-31', 'from=2026-11-03&to=2026-11-01', 'from=2020-01-01'])(
    'does not know %s',
    async (search) => {
      const app = await createTestApp()
      expect((await app.call(`/api/v1/reconciliation?${search}`)).status).toBe(400)
    },
  )
})
