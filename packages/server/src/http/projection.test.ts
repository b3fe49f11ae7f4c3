import { describe, expect, it } from 'vitest'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

const DAY_MS = 86_400_000
const PATH = '/api/v1/projection'

/** A request a day for `days` days and one today. The ingest of the tests prices input at a nano-USD. */
async function recorded(days: number): Promise<TestApp> {
  const app = await createTestApp()
  const items = Array.from({ length: days + 1 }, (_, back) => ({
    event_id: `e${back}`,
    timestamp_ms: NOW_MS - back * DAY_MS,
    kind: 'llm_request_completed',
    provider: back % 2 === 0 ? 'openai' : 'anthropic',
    model: 'm',
    input_tokens: 1_000,
  }))
  await app.ingest.submit({ items, door: 'native' })
  return app
}

const asked = async (app: TestApp, search = '') => {
  const response = await app.call(`${PATH}${search}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('the projection', () => {
  it('tells of today, of seven days, of the month and of its end, the same figures as queries', async () => {
    const app = await recorded(10)
    const { status, body } = await asked(app)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      now_ms: NOW_MS,
      time_zone: 'UTC',
      today: { cost_nano_usd: 1_000, requests: 1 },
      yesterday: { cost_nano_usd: 1_000 },
      last_7_days: { cost_nano_usd: 7_000, requests: 7, unpriced_requests: 0 },
      previous_7_days: { cost_nano_usd: 4_000 },
      this_month: { cost_nano_usd: 11_000 },
      last_month: { cost_nano_usd: null, requests: 0 },
      whole_days: 9,
      // Half of the 21st is left, and nine days.
      month_end: { expected_nano_usd: 20_500, low_nano_usd: 20_500, high_nano_usd: 20_500 },
    })
    const week = body['last_7_days'] as { from_ms: number; to_ms: number; cost_nano_usd: number }
    const { body: answer } = await app.post('/api/v1/query', { from: week.from_ms, to: week.to_ms })
    expect(answer['rows']).toMatchObject([{ cost_nano_usd: week.cost_nano_usd }])
  })

  it('is of the days of the zone that is asked for, and of what the filters leave', async () => {
    const app = await recorded(10)
    const { body } = await asked(app, '?time_zone=Asia%2FKathmandu&provider=openai')
    expect(body).toMatchObject({ today: { cost_nano_usd: 1_000 }, yesterday: { cost_nano_usd: null, requests: 0 } })
    expect((body['today'] as { from_ms: number }).from_ms).toBe(Date.parse('2026-11-20T18:15:00Z'))
  })

  it('says nothing of the end of the month while there are less than three whole days', async () => {
    expect((await asked(await recorded(3))).body).toMatchObject({ whole_days: 2, month_end: null })
    expect((await asked(await recorded(4))).body).toMatchObject({
      whole_days: 3,
      month_end: { expected_nano_usd: 14_500 },
    })
  })

  it('refuses a zone that nobody knows and a parameter that is none', async () => {
    const app = await recorded(1)
    expect(await asked(app, '?time_zone=Nowhere/Land')).toMatchObject({ status: 400, body: { code: 'invalid_query' } })
    expect(await asked(app, '?zone=UTC')).toMatchObject({ status: 400, body: { code: 'unknown_parameter' } })
  })
})

describe('looking prices up', () => {
  const LOOKUP = '/api/v1/prices/lookup'

  it('answers with unit prices, where they come from, and null where nobody knows one', async () => {
    const app = await createTestApp()
    const { status, body } = await app.post(LOOKUP, {
      models: [{ provider: 'openai', model: 'gpt-4o' }, { model: 'of-our-own' }],
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      at_ms: NOW_MS,
      version: 'test',
      models: [
        {
          provider: 'openai',
          model: 'gpt-4o',
          price: {
            source: 'catalogue',
            provider: 'openai',
            unit_prices: { input: 2_500_000_000, cache_read: 1_250_000_000, output: 10_000_000_000 },
          },
        },
        { provider: null, model: 'of-our-own', price: null },
      ],
    })
  })

  it.each([
    [{}, 'models'],
    [{ models: [] }, 'models'],
    [{ models: [{ model: '' }] }, 'models[0]'],
    [{ models: [{ model: 'm', provider: 7 }] }, 'models[0]'],
    [{ models: [{ model: 'm' }, { model: 'm', price: 1 }] }, 'models[1]'],
    [{ models: [{ model: 'm' }], at: 1 }, 'at'],
  ])('refuses %j', async (asked, path) => {
    const { status, body } = await (await createTestApp()).post(LOOKUP, asked)
    expect(status).toBe(400)
    expect(body['code']).toBe('invalid_body')
    expect(body['issues']).toMatchObject([{ path }])
  })
})
