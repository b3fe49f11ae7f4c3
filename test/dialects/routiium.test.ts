import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { thorough } from '../../packages/core/src/testing/thorough.ts'
import { documentOf, NOW, type RoutiiumServer, STORES, startRoutiium } from './testing/routiium-server.ts'

/** The events of T:routiium: one that went well, and one that failed fifty seconds later. */
const T = 1_720_000_000
const TWO = [
  documentOf({ id: 'first', timestamp: T }),
  documentOf({
    id: 'second',
    timestamp: T + 50,
    request: { model: 'gpt-4o-mini', endpoint: '/v1/responses', stream: true, input_tokens: null },
    response: { status_code: 500, success: false, output_tokens: null, error_message: 'upstream failed' },
    performance: { duration_ms: 500 },
    routing: { backend: 'anthropic', upstream_mode: 'responses' },
  }),
]
const RANGE = `start=${T}&end=${T + 50}`

/** Documents that are looked at by one test each, a quarter of an hour for each, on one server. */
const AT = {
  pages: T + 1_000,
  usage: T + 2_000,
  counts: T + 3_000,
  tiny: T + 4_000,
  silent: T + 5_000,
  formulas: T + 6_000,
}
const rangeOf = (from: number): string => `start=${from}&end=${from + 900}`
const PAGED = Array.from({ length: 137 }, (_, index) => `e${index}`)
const FORMULA_STARTS = ['=', '+', '-', '@', '\t', '\r', '\uff1d', '\uff0b', '\uff0d', '\uff20']
const ODD = [
  ...PAGED.map((id, index) => documentOf({ id, timestamp: AT.pages + Math.floor(index / 10) })),
  documentOf({
    id: 'usage',
    timestamp: AT.usage,
    request: { input_tokens: 999 },
    response: { output_tokens: 888 },
    token_usage: { prompt_tokens: 42, completion_tokens: 17, total_tokens: 59, cached_tokens: 10, reasoning_tokens: 2 },
  }),
  documentOf({ id: 'counts', timestamp: AT.counts, request: { input_tokens: 70 }, response: { output_tokens: 30 } }),
  documentOf({
    id: 'tiny',
    timestamp: AT.tiny,
    request: { input_tokens: 1 },
    response: { output_tokens: 0 },
    cost: {
      input_cost: 0.0000004,
      output_cost: 0,
      cached_cost: null,
      total_cost: 0.0000004,
      currency: 'USD',
      pricing_model: null,
    },
  }),
  documentOf({
    id: 'silent',
    timestamp: AT.silent,
    response: null,
    request: { model: null, input_tokens: null },
  }),
  ...FORMULA_STARTS.map((character, index) => {
    const text = `${character}HYPERLINK("http://x","y")`
    return documentOf({
      id: `${text}${index}`,
      timestamp: AT.formulas + index,
      request: { model: text, endpoint: text, method: `${character}M` },
      auth: { api_key_id: text, api_key_label: text },
      routing: { backend: text, upstream_mode: text },
    })
  }),
]
const SEED_HEADER =
  'id,timestamp,endpoint,method,model,stream,status_code,success,duration_ms,input_tokens,output_tokens,backend,upstream_mode'
const CODE_HEADER =
  'id,timestamp,endpoint,method,model,stream,status_code,success,duration_ms,tokens_per_second,prompt_tokens,completion_tokens,cached_tokens,reasoning_tokens,total_cost,backend,upstream_mode'
const CURRENT_HEADER =
  'id,timestamp,endpoint,method,model,stream,status_code,success,duration_ms,tokens_per_second,input_tokens,output_tokens,cached_tokens,reasoning_tokens,total_cost,backend,upstream_mode,ttfb_ms,input_cost,output_cost,cached_cost,api_key_id,api_key_label'

type Json = Record<string, unknown>
const idsOf = (body: Json): unknown[] => (body['events'] as Json[]).map(({ id }) => id)
const linesOf = async (response: Response): Promise<string[]> => (await response.text()).split('\n').slice(0, -1)

/** What each store answered, in order; but for what it says of itself. */
const transcripts = new Map<string, (readonly [path: string, body: Json])[]>()

describe.each(STORES)('the endpoints of Routiium over %s', (name, store) => {
  const servers: RoutiiumServer[] = []
  const transcript: (readonly [string, Json])[] = []
  transcripts.set(name, transcript)
  const start = async (documents: readonly object[] = [], options = {}): Promise<RoutiiumServer> => {
    const server = recorded(await startRoutiium(store, options))
    servers.push(server)
    if (documents.length > 0) await server.record(documents)
    return server
  }
  const recorded = (server: RoutiiumServer): RoutiiumServer => ({
    ...server,
    async json(path) {
      const body = await server.json(path)
      const { backend_type: _, max_events: __, ...answer } = body
      transcript.push([path, answer])
      return body
    },
  })
  let two: RoutiiumServer
  let odd: RoutiiumServer
  beforeAll(async () => {
    two = await start(TWO)
    odd = await start(ODD)
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
  })

  describe('GET /analytics/stats', () => {
    it('T:routiium: counts the two events and names the store', async () => {
      const stats = await two.json('/analytics/stats')
      expect(stats).toMatchObject({
        total_events: 2,
        backend_type: name,
        ttl_seconds: null,
        max_events: name === 'memory' ? 10_000 : null,
        total_input_tokens: 42,
        total_output_tokens: 128,
        total_cached_tokens: 0,
        total_reasoning_tokens: 0,
        avg_tokens_per_second: 102.646,
      })
      expect(Object.keys(stats).slice(0, 4)).toEqual(['total_events', 'backend_type', 'ttl_seconds', 'max_events'])
    })

    it('tells how long events are kept', async () => {
      const server = await start([], { retainEventsMs: 2_592_000_000 })
      expect(await server.json('/analytics/stats')).toEqual({
        total_events: 0,
        backend_type: name,
        ttl_seconds: 2_592_000,
        max_events: name === 'memory' ? 10_000 : null,
        total_input_tokens: 0,
        total_output_tokens: 0,
        total_cached_tokens: 0,
        total_reasoning_tokens: 0,
        avg_tokens_per_second: null,
        total_cost: 0,
        total_cost_nano_usd: null,
        unpriced_requests: 0,
      })
    })
  })

  describe('GET /analytics/events', () => {
    it('gives back each document as it was, with what later descriptions added', async () => {
      const response = await two.get(`/analytics/events?${RANGE}`)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('application/json')
      const body = (await response.json()) as Json
      expect(Object.keys(body)).toEqual(['events', 'count', 'start', 'end', 'next_cursor'])
      expect(body).toMatchObject({ events: TWO, count: 2, start: T, end: T + 50, next_cursor: null })
      const [first] = body['events'] as Json[]
      expect(first).toMatchObject({
        performance: { tokens_per_second: expect.closeTo(102.646, 3) },
        token_usage: { prompt_tokens: 42, completion_tokens: 128, total_tokens: 170 },
        cost: { total_cost: 0.001385, currency: 'USD' },
      })
    })

    it('T:routiium: gives the oldest when limited, and says where to go on', async () => {
      const response = await two.get(`/analytics/events?${RANGE}&limit=1`)
      const body = (await response.json()) as Json
      expect(body).toMatchObject({ count: 1, start: T, end: T + 50 })
      expect(idsOf(body)).toEqual(['first'])
      const link = /^<(\/analytics\/events\?[^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
      expect(link).toContain(`cursor=${body['next_cursor']}`)
      const rest = await two.json(link as string)
      expect(idsOf(rest)).toEqual(['second'])
      expect(rest['next_cursor']).toBeNull()
    })

    it('takes both ends into the period, and gives the newest first when asked', async () => {
      for (const [range, ids] of [
        [`start=${T}&end=${T}`, ['first']],
        [`start=${T + 1}&end=${T + 50}`, ['second']],
        [`start=${T + 1}&end=${T + 49}`, []],
        [`${RANGE}&order=desc`, ['second', 'first']],
        [`${RANGE}&order=desc&limit=1`, ['second']],
        ['start=0&end=18446744073709551615', ['first', 'second']],
      ] as const)
        expect(idsOf(await two.json(`/analytics/events?${range}`))).toEqual(ids)
    })

    it('filters by model, provider, endpoint, key and status, each repeatable', async () => {
      for (const [filter, ids] of [
        ['model=gpt-4o', ['first']],
        ['model=gpt-4o&model=gpt-4o-mini', ['first', 'second']],
        ['model=', []],
        ['provider=openai', []],
        ['provider=', ['first', 'second']],
        ['provider=&provider=openai', ['first', 'second']],
        ['endpoint=%2Fv1%2Fresponses', ['second']],
        ['key=key_abc123', ['first', 'second']],
        ['key=nobody', []],
        ['status=500', ['second']],
        ['status=500&model=gpt-4o', []],
        ['colour=red', ['first', 'second']],
      ] as const)
        expect(idsOf(await two.json(`/analytics/events?${RANGE}&${filter}`)), filter).toEqual(ids)
    })

    it('is empty for a reversed period and for a limit of 0', async () => {
      expect(await two.json(`/analytics/events?start=${T + 50}&end=${T}`)).toEqual({
        events: [],
        count: 0,
        start: T + 50,
        end: T,
        next_cursor: null,
      })
      expect(await two.json(`/analytics/events?${RANGE}&limit=0`)).toMatchObject({ events: [], count: 0 })
    })

    it('walks any number of pages without losing or repeating one', async () => {
      const events = `/analytics/events?${rangeOf(AT.pages)}`
      for (const order of ['asc', 'desc'] as const) {
        const found: unknown[] = []
        let path: string | null = `${events}&order=${order}&limit=25`
        while (path !== null) {
          const body = await odd.json(path)
          found.push(...idsOf(body))
          const cursor = body['next_cursor'] as string | null
          path = cursor === null ? null : `${events}&order=${order}&limit=25&cursor=${cursor}`
        }
        expect(found).toEqual(order === 'asc' ? PAGED : PAGED.toReversed())
      }
      expect(await odd.json(`${events}&limit=18446744073709551615`)).toMatchObject({ count: 137, next_cursor: null })
    })
  })

  describe('GET /analytics/aggregate', () => {
    it('T:routiium: adds up the period', async () => {
      const body = await two.json(`/analytics/aggregate?${RANGE}`)
      expect(body).toEqual({
        total_requests: 2,
        successful_requests: 1,
        failed_requests: 1,
        total_input_tokens: 42,
        total_output_tokens: 128,
        total_cached_tokens: 0,
        total_reasoning_tokens: 0,
        avg_duration_ms: 873.5,
        avg_tokens_per_second: 102.646,
        // 42 tokens at $2.50 and 128 at $10 a million.
        total_cost: 0.001385,
        cost_by_model: { 'gpt-4o': 0.001385, 'gpt-4o-mini': 0 },
        models_used: { 'gpt-4o': 1, 'gpt-4o-mini': 1 },
        endpoints_hit: { '/v1/chat/completions': 1, '/v1/responses': 1 },
        backends_used: { openai: 1, anthropic: 1 },
        total_cost_nano_usd: 1_385_000,
        cost_by_model_nano_usd: { 'gpt-4o': 1_385_000, 'gpt-4o-mini': 0 },
        unpriced_requests: 0,
        period_start: T,
        period_end: T + 50,
      })
    })

    it('T:agg: token_usage wins over the counts of request and response', async () => {
      expect(await odd.json(`/analytics/aggregate?${rangeOf(AT.usage)}`)).toMatchObject({
        total_input_tokens: 42,
        total_output_tokens: 17,
        total_cached_tokens: 10,
        total_reasoning_tokens: 2,
      })
    })

    it('T:agg: without token_usage the counts of request and response stand', async () => {
      expect(await odd.json(`/analytics/aggregate?${rangeOf(AT.counts)}`)).toMatchObject({
        total_input_tokens: 70,
        total_output_tokens: 30,
        total_cached_tokens: 0,
        total_reasoning_tokens: 0,
      })
    })

    it('is all zeros and empty maps where nothing happened, whichever way the period runs', async () => {
      for (const [start, end] of [
        [1, 2],
        [T + 50, T],
        [2 ** 60, 2 ** 61],
      ] as const)
        expect(await two.json(`/analytics/aggregate?start=${BigInt(start)}&end=${BigInt(end)}`)).toEqual({
          total_requests: 0,
          successful_requests: 0,
          failed_requests: 0,
          total_input_tokens: 0,
          total_output_tokens: 0,
          total_cached_tokens: 0,
          total_reasoning_tokens: 0,
          avg_duration_ms: 0,
          avg_tokens_per_second: null,
          total_cost: 0,
          cost_by_model: {},
          models_used: {},
          endpoints_hit: {},
          backends_used: {},
          total_cost_nano_usd: null,
          cost_by_model_nano_usd: {},
          unpriced_requests: 0,
          period_start: start,
          period_end: end,
        })
    })

    it('counts a request without response neither as successful nor as failed, and leaves out a missing model', async () => {
      const server = await start([
        ...TWO,
        documentOf({ id: 'silent', timestamp: T + 1, response: null, request: { model: null } }),
      ])
      expect(await server.json(`/analytics/aggregate?${RANGE}`)).toMatchObject({
        total_requests: 3,
        successful_requests: 1,
        failed_requests: 1,
        models_used: { 'gpt-4o': 1, 'gpt-4o-mini': 1 },
      })
      expect(idsOf(await server.json(`/analytics/events?${RANGE}&model=`))).toEqual(['silent'])
      expect(idsOf(await server.json(`/analytics/events?${RANGE}&model=&model=gpt-4o`))).toEqual(['first', 'silent'])
    })

    it('adds up only requests to models, filters them, and keeps any name a name', async () => {
      const server = await start([
        ...TWO,
        documentOf({ id: 'odd', timestamp: T + 2, request: { model: '__proto__', endpoint: 'constructor' } }),
      ])
      await server.recordNative([
        { event_id: 'tool', kind: 'tool_invocation', tool_name: 'search', timestamp_ms: T * 1000, duration_ms: 90_000 },
      ])
      const body = await server.json(`/analytics/aggregate?${RANGE}`)
      expect(body).toMatchObject({ total_requests: 3, avg_duration_ms: 998 })
      expect(Object.entries(body['models_used'] as Json)).toContainEqual(['__proto__', 1])
      expect(Object.entries(body['endpoints_hit'] as Json)).toContainEqual(['constructor', 1])
      expect(await server.json(`/analytics/aggregate?${RANGE}&status=500`)).toMatchObject({
        total_requests: 1,
        models_used: { 'gpt-4o-mini': 1 },
      })
      expect(idsOf(await server.json(`/analytics/events?${RANGE}`))).toEqual(['first', 'odd', 'second'])
      expect(await server.json('/analytics/stats')).toMatchObject({ total_events: 4, total_input_tokens: 84 })
    })
  })

  describe('GET /analytics/export', () => {
    it('T:routiium: is a CSV file when asked for one, with the thirteen columns first', async () => {
      const response = await two.get(`/analytics/export?${RANGE}&format=csv`)
      expect(response.headers.get('content-type')).toBe('text/csv')
      expect(response.headers.get('content-disposition')).toBe(`attachment; filename="analytics_${T}_to_${T + 50}.csv"`)
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      const [header, first, second, ...rest] = await linesOf(response)
      expect(header?.startsWith(`${SEED_HEADER},`)).toBe(true)
      expect(
        first?.startsWith(`first,${T},/v1/chat/completions,POST,gpt-4o,false,200,true,1247,42,128,openai,chat,`),
      ).toBe(true)
      expect(
        second?.startsWith(
          `second,${T + 50},/v1/responses,POST,gpt-4o-mini,true,500,false,500,0,0,anthropic,responses,`,
        ),
      ).toBe(true)
      expect(rest).toEqual([])
    })

    it('T:csv: has every documented set of columns, and any choice of them', async () => {
      const csv = async (columns: string): Promise<string[]> =>
        linesOf(await two.get(`/analytics/export?${RANGE}&format=csv&columns=${columns}`))
      expect(await csv('seed')).toEqual([
        SEED_HEADER,
        `first,${T},/v1/chat/completions,POST,gpt-4o,false,200,true,1247,42,128,openai,chat`,
        `second,${T + 50},/v1/responses,POST,gpt-4o-mini,true,500,false,500,0,0,anthropic,responses`,
      ])
      expect(await csv('code')).toEqual([
        CODE_HEADER,
        `first,${T},/v1/chat/completions,POST,gpt-4o,false,200,true,1247,102.65,42,128,0,0,0.001385,openai,chat`,
        `second,${T + 50},/v1/responses,POST,gpt-4o-mini,true,500,false,500,,0,0,0,0,0.000000,anthropic,responses`,
      ])
      expect(await csv('current')).toEqual([
        CURRENT_HEADER,
        `first,${T},/v1/chat/completions,POST,gpt-4o,false,200,true,1247,102.65,42,128,0,0,0.001385,openai,chat,,0.000105,0.001280,,key_abc123,production-key`,
        `second,${T + 50},/v1/responses,POST,gpt-4o-mini,true,500,false,500,,0,0,0,0,0.000000,anthropic,responses,,0.000000,0.000000,,key_abc123,production-key`,
      ])
      expect(await csv('cost_nano_usd,id')).toEqual(['cost_nano_usd,id', '1385000,first', '0,second'])
    })

    it('T:csv: prints a cost below a micro-dollar as zero, and exactly in nano-dollars', async () => {
      const path = `/analytics/export?${rangeOf(AT.tiny)}&format=csv&columns=id,total_cost,cost_nano_usd`
      expect((await linesOf(await odd.get(path)))[1]).toBe('tiny,0.000000,400')
    })

    it('T:csv: a missing response is status 0 and no success, missing tokens are 0', async () => {
      const path = `/analytics/export?${rangeOf(AT.silent)}&format=csv&columns=seed`
      expect((await linesOf(await odd.get(path)))[1]).toBe(
        `silent,${AT.silent},/v1/chat/completions,POST,,false,0,false,1247,0,0,openai,chat`,
      )
    })

    it('Q-3: lets no text begin a formula, whatever column it stands in', async () => {
      const text = await (await odd.get(`/analytics/export?${rangeOf(AT.formulas)}&format=csv`)).text()
      // A cell is what follows a comma or a line end; a quote in front of it is not part of what it says.
      const cells = text.match(/(?:^|,|\n)("(?:[^"]|"")*"|[^",\n]*)/g) ?? []
      const said = cells.map((cell) => cell.replace(/^[,\n]/, '').replace(/^"/, ''))
      expect(said.length).toBeGreaterThan(300)
      expect(said.filter((cell) => /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(cell))).toEqual([])
      expect(said.filter((cell) => cell.startsWith(`'`)).length).toBe(FORMULA_STARTS.length * 8)
    })

    it('is JSON in an envelope of its own for any other format', async () => {
      for (const format of ['', '&format=json', '&format=CSV', '&format=xml']) {
        const response = await two.get(`/analytics/export?${RANGE}${format}`)
        expect(response.headers.get('content-type')).toBe('application/json')
        expect(response.headers.get('content-disposition')).toBe(
          `attachment; filename="analytics_${T}_to_${T + 50}.json"`,
        )
        const body = (await response.json()) as Json
        expect(Object.keys(body)).toEqual(['events', 'count', 'period', 'next_cursor'])
        expect(body).toMatchObject({ events: TWO, count: 2, period: { start: T, end: T + 50 } })
      }
    })

    it('is a header alone where nothing happened', async () => {
      expect(await (await two.get(`/analytics/export?start=${T + 50}&end=${T}&format=csv&columns=seed`)).text()).toBe(
        `${SEED_HEADER}\n`,
      )
    })

    it('is of one moment: what is accepted while it runs is not in it', async () => {
      const documents = (from: number, count: number): object[] =>
        Array.from({ length: count }, (_, index) => documentOf({ id: `e${from + index}`, timestamp: T + index }))
      // Pages of a thousand: one is still to be read when the new ones come.
      const before = thorough(1_500, 5_000)
      const server = await start(documents(0, before))
      const response = await server.get(`/analytics/export?start=${T}&end=${T + 9_999}&format=csv&columns=id`)
      const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
      let text = (await reader.read()).value ?? ''
      await server.record(documents(before, before))
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value
      const ids = text.split('\n').slice(1, -1)
      expect(ids).toEqual(Array.from({ length: before }, (_, index) => `e${index}`))
    })
  })

  it('takes the last hour for events and aggregate and the last day for export', async () => {
    const server = await start(
      [NOW, NOW - 3_600, NOW - 3_601, NOW - 86_400, NOW - 86_401].map((timestamp, index) =>
        documentOf({ id: `e${index}`, timestamp }),
      ),
    )
    expect(await server.json('/analytics/events')).toMatchObject({ count: 2, start: NOW - 3_600, end: NOW })
    expect(await server.json('/analytics/aggregate')).toMatchObject({
      total_requests: 2,
      period_start: NOW - 3_600,
      period_end: NOW,
    })
    expect(await server.json('/analytics/export')).toMatchObject({
      count: 4,
      period: { start: NOW - 86_400, end: NOW },
    })
  })

  it('says what is wrong with a parameter, in the shape of the dialect', async () => {
    const bad = ['abc', '-1', '1.5', '', '1e3', '0x10', ' 1', '18446744073709551616', '٣']
    for (const path of ['/analytics/events', '/analytics/aggregate', '/analytics/export'])
      for (const name of path === '/analytics/aggregate' ? ['start', 'end'] : ['start', 'end', 'limit'])
        for (const value of bad) {
          const response = await two.get(`${path}?${name}=${encodeURIComponent(value)}`)
          expect(response.status, `${path} ${name}=${value}`).toBe(400)
          expect(response.headers.get('content-type')).toBe('application/json')
          const body = (await response.json()) as { error: { message: string } }
          expect(Object.keys(body)).toEqual(['error'])
          expect(Object.keys(body.error)).toEqual(['message'])
          expect(body.error.message).toContain(name)
        }
    for (const query of [
      'order=up',
      'cursor=x',
      'status=ok',
      'status=1.5',
      'limit=1&limit=2',
      'model=%00',
      'consistency=soon',
    ])
      expect((await two.get(`/analytics/events?${query}`)).status, query).toBe(400)
    for (const columns of ['', 'nothing', 'id,', 'constructor', '__proto__', 'id,'.repeat(200)])
      expect((await two.get(`/analytics/export?format=csv&columns=${columns}`)).status, columns).toBe(400)
    expect((await two.get('/analytics/events?colour=red&limits=x')).status).toBe(200)
  })

  it('T:routiium: POST /analytics/clear removes everything, and GET does not', async () => {
    const server = await start(TWO)
    expect((await server.get('/analytics/clear')).status).toBe(405)
    expect(await server.json('/analytics/stats')).toMatchObject({ total_events: 2 })
    const response = await fetch(`${server.url}/analytics/clear`, {
      method: 'POST',
      body: 'what is here does not matter',
    })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ success: true, message: 'Analytics data cleared' })
    expect(await server.json('/analytics/stats')).toMatchObject({ total_events: 0, total_input_tokens: 0 })
    expect(await server.json(`/analytics/aggregate?${RANGE}`)).toMatchObject({ total_requests: 0, models_used: {} })
    const huge = await fetch(`${server.url}/analytics/clear`, { method: 'POST', body: 'x'.repeat(1024 * 1024) })
    expect(huge.status).toBe(413)
  })

  it('asks for the admin token where one is set', async () => {
    const server = await start(TWO, { admin: { token: 'open sesame' } })
    const paths = ['stats', 'events', 'aggregate', 'export', 'clear'].map((path) => `/analytics/${path}`)
    for (const path of paths) {
      const method = path.endsWith('clear') ? 'POST' : 'GET'
      for (const authorization of [undefined, '', 'Bearer', 'Bearer wrong', 'Basic open sesame', 'open sesame']) {
        const response = await fetch(server.url + path, {
          method,
          ...(authorization === undefined ? {} : { headers: { authorization } }),
        })
        expect(response.status, `${path} ${authorization}`).toBe(401)
        expect(response.headers.get('www-authenticate')).toBe('Bearer')
        expect(await response.json()).toEqual({
          error: { message: expect.stringMatching(/token/), type: 'invalid_request_error' },
        })
      }
    }
    expect(await server.tallystick.store.stats()).toMatchObject({ events: 2 })
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      expect((await server.get('/analytics/stats', { authorization: `${scheme} open sesame` })).status).toBe(200)
  })

  // A memory store has nothing that could go away.
  if (name === 'memory') return
  it('T:routiium: answers 503 once the store is gone', async () => {
    const server = await start(TWO)
    await server.tallystick.store.close()
    for (const path of ['/analytics/stats', '/analytics/events', '/analytics/aggregate', '/analytics/export']) {
      const response = await server.get(path)
      expect(response.status).toBe(503)
      expect(await response.json()).toEqual({ error: { message: 'Analytics not enabled' } })
    }
  })
})

it('every store gave the same answers', () => {
  const [first, ...others] = [...transcripts.values()]
  expect(first?.length).toBeGreaterThan(50)
  for (const other of others) expect(other).toEqual(first)
})
