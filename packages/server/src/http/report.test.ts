import type { Report } from '@tallystick/core/insight'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { mintKey } from '../identity/api-key.ts'
import type { ApiKey } from '../state/key.ts'
import { openMemoryState } from '../state/memory.ts'
import { REPORT_SCHEMA } from './openapi/report-schema.ts'
import { createTestApp, NOW_MS, type TestApp } from './testing/test-app.ts'

const HOSTILE = '<script>alert(1)</script>|`x`\n# y\u202e&amp; "\''

/** Requests, failures and tool invocations of two tenants over three days; more names than a list of three shows. The ingest of the tests prices input at a nano-USD. */
async function recorded(options: Parameters<typeof createTestApp>[0] = {}): Promise<TestApp> {
  const app = await createTestApp(options)
  const items: object[] = []
  for (let index = 0; index < 120; index++) {
    const failed = index % 10 === 0
    items.push({
      event_id: `r${index}`,
      timestamp_ms: NOW_MS - (index % 72) * 3_600_000 - 1,
      kind: failed ? 'llm_request_failed' : 'llm_request_completed',
      success: !failed,
      ...(failed ? { error_type: 'timeout', error_message: `timeout after ${index} ms`, status_code: 504 } : {}),
      tenant_id: index % 2 === 0 ? 'left' : 'right',
      agent_id: `agent ${index % 6}`,
      provider: index % 3 === 0 ? 'openai' : 'anthropic',
      model: index % 7 === 6 ? HOSTILE : `model-${index % 7}`,
      user_id: `user-${index % 11}`,
      input_tokens: 1_000_000 * (index + 1),
      cache_read_tokens: 1_000 * index,
      output_tokens: 500,
      reasoning_tokens: 100,
      duration_ms: 100 + index,
      backend: index % 2 === 0 ? 'local' : 'gemini',
    })
  }
  for (let index = 0; index < 33; index++)
    items.push({
      event_id: `t${index}`,
      timestamp_ms: NOW_MS - index * 60_000,
      kind: 'tool_invocation',
      tenant_id: 'left',
      tool_name: ['ask', 'review', HOSTILE][index % 3],
      backend: 'local',
      routing_method: 'rule_based',
      routing_confidence: 0.5,
      success: index % 11 !== 0,
      ...(index % 11 === 0 ? { error_type: 'timeout', error_message: `tool ${index}` } : {}),
      total_tokens: 10,
      duration_ms: 200,
    })
  await app.ingest.submit({ items, door: 'native' })
  return app
}

async function reported(app: TestApp, search = '?range=7d', headers: Record<string, string> = {}): Promise<Report> {
  const response = await app.call(`/api/v1/report${search}`, { headers })
  expect(response.status).toBe(200)
  return (await response.json()) as Report
}

const sum = <Row>(rows: readonly Row[], of: (row: Row) => number | string | null): bigint =>
  rows.reduce((total, row) => total + BigInt(of(row) ?? 0), 0n)

describe('GET /api/v1/report', () => {
  it('has the figures of the query, in the shape that is documented', async () => {
    const app = await recorded()
    const report = await reported(app, '?range=7d&top=3&time_zone=Asia/Kathmandu')
    const fits = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(REPORT_SCHEMA)
    expect(fits(report), JSON.stringify(fits.errors)).toBe(true)

    const asked = { from: report.from_ms, to: report.to_ms, measures: Object.keys(report.totals) }
    const { body } = await app.post('/api/v1/query', asked)
    const [row] = body['rows'] as [Record<string, unknown>]
    expect(Object.fromEntries(Object.entries(report.totals).map(([name, { value }]) => [name, value]))).toEqual(
      Object.fromEntries(Object.keys(report.totals).map((name) => [name, row[name]])),
    )
    expect(report.totals['requests']).toMatchObject({ value: 120, previous: 0, change: null, unit: 'count' })
    expect(report.range).toBe('7d')
  })

  it('splits the totals without losing anything: by day, by name, by kind of token', async () => {
    const report = await reported(await recorded(), '?range=7d&top=3&time_zone=Asia/Kathmandu')
    const value = (name: string): bigint => BigInt(report.totals[name]?.value ?? 0)
    expect(sum(report.days, (day) => day.cost_nano_usd)).toBe(value('cost_nano_usd'))
    expect(sum(report.days, (day) => day.requests)).toBe(120n)
    expect(report.days.map(({ date }) => date)).toHaveLength(8)
    expect(report.days.map(({ partial }) => partial)).toEqual([true, ...new Array(6).fill(false), true])
    for (const { dimension, rows, other_groups: groups } of report.breakdowns) {
      expect(
        sum(rows, (row) => row.cost_nano_usd),
        dimension,
      ).toBe(value('cost_nano_usd'))
      expect(
        sum(rows, (row) => row.requests),
        dimension,
      ).toBe(120n)
      expect(groups > 0, dimension).toBe(rows.at(-1)?.other === true)
    }
    expect(sum(report.series.models, ({ cost_nano_usd: cost }) => String(sum(cost, (one) => one)))).toBe(
      value('cost_nano_usd'),
    )
    expect(sum(report.tokens, ({ tokens }) => tokens)).toBe(value('total_tokens'))
    expect(sum(report.hourly_distribution, ({ events }) => events)).toBe(153n)
  })

  it("has what smart-ai-bridge's report has", async () => {
    const report = await reported(await recorded())
    const [local] = report.backend_performance.filter(({ backend }) => backend === 'local')
    expect(local).toMatchObject({ requests: 93, successes: 78, failures: 15 })
    expect(report.tool_popularity.map(({ invocations, successes }) => [invocations, successes])).toEqual([
      [11, 10],
      [11, 10],
      [11, 10],
    ])
    expect(report.routing_effectiveness).toEqual([
      {
        routing_method: 'rule_based',
        backend: 'local',
        count: 33,
        successes: 30,
        success_rate: (30 / 33) * 100,
        avg_confidence: 0.5,
        confident: 33,
      },
    ])
    expect(report.errors.by_kind).toMatchObject([{ error_type: 'timeout', status_code: 504, requests: 12 }])
    expect(report.errors.patterns.map(({ count, message }) => [count, message])).toEqual([
      [12, expect.stringMatching(/^timeout after \d+ ms$/)],
      [3, expect.stringMatching(/^tool \d+$/)],
    ])
    expect(report.errors.patterns_read).toEqual({ events: 15, all: true })
    expect(report.recommendations.map(({ rule }) => rule)).toContain('routing_confidence')
    expect(sum(report.cost_analysis.backends, (row) => row.cost_nano_usd)).toBe(
      BigInt(report.cost_analysis.total_nano_usd ?? 0),
    )
  })

  it('takes every dimension as a filter, and says so', async () => {
    const report = await reported(await recorded(), '?range=7d&provider=openai&model!=model-1')
    expect(report.filters).toEqual([
      { dimension: 'provider', values: ['openai'], not: false },
      { dimension: 'model', values: ['model-1'], not: true },
    ])
    expect(report.breakdowns.find(({ dimension }) => dimension === 'provider')?.rows.map(({ name }) => name)).toEqual([
      'openai',
    ])
    expect(report.days.every(({ requests }) => requests <= 120)).toBe(true)
  })

  it('tells a tenant and an agent of theirs only', async () => {
    const state = openMemoryState()
    const key = async (beside: Partial<ApiKey>): Promise<Record<string, string>> => {
      const { text, secretHash, id } = mintKey()
      const row: ApiKey = { id, secretHash, name: id, scopes: ['read'], createdMs: 0, ...beside }
      await state.write([{ table: 'keys', id, row }])
      return { authorization: `Bearer ${text}` }
    }
    const [left, agent, all] = [
      await key({ tenantId: 'left' }),
      await key({ tenantId: 'right', agentId: 'agent 1' }),
      await key({}),
    ]
    const app = await recorded({ state })
    expect((await app.call('/api/v1/report')).status).toBe(401)
    expect((await reported(app, '', all)).totals['requests']?.value).toBe(120)
    const of = await reported(app, '', left)
    expect([of.totals['requests']?.value, of.scope]).toEqual([60, { tenant_id: 'left', agent_ids: null }])
    expect(of.completeness.pending_events).toBeNull()
    const bound = await reported(app, '', agent)
    expect(bound.totals['requests']?.value).toBe(20)
    expect(bound.breakdowns.find(({ dimension }) => dimension === 'agent_id')?.rows.map(({ name }) => name)).toEqual([
      'agent 1',
    ])
    expect(bound.completeness.sources).toBeNull()
    expect(bound.tool_popularity).toEqual([])
  })

  it('is the same, and nothing, without a single event', async () => {
    const report = await reported(await createTestApp())
    expect(report.totals['cost_nano_usd']).toMatchObject({ value: 0, previous: 0, change: null })
    expect(report.projection).toMatchObject({ month_nano_usd: 0, confidence: 'low' })
    expect(report.days).toHaveLength(8)
    expect(report.hourly_distribution).toHaveLength(24)
    for (const format of ['markdown', 'html'])
      expect((await (await createTestApp()).call(`/api/v1/report?format=${format}`)).status).toBe(200)
  })

  it.each([
    ['?range=week', 'invalid_query'],
    ['?range=7d&from=0', 'invalid_query'],
    ['?to=5', 'invalid_query'],
    ['?from=5&to=5', 'invalid_query'],
    ['?format=docx', 'unknown_value'],
    ['?time_zone=Mars', 'invalid_query'],
    ['?top=0', 'invalid_query'],
    ['?provder=x', 'unknown_parameter'],
  ])('refuses %s with %s', async (search, code) => {
    const response = await (await createTestApp()).call(`/api/v1/report${search}`)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code })
  })

  it('is handed out under a name, as what it is', async () => {
    const app = await recorded()
    const head = async (search: string): Promise<(string | null)[]> => {
      const { headers } = await app.call(`/api/v1/report?from=2026-11-18T00:00:00Z&to=2026-11-21T00:00:00Z${search}`)
      return [headers.get('content-type'), headers.get('content-disposition')]
    }
    expect(await head('')).toEqual(['application/json', 'attachment; filename="usage-2026-11-18-to-2026-11-20.json"'])
    expect(await head('&format=html&inline=true')).toEqual([
      'text/html; charset=utf-8',
      'inline; filename="usage-2026-11-18-to-2026-11-20.html"',
    ])
    expect((await head('&format=markdown'))[0]).toBe('text/markdown; charset=utf-8')
  })
})

describe('a report for people', () => {
  it('shows hostile names as they are: no tag, attribute, cell or heading comes of them', async () => {
    const app = await recorded()
    const response = await app.call('/api/v1/report?format=html')
    const page = await response.text()
    expect(page).not.toMatch(/<script|<img|<iframe|<object|\son\w+=|javascript:|style="|@import|url\(/i)
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+=*'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox$/,
    )
    const markdown = await (await app.call('/api/v1/report?format=markdown')).text()
    expect(markdown).not.toContain('<script>')
    // Every row of a table has as many cells as its head.
    const cells = (line: string): number => line.replace(/\\./g, '').split('|').length
    const lines = markdown.split('\n')
    for (const [index, line] of lines.entries())
      if (line.startsWith('|') && lines[index - 1]?.startsWith('|'))
        expect(cells(line)).toBe(cells(lines[index - 1] as string))
    expect(lines.filter((line) => line.startsWith('#')).every((line) => /^#{1,3} [A-Z]/.test(line))).toBe(true)
  })
})
