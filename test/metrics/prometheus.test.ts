import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folder, ROOT, type Served, serve } from '../e2e/cli.ts'
import {
  checkMetrics,
  type Found,
  freePort,
  missingPrometheus,
  type Prometheus,
  startPrometheus,
} from './testing/prometheus.ts'
import { type RawSample, rateOf } from './testing/rate.ts'

const page = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8')
const [, scrapeConfig = ''] = /<!-- test: scrape config -->\n```yaml\nscrape_configs:\n([\s\S]*?)```/.exec(page) ?? []
const [, queries = ''] = /<!-- test: queries -->\n```promql\n([\s\S]*?)```/.exec(page) ?? []
/** The page's queries without their comments. */
const [requestRate, latency, cacheHits, costPerHour, allCostPerHour, errors, errorsByProvider, quantile] = queries
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#')) as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
]
/** As llm-edge-monitoring's own page has it. */
const WRONG_ERRORS = 'rate(llm_edge_requests_total{status="error"}[5m]) / rate(llm_edge_requests_total[5m])'

/** A name that has to be escaped, and that is not ASCII. */
const ODD = 'a "quoted"\\\nmodel é✓'
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

interface Sent {
  readonly provider: string
  readonly model: string
  readonly duration_ms?: number
  readonly cost_nano_usd?: number
  readonly error_type?: string
  readonly cache_hit?: boolean
  readonly [member: string]: unknown
}

const done = (provider: string, model: string, duration: number, nano: number, more: object = {}): Sent => ({
  ...{ kind: 'llm_request_completed', provider, model, duration_ms: duration, cost_nano_usd: nano },
  ...{ input_tokens: 150, output_tokens: 500, ...more },
})
const failed = (provider: string, model: string, type: string): Sent => ({
  ...{ kind: 'llm_request_failed', provider, model, error_type: type, duration_ms: 9, status_code: 500 },
})

/** Sent once, and then twice more: so each counter has grown to three times what it was, and quotients are those of one round. */
const ROUND: readonly Sent[] = [
  done('openai', 'gpt-4', 245, 7_500_000, { trace_id: TRACE }),
  done('openai', 'gpt-4', 1_245, 7_500_001),
  done('openai', ODD, 3, 999_999_999),
  done('anthropic', 'claude-3', 60_001, 1, { cache_hit: true, cache_tier: 'L1' }),
  done('anthropic', 'claude-3', 4_000, 123_456_789, { cache_hit: false, cache_tier: 'L2' }),
  done('anthropic', 'claude-3', 5_000, 0, { cache_hit: true, cache_tier: 'L2' }),
  failed('anthropic', 'claude-3', 'rate_limit'),
  failed('openai', 'gpt-4', 'timeout'),
]
const ROUNDS = 3

const sum = (numbers: readonly (number | undefined)[]): number =>
  numbers.reduce<number>((total, one) => total + (one ?? 0), 0)
const of = (provider: string, model: string): readonly Sent[] =>
  ROUND.filter((one) => one.provider === provider && one.model === model)
const succeeded = (events: readonly Sent[]): readonly Sent[] =>
  events.filter((one) => one['kind'] !== 'llm_request_failed')
const PAIRS = [
  ['openai', 'gpt-4'],
  ['openai', ODD],
  ['anthropic', 'claude-3'],
] as const

const absent = missingPrometheus()

describe.skipIf(absent !== undefined)(`a real Prometheus${absent === undefined ? '' : ` (skipped: ${absent})`}`, () => {
  const data = folder()
  let served: Served
  let prometheus: Prometheus
  /** Where all queries are evaluated: nothing changes between two of them. */
  let atSeconds: number
  let sent = 0

  const post = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${served.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBeLessThan(300)
    return (await answer.json()) as Record<string, unknown>
  }
  const send = async (events: readonly object[]): Promise<void> => {
    expect(await post('/api/v1/events', { events })).toMatchObject({ accepted: events.length })
    sent += events.length
  }
  const scrape = async (search = '', accept = 'text/plain'): Promise<string> =>
    (await fetch(`${served.url}/metrics${search}`, { headers: { accept } })).text()

  beforeAll(async () => {
    const [port, mainPort] = [await freePort(), await freePort()]
    const config = join(data, 'config.json')
    const metrics = { listen: `127.0.0.1:${port}`, names: 'both', routiium: true }
    writeFileSync(config, JSON.stringify({ metrics }))
    const own = scrapeConfig
      .replace('scrape_interval: 15s', 'scrape_interval: 200ms')
      .replace('localhost:9090', `localhost:${port}`)
    const main = `  - job_name: standard\n    params: {names: [standard]}\n    static_configs: [{targets: ['127.0.0.1:${mainPort}']}]\n`
    ;[served, prometheus] = await Promise.all([
      serve(join(data, 'data'), ['--config', config, '--port', String(mainPort)]),
      startPrometheus(own + main),
    ])
    await post('/api/v1/budgets', { id: 'team', name: 'Team', amount_usd: '10.00', window: { kind: 'total' } })
    const total = 'sum(llm_edge_requests_total)'
    await send(ROUND)
    await prometheus.until(total, sent)
    await send([...ROUND, ...ROUND])
    await prometheus.until(total, sent)
    await prometheus.until('sum(llm_requests_total{job="standard"})', sent)
    atSeconds = Date.now() / 1000
  })
  afterAll(async () => {
    await prometheus?.stop()
    await served?.stop()
    rmSync(data, { recursive: true, force: true })
  })

  /** The rate of a counter whose value after each round is known, by the samples that Prometheus took. */
  const expected = (found: Found | undefined, perRound: number, rangeSeconds: number): number => {
    const samples = (found?.values ?? []).map(([seconds, value], index, all): RawSample => {
      const rounds = value === all.at(-1)?.[1] && index > 0 && value !== all[0]?.[1] ? ROUNDS : 1
      expect(Number(value)).toBeCloseTo(perRound * rounds, 9)
      return [seconds, String(perRound * rounds)]
    })
    return rateOf(samples, rangeSeconds, atSeconds)
  }
  const valueIn = (found: readonly Found[], labels: Record<string, string>): number => {
    const fitting = found.filter(({ metric }) =>
      Object.entries(labels).every(([name, value]) => metric[name] === value),
    )
    expect(fitting, JSON.stringify(labels)).toHaveLength(1)
    return Number(fitting[0]?.value?.[1])
  }
  const near = (value: number | undefined, other: number): void => {
    expect(value).toBeDefined()
    expect(Math.abs((value as number) - other)).toBeLessThanOrEqual(Math.abs(other) * 1e-9)
  }

  it('reads the address that llm-edge-monitoring documents', async () => {
    expect(await prometheus.scalar('up{job="llm-edge-agent"}')).toBe(1)
    expect(await prometheus.scalar('up{job="standard"}')).toBe(1)
  })

  it('finds the request rate of each series', async () => {
    const found = await prometheus.query(requestRate, atSeconds)
    const raw = await prometheus.query('llm_edge_requests_total[5m]', atSeconds)
    const cases = [
      ...PAIRS.map(([provider, model]) => ({
        labels: { provider, model, status: 'success' },
        count: succeeded(of(provider, model)).length,
      })),
      { labels: { provider: 'openai', model: 'gpt-4', status: 'error', error_type: 'timeout' }, count: 1 },
      { labels: { provider: 'anthropic', model: 'claude-3', status: 'error', error_type: 'rate_limit' }, count: 1 },
    ]
    expect(found).toHaveLength(cases.length)
    for (const { labels, count } of cases) {
      const series = raw.find(({ metric }) => Object.entries(labels).every(([name, value]) => metric[name] === value))
      near(valueIn(found, labels), expected(series, count, 300))
    }
  })

  it('finds the average latency of each model', async () => {
    const found = await prometheus.query(latency, atSeconds)
    for (const [provider, model] of PAIRS) {
      const events = succeeded(of(provider, model))
      near(valueIn(found, { provider, model }), sum(events.map((one) => one.duration_ms)) / events.length)
    }
  })

  it("finds the cache's share", async () => {
    near(await prometheus.scalar(cacheHits, atSeconds), 2 / 3)
  })

  it('finds the cost per hour, by model and in all', async () => {
    const found = await prometheus.query(costPerHour, atSeconds)
    const raw = await prometheus.query('llm_edge_cost_usd_total[1h]', atSeconds)
    let all = 0
    for (const [provider, model] of PAIRS) {
      const usd = sum(of(provider, model).map((one) => one.cost_nano_usd)) / 1e9
      const series = raw.find(({ metric }) => metric['provider'] === provider && metric['model'] === model)
      const hourly = expected(series, usd, 3_600) * 3_600
      near(valueIn(found, { provider, model }), hourly)
      all += hourly
    }
    near(await prometheus.scalar(allCostPerHour, atSeconds), all)
  })

  it('finds the share of errors, where the query of old is always 1', async () => {
    near(await prometheus.scalar(errors, atSeconds), 2 / 8)
    const byProvider = await prometheus.query(errorsByProvider, atSeconds)
    near(valueIn(byProvider, { provider: 'openai' }), 1 / 4)
    near(valueIn(byProvider, { provider: 'anthropic' }), 1 / 4)
    const wrong = await prometheus.query(WRONG_ERRORS, atSeconds)
    expect(wrong.map(({ value }) => value?.[1])).toEqual(['1', '1'])
  })

  it('finds a quantile of the durations within its bucket', async () => {
    // The longest of six: 60,001 ms.
    const value = await prometheus.scalar(quantile, atSeconds)
    expect(value).toBeGreaterThan(60_000)
    expect(value).toBeLessThanOrEqual(120_000)
  })

  it('finds the same under both sets of names', async () => {
    const same = async (seed: string, standard: string, unit = 1): Promise<void> => {
      const value = await prometheus.scalar(`sum(${seed})`, atSeconds)
      near(await prometheus.scalar(`sum(${standard})`, atSeconds), (value as number) / unit)
    }
    const job = 'job="standard"'
    await same('llm_edge_requests_total', `llm_requests_total{${job}}`)
    await same('llm_edge_requests_total{status="error"}', `llm_request_errors_total{${job}}`)
    await same('llm_edge_cost_usd_total', `llm_cost_usd_total{${job}}`)
    await same('llm_edge_tokens_total', `llm_tokens_total{${job}}`)
    await same('llm_edge_request_duration_ms_sum', `llm_request_duration_seconds_sum{${job}}`, 1_000)
    await same('llm_edge_request_duration_ms_bucket', `llm_request_duration_seconds_bucket{${job}}`)
    await same('llm_edge_cache_hits_total', `llm_cache_hits_total{${job}}`)
  })

  it("finds Routiium's totals", async () => {
    const total = (name: string): Promise<number | undefined> =>
      prometheus.scalar(`routiium_${name}{job="llm-edge-agent"}`, atSeconds)
    expect(await total('requests_total')).toBe(ROUND.length * ROUNDS)
    expect(await total('tokens_input_total')).toBe(6 * 150 * ROUNDS)
    expect(await total('tokens_output_total')).toBe(6 * 500 * ROUNDS)
  })

  it('finds budgets, spent to the nano-dollar', async () => {
    const spent = (sum(ROUND.map((one) => one.cost_nano_usd)) * ROUNDS) / 1e9
    const of = (name: string): Promise<number | undefined> =>
      prometheus.scalar(`llm_budget_${name}{job="standard",budget="Team"}`, atSeconds)
    expect(await of('limit_usd')).toBe(10)
    expect(await of('spent_usd')).toBe(spent)
    expect(await of('used_ratio')).toBe(Math.floor(spent * 1_000) / 10_000)
  })

  it('finds how the server does', async () => {
    const one = (name: string, labels = ''): Promise<number | undefined> =>
      prometheus.scalar(`${name}{job="standard"${labels}}`, atSeconds)
    expect(await one('tallystick_ready')).toBe(1)
    expect(await one('tallystick_ingest_events_total', ',outcome="accepted"')).toBe(ROUND.length * ROUNDS)
    expect(await one('tallystick_http_requests_total', ',route="/api/v1/events",status="2xx"')).toBe(2)
    expect(await one('tallystick_journal_fsync_duration_seconds_count')).toBeGreaterThanOrEqual(2)
    expect(await one('tallystick_journal_writable')).toBe(1)
    expect(await one('tallystick_invariants_balanced')).toBe(1)
    expect(await one('tallystick_build_info', ',store="duckdb"')).toBe(1)
    expect(await one('llm_active_requests')).toBe(0)
  })

  it('keeps the trace of a request with its bucket', async () => {
    const found = await prometheus.exemplars('llm_edge_request_duration_ms_bucket{job="llm-edge-agent"}')
    const traced = found.filter(({ exemplars }) => exemplars.some(({ labels }) => labels['trace_id'] === TRACE))
    expect(traced.map(({ seriesLabels }) => Number(seriesLabels['le']))).toEqual([250])
    expect(traced[0]?.exemplars[0]?.value).toBe('245')
  })

  it('reads labels as they were sent', async () => {
    const found = await prometheus.query(`llm_edge_cost_usd_total{model=${JSON.stringify(ODD)}}`, atSeconds)
    expect(found.map(({ metric }) => metric['model'])).toEqual([ODD])
  })

  it('promtool finds nothing in the usual names, and in those of old only that milliseconds are no base unit', async () => {
    const seed = checkMetrics(await scrape('?names=seed'))
    expect(seed.lines).toEqual([expect.stringContaining('llm_edge_request_duration_ms')])
    expect(seed.lines[0]).toMatch(/abbreviated|base unit/)
    expect(checkMetrics(await scrape('?names=standard'))).toEqual({ code: 0, lines: [] })
  })

  it('0.0075 twice reads 0.015', async () => {
    await send([1, 2].map(() => ({ provider: 'openai', model: 'twice', cost_usd: 0.0075 })))
    const line = 'llm_edge_cost_usd_total{provider="openai",model="twice"} 0.015'
    expect((await scrape()).split('\n')).toContain(line)
    await prometheus.until('llm_edge_cost_usd_total{job="llm-edge-agent",model="twice"}', 0.015)
  })

  it('counts a repeat once, and forgets nothing that is cleared', async () => {
    const event = { event_id: 'again', provider: 'openai', model: 'again' }
    await send([event])
    expect(await post('/api/v1/events', { events: [event] })).toMatchObject({ accepted: 0, duplicate: 1 })
    await post('/analytics/clear', {})
    const lines = (await scrape()).split('\n')
    expect(lines).toContain('llm_edge_requests_total{provider="openai",model="again",status="success"} 1')
    expect(lines).toContain('llm_edge_requests_total{provider="openai",model="gpt-4",status="success"} 6')
    await prometheus.until('sum(tallystick_store_events{job="standard"})', 0)
    expect(await prometheus.scalar('sum(resets(llm_edge_requests_total[1h]))')).toBe(0)
  })

  it('reads a bounded number of series, whatever models there are, and their sum is exact', async () => {
    for (let batch = 0; batch < 4; batch++)
      await send(
        Array.from({ length: 1_000 }, (_, index) => ({ provider: 'p', model: `m-${batch}-${index}`, input_tokens: 1 })),
      )
    await prometheus.until('sum(llm_edge_requests_total)', sent)
    for (const job of ['llm-edge-agent', 'standard'])
      expect(await prometheus.scalar(`max_over_time(scrape_samples_scraped{job="${job}"}[5m])`)).toBeLessThanOrEqual(
        2_000,
      )
    expect(await prometheus.scalar('sum(tallystick_metrics_folded_total{job="llm-edge-agent"})')).toBeGreaterThan(0)
    expect(
      await prometheus.scalar(
        'sum(llm_edge_requests_total{provider="p"}) + sum(llm_edge_requests_total{provider="other"})',
      ),
    ).toBe(4_000)
  })
})
