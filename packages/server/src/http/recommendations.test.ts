import { describe, expect, it } from 'vitest'
import { mintKey } from '../identity/api-key.ts'
import type { ApiKey } from '../state/key.ts'
import { openMemoryState } from '../state/memory.ts'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

interface Recommendation {
  readonly id: string
  readonly kind: string
  readonly rule: string
  readonly severity: string
  readonly saving_nano_usd: number | null
  readonly saving_nano_usd_30_days: number | null
  readonly query: object
  readonly dismissed: { readonly actor: string; readonly reason: string | null } | null
}
interface Answer {
  readonly dismissed: number
  readonly recommendations: readonly Recommendation[]
}

const DAY_MS = 86_400_000
const PATH = '/api/v1/recommendations'

/** Failures that were paid for, of two tenants, and a backend that fails. The ingest of the tests prices input at a nano-USD. */
async function recorded(options: Parameters<typeof createTestApp>[0] = {}): Promise<TestApp> {
  const app = await createTestApp(options)
  const failed = (id: number, tenant: string, backend?: string): object => ({
    event_id: `${tenant}${id}`,
    timestamp_ms: NOW_MS - DAY_MS,
    kind: 'llm_request_failed',
    tenant_id: tenant,
    provider: 'openai',
    model: `model-of-${tenant}`,
    backend,
    input_tokens: 10_000_000,
    success: false,
  })
  await app.ingest.submit({ items: [failed(1, 'left'), failed(2, 'left'), failed(1, 'right')], door: 'native' })
  const items = Array.from({ length: 12 }, (_, index) => failed(100 + index, 'right', 'flaky'))
  await app.ingest.submit({ items, door: 'native' })
  return app
}

async function listed(app: TestApp, search = '', headers: Record<string, string> = {}): Promise<Answer> {
  const response = await app.call(`${PATH}${search}`, { headers })
  expect(response.status).toBe(200)
  return (await response.json()) as Answer
}

describe('recommendations', () => {
  it('tell of backends in trouble first, then of what could be saved, the greatest first, each with its query', async () => {
    const app = await recorded()
    const { recommendations } = await listed(app)
    expect(recommendations.map(({ rule, severity, saving_nano_usd: saving }) => [rule, severity, saving])).toEqual([
      ['backend_reliability', 'critical', null],
      ['paid_failures', 'info', 130_000_000],
      ['paid_failures', 'info', 20_000_000],
    ])
    for (const { query } of recommendations) expect((await app.post('/api/v1/query', query)).status).toBe(200)
  })

  it('tell of a routing method that is not sure of its choices, and not of one that never says', async () => {
    const app = await createTestApp()
    const decisions = (method: string, confidence?: number): readonly object[] =>
      Array.from({ length: 11 }, (_, index) => ({
        event_id: `${method}${index}`,
        timestamp_ms: NOW_MS - DAY_MS,
        kind: 'tool_invocation',
        tool_name: 'ask',
        backend: 'local',
        routing_method: method,
        routing_confidence: confidence,
        success: true,
      }))
    await app.ingest.submit({
      items: [...decisions('rule_based', 0.7), ...decisions('guess', 0.69), ...decisions('silent')],
      door: 'native',
    })
    const { recommendations } = await listed(app)
    expect(recommendations).toMatchObject([
      {
        id: 'routing_confidence:[["backend","local"],["routing_method","guess"]]',
        severity: 'warning',
        evidence: 'Low routing confidence (69.0%) for guess_local.',
        subject: { routing_method: 'guess', backend: 'local' },
      },
    ])
    expect((await app.post('/api/v1/query', recommendations[0]?.query)).body['rows']).toContainEqual({
      routing_method: 'guess',
      backend: 'local',
      routing_confidence_millionths_count: 11,
      routing_confidence_millionths_avg: 690_000,
    })
  })

  it('say what thirty days would come to at the rate of the range', async () => {
    const app = await recorded()
    const search = `?from=${NOW_MS - 3 * DAY_MS}&to=${NOW_MS}`
    const [, first] = (await listed(app, search)).recommendations
    expect(first).toMatchObject({ saving_nano_usd: 130_000_000, saving_nano_usd_30_days: 1_300_000_000 })
    expect((await listed(app, `?from=${NOW_MS - 1000}&to=${NOW_MS}`)).recommendations).toEqual([])
  })

  it('are left out once they are dismissed, until they are restored', async () => {
    const app = await recorded()
    const [{ id }] = (await listed(app)).recommendations as [Recommendation]
    const dismissal = { id, reason: 'known' }
    expect(await app.post(`${PATH}/dismiss`, dismissal)).toMatchObject({
      status: 200,
      body: { id, actor: 'local', reason: 'known' },
    })
    const without = await listed(app)
    expect(without.dismissed).toBe(1)
    expect(without.recommendations.map((one) => one.id)).not.toContain(id)
    const all = await listed(app, '?dismissed=true')
    expect(all.recommendations.find((one) => one.id === id)?.dismissed).toMatchObject({
      actor: 'local',
      reason: 'known',
    })
    expect((await app.post(`${PATH}/restore`, { id })).body).toEqual({ id, restored: true })
    expect((await app.post(`${PATH}/restore`, { id })).body).toEqual({ id, restored: false })
    expect((await listed(app)).recommendations[0]?.id).toBe(id)
  })

  it.each([{}, { id: '' }, { id: 'x', reason: 7 }, { id: 'x', more: 1 }])(
    'a dismissal of %j is refused',
    async (body) => {
      const app = await createTestApp()
      expect(await app.post(`${PATH}/dismiss`, body)).toMatchObject({ status: 400, body: { code: 'invalid_body' } })
    },
  )

  it('of one tenant are found and dismissed without the other', async () => {
    const state = openMemoryState()
    const key = async (tenantId: string): Promise<Record<string, string>> => {
      const { id, secretHash, text } = mintKey()
      const row: ApiKey = {
        id,
        name: `key of ${tenantId}`,
        secretHash,
        tenantId,
        scopes: ['admin'],
        createdMs: NOW_MS - 40 * DAY_MS,
      }
      await state.write([{ table: 'keys', id, row }])
      return { authorization: `Bearer ${text}`, 'content-type': 'application/json' }
    }
    const [left, right] = [await key('left'), await key('right')]
    const app = await recorded({ state })
    const ofLeft = (await listed(app, '', left)).recommendations
    expect(ofLeft.map(({ rule }) => rule)).toEqual(['paid_failures', 'idle_key'])
    expect(JSON.stringify(ofLeft)).not.toContain('right')
    const [first] = (await listed(app, '', right)).recommendations as [Recommendation]
    const body = JSON.stringify({ id: first.id })
    expect((await app.call(`${PATH}/dismiss`, { method: 'POST', headers: left, body })).status).toBe(200)
    expect((await listed(app, '', right)).dismissed).toBe(0)
  })
})
