import { describe, expect, it } from 'vitest'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

const DAY_MS = 86_400_000
const PATH = '/api/v1/what-if'

/** The ingest of the tests prices input at a nano-USD a token, so what is billed is not what the catalogue would say. */
async function recorded(): Promise<TestApp> {
  const app = await createTestApp()
  const request = (id: string, how: object): object => ({
    event_id: id,
    timestamp_ms: NOW_MS - 10 * DAY_MS,
    provider: 'openai',
    model: 'gpt-4o',
    input_tokens: 1_000_000,
    output_tokens: 100_000,
    success: true,
    ...how,
  })
  await app.ingest.submit({
    items: [request('1', { agent_id: 'a' }), request('2', { agent_id: 'b', model: 'gpt-4.1' })],
    door: 'native',
  })
  return app
}

interface Answer {
  readonly requests: number
  readonly now_nano_usd: number
  readonly now_nano_usd_yearly: number
  readonly query: object
  readonly targets: readonly {
    readonly model: string
    readonly price: { readonly price_id: string; readonly unit_prices: object }
    readonly there_nano_usd: { readonly low: number; readonly likely: number; readonly high: number }
    readonly difference_nano_usd: { readonly likely: number }
    readonly by_model: readonly { readonly model: string }[]
    readonly by_agent: readonly { readonly agent_id: string }[]
    readonly uncertainties: readonly { readonly about: string }[]
  }[]
}

describe('what if', () => {
  it('compares what traffic costs with what it would, by model and by agent', async () => {
    const app = await recorded()
    const targets = [{ provider: 'openai', model: 'gpt-4o-mini' }, { model: 'claude-opus-4-5' }]
    const { status, body } = await app.post(PATH, { targets })
    expect(status).toBe(200)
    const answer = body as unknown as Answer
    // $0.15 and $0.60 per million at the one, $5 and $25 at the other.
    expect(answer.targets.map((one) => [one.model, one.there_nano_usd.likely])).toEqual([
      ['gpt-4o-mini', 2 * (150_000_000 + 60_000_000)],
      ['claude-opus-4-5', 2 * (5_000_000_000 + 2_500_000_000)],
    ])
    const [mini, claude] = answer.targets
    expect(mini?.there_nano_usd).toEqual({ low: 420_000_000, likely: 420_000_000, high: 420_000_000 })
    expect(claude?.there_nano_usd).toMatchObject({ low: 15_000_000_000 * 0.85, high: 15_000_000_000 * 1.15 })
    expect(claude?.uncertainties).toMatchObject([{ about: 'tokenizer' }])
    expect(mini?.difference_nano_usd.likely).toBe(420_000_000 - answer.now_nano_usd)
    expect(answer.now_nano_usd_yearly).toBe(answer.now_nano_usd * 36.5)
    expect(mini?.price.unit_prices).toMatchObject({ input: 150_000_000, cache_read: 75_000_000, output: 600_000_000 })
    expect(new Set(mini?.by_model.map(({ model }) => model))).toEqual(new Set(['gpt-4o', 'gpt-4.1']))
    expect(new Set(mini?.by_agent.map(({ agent_id: agent }) => agent))).toEqual(new Set(['a', 'b']))
    expect((await app.post('/api/v1/query', answer.query)).status).toBe(200)
  })

  it('looks at the traffic that filters and range keep', async () => {
    const app = await recorded()
    const body = { targets: [{ model: 'gpt-4o-mini' }], filters: { model: ['gpt-4o'] } }
    expect((await app.post(PATH, body)).body['requests']).toBe(1)
    expect((await app.post(PATH, { ...body, from: NOW_MS - DAY_MS })).body['requests']).toBe(0)
    const given = { ...body, cache_share: 1 }
    expect((await app.post(PATH, given)).body['targets']).toMatchObject([
      { there_nano_usd: { likely: 75_000_000 + 60_000_000 } },
    ])
  })

  it.each([
    [{}, 'invalid_body', 'targets'],
    [{ targets: [] }, 'invalid_body', 'targets'],
    [{ targets: [{}] }, 'invalid_body', 'targets[0].model'],
    [{ targets: [{ model: 'gpt-4o', price: 1 }] }, 'invalid_body', 'targets[0]'],
    [{ targets: [{ model: 'gpt-4o' }], cache_share: 80 }, 'invalid_body', 'cache_share'],
    [{ targets: [{ model: 'gpt-4o' }], filters: { modle: ['x'] } }, 'unknown_dimension', 'filters.modle'],
    [{ targets: [{ model: 'gpt-4o-minj' }] }, 'unpriced_model', 'targets'],
  ])('%j is refused', async (body, code, path) => {
    const app = await createTestApp()
    const refused = await app.post(PATH, body)
    expect(refused).toMatchObject({ status: 400, body: { code } })
    expect((refused.body['issues'] as { path: string }[])[0]?.path).toBe(path)
  })
})

describe('patterns of errors', () => {
  it('are failures that are alike but for numbers, with first and last, and nothing of others', async () => {
    const app = await createTestApp()
    const failure = (index: number, how: object): object => ({
      event_id: `f${index}`,
      timestamp_ms: NOW_MS - (index + 1) * 60_000,
      kind: 'llm_request_failed',
      provider: 'openai',
      model: 'gpt-4o',
      success: false,
      error_type: 'timeout',
      error_code: '504',
      error_message: `no answer after ${index}000 ms`,
      ...how,
    })
    await app.ingest.submit({
      items: [
        ...Array.from({ length: 12 }, (_, index) => failure(index, {})),
        failure(40, { error_message: 'connection reset' }),
        failure(41, { model: 'other', error_type: 'overloaded' }),
        { ...failure(42, {}), kind: 'llm_request_completed', success: true, error_type: undefined },
      ],
      door: 'native',
    })
    const answer = await app.call('/api/v1/error-patterns?model=gpt-4o&limit=10')
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      read: 13,
      read_from_ms: null,
      patterns: [
        {
          type: 'timeout',
          code: '504',
          count: 12,
          message: 'no answer after 11000 ms',
          first_seen_ms: NOW_MS - 12 * 60_000,
          last_seen_ms: NOW_MS - 60_000,
        },
        { type: 'timeout', code: '504', count: 1, message: 'connection reset' },
      ],
    })
    expect((await app.call('/api/v1/error-patterns?modle=x')).status).toBe(400)
  })
})

describe('prices', () => {
  it('are looked up with the rule that found them, and a name without one is answered with those like it', async () => {
    const app = await createTestApp()
    const ask = async (search: string): Promise<Record<string, unknown>> =>
      (await (await app.call(`/api/v1/prices${search}`)).json()) as Record<string, unknown>
    expect(await ask('?model=gpt-4o-mini-2024-07-18')).toMatchObject({
      found: { model: 'gpt-4o-mini', unit_prices: { input: 150_000_000 }, context_tokens: 128_000 },
    })
    expect(await ask('?model=gpt-4o-minj')).toMatchObject({ found: null })
    expect((await ask('?model=gpt-4o-minj'))['nearest']).toContain('gpt-4o-mini')
    expect(await ask('')).toMatchObject({ overrides: [], found: null })
    const { models, total } = (await ask('/models?search=openai%20gpt-4o&limit=3')) as {
      models: { provider: string; model: string }[]
      total: number
    }
    expect(models).toHaveLength(3)
    expect(total).toBeGreaterThan(3)
    for (const one of models) expect(`${one.provider} ${one.model}`).toMatch(/openai.*gpt-4o/)
  })
})
