import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedToken } from '../../packages/server/src/http/protocol012/testing/signed-token.ts'
import { type Answer, HttpClient } from '../faults/testing/http-client.ts'
import { endServers, ServerProcess } from '../faults/testing/server-process.ts'

/** Every store must answer these queries to the letter. */
const STORES: readonly string[] = ['memory:', 'jsonl:', 'duckdb:']
const BASE = '/api/v1/analytics'
const DAY_MS = 86_400_000
/** Three days ago at noon, so that no answer depends on the hour of the day. */
const AT_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - 3 * DAY_MS + DAY_MS / 2

type Members = Readonly<Record<string, unknown>>

const client = new HttpClient()
const folders: string[] = []
afterAll(async () => {
  client.close()
  await endServers()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

async function serve(store: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'protocol012-queries-'))
  folders.push(folder)
  return (await ServerProcess.start(join(folder, 'data'), ['--store', store])).url
}

/** What the documented client sends for a completed request. */
function completed(id: string, agent: number, over: Members = {}): Members {
  return {
    ic_token: signedToken({ agent_id: `agent_${agent}`, iss: 'iron-control-panel' }, 'whoever'),
    event_id: id,
    timestamp_ms: AT_MS,
    event_type: 'llm_request_completed',
    model: 'gpt-4o-mini',
    provider: 'openai',
    input_tokens: 10,
    output_tokens: 5,
    cost_micros: 1_000_000,
    ...over,
  }
}
function failed(id: string, agent: number, over: Members = {}): Members {
  const { cost_micros: _, input_tokens: __, output_tokens: ___, ...rest } = completed(id, agent)
  return { ...rest, event_type: 'llm_request_failed', error_code: '429', ...over }
}

const transcripts = new Map<string, unknown[]>()
const told = ({ status, text }: Answer): unknown => [
  status,
  // The end of an open range is that of the moment.
  text.replace(/"urn:uuid:[0-9a-f-]+"/g, '""').replace(/"(?:calculated_at|end)":"[^"]+"/g, ''),
]

/** Members by name alone, as a table of the contract lists them. */
const namesOf = (value: unknown): string[] => Object.keys(value as object)

describe.each(STORES)('the queries of Protocol 012 over %s', (store) => {
  let url: string
  const transcript: unknown[] = []
  const get = async (path: string): Promise<Answer> => {
    const answer = await client.call(url + (path.startsWith('/') ? path : `${BASE}/${path}`))
    transcript.push(told(answer))
    return answer
  }
  const ask = async (path: string): Promise<Members> => {
    const { json, status, text } = await get(path)
    expect(status, `${path}: ${text}`).toBe(200)
    return json as Members
  }
  const rows = (answer: Members): Members[] => answer['data'] as Members[]
  const post = async (...events: Members[]): Promise<void> => {
    const { json } = await client.post(`${url}${BASE}/events`, events)
    expect((json as { results: Members[] }).results.map(({ status }) => status)).toEqual(events.map(() => 'accepted'))
  }

  beforeAll(async () => {
    url = await serve(store)
    transcripts.set(store, transcript)
  })

  describe('of nothing', () => {
    test.each([
      ['spending/total', { total_spend: 0, currency: 'USD', total_spend_micros: 0, total_spend_nano_usd: 0 }],
      ['usage/requests', { total_requests: 0, successful_requests: 0, failed_requests: 0, success_rate: 0 }],
      [
        'spending/avg-per-request',
        {
          average_cost_per_request: 0,
          median_cost_per_request: 0,
          min_cost_per_request: 0,
          max_cost_per_request: 0,
          total_requests: 0,
          total_spend: 0,
        },
      ],
    ])('%s is zeros', async (path, expected) => {
      expect(await ask(path)).toMatchObject({
        ...expected,
        period: 'all-time',
        filters: { agent_id: null, provider_id: null },
        calculated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      })
    })

    test.each([
      ['spending/by-agent', { total_spend: 0, total_budget: 0, average_percent_used: 0, total_agents: 0 }],
      ['spending/by-provider', { total_spend: 0, total_requests: 0, average_cost_per_request: 0, providers_count: 0 }],
      [
        'usage/tokens/by-agent',
        {
          total_input_tokens: 0,
          total_output_tokens: 0,
          total_tokens: 0,
          total_requests: 0,
          average_tokens_per_request: 0,
        },
      ],
      ['usage/models', { total_requests: 0, total_spend: 0, total_tokens: 0, unique_models: 0 }],
      ['budget/status', { total_agents: 0, active: 0, exhausted: 0, critical: 0, high: 0, medium: 0, low: 0 }],
    ])('%s is an empty page of no pages', async (path, summary) => {
      expect(await ask(path)).toMatchObject({
        data: [],
        pagination: { page: 1, per_page: 50, total: 0, total_pages: 0 },
        summary,
      })
    })

    test('the usage of all, of a project and of a provider nobody knows is zeros', async () => {
      for (const base of ['/api/v1/usage', '/api/usage']) {
        const nothing = { total_tokens: 0, total_requests: 0, total_cost_cents: 0, providers: [] }
        expect(await ask(`${base}/aggregate`)).toMatchObject(nothing)
        expect(await ask(`${base}/by-project/none`)).toMatchObject(nothing)
        expect(await ask(`${base}/by-provider/none`)).toMatchObject({
          provider: 'none',
          tokens: 0,
          requests: 0,
          cost_cents: 0,
        })
      }
    })
  })

  describe("of one request, in the documented client's own body", () => {
    beforeAll(async () => {
      const body = completed('one', 7, { input_tokens: 150, output_tokens: 50, cost_micros: 52 })
      const answer = await client.post(`${url}${BASE}/events`, body)
      expect([answer.status, answer.json]).toEqual([202, { event_id: 'one', status: 'accepted' }])
    })

    test('the total is what the client said it cost, to the micro', async () => {
      expect(await ask('spending/total')).toMatchObject({
        total_spend: 0.000052,
        total_spend_micros: 52,
        total_spend_nano_usd: 52_000,
        total_requests: 1,
        unpriced_requests: 0,
      })
    })

    test('every documented and every implemented member is there', async () => {
      const total = await ask('spending/total')
      expect(namesOf(total)).toEqual(
        expect.arrayContaining(['total_spend', 'currency', 'period', 'filters', 'calculated_at']),
      )
      const expected: Readonly<Record<string, readonly [row: string[], summary: string[]]>> = {
        'spending/by-agent': [
          ['agent_id', 'agent_name', 'spending', 'budget', 'percent_used', 'request_count'],
          ['total_spend', 'total_budget', 'average_percent_used', 'total_agents'],
        ],
        'budget/status': [
          ['agent_id', 'agent_name', 'budget', 'spent', 'remaining', 'percent_used', 'status', 'risk_level'],
          ['total_agents', 'active', 'exhausted', 'critical', 'high', 'medium', 'low'],
        ],
        'spending/by-provider': [
          [
            'provider_id',
            'provider_name',
            'provider',
            'spending',
            'request_count',
            'avg_cost_per_request',
            'agent_count',
          ],
          ['total_spend', 'total_requests', 'average_cost_per_request', 'providers_count'],
        ],
        'usage/tokens/by-agent': [
          [
            'agent_id',
            'agent_name',
            'input_tokens',
            'output_tokens',
            'total_tokens',
            'request_count',
            'avg_tokens_per_request',
          ],
          ['total_input_tokens', 'total_output_tokens', 'total_tokens', 'total_requests', 'average_tokens_per_request'],
        ],
        'usage/models': [
          [
            'model',
            'provider_id',
            'provider_name',
            'provider',
            'request_count',
            'spending',
            'input_tokens',
            'output_tokens',
            'total_tokens',
            'avg_cost_per_request',
          ],
          ['total_requests', 'total_spend', 'total_tokens', 'unique_models'],
        ],
      }
      for (const [path, [row, summary]] of Object.entries(expected)) {
        const answer = await ask(path)
        expect(namesOf(rows(answer)[0]), path).toEqual(expect.arrayContaining(row))
        expect(namesOf(answer['summary']), path).toEqual(expect.arrayContaining(summary))
        expect(namesOf(answer['pagination']), path).toEqual(['page', 'per_page', 'total', 'total_pages'])
      }
    })

    test('the agent of the token is in every list, with the tokens, the model and no budget', async () => {
      const agent = { agent_id: 'agent_7', agent_name: 'Agent 7', request_count: 1 }
      expect(rows(await ask('spending/by-agent'))).toMatchObject([{ ...agent, budget: 0, percent_used: 0 }])
      expect(rows(await ask('usage/tokens/by-agent'))).toMatchObject([
        { ...agent, input_tokens: 150, output_tokens: 50, total_tokens: 200, avg_tokens_per_request: 200 },
      ])
      expect(rows(await ask('budget/status'))).toMatchObject([
        { agent_id: 'agent_7', budget: 0, spent: 0, remaining: 0, status: 'active', risk_level: 'low' },
      ])
      expect(rows(await ask('usage/models'))).toMatchObject([
        { model: 'gpt-4o-mini', provider: 'openai', provider_name: 'openai', provider_id: null, request_count: 1 },
      ])
    })
  })

  describe('of many', () => {
    beforeAll(async () => {
      await post(
        // 4.5 cents, which is 4 to the even cent.
        completed('a1', 1, { cost_micros: 45_000, provider_id: 'ip_openai_001', tags: { project: 'search' } }),
        completed('a2', 1, { cost_micros: 3_000_000, input_tokens: 1, output_tokens: 1 }),
        completed('a3', 2, { model: 'claude-haiku-4-5', provider: 'anthropic', cost_micros: 9_000_000 }),
        completed('a4', 2, { model: 'claude-haiku-4-5', provider: 'aws-bedrock', cost_micros: 1_000_000 }),
        completed('a5', 3, { model: 'nobody-knows', provider: 'unknown', cost_micros: 0, input_tokens: 4_000 }),
        // The delimiter bug: as one text both would be "abc".
        completed('a6', 3, { model: 'ab', provider: 'c', cost_micros: 2_000_000 }),
        completed('a7', 3, { model: 'a', provider: 'bc', cost_micros: 2_000_000 }),
        failed('f1', 1, { input_tokens: 99_999, output_tokens: 99_999, cost_micros: 99_999_999 }),
        failed('f2', 4),
        { ...completed('t1', 4), event_type: 'tool_invocation', tool_name: 'search' },
      )
    })

    test('money and tokens are of completed requests only; requests count both kinds', async () => {
      expect(await ask('spending/total')).toMatchObject({
        total_spend: 17.045052,
        total_requests: 8,
        unpriced_requests: 1,
      })
      expect(await ask('usage/requests')).toMatchObject({
        total_requests: 10,
        successful_requests: 8,
        failed_requests: 2,
        success_rate: 80,
      })
    })

    test('agents stand by their spending, ties and all, with the summary of all on every page', async () => {
      const summary = { total_spend: 17.045052, total_agents: 4, total_budget: 0, average_percent_used: 0 }
      const all = await ask('spending/by-agent')
      expect(rows(all).map((row) => [row['agent_id'], row['spending'], row['request_count']])).toEqual([
        ['agent_2', 10, 2],
        ['agent_3', 4, 3],
        ['agent_1', 3.045, 2],
        ['agent_7', 0.000052, 1],
      ])
      expect(all).toMatchObject({ summary })
      for (const [page, ids] of [
        [1, ['agent_2', 'agent_3', 'agent_1']],
        [2, ['agent_7']],
        [3, []],
      ] as const) {
        const part = await ask(`spending/by-agent?per_page=3&page=${page}`)
        expect(rows(part).map((row) => row['agent_id'])).toEqual(ids)
        expect(part).toMatchObject({ summary, pagination: { page, per_page: 3, total: 4, total_pages: 2 } })
      }
    })

    test('providers stand by their spending, each with its agents and its mean', async () => {
      const answer = await ask('spending/by-provider')
      expect(rows(answer).map((row) => [row['provider'], row['spending'], row['agent_count']])).toEqual([
        ['anthropic', 9, 1],
        ['openai', 3.045052, 2],
        ['bc', 2, 1],
        ['c', 2, 1],
        ['aws-bedrock', 1, 1],
        ['unknown', 0, 1],
      ])
      expect(rows(answer)[1]).toMatchObject({
        request_count: 3,
        avg_cost_per_request: 1.015,
        avg_cost_per_request_nano_usd: 1_015_017_333,
      })
      expect(answer).toMatchObject({
        summary: { total_spend: 17.045052, total_requests: 8, average_cost_per_request: 2.1306, providers_count: 6 },
      })
    })

    test('agents stand by the sum of their tokens, not by those of some request', async () => {
      const answer = await ask('usage/tokens/by-agent')
      expect(rows(answer).map((row) => [row['agent_id'], row['total_tokens'], row['avg_tokens_per_request']])).toEqual([
        ['agent_3', 4_035, 1_345],
        ['agent_7', 200, 200],
        ['agent_2', 30, 15],
        ['agent_1', 17, 8],
      ])
      expect(answer).toMatchObject({
        summary: { total_tokens: 4_282, total_requests: 8, average_tokens_per_request: 535 },
      })
    })

    test('models stand by their requests; one at two providers is two, and no two names run together', async () => {
      const answer = await ask('usage/models')
      expect(rows(answer).map((row) => [row['model'], row['provider'], row['request_count']])).toEqual([
        ['gpt-4o-mini', 'openai', 3],
        ['a', 'bc', 1],
        ['ab', 'c', 1],
        ['claude-haiku-4-5', 'anthropic', 1],
        ['claude-haiku-4-5', 'aws-bedrock', 1],
        ['nobody-knows', 'unknown', 1],
      ])
      expect(answer).toMatchObject({ summary: { unique_models: 6, total_requests: 8, total_tokens: 4_282 } })
    })

    test('one request costs the mean, the median of an even number, and what the least and the greatest cost', async () => {
      // 0, 0.000052, 0.045, 1 | 2, 2, 3, 9
      expect(await ask('spending/avg-per-request')).toMatchObject({
        average_cost_per_request: 2.1306,
        median_cost_per_request: 1.5,
        min_cost_per_request: 0,
        max_cost_per_request: 9,
        total_requests: 8,
        total_spend: 17.045052,
        ranked_requests: 8,
        unpriced_requests: 1,
      })
      // 0.045 | 3
      expect(await ask('spending/avg-per-request?agent_id=1')).toMatchObject({
        median_cost_per_request: 1.5225,
        min_cost_per_request: 0.045,
        max_cost_per_request: 3,
      })
      // 2
      expect(await ask('spending/avg-per-request?model=ab')).toMatchObject({ median_cost_per_request: 2 })
    })

    test('the usage of all, of a project and of a provider is in cents, rounded once from the exact sum', async () => {
      for (const base of ['/api/v1/usage', '/api/usage']) {
        const all = await ask(`${base}/aggregate`)
        expect(all).toMatchObject({ total_tokens: 4_282, total_requests: 8, total_cost_cents: 1705 })
        expect(
          (all['providers'] as Members[]).map((row) => [row['provider'], row['tokens'], row['cost_cents']]),
        ).toEqual([
          ['unknown', 4_005, 0],
          ['openai', 217, 305],
          ['anthropic', 15, 900],
          ['aws-bedrock', 15, 100],
          ['bc', 15, 200],
          ['c', 15, 200],
        ])
        expect(await ask(`${base}/by-project/search`)).toMatchObject({
          total_requests: 1,
          total_cost_cents: 4,
          total_cost_nano_usd: 45_000_000,
          providers: [{ provider: 'openai', cost_cents: 4 }],
        })
        expect(await ask(`${base}/by-provider/openai`)).toMatchObject({ provider: 'openai', requests: 3, tokens: 217 })
        expect(await ask(`${base}/by-provider/unknown`)).toMatchObject({ requests: 1, cost_cents: 0 })
      }
    })

    describe('a filter', () => {
      const COUNTED: Readonly<Record<string, (answer: Members) => unknown>> = {
        'spending/total': (answer) => answer['total_requests'],
        'spending/by-agent': (answer) => (answer['summary'] as Members)['total_requests'],
        'spending/by-provider': (answer) => (answer['summary'] as Members)['total_requests'],
        'spending/avg-per-request': (answer) => answer['ranked_requests'],
        'usage/requests': (answer) => answer['successful_requests'],
        'usage/tokens/by-agent': (answer) => (answer['summary'] as Members)['total_requests'],
        'usage/models': (answer) => (answer['summary'] as Members)['total_requests'],
      }

      test.each([
        ['agent_id=1', 2, { agent_id: 'agent_1', provider_id: null }],
        ['agent_id=agent_1', 2, { agent_id: 'agent_1', provider_id: null }],
        ['agent_id=', 8, { agent_id: null, provider_id: null }],
        ['agent_id=nobody', 0, { agent_id: 'nobody', provider_id: null }],
        ['provider_id=ip_openai_001', 1, { agent_id: null, provider_id: 'ip_openai_001' }],
        ['provider=unknown', 1, { agent_id: null, provider_id: null, provider: 'unknown' }],
        [
          'provider=openai&model=gpt-4o-mini',
          3,
          { agent_id: null, provider_id: null, provider: 'openai', model: 'gpt-4o-mini' },
        ],
        ['agent_id=1&provider_id=ip_openai_001', 1, { agent_id: 'agent_1', provider_id: 'ip_openai_001' }],
        ['agent_id=2&provider_id=ip_openai_001', 0, { agent_id: 'agent_2', provider_id: 'ip_openai_001' }],
      ])('%s is honoured by every query', async (search, count, filters) => {
        for (const [path, counted] of Object.entries(COUNTED)) {
          const answer = await ask(`${path}?${search}`)
          expect(counted(answer), path).toBe(count)
          expect(answer['filters'], path).toEqual(filters)
        }
        const list = await ask(`events/list?${search}`)
        expect((list['pagination'] as Members)['total']).toBeGreaterThanOrEqual(count)
      })

      test('agent_id is honoured by the status of budgets', async () => {
        expect(rows(await ask('budget/status')).map((row) => row['agent_id'])).toEqual([
          'agent_1',
          'agent_2',
          'agent_3',
          'agent_4',
          'agent_7',
        ])
        expect(rows(await ask('budget/status?agent_id=4'))).toMatchObject([
          { agent_id: 'agent_4', agent_name: 'Agent 4' },
        ])
        expect(await ask('budget/status?agent_id=nobody')).toMatchObject({ data: [], pagination: { total_pages: 0 } })
      })
    })
  })

  describe('of a period', () => {
    const today = Math.floor(Date.now() / DAY_MS) * DAY_MS
    const month = (months: number): number => {
      const date = new Date(today)
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)
    }
    /** Instants at both sides of every boundary. */
    const instants = [
      today,
      today - 1,
      today - DAY_MS,
      today - DAY_MS - 1,
      today - 7 * DAY_MS,
      today - 7 * DAY_MS - 1,
      today - 30 * DAY_MS,
      today - 30 * DAY_MS - 1,
      month(0),
      month(0) - 1,
      month(-1),
      month(-1) - 1,
    ]
    const within = (from: number, to: number): number => instants.filter((at) => at >= from && at < to).length
    const END = today + DAY_MS

    beforeAll(async () => {
      await post(...instants.map((at, index) => completed(`p${index}`, 90, { timestamp_ms: at, cost_micros: 1_000 })))
    })

    test.each([
      ['today', 'today', within(today, END)],
      ['yesterday', 'yesterday', within(today - DAY_MS, today)],
      ['last-7-days', 'last-7-days', within(today - 7 * DAY_MS, END)],
      ['last7-days', 'last-7-days', within(today - 7 * DAY_MS, END)],
      ['last7days', 'last-7-days', within(today - 7 * DAY_MS, END)],
      ['last-30-days', 'last-30-days', within(today - 30 * DAY_MS, END)],
      ['last30-days', 'last-30-days', within(today - 30 * DAY_MS, END)],
      ['this-month', 'this-month', within(month(0), END)],
      ['thismonth', 'this-month', within(month(0), END)],
      ['last-month', 'last-month', within(month(-1), month(0))],
      ['all-time', 'all-time', instants.length],
      ['alltime', 'all-time', instants.length],
    ])('%s is answered as %s, to the ms', async (period, name, count) => {
      const search = `agent_id=90&period=${period}`
      expect(await ask(`spending/total?${search}`)).toMatchObject({ period: name, total_requests: count })
      expect(await ask(`usage/requests?${search}`)).toMatchObject({ period: name, total_requests: count })
      expect(await ask(`spending/avg-per-request?${search}`)).toMatchObject({ period: name, ranked_requests: count })
      for (const path of ['spending/by-agent', 'spending/by-provider', 'usage/tokens/by-agent', 'usage/models'])
        expect((await ask(`${path}?${search}`))['period'], path).toBe(name)
    })

    test('start and end take its place: days, RFC 3339 or ms, the end not in it unless a day', async () => {
      const day = new Date(today - DAY_MS).toISOString().slice(0, 10)
      expect(await ask(`spending/total?agent_id=90&start=${day}&end=${day}`)).toMatchObject({
        period: 'custom',
        start: `${day}T00:00:00.000Z`,
        end: new Date(today).toISOString(),
        total_requests: within(today - DAY_MS, today),
      })
      expect(await ask(`spending/total?agent_id=90&start=${today - 1}&end=${today}`)).toMatchObject({
        total_requests: 1,
      })
      expect(
        await ask(`spending/total?agent_id=90&start=${encodeURIComponent(new Date(today).toISOString())}`),
      ).toMatchObject({ total_requests: within(today, Number.POSITIVE_INFINITY) })
    })
  })

  describe('that cannot be answered', () => {
    const PAGED = [
      'spending/by-agent',
      'spending/by-provider',
      'usage/tokens/by-agent',
      'usage/models',
      'budget/status',
      'events/list',
    ]
    const ALL = [...PAGED, 'spending/total', 'spending/avg-per-request', 'usage/requests']
    const refused = ({ json, status }: Answer): unknown => [status, (json as { error: Members }).error['code']]

    test.each(PAGED)('%s has pages from 1 and 1 to 100 rows on them', async (path) => {
      for (const search of ['page=0', 'page=-1', 'page=x', 'per_page=0', 'per_page=101', 'per_page=1.5', 'page=']) {
        const answer = await get(`${path}?${search}`)
        expect(refused(answer), search).toEqual([400, 'VALIDATION_ERROR'])
        expect(answer.json).toMatchObject({
          error: { details: { reason: 'invalid_query', fields: [{ field: search.split('=')[0] }] } },
        })
      }
      expect(await ask(`${path}?per_page=100&page=1000000`)).toMatchObject({ data: [] })
    })

    test.each(ALL)('%s knows no other period', async (path) => {
      for (const search of ['period=fortnight', 'period=', 'start=yesterday', 'start=2&end=1', 'period=today&start=1'])
        expect(refused(await get(`${path}?${search}`)), search).toEqual([400, 'INVALID_PERIOD'])
    })

    test.each(ALL)('%s is only read', async (path) => {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const answer = await client.call(`${url}${BASE}/${path}`, { method })
        expect([refused(answer), answer.headers['allow']]).toEqual([[405, 'VALIDATION_ERROR'], 'GET, HEAD, OPTIONS'])
      }
    })

    test('the usage of a project or provider needs a name that is not blank nor too long, and is only read', async () => {
      for (const base of ['/api/v1/usage', '/api/usage']) {
        for (const path of [
          'by-project/%20',
          'by-project/%09%20',
          `by-project/${'p'.repeat(1_001)}`,
          'by-provider/%20',
          `by-provider/${'p'.repeat(101)}`,
          'by-provider/%ff',
          'by-provider/a%00b',
        ])
          expect(refused(await get(`${base}/${path}`)), path).toEqual([400, 'VALIDATION_ERROR'])
        for (const path of [
          `by-project/${'p'.repeat(1_000)}`,
          `by-provider/${'%C3%A9'.repeat(100)}`,
          'by-provider/a%2Fb',
        ])
          expect((await get(`${base}/${path}`)).status, path).toBe(200)
        for (const path of ['aggregate', 'by-project/x', 'by-provider/x'])
          expect((await client.call(`${url}${base}/${path}`, { method: 'POST' })).status, path).toBe(405)
      }
    })
  })
})

test('every store tells the same', () => {
  const [first, ...others] = [...transcripts.values()]
  expect(first?.length).toBeGreaterThan(100)
  for (const other of others) expect(other).toEqual(first)
})
