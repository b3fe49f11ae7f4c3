import { TallystickError } from '@tallystick/core'
import { DIMENSIONS } from '@tallystick/core/event'
import { MEASURES } from '@tallystick/core/query'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mintKey } from '../identity/api-key.ts'
import { openMemoryState } from '../state/memory.ts'
import { openMemoryStore } from '../store/memory.ts'
import type { UsageStore } from '../store/store.ts'
import { scanRequestOf } from './handlers/events.ts'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

const HOUR = 3_600_000

/** Ten events an hour apart, the newest an hour ago. */
async function filled(): Promise<TestApp> {
  const test = await createTestApp()
  const events = Array.from({ length: 10 }, (_, index) => ({
    event_id: `e${index}`,
    timestamp_ms: NOW_MS - (10 - index) * HOUR,
    model: index % 2 === 0 ? 'gpt-4o' : 'claude-sonnet-4',
    ...(index < 8 ? { provider: index % 2 === 0 ? 'openai' : 'anthropic' } : {}),
    status_code: index === 3 ? 429 : 200,
    input_tokens: 100 + index,
    ...(index === 5 ? { tags: { team: 'blue' } } : {}),
  }))
  expect((await test.post('/api/v1/events', events)).body['accepted']).toBe(10)
  return test
}

async function ids(test: TestApp, search: string): Promise<string[]> {
  const response = await test.call(`/api/v1/events${search}`)
  expect(response.status).toBe(200)
  return ((await response.json()) as { events: { event_id: string }[] }).events.map((event) => event.event_id)
}

describe('GET /api/v1/events', () => {
  it('lists all events newest first as they go over the wire', async () => {
    const test = await filled()
    const response = await test.call('/api/v1/events?limit=1')
    const { events, next_cursor } = (await response.json()) as { events: unknown[]; next_cursor: string }
    expect(events).toEqual([
      expect.objectContaining({
        event_id: 'e9',
        timestamp_ms: NOW_MS - HOUR,
        request_model: 'claude-sonnet-4',
        cost_nano_usd: 109,
      }),
    ])
    expect(next_cursor).toMatch(/^\d+\.\d+$/)
    expect(await ids(test, '')).toEqual(['e9', 'e8', 'e7', 'e6', 'e5', 'e4', 'e3', 'e2', 'e1', 'e0'])
    expect(await ids(test, '?order=asc&limit=2')).toEqual(['e0', 'e1'])
  })

  it.each([
    ['?provider=openai', ['e6', 'e4', 'e2', 'e0']],
    ['?provider=openai&provider=anthropic&limit=3', ['e7', 'e6', 'e5']],
    ['?provider=', ['e9', 'e8']],
    ['?provider!=openai', ['e9', 'e8', 'e7', 'e5', 'e3', 'e1']],
    ['?provider!=', ['e7', 'e6', 'e5', 'e4', 'e3', 'e2', 'e1', 'e0']],
    ['?provider!=&provider!=openai', ['e7', 'e5', 'e3', 'e1']],
    ['?status_code=429', ['e3']],
    ['?status=429', ['e3']],
    ['?success=false', ['e3']],
    ['?tags.team=blue', ['e5']],
    ['?model=gpt-4o&provider!=openai', ['e8']],
    ['?provider=openai&provider=anthropic&provider!=openai', ['e7', 'e5', 'e3', 'e1']],
    [`?from=${NOW_MS - 3 * HOUR}&to=${NOW_MS - HOUR}`, ['e8', 'e7']],
    ['?from=2026-11-21T10:00:00Z', ['e9', 'e8']],
    ["?model=' OR 1=1 --", []],
    ['?model=__proto__', []],
    ['?tags.__proto__=x', []],
  ])('filters by %s', async (search, expected) => expect(await ids(await filled(), search)).toEqual(expected))

  it('pages through everything once, in either order, whatever the size of a page', async () => {
    const test = await filled()
    for (const order of ['asc', 'desc']) {
      for (const limit of [1, 3, 7, 10]) {
        const seen: string[] = []
        let cursor: string | null = ''
        while (cursor !== null) {
          const response: Response = await test.call(
            `/api/v1/events?order=${order}&limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
          )
          const page = (await response.json()) as { events: { event_id: string }[]; next_cursor: string | null }
          seen.push(...page.events.map((event) => event.event_id))
          cursor = page.next_cursor
        }
        expect(seen).toHaveLength(10)
        expect(new Set(seen).size).toBe(10)
      }
    }
  })

  it.each([
    ['?limit=0', 'invalid_query'],
    ['?limit=1001', 'invalid_query'],
    ['?limit=1.5', 'invalid_query'],
    ['?limit=', 'invalid_query'],
    ['?order=up', 'unknown_value'],
    ['?from=yesterday', 'invalid_query'],
    ['?from=99999999999999999999', 'invalid_query'],
    ['?from=5&to=4', 'invalid_query'],
    ['?cursor=x', 'invalid_cursor'],
    ['?cursor=1.', 'invalid_cursor'],
    ['?cursor=9999999999999999.1', 'invalid_cursor'],
    ['?nonsense=1', 'unknown_parameter'],
    ['?__proto__=1', 'unknown_parameter'],
    ['?limt=5', 'unknown_parameter'],
    ['?limit=5&limit=6', 'unknown_value'],
    ['?status_code=abc', 'invalid_query'],
    ['?success=maybe', 'invalid_query'],
    ['?consistency=perfect', 'unknown_value'],
  ])('answers %s with %s', async (search, code) => {
    const { call } = await createTestApp()
    const response = await call(`/api/v1/events${search}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code })
  })

  it('reads any query string into a request or a refusal, never a crash', () => {
    fc.assert(
      fc.property(fc.webQueryParameters(), (text) => {
        try {
          const { limit } = scanRequestOf(new URLSearchParams(text), NOW_MS)
          expect(limit).toBeGreaterThan(0)
        } catch (error) {
          expect((error as Error).name).toBe('TallystickError')
        }
      }),
      { seed: 1, numRuns: 200 },
    )
  })
})

describe('POST /api/v1/query', () => {
  it('answers with rows and how far they are complete', async () => {
    const { post } = await filled()
    const { status, body } = await post('/api/v1/query', {
      measures: ['requests', 'input_tokens', 'cost_nano_usd'],
      group_by: ['model'],
      order_by: '-input_tokens',
    })
    expect(status).toBe(200)
    expect(body['complete_to_ms']).toBe(NOW_MS)
    expect(body['rows']).toMatchObject([
      { model: 'claude-sonnet-4', requests: 5, input_tokens: 525, cost_nano_usd: 525 },
      { model: 'gpt-4o', requests: 5, input_tokens: 520, cost_nano_usd: 520 },
    ])
  })

  it.each([
    ['{', 'invalid_json'],
    ['[]', 'invalid_query'],
    ['{"measures":["nonsense"]}', 'unknown_measure'],
    ['{"group_by":["modle"]}', 'unknown_dimension'],
    ['{"time_zone":"Mars/Base","limit":0}', 'invalid_query'],
    ['['.repeat(100_000), 'invalid_json'],
    [`{"filters":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`, 'unknown_dimension'],
  ])('refuses %j', async (body, code) => {
    const { post } = await createTestApp()
    const answer = await post('/api/v1/query', body)
    expect(answer).toMatchObject({ status: 400, body: { code } })
  })

  it('takes JSON only, uncompressed and of bounded size', async () => {
    const { call } = await createTestApp()
    const query = (headers: Record<string, string>, body = '{}'): Promise<Response> =>
      call('/api/v1/query', { method: 'POST', headers, body })
    expect((await query({ 'content-type': 'text/plain' })).status).toBe(415)
    expect((await query({ 'content-type': 'application/x-ndjson' })).status).toBe(415)
    expect((await query({ 'content-type': 'application/json', 'content-encoding': 'gzip' })).status).toBe(415)
    expect((await query({ 'content-type': 'application/json' }, ' '.repeat(300_000))).status).toBe(413)
  })

  it('waits for what was acknowledged when asked to', async () => {
    const { app, call, ingest } = await createTestApp()
    let waited = 0
    ingest.applied = async () => void waited++
    const query = (search: string): Promise<Response> =>
      call(`/api/v1/query${search}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    await query('')
    expect(waited).toBe(0)
    expect((await query('?consistency=applied')).status).toBe(200)
    expect(waited).toBe(1)
    expect(app.context.budget.held).toBe(0)
  })

  it('hands the store a signal that fires when the client leaves', async () => {
    let signal: AbortSignal | undefined
    const store: UsageStore = {
      ...openMemoryStore(),
      query: (_, options) =>
        new Promise((_resolve, reject) => {
          signal = options?.signal
          signal?.addEventListener('abort', () => reject(new TallystickError('query_cancelled')))
        }),
    }
    const { app } = await createTestApp({ store })
    const controller = new AbortController()
    const answer = app.fetch(
      new Request('http://localhost/api/v1/query', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
        signal: controller.signal,
      }),
    )
    while (signal === undefined) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    expect((await answer).status).toBe(499)
    expect(signal.aborted).toBe(true)
  })
})

describe('the rest of what can be read', () => {
  it('GET /api/v1/tables lists what queries may name', async () => {
    const { call } = await createTestApp()
    const tables = (await (await call('/api/v1/tables')).json()) as {
      dimensions: { name: string }[]
      measures: { name: string; unit: string }[]
    }
    expect(tables.dimensions.map(({ name }) => name)).toEqual(DIMENSIONS.map(({ name }) => name))
    expect(tables.measures).toContainEqual({ name: 'cost_nano_usd', label: 'Cost', unit: 'nano_usd' })
    expect(tables.measures).toHaveLength(MEASURES.length)
  })

  it('GET /api/v1/status tells what is stored and since when', async () => {
    const { call } = await filled()
    expect(await (await call('/api/v1/status')).json()).toMatchObject({
      version: '0.0.0-test',
      now_ms: NOW_MS,
      readiness: { status: 'ready', reasons: [] },
      store: {
        backend_type: 'memory',
        durable: false,
        events: 10,
        oldest_ms: NOW_MS - 10 * HOUR,
        newest_ms: NOW_MS - HOUR,
        lag_events: 0,
      },
      journal: null,
      prices: { catalogue_version: 'test' },
      limits: { batch_events: 10_000 },
    })
  })

  it('GET /readyz is red with reasons when events cannot be kept, and says how far a store has caught up', async () => {
    const about = { version: '1', startedMs: 0, catalogueVersion: () => '', address: () => undefined }
    const journal = { id: '0', records: 0, bytes: 0, segments: 1, quarantinedLines: 0, pending: 0 }
    const full = await createTestApp({
      about: { ...about, journal: () => ({ ...journal, state: 'disk_full' as const }) },
    })
    const red = await full.call('/readyz')
    expect(red.status).toBe(503)
    expect(await red.json()).toMatchObject({
      status: 'unavailable',
      reasons: [expect.stringContaining('disk is full')],
    })

    const behind = await createTestApp({ about: { ...about, journal: () => ({ ...journal, state: 'ok' as const }) } })
    behind.ingest.progress = () => ({ appliedOrdinal: 10, targetOrdinal: 1_000_000, inFlight: 0 })
    const catching = await behind.call('/readyz')
    expect(catching.status).toBe(200)
    expect(await catching.json()).toEqual({
      status: 'catching_up',
      reasons: [],
      applied_ordinal: 10,
      durable_ordinal: 1_000_000,
    })

    behind.ingest.progress = () => ({ appliedOrdinal: 1, targetOrdinal: 2, inFlight: 0, storeError: 'no' })
    const stuck = await behind.call('/readyz')
    expect(stuck.status).toBe(503)
    expect(await stuck.json()).toMatchObject({
      reasons: [expect.stringContaining('figures are late')],
      store_error: 'no',
    })
  })

  it('GET /readyz tells whoever shows no key what is wrong, and neither where nor how much there is', async () => {
    const about = { version: '1', startedMs: 0, catalogueVersion: () => '', address: () => undefined }
    const state = openMemoryState()
    const { id, secretHash } = mintKey()
    await state.write([{ table: 'keys', id, row: { id, name: id, secretHash, scopes: ['admin'], createdMs: NOW_MS } }])
    const damaged = { failedWrites: 1, logBytes: 0, damagedLines: 0 }
    const { call, ingest } = await createTestApp({
      state,
      about: { ...about, state: () => ({ ...damaged, state: 'gone' as const }) },
    })
    ingest.progress = () => ({ appliedOrdinal: 1, targetOrdinal: 2, inFlight: 0, storeError: '/srv/secret.duckdb' })
    const answer = await call('/readyz')
    expect(answer.status).toBe(503)
    expect(await answer.json()).toEqual({
      status: 'unavailable',
      reasons: [
        'The directory of the control state is gone: keys, budgets and alerts cannot be kept.',
        'The store cannot keep up: events are safe in the journal, figures are late.',
      ],
    })
    const lines = await call('/readyz', { headers: { accept: 'text/plain' } })
    expect([lines.status, lines.headers.get('content-type')]).toEqual([503, 'text/plain; charset=utf-8'])
    expect((await lines.text()).split('\n')).toEqual([
      'unavailable',
      expect.stringContaining('control state'),
      expect.stringContaining('figures are late'),
      '',
    ])
    expect(await (await call('/healthz', { headers: { accept: 'text/plain' } })).text()).toBe('ok\n')
    for (const [path, status] of [
      ['/healthz', 200],
      ['/readyz', 503],
    ] as const) {
      const head = await call(path, { method: 'HEAD' })
      expect([head.status, await head.text()], path).toEqual([status, ''])
    }
  })

  it('GET /readyz says that the server is stopping', async () => {
    const { call } = await createTestApp({ stopping: () => true })
    const answer = await call('/readyz')
    expect([answer.status, await answer.json()]).toMatchObject([503, { reasons: ['The server is stopping.'] }])
  })
})
