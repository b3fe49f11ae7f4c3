import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { PrometheusRule } from '../../packages/server/src/metrics/rules/rules.ts'
import { DASHBOARDS } from '../../scripts/grafana/dashboards.mjs'
import { ROOT, type Served, serve } from '../e2e/cli.ts'
import { type Found, type Prometheus, startPrometheus } from '../metrics/testing/prometheus.ts'
import { type Expected, expected, recorded, type Values } from './testing/expected.ts'
import { type Frame, serveFrames, sumOf } from './testing/frames.ts'
import { queriesOf } from './testing/queries.ts'
import { moneyOf, TRAFFIC } from './testing/traffic.ts'

/**
 * Every query of every dashboard, answered by a real Prometheus from what a running server shows, beside the value computed from the events
 * that it was sent. The server's answers are told as of the beginning and the end of the windows that queries look at.
 */
const dataDir = mkdtempSync(join(tmpdir(), 'tallystick-panels-'))
const RULES = join(ROOT, 'deploy/prometheus/rules')
const MINUTE_MS = 60_000

type Rule = Partial<PrometheusRule> & Pick<PrometheusRule, 'expr' | 'labels'> & { readonly record?: string }

let server: Served
let prometheus: Prometheus
let values: Expected
let nowSeconds: number
let closeFrames: () => void

const post = async (path: string, body: unknown): Promise<void> => {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
}

/** All of it, two of them again, and one that is not valid. */
async function send(round: number): Promise<void> {
  const events = TRAFFIC.map((told, index) => ({ ...told, event_id: `${round} ${index}` }))
  // Numbers 1 and 2 of this source never come.
  const numbered = (seq: number): object => ({ source_id: 'agent-7', epoch: 1, seq })
  const [one, another] = round === 1 ? [0, 3] : [4, 5]
  const sent = [{ ...events[0], ...numbered(one) }, { ...events[1], ...numbered(another) }, ...events.slice(2)]
  await post('/api/v1/events', sent)
  await post('/api/v1/events', [...sent.slice(0, 2), { provider: 'openai' }])
  await post('/api/v1/query?consistency=applied', { measures: ['requests'] })
}

/** What the server shows once it has taken in so many events and told of so many alerts. */
async function shown(events: number, alerts: number): Promise<string> {
  for (;;) {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    const has = (name: string): number => sumOf({ text, atMs: 0 }, name)
    if (has('tallystick_store_events') === events && has('tallystick_alerts_firing') === alerts) return text
    await setTimeout(20)
  }
}

beforeAll(async () => {
  server = await serve(dataDir, [], undefined, { TALLYSTICK_METRICS_NAMES: 'both' })
  const atMs = Date.now()
  const costUsd = TRAFFIC.reduce((sum, told) => sum + (moneyOf(told, atMs)?.cost ?? 0), 0)
  // All of it is past two of its thresholds, each of which is an alert and an event; the first half is past none.
  const budgetNano = Math.round((2 * costUsd * 1e9) / 0.855)
  await post('/api/v1/alerts/rules', { kind: 'budget', threshold: 50 })
  await post('/api/v1/budgets', { name: 'team', amount: budgetNano, window: { kind: 'total' } })
  await send(1)
  const before = await shown(TRAFFIC.length, 0)
  await send(2)
  const after = await shown(2 * TRAFFIC.length + 2, 2)
  nowSeconds = Math.floor(Date.now() / 1000)
  const endMs = nowSeconds * 1000
  // A millisecond within each window: whether a window holds its own beginning depends on the version of Prometheus.
  const first: Frame = { text: before, atMs: endMs - 5 * MINUTE_MS + 1 }
  const last: Frame = { text: after, atMs: endMs }
  const earlier = [24 * 60, 60, 10].map((minutes) => ({ text: before, atMs: endMs - minutes * MINUTE_MS + 1 }))
  const frames = await serveFrames([...earlier, first, last])
  closeFrames = frames.close
  values = expected({ atMs, first, last, budgetUsd: budgetNano / 1e9 })
  prometheus = await startPrometheus(
    `  - job_name: tallystick\n    static_configs:\n      - targets: ['127.0.0.1:${frames.port}']\n`,
  )
  for (let tries = 0; (await prometheus.query('tallystick_ready', nowSeconds)).length === 0 && tries < 200; tries++)
    await setTimeout(50)
})

afterAll(async () => {
  closeFrames?.()
  await prometheus?.stop()
  await server?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const OF_THE_TARGET: ReadonlySet<string> = new Set(['__name__', 'job', 'instance'])

const keyOf = ({ metric }: Found): string =>
  Object.keys(metric)
    .filter((label) => !OF_THE_TARGET.has(label))
    .sort()
    .map((label) => metric[label])
    .join(' ')

/** What an expression answers at the end of the window. */
async function ask(expr: string): Promise<Values> {
  const found = await prometheus.query(expr, nowSeconds)
  return Object.fromEntries(found.map((series) => [keyOf(series), Number(series.value?.[1])]))
}

function expectValues(answer: Values, wanted: Values): void {
  expect(Object.keys(answer).sort()).toEqual(Object.keys(wanted).sort())
  for (const [key, value] of Object.entries(wanted)) {
    const error = Math.abs((answer[key] as number) - value)
    expect(error, `${key}: ${answer[key]}, not ${value}`).toBeLessThanOrEqual(1e-4 * Math.abs(value) + 1e-12)
  }
}

describe('each query of a dashboard answers what the events come to', () => {
  it.each(queriesOf(DASHBOARDS.values()))('$name', async ({ name, expr }) => {
    const answer = await ask(expr)
    const wanted = values[name]
    if (wanted === undefined) throw new Error(`No value is expected of ${name}: ${JSON.stringify(answer)}`)
    expectValues(answer, wanted)
  })
})

describe('the rules, over what a running server shows', () => {
  const rules = readdirSync(RULES).flatMap((name) =>
    (parse(readFileSync(join(RULES, name), 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
      (group) => group.rules,
    ),
  )

  it('record what the events come to', async () => {
    const records = rules.flatMap(({ record, expr }) => (record === undefined ? [] : [{ record, expr }]))
    const wanted = recorded(Date.now())
    expect(records.map(({ record }) => record).sort()).toEqual(Object.keys(wanted).sort())
    for (const { record, expr } of records) expectValues(await ask(expr), wanted[record] as Values)
  })

  it('hold where the traffic gives a reason, and nowhere else', async () => {
    const holding: Record<string, Values> = {}
    for (const { alert, expr, labels } of rules) {
      if (alert === undefined) continue
      const answer = await ask(expr)
      if (Object.keys(answer).length > 0) holding[`${alert} ${labels['severity']}`] = answer
    }
    // Fewer than fifty requests tell nothing of error rates and of the provider's cache, nor four of the gateway's.
    expect(holding).toEqual({
      'LlmBudget warning': { team: expect.closeTo(0.855, 3) },
      'LlmSourceGap critical': { 'agent-7': 2 },
      'LlmUnpriced warning': { '': expect.closeTo((values['overview: Unpriced requests'] as Values)[''] as number, 3) },
    })
  })
})
