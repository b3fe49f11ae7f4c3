import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { OPERATION_FAMILIES } from '../metrics/families.ts'
import { type OpenOptions, openTallystick, type Tallystick } from '../open.ts'
import { exchange } from './testing/raw.ts'

const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5'

const running: Tallystick[] = []
const folders: string[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
  for (const dir of folders.splice(0)) await rm(dir, { recursive: true })
})

async function open(options: Partial<OpenOptions> = {}): Promise<Tallystick> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tallystick-metrics-'))
  folders.push(dataDir)
  const tallystick = await openTallystick({ dataDir, store: 'memory:', ...options })
  running.push(tallystick)
  return tallystick
}

const get = (tallystick: Tallystick, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  tallystick.fetch(new Request(`http://localhost${path}`, { headers }))

const post = (
  tallystick: Tallystick,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> =>
  tallystick.fetch(
    new Request(`http://localhost${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  )

/** Lines of a scrape by what stands before the value. */
function seriesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line): [string, number] => {
      const plain = line.replace(/ # .*$/, '')
      const space = plain.lastIndexOf(' ')
      return [plain.slice(0, space), Number(plain.slice(space + 1))]
    }),
  )
}

const scrape = async (
  tallystick: Tallystick,
  search = '',
  headers: Record<string, string> = {},
): Promise<ReadonlyMap<string, number>> => seriesOf(await (await get(tallystick, `/metrics${search}`, headers)).text())

const request = (more: object = {}): object => ({ provider: 'openai', model: 'gpt-4o', duration_ms: 5, ...more })
const ONE = 'llm_edge_requests_total{provider="openai",model="gpt-4o",status="success"}'

describe('GET /metrics', () => {
  it('answers in the format that is asked for, HEAD without a body', async () => {
    const tallystick = await open()
    const plain = await get(tallystick, '/metrics')
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(plain.headers.get('cache-control')).toBe('no-store')
    expect(await plain.text()).not.toContain('# EOF')
    const open_ = await get(tallystick, '/metrics', { accept: OPEN_METRICS })
    expect(open_.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(await open_.text()).toMatch(/\n# EOF\n$/)
    const head = await tallystick.fetch(new Request('http://localhost/metrics', { method: 'HEAD' }))
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('has an event from the moment in which it is accepted, once, whatever its instant', async () => {
    const tallystick = await open()
    const old = request({ event_id: 'old', timestamp_ms: Date.UTC(2001, 0, 1) })
    await post(tallystick, '/api/v1/events', { events: [request(), old, old, { model: 7 }] })
    const series = await scrape(tallystick)
    expect(series.get(ONE)).toBe(2)
    expect(series.get('tallystick_ingest_events_total{outcome="accepted"}')).toBe(2)
    expect(series.get('tallystick_ingest_events_total{outcome="duplicate"}')).toBe(1)
    expect(series.get('tallystick_ingest_events_total{outcome="rejected"}')).toBe(1)
    expect(series.get('tallystick_ingest_rejected_total{code="invalid_type"}')).toBe(1)
  })

  it('shows other names where they are asked for, and refuses those that it has no room for', async () => {
    const seed = await open()
    await post(seed, '/api/v1/events', request())
    expect([...(await scrape(seed, '?names=standard')).keys()].join()).not.toContain('llm_edge_')
    expect(
      (await scrape(seed, '?names=standard')).get(
        'llm_requests_total{provider="openai",model="gpt-4o",status="success"}',
      ),
    ).toBe(1)
    const refused = await get(seed, '/metrics?names=both')
    expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
      400,
      expect.stringContaining('metrics.names'),
    ])
    expect((await get(seed, '/metrics?names=all')).status).toBe(400)
    expect((await get(seed, '/metrics?name=seed')).status).toBe(400)

    const both = await open({ metrics: { names: 'both', routiium: true } })
    await post(both, '/api/v1/events', request())
    const names = [...(await scrape(both)).keys()].join()
    for (const name of ['llm_edge_requests_total', 'llm_requests_total', 'routiium_requests_total'])
      expect(names).toContain(name)
    expect([...(await scrape(both, '?names=seed')).keys()].join()).not.toContain('llm_requests_total')
  })

  it('has every family of the operation, with the values that other routes tell', async () => {
    const tallystick = await open({ store: 'duckdb:', metrics: { maxSeries: 600 }, proxy: {} })
    const ledgers = [{ source_id: 's', epoch: 1, recorded: 9, dropped: { full: 3 } }]
    const events = Array.from({ length: 1_000 }, (_, index) => request({ model: `m${index}` }))
    await post(tallystick, '/api/v1/events', {
      events: [...events, request({ source_id: 's', epoch: 1, seq: 5 }), { model: 7 }],
      ledgers,
    })
    await tallystick.ingest.applied()
    await post(tallystick, '/api/v1/query', { measures: ['requests'] })
    await get(tallystick, '/nowhere.txt')
    await tallystick.fetch(new Request('http://elsewhere.example/api/v1/status'))
    const now = Date.now()
    const firing = {
      key: ['k'],
      ruleId: 'r',
      kind: 'no_data',
      severity: 'warning',
      title: 't',
      facts: {},
      firedMs: now,
    } as const
    await tallystick.state.write([
      { table: 'firings', id: 'open', row: { ...firing, id: 'open' } },
      { table: 'firings', id: 'over', row: { ...firing, id: 'over', resolvedMs: now } },
    ])
    const text = await (await get(tallystick, '/metrics')).text()
    const missing = Object.values(OPERATION_FAMILIES).filter(({ name }) => !text.includes(`\n${name}`))
    expect(missing.map(({ name }) => name)).toEqual([])
    const series = seriesOf(text)
    for (const [name, value] of [
      ['tallystick_store_events', 1_001],
      ['tallystick_journal_bytes', tallystick.journal?.stats().bytes],
      ['tallystick_journal_fsync_duration_seconds_count', tallystick.journal?.stats().commits],
      ['tallystick_apply_lag_events', 0],
      ['tallystick_quarantined_events', 0],
      ['tallystick_invariants_balanced', 1],
      ['tallystick_ready', 1],
      ['tallystick_source_dropped_events{source="s"}', 3],
      ['tallystick_dropped_events{reason="full"}', 3],
      ['tallystick_source_gap_events{source="s"}', 2],
      ['tallystick_alerts_firing{kind="no_data",severity="warning"}', 1],
      ['tallystick_live_streams{kind="sse"}', 0],
      ['tallystick_http_requests_total{route="/api/v1/query",status="2xx"}', 1],
      ['tallystick_http_requests_total{route="/*",status="4xx"}', 1],
      ['tallystick_http_requests_total{route="none",status="4xx"}', 1],
    ] as const)
      expect(series.get(name), name).toBe(value)
    expect(series.get('tallystick_store_bytes')).toBeGreaterThan(0)
    expect(series.get('tallystick_query_duration_seconds_count')).toBeGreaterThanOrEqual(1)
    expect(series.get('process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
    expect(series.get('process_start_time_seconds')).toBeLessThanOrEqual(now / 1000)
    const folded = series.get('tallystick_metrics_folded_total{family="llm_edge_requests_total"}') as number
    const own = [...series.keys()].filter((name) => /^llm_edge_requests_total\{provider="openai"/.test(name))
    expect(folded + own.length).toBe(1_001)
    expect(series.size).toBeLessThanOrEqual(600)
  })

  it('shows one scrape in full with fewer series than are allowed, however much of everything there is', async () => {
    const tallystick = await open({ metrics: { names: 'both', routiium: true }, limits: { batchEvents: 100_000 } })
    const providers = Array.from({ length: 2_000 }, (_, index) => ({
      ...{
        provider: `p${index}`,
        model: `m${index}`,
        error_type: `e${index}`,
        cache_hit: true,
        cache_tier: `t${index}`,
      },
      ...{
        source_id: `s${index}`,
        epoch: 1,
        seq: 9,
        duration_ms: 5,
        ttfb_ms: 1,
        kind: index % 2 ? 'llm_request_failed' : 'llm_request_completed',
      },
    }))
    await post(tallystick, '/api/v1/events', { events: providers })
    for (let index = 0; index < 60; index++)
      await tallystick.budgets.create({
        ...{
          name: `b${index}`,
          unit: 'nano_usd',
          amount: '1',
          window: { kind: 'total' },
          mode: 'soft',
          thresholds: [],
        },
      })
    await tallystick.budgets.settled()
    for (let index = 0; index < 40; index++)
      for (const path of ['/api/v1/alerts/x', `/api/v1/none${index}`, '/api/v1/budgets/x']) await get(tallystick, path)
    expect((await scrape(tallystick)).size).toBeLessThanOrEqual(2_000)
  })

  it('tells how providers do, on an address of its own only of those that are named by what is of no tenant', async () => {
    const tallystick = await open({ metrics: { listen: { host: '127.0.0.1', port: 0 } } })
    const failed = { kind: 'llm_request_failed', model: 'm', status_code: 500 }
    const sent = Array.from({ length: 20 }, () => [
      { ...failed, provider: 'down-for-all' },
      { ...failed, provider: 'of-a-tenant', tenant_id: 't' },
      { model: 'm', provider: 'well' },
    ])
    await post(tallystick, '/api/v1/events', { events: sent.flat() })
    await tallystick.providers.caughtUp
    await tallystick.listen()
    const own = seriesOf(await (await fetch(tallystick.metricsUrl() as string)).text())
    const all = await scrape(tallystick)
    for (const series of [own, all]) {
      expect(series.get('llm_edge_provider_available{provider="down-for-all"}')).toBe(0)
      expect(series.get('llm_edge_provider_available{provider="well"}')).toBe(1)
    }
    expect(all.get('llm_edge_provider_available{provider="of-a-tenant"}')).toBe(0)
    expect(own.has('llm_edge_provider_available{provider="of-a-tenant"}')).toBe(false)
    const states = await scrape(tallystick, '?names=standard')
    expect(states.get('llm_provider_state{provider="down-for-all",state="down"}')).toBe(1)
  })

  it('keeps its counters when what is stored goes', async () => {
    let nowMs = Date.UTC(2026, 0, 1)
    const clock = { now: () => nowMs, monotonic: () => performance.now() }
    const tallystick = await open({ clock })
    await post(tallystick, '/api/v1/events', { events: [request({ cost_usd: 0.0075 }), request({ cost_usd: 0.0075 })] })
    await tallystick.ingest.applied()
    const cost = 'llm_edge_cost_usd_total{provider="openai",model="gpt-4o"}'
    const expectKept = async (): Promise<void> => {
      const series = await scrape(tallystick)
      expect([series.get(ONE), series.get(cost)]).toEqual([2, 0.015])
    }
    await expectKept()
    nowMs += 86_400_000
    await tallystick.store.prune({ eventsBeforeMs: nowMs, cellsBeforeMs: nowMs })
    expect((await tallystick.store.stats()).events).toBe(0)
    await expectKept()
    await tallystick.ingest.clear()
    await expectKept()
  })
})

it('begins at 0 with the process, whatever is stored', async () => {
  const first = await open({ store: 'duckdb:' })
  await post(first, '/api/v1/events', { events: [request({ event_id: 'a' }), request({ event_id: 'b' })] })
  await first.close()
  const again = await openTallystick({ dataDir: folders.at(-1) as string, store: 'duckdb:' })
  running.push(again)
  expect((await scrape(again)).has(ONE)).toBe(false)
  await post(again, '/api/v1/events', { events: [request({ event_id: 'b' }), request({ event_id: 'c' })] })
  const series = await scrape(again)
  expect(series.get(ONE)).toBe(1)
  expect(series.get('tallystick_ingest_events_total{outcome="duplicate"}')).toBe(1)
})

describe('tenants', () => {
  let tallystick: Tallystick
  let master: Record<string, string>
  const keys = new Map<string, Record<string, string>>()
  beforeAll(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tallystick-metrics-'))
    tallystick = await openTallystick({
      dataDir,
      store: 'memory:',
      metrics: { listen: { host: '127.0.0.1', port: 0 } },
    })
    const keyFor = async (terms: object): Promise<Record<string, string>> => {
      const { key } = (await (
        await post(tallystick, '/api/v1/keys', { name: 'k', ...terms }, master ?? {})
      ).json()) as { key: string }
      return { authorization: `Bearer ${key}` }
    }
    master = await keyFor({ scopes: ['admin'] })
    keys.set('left', await keyFor({ scopes: ['read', 'ingest'], tenant_id: 'left' }))
    keys.set('right', await keyFor({ scopes: ['read'], tenant_id: 'right' }))
    keys.set('agent', await keyFor({ scopes: ['read', 'ingest'], agent_id: 'agent_1' }))
    keys.set('ingest', await keyFor({ scopes: ['ingest'], tenant_id: 'left' }))
    await post(tallystick, '/api/v1/events', { events: [request({ model: 'of-none' })] }, master)
    await post(tallystick, '/api/v1/events', { events: [request({ model: 'of-left' })] }, keys.get('left'))
    await tallystick.budgets.create({
      ...{ name: 'budget-of-left', tenantId: 'left', unit: 'nano_usd', amount: '1', mode: 'soft', thresholds: [] },
      window: { kind: 'total' },
    })
    await tallystick.budgets.settled()
    await tallystick.listen()
  })
  afterAll(() => tallystick.close())

  it.each([
    ['left', ['of-left', 'budget-of-left'], ['of-none', 'tallystick_', 'process_']],
    ['right', [], ['of-left', 'of-none', 'tallystick_', 'process_']],
    ['master', ['of-left', 'of-none', 'budget-of-left', 'tallystick_ready'], []],
  ])('%s sees its own', async (who, there, absent) => {
    const headers = who === 'master' ? master : keys.get(who)
    const text = await (await get(tallystick, '/metrics?names=standard', headers)).text()
    for (const one of there) expect(text).toContain(one)
    for (const one of absent) expect(text).not.toContain(one)
  })

  it.each([
    ['agent', 403],
    ['ingest', 403],
    ['nobody', 401],
  ])('%s is refused', async (who, status) => {
    expect((await get(tallystick, '/metrics', keys.get(who))).status).toBe(status)
  })

  it('are not shown where no key is asked for', async () => {
    const text = await (await fetch(`${tallystick.metricsUrl()}?names=standard`)).text()
    expect(text).toContain('of-none')
    expect(text).toContain('tallystick_ready')
    expect(text).not.toContain('left')
  })
})

describe('the address of its own', () => {
  const listening = async (): Promise<{ tallystick: Tallystick; url: string }> => {
    const tallystick = await open({ metrics: { listen: { host: '127.0.0.1', port: 0 } } })
    await tallystick.listen()
    return { tallystick, url: (tallystick.metricsUrl() as string).replace('/metrics', '') }
  }

  it('answers the scrape, says at / where that is, and has nothing else', async () => {
    const { tallystick, url } = await listening()
    await post(tallystick, '/api/v1/events', request())
    const answer = await fetch(`${url}/metrics`, { headers: { accept: OPEN_METRICS } })
    expect(answer.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(seriesOf(await answer.text()).get(ONE)).toBe(1)
    expect(await (await fetch(url)).text()).toContain('/metrics')
    expect(await (await fetch(`${url}/metrics`, { method: 'HEAD' })).text()).toBe('')
    for (const path of ['/api/v1/status', '/metrics/x', '/healthz']) expect((await fetch(url + path)).status).toBe(404)
    const posted = await fetch(`${url}/metrics`, { method: 'POST', body: 'x'.repeat(100_000) })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect((await fetch(`${url}/metrics?name=seed`)).status).toBe(400)
    const series = await scrape(tallystick)
    expect(series.get('tallystick_http_requests_total{route="/metrics",status="4xx"}')).toBeGreaterThanOrEqual(5)
  })

  it('answers for its own host only, and no page of another site', async () => {
    const { url } = await listening()
    const port = Number(new URL(url).port)
    const ask = (headers: string): Promise<string> =>
      exchange(port, `GET /metrics HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`, { half: true })
    expect(await ask('Host: evil.example')).toContain('421')
    expect(await ask('Host: localhost\r\nHost: localhost')).toContain('400')
    expect(await ask('Host: localhost\r\nOrigin: http://evil.example')).toContain('403')
    expect(await ask('Host: localhost')).toContain('200')
  })

  it('closes with the server, and one that is taken keeps it from listening', async () => {
    const { tallystick, url } = await listening()
    const other = await open({ metrics: { listen: { host: '127.0.0.1', port: Number(new URL(url).port) } } })
    await expect(other.listen()).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining('another process listens there'),
      issues: [expect.objectContaining({ path: 'metrics.listen' })],
    })
    await tallystick.close()
    await expect(fetch(url)).rejects.toThrow()
    await other.listen()
    expect((await fetch(other.metricsUrl() as string)).status).toBe(200)
  })
})
