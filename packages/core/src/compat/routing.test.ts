import { afterEach, expect, test } from 'vitest'
import type { UsageEvent } from '../event/index.ts'
import {
  DECISIONS_QUESTION,
  HOURS_QUESTION,
  hourGrid,
  rankBackends,
  routesOf,
  TOOLS_QUESTION,
  toolsOf,
} from '../insight/index.ts'
import { fold, parseQuery, type ResultRow } from '../query/index.ts'
import { cleanUpAll, DAY_MS, HOUR_MS, NOW_MS, openAnalytics, temporaryDir } from './testing/analytics.ts'

afterEach(cleanUpAll)

const ZONE = 'Asia/Kathmandu'

/** Sixty invocations with every kind of gap: no method, no confidence, no time. */
const invocation = (index: number): Readonly<Record<string, unknown>> => ({
  tool_name: ['review', 'ask', 'spawn_subagent'][index % 3],
  backend_used: index % 7 === 6 ? undefined : ['local', 'gemini', 'nvidia_qwen', '__proto__'][index % 4],
  ...(index % 5 === 0 ? {} : { routing_method: ['rule_based', 'capability'][index % 2] }),
  ...(index % 3 === 0 ? {} : { routing_confidence: 0.1 + ((index * 7) % 90) / 100 }),
  ...(index % 11 === 0 ? {} : { processing_time_ms: 100 + ((index * 977) % 6_000) }),
  tokens_used: index * 13,
  success: index % 4 !== 3,
  timestamp: NOW_MS - (index % 50) * 3 * HOUR_MS - index,
})

test('figures of tools and routing from queries are those of UsageAnalytics over the same events', async () => {
  const events: UsageEvent[] = []
  const analytics = openAnalytics(temporaryDir(), {
    timeZone: ZONE,
    recorder: { record: (event: UsageEvent) => events.push(event) },
  })
  for (let index = 0; index < 60; index++) await analytics.recordInvocation(invocation(index))
  const ask = (body: object): readonly ResultRow[] => {
    const range = { from: NOW_MS - 7 * DAY_MS, to: NOW_MS + 1, filters: { kind: ['tool_invocation'] } }
    return fold(parseQuery({ ...range, time_zone: ZONE, ...body }, { nowMs: NOW_MS }), events).rows
  }
  const { backend_ranking: ranking } = analytics.getSessionStats().metrics
  const history = await analytics.getHistoricalAnalytics('7d')

  const decisions = ask(DECISIONS_QUESTION)
  const scored = rankBackends(decisions).map((one) => [
    one.backend ?? 'unknown',
    one.successRatio * 100,
    one.averageMs ?? 0,
    one.count,
    one.score,
    one.reliability,
  ])
  expect(scored).toEqual(
    ranking.map((one) => [
      one.backend,
      one.success_rate,
      one.avg_time_ms,
      one.total_requests,
      one.score,
      one.reliability_score,
    ]),
  )
  expect(scored).toHaveLength(5)

  const routes = routesOf(decisions).map((one) => ({
    routing_method: one.method ?? 'unknown',
    backend: one.backend ?? 'unknown',
    count: one.count,
    avg_confidence: one.averageConfidence ?? 0,
    successes: one.successes,
    success_rate: (one.successRatio ?? 0) * 100,
  }))
  const theirs = Object.values(history.routing_effectiveness).map(({ total_confidence: _, ...one }) => one)
  const byName = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
  expect(routes.sort(byName)).toEqual(theirs.sort(byName))

  expect(new Map(toolsOf(ask(TOOLS_QUESTION)).map(({ tool, count }) => [tool, count]))).toEqual(
    new Map(Object.entries(history.tool_popularity)),
  )

  const grid = hourGrid(ask({ ...HOURS_QUESTION, interval: '1h' }), ZONE)
  expect(grid.total).toBe(60)
  expect(grid.hours.map(String)).toEqual(
    grid.hours.map((_, hour) => String(history.hourly_distribution[String(hour)] ?? 0)),
  )
  expect(grid.week.map((line) => line.reduce((sum, one) => sum + one, 0)).reduce((sum, one) => sum + one, 0)).toBe(60)
})

test('the rest beyond the names that were asked for counts, and says nothing of its outcomes', () => {
  const rows = [
    { routing_method: 'a', backend: 'x', success: true, events: 3, total_tokens: 1 },
    { routing_method: null, backend: null, success: null, events: 5, total_tokens: 1, other: true },
  ]
  expect(rankBackends(rows).map(({ backend }) => backend)).toEqual(['x'])
  expect(routesOf(rows).map(({ method, count, successRatio, other }) => [method, count, successRatio, other])).toEqual([
    ['a', 3, 1, false],
    [null, 5, null, true],
  ])
})
