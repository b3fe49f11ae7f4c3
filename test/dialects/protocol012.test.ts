import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedToken } from '../../packages/server/src/http/protocol012/testing/signed-token.ts'
import { tallystick } from '../e2e/cli.ts'
import { type Answer, HttpClient } from '../faults/testing/http-client.ts'
import { endServers, ServerProcess } from '../faults/testing/server-process.ts'

/** Every store must answer this page to the letter. */
const STORES: readonly string[] = ['memory:', 'jsonl:', 'duckdb:']

const SECRET = 'CANARY_secret_of_the_control_panel'
const EVENTS = '/api/v1/analytics/events'
const LIST = '/api/v1/analytics/events/list'
/** Two days ago, so that no answer depends on the hour of the day. */
const AT_MS = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 172_800_000

const client = new HttpClient()
const folders: string[] = []
afterAll(async () => {
  client.close()
  await endServers()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

async function serve(store: string, config: object = {}): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'protocol012-'))
  folders.push(folder)
  const file = join(folder, 'config.json')
  writeFileSync(file, JSON.stringify(config))
  return ServerProcess.start(join(folder, 'data'), ['--store', store, '--config', file])
}

type Members = Readonly<Record<string, unknown>>

/** The body of the documented client: token, id, instant, kind, model, provider, and tokens of a completed request. */
const completed = (id: string, over: Members = {}): Members => ({
  ic_token: 'any-token',
  event_id: id,
  timestamp_ms: AT_MS,
  event_type: 'llm_request_completed',
  model: 'gpt-4o-mini',
  provider: 'openai',
  input_tokens: 150,
  output_tokens: 50,
  cost_micros: 52,
  ...over,
})
const failed = (id: string, over: Members = {}): Members => ({
  ic_token: 'any-token',
  event_id: id,
  timestamp_ms: AT_MS,
  event_type: 'llm_request_failed',
  model: 'claude-3-opus-20240229',
  provider: 'anthropic',
  error_code: 'rate_limit_exceeded',
  error_message: 'slow down',
  ...over,
})
const without = (members: Members, name: string): Members => {
  const { [name]: _, ...rest } = members
  return rest
}
const tokenOf = (agent: unknown): string => signedToken({ agent_id: agent }, 'whoever')

/** An answer as it is compared between stores: without what names the moment. */
const told = ({ status, text }: Answer): unknown => [
  status,
  text.replace(/urn:uuid:[0-9a-f-]+/, 'urn:uuid').replace(/"calculated_at":"[^"]+"/, ''),
]
const error = (code: string, reason: string, field?: string): object => ({
  error: {
    code,
    message: expect.stringMatching(/.{5,}/),
    details: { reason, ...(field === undefined ? {} : { fields: [{ field, message: expect.any(String) }] }) },
  },
})

const transcripts = new Map<string, unknown[]>()

describe.each(STORES)('Protocol 012 over %s', (store) => {
  let url: string
  const transcript: unknown[] = []
  const said = (answer: Answer): Answer => {
    transcript.push(told(answer))
    return answer
  }
  const post = async (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    said(await client.post(url + EVENTS, body, headers))
  const get = async (search: string): Promise<Answer> => said(await client.call(`${url}${LIST}?${search}`))
  const query = async (body: Members): Promise<Members> => {
    const range = { from: AT_MS, to: AT_MS + 86_400_000 }
    const answer = await client.post(`${url}/api/v1/query?consistency=applied`, { ...range, ...body })
    return (answer.json as { rows: Members[] }).rows[0] as Members
  }

  beforeAll(async () => {
    url = (await serve(store)).url
    transcripts.set(store, transcript)
  })

  test('a new event is 202 accepted, and 200 duplicate when it comes again', async () => {
    expect(await post(completed('one'))).toMatchObject({ status: 202, json: { event_id: 'one', status: 'accepted' } })
    const again = await post(completed('one'))
    expect([again.status, again.json]).toEqual([200, { event_id: 'one', status: 'duplicate' }])
  })

  test('an event with the id of another is a duplicate that says conflict, and the first stands', async () => {
    const { status, json } = await post(completed('one', { input_tokens: 999 }))
    expect([status, json]).toEqual([200, { event_id: 'one', status: 'duplicate', conflict: true }])
    expect((await get('agent_id=&per_page=1')).json).toMatchObject({ data: [{ event_id: 'one', input_tokens: 150 }] })
  })

  test('one id from two agents is two events; 42, "42" and "agent_42" are one agent', async () => {
    for (const [agent, status] of [
      [42, 202],
      ['42', 200],
      ['agent_42', 200],
      ['agent_43', 202],
    ] as const)
      expect((await post(completed('one', { ic_token: tokenOf(agent) }))).status).toBe(status)
    expect((await get('agent_id=42')).json).toMatchObject({
      pagination: { total: 1 },
      data: [{ agent_id: 'agent_42' }],
    })
    expect((await get('agent_id=agent_43')).json).toMatchObject({ pagination: { total: 1 } })
  })

  test("the token's agent counts, not the body's; a token that names none leaves it to the body", async () => {
    await post(completed('who', { ic_token: tokenOf(5), agent_id: 6 }))
    await post(completed('who', { agent_id: 7 }))
    expect((await get('agent_id=5')).json).toMatchObject({ pagination: { total: 1 } })
    expect((await get('agent_id=6')).json).toMatchObject({ pagination: { total: 0, total_pages: 0 }, data: [] })
    expect((await get('agent_id=7')).json).toMatchObject({ pagination: { total: 1 } })
  })

  test('in local mode nobody is authenticated, whatever the body says, and the token is not kept', async () => {
    await post(completed('claims', { authenticated: true, auth_method: 'sso', ic_token: 'CANARY_token' }))
    const { text, json } = await client.call(`${url}/api/v1/events?consistency=applied&limit=1000`)
    const events = (json as { events: Members[] }).events
    expect(new Set(events.map(({ authenticated }) => authenticated))).toEqual(new Set([false]))
    expect(new Set(events.map(({ auth_method }) => auth_method))).toEqual(new Set(['ic_token']))
    expect(text).not.toContain('CANARY')
  })

  test.each([
    ['openai', 'gpt-4'],
    ['anthropic', 'claude-3-opus-20240229'],
    ['unknown', 'llama-2-70b'],
    ['google', 'gemini-pro'],
  ])('the provider %s is taken and listed', async (provider, model) => {
    const agent = `p-${provider}`
    expect((await post(completed('p', { provider, model, agent_id: agent }))).status).toBe(202)
    expect((await get(`agent_id=${agent}`)).json).toMatchObject({ data: [{ provider, model }] })
  })

  test('the event types of the event itself are read too, and those that are no requests are not listed', async () => {
    const agent = { agent_id: 'spelling' }
    const base = { ic_token: 't', timestamp_ms: AT_MS, ...agent }
    for (const body of [
      completed('a', { ...agent, event_type: 'LlmRequestCompleted', provider_id: null }),
      failed('b', { ...agent, event_type: 'LlmRequestFailed', error_code: null }),
      { ...base, event_id: 'c', event_type: 'RouterStarted', port: 8080 },
      { ...base, event_id: 'd', event_type: 'router_stopped', total_requests: 3, total_cost_micros: 5 },
      {
        ...base,
        event_id: 'e',
        event_type: 'BudgetThresholdReached',
        threshold_percent: 80,
        current_spend_micros: 80_000_000,
        budget_micros: 100_000_000,
      },
    ])
      expect(await post(body)).toMatchObject({ status: 202 })
    const { json } = await get('agent_id=spelling')
    expect((json as { data: Members[] }).data.map(({ event_type }) => event_type)).toEqual([
      'llm_request_failed',
      'llm_request_completed',
    ])
    expect(json).toMatchObject({ pagination: { total: 2 } })
  })

  test.each([
    ['no token', without(completed('x'), 'ic_token'), 401, 'UNAUTHORIZED', 'unauthorized', 'ic_token'],
    ['an empty token', completed('x', { ic_token: '' }), 401, 'UNAUTHORIZED', 'unauthorized', 'ic_token'],
    ['a token that is a number', completed('x', { ic_token: 5 }), 400, 'VALIDATION_ERROR', 'invalid_type', 'ic_token'],
    [
      'a token whose agent is a list',
      completed('x', { ic_token: tokenOf([1]) }),
      400,
      'INVALID_TOKEN',
      'invalid_token',
      'ic_token',
    ],
    ['no event type', without(completed('x'), 'event_type'), 400, 'VALIDATION_ERROR', 'missing_field', 'event_type'],
    [
      'an unknown event type',
      completed('x', { event_type: 'llm_request' }),
      400,
      'VALIDATION_ERROR',
      'unknown_kind',
      'event_type',
    ],
    ['no provider', without(completed('x'), 'provider'), 400, 'VALIDATION_ERROR', 'missing_field', 'provider'],
    [
      'a provider that is a number',
      completed('x', { provider: 1 }),
      400,
      'VALIDATION_ERROR',
      'invalid_type',
      'provider',
    ],
    ['no model', without(completed('x'), 'model'), 400, 'VALIDATION_ERROR', 'missing_field', 'model'],
    [
      'no input tokens',
      without(completed('x'), 'input_tokens'),
      400,
      'VALIDATION_ERROR',
      'missing_field',
      'input_tokens',
    ],
    [
      'no output tokens',
      without(completed('x'), 'output_tokens'),
      400,
      'VALIDATION_ERROR',
      'missing_field',
      'output_tokens',
    ],
    ['no id', without(completed('x'), 'event_id'), 400, 'VALIDATION_ERROR', 'missing_field', 'event_id'],
    ['an empty id', completed(''), 400, 'VALIDATION_ERROR', 'empty_value', 'event_id'],
    ['no instant', without(completed('x'), 'timestamp_ms'), 400, 'VALIDATION_ERROR', 'missing_field', 'timestamp_ms'],
    [
      'an instant before its time',
      completed('x', { timestamp_ms: -1 }),
      400,
      'VALIDATION_ERROR',
      'timestamp_out_of_range',
      'timestamp_ms',
    ],
    [
      'tokens below zero',
      completed('x', { input_tokens: -1 }),
      400,
      'VALIDATION_ERROR',
      'out_of_range',
      'input_tokens',
    ],
    ['a cost below zero', completed('x', { cost_micros: -1 }), 400, 'VALIDATION_ERROR', 'out_of_range', 'cost_micros'],
    [
      'tokens in quotes',
      completed('x', { output_tokens: '5' }),
      400,
      'VALIDATION_ERROR',
      'invalid_type',
      'output_tokens',
    ],
    [
      'half a token',
      completed('x', { output_tokens: 0.5 }),
      400,
      'VALIDATION_ERROR',
      'not_an_integer',
      'output_tokens',
    ],
  ])('an event with %s is refused', async (_, body, status, code, reason, field) => {
    const answer = await post(body)
    expect(answer).toMatchObject({ status, json: error(code, reason, field) })
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined)
    expect((await post([body, completed('beside')])).json).toMatchObject({
      results: [{ status: 'rejected', code, reason, field }, { event_id: 'beside' }],
    })
  })

  test.each([
    ['that is no JSON', '{"ic_token":', {}, 400, 'invalid_json'],
    ['that is empty', '', {}, 400, 'invalid_json'],
    ['that is no object', '5', {}, 400, 'invalid_body'],
    ['that is text', JSON.stringify(completed('x')), { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    [
      'that is a form',
      'event_id=x',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported_media_type',
    ],
    ['in an unknown coding', '{}', { 'content-encoding': 'br' }, 415, 'unsupported_encoding'],
    [
      'from a page of another site',
      JSON.stringify(completed('x')),
      { origin: 'http://evil.example' },
      403,
      'forbidden_origin',
    ],
  ])('a body %s is refused', async (_, body, headers, status, reason) => {
    const code = status === 403 ? 'FORBIDDEN' : 'VALIDATION_ERROR'
    expect(await post(body, headers)).toMatchObject({ status, json: error(code, reason) })
  })

  test('other methods are refused in the same shape', async () => {
    const answer = said(await client.call(url + EVENTS))
    expect(answer).toMatchObject({ status: 405, json: error('VALIDATION_ERROR', 'method_not_allowed') })
    expect(answer.headers['allow']).toBe('POST, OPTIONS')
  })

  test('a batch answers each item in order, with 200', async () => {
    const agent = { agent_id: 'batch' }
    const first = completed('b1', agent)
    const answer = await post([
      first,
      first,
      { ...first, model: 'gpt-4' },
      7,
      failed('b2', agent),
      completed('b3', { ...agent, input_tokens: -1 }),
    ])
    expect(answer.status).toBe(200)
    expect(answer.json).toEqual({
      results: [
        { event_id: 'b1', status: 'accepted' },
        { event_id: 'b1', status: 'duplicate' },
        { event_id: 'b1', status: 'conflict' },
        {
          event_id: null,
          status: 'rejected',
          code: 'VALIDATION_ERROR',
          reason: 'not_an_object',
          message: expect.any(String),
        },
        { event_id: 'b2', status: 'accepted' },
        {
          event_id: 'b3',
          status: 'rejected',
          code: 'VALIDATION_ERROR',
          reason: 'out_of_range',
          field: 'input_tokens',
          message: expect.any(String),
        },
      ],
    })
  })

  test('a batch may be NDJSON or compressed, and say its token once', async () => {
    const bearer = { authorization: `Bearer ${tokenOf('agent_77')}` }
    const lines = [without(completed('n1'), 'ic_token'), without(completed('n2'), 'ic_token')].map((item) =>
      JSON.stringify(item),
    )
    expect(
      (await post([...lines, '{'].join('\n'), { ...bearer, 'content-type': 'application/x-ndjson' })).json,
    ).toMatchObject({
      results: [{ status: 'accepted' }, { status: 'accepted' }, { status: 'rejected', reason: 'invalid_json' }],
    })
    expect((await post(without(completed('n3'), 'ic_token'), bearer)).status).toBe(202)
    expect((await get('agent_id=77')).json).toMatchObject({ pagination: { total: 3 } })
    // The item's own token comes before it.
    expect((await post(completed('n3', { ic_token: tokenOf(78) }), bearer)).status).toBe(202)
  })

  test('a batch without any token is refused as a whole, and an empty one with a token is not', async () => {
    const items = [without(completed('w1'), 'ic_token'), without(completed('w2'), 'ic_token')]
    expect(await post(items)).toMatchObject({ status: 401, json: error('UNAUTHORIZED', 'unauthorized', 'ic_token') })
    expect(await post([])).toMatchObject({ status: 401 })
    expect(await post([], { authorization: 'bearer t' })).toMatchObject({ status: 200, json: { results: [] } })
    // One that has a token is taken; the others say why they are not.
    expect((await post([...items, completed('w3')])).json).toMatchObject({
      results: [{ status: 'rejected', code: 'UNAUTHORIZED' }, { status: 'rejected' }, { status: 'accepted' }],
    })
  })

  test('of two members of one name the last counts', async () => {
    const { ic_token: token, ...rest } = completed('twice', { agent_id: 'twice' })
    await post(`{"ic_token":"${String(token)}","input_tokens":1,"cost_micros":1,${JSON.stringify(rest).slice(1)}`)
    expect((await get('agent_id=twice')).json).toMatchObject({ data: [{ input_tokens: 150, cost_micros: 52 }] })
  })

  test('a listing has the documented rows and envelope', async () => {
    const agent = { ic_token: tokenOf(900) }
    await post(completed('l1', { ...agent, provider_id: 'ip_openai-001' }))
    await post(failed('l2', { ...agent, timestamp_ms: AT_MS + 1 }))
    const { status, json } = await get('agent_id=900&period=last7-days')
    expect([status, json]).toEqual([
      200,
      {
        data: [
          {
            event_id: 'l2',
            timestamp_ms: AT_MS + 1,
            event_type: 'llm_request_failed',
            model: 'claude-3-opus-20240229',
            provider: 'anthropic',
            input_tokens: 0,
            output_tokens: 0,
            cost_micros: 0,
            agent_id: 'agent_900',
            agent_name: 'Agent 900',
            error_code: 'rate_limit_exceeded',
            error_message: 'slow down',
            provider_id: null,
            // Nobody bills a request that failed without usage.
            cost_nano_usd: 0,
            authenticated: false,
          },
          {
            event_id: 'l1',
            timestamp_ms: AT_MS,
            event_type: 'llm_request_completed',
            model: 'gpt-4o-mini',
            provider: 'openai',
            input_tokens: 150,
            output_tokens: 50,
            cost_micros: 52,
            agent_id: 'agent_900',
            agent_name: 'Agent 900',
            error_code: null,
            error_message: null,
            provider_id: 'ip_openai-001',
            cost_nano_usd: 52_000,
            authenticated: false,
          },
        ],
        pagination: { page: 1, per_page: 10, total: 2, total_pages: 1 },
        period: 'last-7-days',
        calculated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    ])
  })

  test('a listing comes by pages, newest first, and a page past the end is empty', async () => {
    const agent = { ic_token: tokenOf(901) }
    await post(
      Array.from({ length: 25 }, (_, index) => completed(`g${index}`, { ...agent, timestamp_ms: AT_MS + index })),
    )
    const ids = async (search: string): Promise<unknown> =>
      ((await get(`agent_id=901&${search}`)).json as { data: Members[] }).data.map(({ event_id }) => event_id)
    const named = (from: number, to: number): string[] =>
      Array.from({ length: from - to + 1 }, (_, index) => `g${from - index}`)
    expect(await ids('')).toEqual(named(24, 15))
    expect(await ids('page=3')).toEqual(named(4, 0))
    expect(await ids('page=4&per_page=7')).toEqual(named(3, 0))
    expect(await ids('page=5')).toEqual([])
    expect(await ids('page=1000000000&per_page=100')).toEqual([])
    expect((await get('agent_id=901&page=9&per_page=7')).json).toMatchObject({
      data: [],
      pagination: { page: 9, per_page: 7, total: 25, total_pages: 4 },
    })
    expect(await ids(`start=${AT_MS + 3}&end=${AT_MS + 5}`)).toEqual(['g4', 'g3'])
    expect(await ids('period=today')).toEqual([])
  })

  test.each([
    'page=0',
    'page=-1',
    'page=x',
    'page=1.5',
    'page=',
    'per_page=0',
    'per_page=101',
    'per_page=99999999999',
    'page=1e3',
  ])('a listing with %s is refused', async (search) => {
    const field = search.split('=')[0] as string
    expect(await get(search)).toMatchObject({ status: 400, json: error('VALIDATION_ERROR', 'invalid_query', field) })
  })

  test.each(['period=week', 'start=2&end=1', 'start=x'])('a listing with %s is refused', async (search) => {
    expect(await get(search)).toMatchObject({ status: 400, json: error('INVALID_PERIOD', 'invalid_period') })
  })

  test("T:protocol: the client's cost is what is reported, to the micro-dollar, and ours stands beside it", async () => {
    const over = (id: string, costMicros: number): Members =>
      completed(id, {
        agent_id: 'costs',
        model: 'gpt-4',
        input_tokens: 100,
        output_tokens: 50,
        cost_micros: costMicros,
      })
    await post([over('c1', 1_500_000), over('c2', 6_000)])
    const row = await query({ measures: ['cost_nano_usd', 'cost_list_nano_usd'], filters: { agent_id: ['costs'] } })
    expect(row).toMatchObject({ cost_nano_usd: 1_506_000_000, cost_list_nano_usd: 2 * 6_000_000 })
    const { json } = await get('agent_id=costs')
    expect((json as { data: Members[] }).data.map(({ cost_micros }) => cost_micros)).toEqual([6_000, 1_500_000])
  })

  test('T:protocol: three completed and one failed are 75 %, 300 in, 150 out, 450 in all, by model and by provider', async () => {
    const agent = { agent_id: 'stats' }
    const of = (
      id: string,
      model: string,
      provider: string,
      input: number,
      output: number,
      costMicros: number,
    ): Members =>
      completed(id, { ...agent, model, provider, input_tokens: input, output_tokens: output, cost_micros: costMicros })
    await post([
      of('s1', 'gpt-4', 'openai', 100, 50, 15_000),
      of('s2', 'gpt-4', 'openai', 100, 50, 10_000),
      of('s3', 'claude-3-opus-20240229', 'anthropic', 100, 50, 20_000),
      failed('s4', agent),
    ])
    const filters = { agent_id: ['stats'] }
    const measures = ['requests', 'failed_requests', 'success_ratio', 'input_tokens', 'output_tokens', 'cost_nano_usd']
    expect(await query({ measures, filters })).toMatchObject({
      requests: 4,
      failed_requests: 1,
      success_ratio: 0.75,
      input_tokens: 300,
      output_tokens: 150,
      cost_nano_usd: 45_000_000,
    })
    expect(await query({ measures, filters: { ...filters, model: ['gpt-4'] } })).toMatchObject({
      requests: 2,
      input_tokens: 200,
      cost_nano_usd: 25_000_000,
    })
    expect(await query({ measures, filters: { ...filters, provider: ['anthropic'] } })).toMatchObject({
      requests: 2,
      cost_nano_usd: 20_000_000,
    })
  })

  test('T:protocol: the mean of 1, 2 and 3 USD is 2; an absent provider_id is accepted', async () => {
    await post([1, 2, 3].map((usd) => completed(`m${usd}`, { agent_id: 'mean', cost_micros: usd * 1_000_000 })))
    await post(completed('m4', { agent_id: 'no-credential', provider_id: null, synced: true }))
    expect(await query({ measures: ['cost_nano_usd_avg'], filters: { agent_id: ['mean'] } })).toMatchObject({
      cost_nano_usd_avg: 2_000_000_000,
    })
    const { json } = await client.call(`${url}/api/v1/events?consistency=applied&agent_id=no-credential`)
    const [event] = (json as { events: Members[] }).events
    // `synced` is the client's own affair and is never kept.
    expect(JSON.stringify(event)).not.toContain('synced')
    expect(event).not.toHaveProperty('provider_id')
  })

  test('nothing that happened here unbalanced the books', async () => {
    expect((await client.call(`${url}/api/v1/invariants`)).json).toMatchObject({ balanced: true })
  })
})

test('every store gave the same answers', () => {
  const [first, ...others] = STORES.map((store) => transcripts.get(store))
  expect(first?.length).toBeGreaterThan(100)
  for (const other of others) expect(other).toEqual(first)
})

describe('with the secret of the control panel', () => {
  let server: ServerProcess
  const post = (token: string, id = 'x'): Promise<Answer> =>
    client.post(server.url + EVENTS, completed(id, { ic_token: token, agent_id: 999 }))
  const claims = { agent_id: 'agent_5', iss: 'iron-control-panel', iat: 1 }

  beforeAll(async () => {
    server = await serve('memory:', { protocol012: { jwt_secret: SECRET } })
  })

  test('a token that it signed names the agent, and the event is authenticated', async () => {
    expect((await post(signedToken({ ...claims, exp: Date.now() / 1000 + 60 }, SECRET), 'good')).status).toBe(202)
    const { json } = await client.call(`${server.url}/api/v1/events?consistency=applied`)
    expect(json).toMatchObject({ events: [{ agent_id: 'agent_5', authenticated: true }] })
  })

  test.each([
    ['another secret', signedToken(claims, 'another'), 401, 'UNAUTHORIZED'],
    ['nothing of a JWT', 'any-token', 401, 'UNAUTHORIZED'],
    ['another issuer', signedToken({ ...claims, iss: 'x' }, SECRET), 401, 'UNAUTHORIZED'],
    ['a past expiry', signedToken({ ...claims, exp: 1 }, SECRET), 401, 'TOKEN_EXPIRED'],
    ['an agent without a number', signedToken({ ...claims, agent_id: 'agent_x' }, SECRET), 400, 'INVALID_TOKEN'],
    ['an agent without the prefix', signedToken({ ...claims, agent_id: 'bob' }, SECRET), 401, 'UNAUTHORIZED'],
  ])('a token with %s is refused, and nothing of it comes back', async (_, token, status, code) => {
    const answer = await post(token)
    expect(answer).toMatchObject({ status, json: { error: { code } } })
    expect(answer.text).not.toContain(token)
  })

  test('the secret is in no log and no listing of the configuration', async () => {
    expect(server.errors).not.toContain('CANARY')
    const file = join(folders.at(-1) as string, 'config.json')
    for (const flags of [[], ['--json']]) {
      const { code, out, err } = await tallystick(['config', '--config', file, ...flags])
      expect(code).toBe(0)
      expect(out).toContain('***')
      expect(out + err).not.toContain('CANARY')
    }
  })
})

describe('with the documented limits', () => {
  let server: ServerProcess
  beforeAll(async () => {
    server = await serve('memory:?max_events=10000', { compat: { rate_limits: 'on' } })
  })

  test('a token has a thousand events a minute, and then waits', async () => {
    const batch = (count: number, token: string): unknown[] =>
      Array.from({ length: count }, (_, index) => completed(`r${index}`, { ic_token: token }))
    expect(await client.post(server.url + EVENTS, batch(1_001, 'greedy'))).toMatchObject({ status: 413 })
    expect(await client.post(server.url + EVENTS, batch(1_000, 'busy'))).toMatchObject({ status: 200 })
    const answer = await client.post(server.url + EVENTS, completed('more', { ic_token: 'busy' }))
    expect(answer).toMatchObject({ status: 429, json: error('RATE_LIMIT_EXCEEDED', 'rate_limit_exceeded') })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect(await client.post(server.url + EVENTS, completed('more', { ic_token: 'other' }))).toMatchObject({
      status: 202,
    })
  })

  test('a client has twenty queries a minute', async () => {
    for (let index = 0; index < 20; index++) expect((await client.call(server.url + LIST)).status).toBe(200)
    expect(await client.call(server.url + LIST)).toMatchObject({ status: 429 })
    const other = { headers: { authorization: 'Bearer somebody' } }
    expect((await client.call(server.url + LIST, other)).status).toBe(200)
  })
})
