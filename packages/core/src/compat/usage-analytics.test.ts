import { EventEmitter } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { UsageEvent } from '../event/index.ts'
import Default from './index.ts'
import {
  cleanUpAll,
  HOUR_MS,
  NOW_MS,
  numbersIn,
  openAnalytics,
  recordTimes,
  TestClock,
  temporaryDir,
} from './testing/analytics.ts'
import type { InvocationRecord } from './types.ts'
import { UsageAnalytics } from './usage-analytics.ts'

afterEach(cleanUpAll)

const FULL = {
  tool_name: 'review',
  backend_used: 'nvidia_qwen',
  routing_method: 'rule_based',
  routing_confidence: 0.85,
  processing_time_ms: 1500,
  tokens_used: 900,
  prompt_length: 1200,
  response_length: 3400,
  success: true,
}

describe('the class', () => {
  it('is an emitter, and exported by name and as default', () => {
    const analytics = openAnalytics()
    expect(analytics).toBeInstanceOf(EventEmitter)
    expect(Default).toBe(UsageAnalytics)
    expect(new UsageAnalytics().dataDir).toBe('./data/analytics')
    expect(analytics.currentSession.session_id).toMatch(/^session_1795262400000_[0-9a-z]{12}$/)
  })

  it('refuses options that cannot be meant, all of them at once', () => {
    expect(() => new UsageAnalytics('', { maxNames: 0, retentionDays: -1, sessionId: '' })).toThrow(
      /dataDir.*sessionId.*retentionDays.*maxNames/,
    )
  })

  it('cannot open a directory that is a file: init says so, and recording goes on in memory', async () => {
    const path = join(temporaryDir(), 'file')
    writeFileSync(path, '')
    const analytics = openAnalytics(path)
    await expect(analytics.init()).rejects.toMatchObject({ code: 'data_dir_unusable' })
    await analytics.recordInvocation(FULL)
    expect(analytics.getRecordingStatus()).toMatchObject({ recorded: 1, pending: 1, write_failures: 1 })
    expect(analytics.getSessionStats().metrics.total_requests).toBe(1)
    expect((await analytics.getHistoricalAnalytics('1h')).totals.requests).toBe(1)
  })
})

describe('recordInvocation', () => {
  it('returns, keeps and emits the record', async () => {
    const analytics = openAnalytics()
    const told: InvocationRecord[] = []
    analytics.on('invocation', (record) => told.push(record))
    const record = await analytics.recordInvocation(FULL)
    expect(record).toEqual({
      timestamp: '2026-11-21T12:00:00.000Z',
      session_id: analytics.currentSession.session_id,
      ...FULL,
      error: null,
    })
    expect(told).toEqual([record])
  })

  it('has the defaults of the old class', async () => {
    const record = await openAnalytics().recordInvocation({ tool_name: 'ask', backend_used: 'local' })
    expect(record).toMatchObject({
      routing_method: 'unknown',
      routing_confidence: 0,
      tokens_used: 0,
      prompt_length: 0,
      response_length: 0,
      success: true,
      error: null,
    })
  })

  it('takes errors of any kind', async () => {
    const analytics = openAnalytics()
    const failed = async (error: unknown): Promise<unknown> =>
      (await analytics.recordInvocation({ ...FULL, success: false, error })).error
    expect(await failed(new RangeError('too far'))).toEqual({ type: 'RangeError', message: 'too far' })
    expect(await failed({ type: 'HTTP', name: 'Error', code: 429 })).toEqual({ type: 'HTTP', code: '429' })
    expect(await failed('boom')).toEqual({ message: 'boom' })
    expect(await failed(null)).toBeNull()
    expect(await failed({})).toBeNull()
  })

  it('keeps what else it is told as metadata, but neither content nor secrets', async () => {
    const record = await openAnalytics().recordInvocation({
      ...FULL,
      metadata: { team: 'search', nested: { depth: 2 } },
      attempt_number: 3,
      prompt: 'Dear ...',
      api_key: 'sk-123',
    })
    expect(record.metadata).toEqual({ team: 'search', nested: { depth: 2 }, attempt_number: 3 })
  })

  it('tells every listener once, whatever another one does', async () => {
    const analytics = openAnalytics()
    let told = 0
    analytics.once('invocation', () => {
      throw new Error('broken listener')
    })
    analytics.on('invocation', async () => {
      throw new Error('broken promise')
    })
    analytics.on('invocation', () => told++)
    await analytics.recordInvocation(FULL)
    await analytics.recordInvocation(FULL)
    expect(told).toBe(2)
    expect(analytics.getRecordingStatus()).toMatchObject({ recorded: 2, durable: 2, listener_errors: 3 })
  })

  it('counts the record at once, before it is on disk', async () => {
    const analytics = openAnalytics()
    const recording = analytics.recordInvocation(FULL)
    expect(analytics.getSessionStats().metrics.total_requests).toBe(1)
    await recording
  })

  it('gives each event to a recorder, whose failure is not its own', async () => {
    const events: UsageEvent[] = []
    const errors: unknown[] = []
    const analytics = openAnalytics(undefined, {
      recorder: {
        record: (event) => {
          events.push(event)
          throw new Error('full')
        },
      },
      onError: (error) => errors.push(error),
    })
    await analytics.recordInvocation(FULL)
    expect(events).toMatchObject([{ kind: 'tool_invocation', toolName: 'review', backend: 'nvidia_qwen' }])
    expect(errors).toHaveLength(1)
  })

  it('survives what is hostile or huge', async () => {
    const analytics = openAnalytics()
    const revoked = (): object => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    }
    const throwing = {
      get message(): string {
        throw new Error('broken')
      },
    }
    const failed = { ...FULL, success: false }
    expect((await analytics.recordInvocation({ ...failed, error: throwing })).error).toEqual({ type: 'unknown' })
    expect((await analytics.recordInvocation({ ...failed, error: revoked() })).error).toEqual({ type: 'unknown' })
    expect((await analytics.recordInvocation({ ...FULL, metadata: revoked() })).metadata).toBeUndefined()
    expect((await analytics.recordInvocation({ ...FULL, metadata: throwing })).metadata).toBeUndefined()
    const huge = ' '.repeat(20_000_000)
    const all = Object.fromEntries(Object.keys(FULL).map((name) => [name, huge]))
    const record = await analytics.recordInvocation({ ...all, error: huge, metadata: huge, x: huge, timestamp: huge })
    expect(JSON.stringify(record).length).toBeLessThan(3_000)
    for (const input of [
      revoked(),
      {
        get tool_name() {
          return throwing.message
        },
      },
    ]) {
      await expect(analytics.recordInvocation(input as never)).rejects.toMatchObject({ code: 'not_an_object' })
    }
  })

  it('refuses what is no object, and nothing else', async () => {
    const analytics = openAnalytics()
    for (const input of [null, undefined, 5, 'ask', [FULL]]) {
      await expect(analytics.recordInvocation(input as never)).rejects.toMatchObject({ code: 'not_an_object' })
    }
    expect(analytics.getRecordingStatus()).toMatchObject({ recorded: 0, refused: 5 })
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom(...Object.keys(FULL), 'error', 'x'), fc.anything()),
        async (input) => {
          await analytics.recordInvocation(input)
        },
      ),
      { seed: 9, numRuns: 300 },
    )
    const report = await analytics.exportReport('object', '1h')
    expect(numbersIn(report).filter((number) => !Number.isFinite(number))).toEqual([])
    expect(await analytics.exportReport('markdown', '1h')).not.toMatch(/NaN|Infinity/)
  })
})

describe('getSessionStats', () => {
  it('has the sums and what derives from them, as the old class had', async () => {
    const analytics = openAnalytics()
    await recordTimes(analytics, 9, { ...FULL, backend_used: 'gemini', processing_time_ms: 1000, tokens_used: 100 })
    await analytics.recordInvocation({ ...FULL, backend_used: 'gemini', processing_time_ms: 1000, success: false })
    const { session_id, started_at, metrics } = analytics.getSessionStats()
    expect({ session_id, started_at }).toEqual({
      session_id: analytics.currentSession.session_id,
      started_at: '2026-11-21T12:00:00.000Z',
    })
    expect(metrics).toEqual({
      total_requests: 10,
      successful_requests: 9,
      failed_requests: 1,
      total_tokens: 1800,
      total_processing_time_ms: 10_000,
      backend_usage: {
        gemini: {
          requests: 10,
          successes: 9,
          failures: 1,
          total_tokens: 1800,
          total_time_ms: 10_000,
          avg_time_ms: 1000,
          avg_tokens: 180,
        },
      },
      tool_usage: {
        review: { invocations: 10, successes: 9, failures: 1, avg_processing_time_ms: 1000, total_time_ms: 10_000 },
      },
      routing_decisions: {
        rule_based_gemini: {
          routing_method: 'rule_based',
          backend: 'gemini',
          count: 10,
          avg_confidence: 0.85,
          total_confidence: 8.5,
          successes: 9,
          failures: 1,
        },
      },
      success_rate: 90,
      avg_processing_time_ms: 1000,
      avg_tokens_per_request: 180,
      backend_ranking: [
        {
          backend: 'gemini',
          success_rate: 90,
          avg_time_ms: 1000,
          total_requests: 10,
          score: 74,
          reliability_score: expect.closeTo(59.585, 3),
        },
      ],
    })
  })

  it('is zeros for a session without requests', () => {
    expect(openAnalytics().getSessionStats().metrics).toEqual({
      total_requests: 0,
      successful_requests: 0,
      failed_requests: 0,
      total_tokens: 0,
      total_processing_time_ms: 0,
      backend_usage: {},
      tool_usage: {},
      routing_decisions: {},
      success_rate: 0,
      avg_processing_time_ms: 0,
      avg_tokens_per_request: 0,
      backend_ranking: [],
    })
  })

  it('is a copy: what a caller changes stays with the caller', async () => {
    const analytics = openAnalytics()
    await analytics.recordInvocation(FULL)
    analytics.getSessionStats().metrics.total_requests = 99
    analytics.currentSession.metrics.backend_usage = {}
    expect(analytics.currentSession.metrics).toMatchObject({
      total_requests: 1,
      backend_usage: { nvidia_qwen: { requests: 1 } },
    })
  })

  it('ranks by the old score, with the certain success rate beside it', async () => {
    const analytics = openAnalytics()
    await recordTimes(analytics, 100, { ...FULL, backend_used: 'busy', processing_time_ms: 5000 })
    await recordTimes(analytics, 10, { ...FULL, backend_used: 'busy', processing_time_ms: 5000, success: false })
    await recordTimes(analytics, 5, { ...FULL, backend_used: 'quick', processing_time_ms: 10 })
    const { backend_ranking } = analytics.getSessionStats().metrics
    const [first, second] = backend_ranking
    expect(first).toMatchObject({ backend: 'quick', score: expect.closeTo(80.97, 9) })
    expect(second).toMatchObject({ backend: 'busy', score: expect.closeTo(80.4545, 4) })
    // Five of five prove less than a hundred of a hundred and ten.
    expect([first?.reliability_score, second?.reliability_score].map(Math.round as (x?: number) => number)).toEqual([
      57, 84,
    ])
  })

  it('gives the scores 74 and 30 that are known of the old class', () => {
    const analytics = openAnalytics()
    expect(analytics.calculateBackendScore({ requests: 10, successes: 9, avg_time_ms: 1000 })).toBe(74)
    expect(analytics.calculateBackendScore({ requests: 0, successes: 0, avg_time_ms: 0 })).toBe(30)
  })

  it('does not take an unknown confidence for none', async () => {
    const analytics = openAnalytics()
    await recordTimes(analytics, 20, { tool_name: 'ask', backend_used: 'local', processing_time_ms: 5 })
    expect(analytics.getSessionStats().metrics.routing_decisions).toMatchObject({
      unknown_local: { routing_method: 'unknown', count: 20, avg_confidence: 0 },
    })
    expect((await analytics.getOptimizationRecommendations()).total_recommendations).toBe(0)
    await recordTimes(analytics, 11, { ...FULL, routing_confidence: 0 })
    expect((await analytics.getOptimizationRecommendations()).recommendations).toMatchObject([
      { type: 'routing_confidence', severity: 'warning', routing_method: 'rule_based' },
    ])
  })
})

describe('getHistoricalAnalytics', () => {
  it('is empty for an empty directory', async () => {
    expect(await openAnalytics().getHistoricalAnalytics()).toEqual({
      time_range: { start: null, end: null, total_events: 0 },
      totals: { requests: 0, successes: 0, failures: 0, total_tokens: 0, total_time_ms: 0, success_rate: 0 },
      backend_performance: {},
      tool_popularity: {},
      routing_effectiveness: {},
      hourly_distribution: {},
      error_patterns: [],
    })
  })

  it('sums up what all sessions recorded', async () => {
    const dir = temporaryDir()
    const first = openAnalytics(dir)
    await first.recordInvocation({ ...FULL, timestamp: NOW_MS - 3 * HOUR_MS })
    await first.cleanup()
    const second = openAnalytics(dir)
    const error = { type: 'HTTP', code: 503, message: 'busy' }
    await second.recordInvocation({ ...FULL, tool_name: 'ask', success: false, error, processing_time_ms: 500 })
    expect(await second.getHistoricalAnalytics('24h')).toEqual({
      time_range: { start: '2026-11-21T09:00:00.000Z', end: '2026-11-21T12:00:00.000Z', total_events: 2 },
      totals: { requests: 2, successes: 1, failures: 1, total_tokens: 1800, total_time_ms: 2000, success_rate: 50 },
      backend_performance: {
        nvidia_qwen: {
          requests: 2,
          successes: 1,
          failures: 1,
          total_tokens: 1800,
          total_time_ms: 2000,
          avg_time_ms: 1000,
          avg_tokens: 900,
          success_rate: 50,
          // The middles of their buckets.
          p50_time_ms: 501,
          p95_time_ms: 1495,
        },
      },
      tool_popularity: { review: 1, ask: 1 },
      routing_effectiveness: {
        rule_based_nvidia_qwen: {
          routing_method: 'rule_based',
          backend: 'nvidia_qwen',
          count: 2,
          avg_confidence: 0.85,
          total_confidence: 1.7,
          success_rate: 50,
          successes: 1,
        },
      },
      hourly_distribution: { 9: 1, 12: 1 },
      error_patterns: [
        {
          type: 'HTTP',
          message: 'busy',
          code: '503',
          count: 1,
          first_seen: '2026-11-21T12:00:00.000Z',
          last_seen: '2026-11-21T12:00:00.000Z',
          sample_messages: ['busy'],
        },
      ],
    })
  })

  it('sees what other processes record into the same directory', async () => {
    const dir = temporaryDir()
    const one = openAnalytics(dir)
    const two = openAnalytics(dir)
    await Promise.all([recordTimes(one, 3, FULL), recordTimes(two, 4, FULL)])
    for (const each of [one, two]) expect((await each.getHistoricalAnalytics('1h')).totals.requests).toBe(7)
    expect((await two.getSessions()).map(({ requests }) => requests).sort()).toEqual([3, 4])
  })

  it('takes instants for a range, of which the last is not in it', async () => {
    const analytics = openAnalytics()
    for (const hours of [0, 1, 2, 3]) await analytics.recordInvocation({ ...FULL, timestamp: NOW_MS - hours * HOUR_MS })
    const requests = async (from: string | number, to?: string | number): Promise<number> => {
      const range = to === undefined ? { from } : { from, to }
      return (await analytics.getHistoricalAnalytics(range)).totals.requests
    }
    expect(await requests('2026-11-21T10:00:00Z', '2026-11-21T12:00:00Z')).toBe(2)
    expect(await requests(NOW_MS - 2 * HOUR_MS, NOW_MS + 1)).toBe(3)
    expect(await requests('2026-11-21T10:00:00+01:00')).toBe(4)
  })

  it('passes over what is no record in a list at hand', () => {
    const { totals } = openAnalytics().aggregateEvents([FULL, null, 'x', 5, [], { success: false }, FULL])
    expect(totals).toMatchObject({ requests: 3, successes: 2, failures: 1 })
  })

  it('shows an event that was recorded, kept only, for a session of its own', async () => {
    const analytics = openAnalytics()
    await analytics.persistEvent({ ...FULL, session_id: 'elsewhere' })
    expect(analytics.getSessionStats().metrics.total_requests).toBe(0)
    expect((await analytics.getSession('elsewhere'))?.metrics.total_requests).toBe(1)
    await analytics.persistEvent(null as never)
    expect(analytics.getRecordingStatus().refused).toBe(1)
  })
})

describe('getCostAnalysis', () => {
  const LOCAL = { tool_name: 'ask', backend_used: 'local', processing_time_ms: 10 }

  it.each([false, true])('knows what a million local tokens would have cost (legacy %s)', async (legacy) => {
    const analytics = openAnalytics(undefined, { legacy })
    await analytics.recordInvocation({ ...LOCAL, tokens_used: 1_000_000 })
    expect((await analytics.getCostAnalysis()).cost_savings_vs_cloud_only).toEqual({
      actual_cost: 0,
      would_have_cost: 0.2325,
      savings: 0.2325,
      potential_savings: 6.975,
    })
    const breakdown = { local: { tokens: 1_000_000, total_cost: 0 } }
    expect(analytics.calculateCostSavings(breakdown)).toMatchObject({
      would_have_cost: 0.2325,
      potential_savings: 6.975,
    })
  })

  it('has the prices of the old class, and names backends that have none', async () => {
    const analytics = openAnalytics()
    for (const backend_used of ['local', 'gemini', 'nvidia_deepseek', 'nvidia_qwen', 'mystery']) {
      await analytics.recordInvocation({ ...LOCAL, backend_used, tokens_used: 1_000_000 })
    }
    const cost = await analytics.getCostAnalysis()
    expect(Object.entries(cost.breakdown).map(([name, { total_cost, priced }]) => [name, total_cost, priced])).toEqual([
      ['local', 0, true],
      ['gemini', 0.2325, true],
      ['nvidia_deepseek', 0.837, true],
      ['nvidia_qwen', 1.395, true],
      ['mystery', 0, false],
    ])
    expect(cost).toMatchObject({
      total_cost: 2.4645,
      cost_per_request: 0.4929,
      estimated_monthly_cost: 73.935,
      estimated: true,
      unpriced_requests: 1,
      unpriced_backends: ['mystery'],
    })
    expect(cost.breakdown['local']).toEqual({
      input_cost: 0,
      output_cost: 0,
      total_cost: 0,
      tokens: 1_000_000,
      requests: 1,
      priced: true,
      estimated: false,
    })
    const named = await analytics.getCostAnalysis({ mystery: { input: '1', output: '2' } })
    expect(named.breakdown['mystery']).toMatchObject({ input_cost: 0.3, output_cost: 1.4, priced: true })
    expect(named.unpriced_backends).toEqual([])
  })

  it('compares with the backend that is asked for', async () => {
    const analytics = openAnalytics(undefined, { localBackend: 'ollama', referenceBackend: 'nvidia_qwen' })
    await analytics.recordInvocation({ ...LOCAL, backend_used: 'ollama', input_tokens: 1_000_000, output_tokens: 0 })
    expect((await analytics.getCostAnalysis({ ollama: { input: 0.1, output: 0 } })).cost_savings_vs_cloud_only).toEqual(
      {
        actual_cost: 0.1,
        would_have_cost: 0.45,
        savings: 0.35,
        potential_savings: 10.5,
      },
    )
  })

  it('is zeros without requests', async () => {
    expect(await openAnalytics().getCostAnalysis()).toMatchObject({
      total_cost: 0,
      breakdown: {},
      cost_per_request: 0,
      estimated_monthly_cost: 0,
      cost_savings_vs_cloud_only: { actual_cost: 0, would_have_cost: 0, savings: 0, potential_savings: 0 },
    })
  })
})

describe('getOptimizationRecommendations', () => {
  const of = async (recorded: readonly (readonly [number, object])[]): Promise<string[]> => {
    const analytics = openAnalytics()
    for (const [times, input] of recorded) await recordTimes(analytics, times, { ...FULL, ...input })
    const { recommendations } = await analytics.getOptimizationRecommendations()
    return recommendations.map(({ type, severity }) => `${type} ${severity}`)
  }

  it('begins at eleven requests', async () => {
    const failed = { success: false }
    expect(
      await of([
        [8, {}],
        [2, failed],
      ]),
    ).toEqual([])
    expect(
      await of([
        [9, {}],
        [2, failed],
      ]),
    ).toEqual(['backend_reliability warning'])
    expect(
      await of([
        [18, {}],
        [2, failed],
      ]),
    ).toEqual([])
    expect(await of([[11, failed]])).toEqual(['backend_reliability critical'])
  })

  it('calls more than 5,000 ms slow and less than 0.7 unsure', async () => {
    expect(await of([[1, { processing_time_ms: 5000 }]])).toEqual([])
    expect(await of([[1, { processing_time_ms: 5001 }]])).toEqual(['backend_performance info'])
    expect(await of([[11, { routing_confidence: 0.7 }]])).toEqual([])
    expect(await of([[11, { routing_confidence: 0.69 }]])).toEqual(['routing_confidence warning'])
    expect(await of([[10, { routing_confidence: 0.69 }]])).toEqual([])
  })

  it('sees more than $10 a month that local tokens save', async () => {
    // 30 * 0.2325 a million: $10 is at 1,433,691.8 tokens.
    const local = { backend_used: 'local', routing_confidence: 1 }
    expect(await of([[1, { ...local, tokens_used: 1_433_691 }]])).toEqual([])
    expect(await of([[1, { ...local, tokens_used: 1_433_692 }]])).toEqual(['cost_optimization info'])
  })

  it('counts by severity and judges a range when asked to', async () => {
    const dir = temporaryDir()
    const before = openAnalytics(dir)
    await recordTimes(before, 11, { ...FULL, success: false, processing_time_ms: 9000 })
    await before.cleanup()
    const after = openAnalytics(dir)
    expect(await after.getOptimizationRecommendations()).toEqual({
      total_recommendations: 0,
      by_severity: { critical: 0, warning: 0, info: 0 },
      recommendations: [],
    })
    expect(await after.getOptimizationRecommendations({ timeRange: '7d' })).toMatchObject({
      total_recommendations: 2,
      by_severity: { critical: 1, warning: 0, info: 1 },
      recommendations: [{ type: 'backend_reliability', backend: 'nvidia_qwen' }, { type: 'backend_performance' }],
    })
  })
})

describe('exportReport', () => {
  it('is the same report as text, as Markdown and as an object', async () => {
    const analytics = openAnalytics()
    await analytics.recordInvocation(FULL)
    const report = await analytics.exportReport('object', '24h')
    expect(Object.keys(report)).toEqual([
      'generated_at',
      'time_range',
      'current_session',
      'historical_data',
      'cost_analysis',
      'recommendations',
    ])
    const text = await analytics.exportReport('json', '24h')
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(report)))
    expect(text).toContain('\n  "time_range": "24h",\n')
    expect(await analytics.exportReport('markdown', '24h')).toContain('**Time Range:** 24h')
  })

  it('has the headings, rows and decimals of the old class', async () => {
    const clock = new TestClock()
    const analytics = openAnalytics(undefined, { clock, sessionId: 'session_1_a' })
    await recordTimes(analytics, 9, { ...FULL, backend_used: 'local', tokens_used: 123_456 })
    await recordTimes(analytics, 2, { ...FULL, backend_used: 'local', tokens_used: 0, success: false })
    expect(await analytics.exportReport('markdown')).toBe(`# Usage Analytics Report

**Generated:** 2026-11-21T12:00:00.000Z
**Time Range:** 7d

## Current Session Summary

- **Session ID:** session_1_a
- **Started:** 2026-11-21T12:00:00.000Z
- **Total Requests:** 11
- **Success Rate:** 81.82%
- **Total Tokens:** 1,111,104
- **Avg Processing Time:** 1500ms

## Backend Performance

| Backend | Requests | Success Rate | Avg Time (ms) | Total Tokens |
|---------|----------|--------------|---------------|---------------|
| local | 11 | 81.8% | 1500 | 1,111,104 |

## Cost Analysis

- **Total Cost:** $0.0000
- **Cost Per Request:** $0.000000
- **Estimated Monthly:** $0.00
- **Savings vs Cloud-Only:** $0.2583

## Recommendations (1)

⚠️ **backend_reliability:** local has 18.2% failure rate
   - Consider reviewing routing rules for local or investigating backend health

`)
  })

  it('escapes what is printed, and prints whatever report it is given', async () => {
    const analytics = openAnalytics()
    await recordTimes(analytics, 11, { ...FULL, backend_used: '| <b>\n# x', success: false })
    const markdown = await analytics.exportReport('markdown')
    expect(markdown).toContain('| \\| \\<b\\> # x | 11 | 0.0% |')
    expect(markdown.split('\n').filter((line) => line.startsWith('#'))).toHaveLength(5)
    const broken = JSON.parse(await analytics.exportReport('json'), (_, value) =>
      typeof value === 'number' ? null : value,
    )
    expect(analytics.generateMarkdownReport(broken)).toContain('- **Total Requests:** n/a')
  })

  it('covers the session by the old formulas in legacy mode', async () => {
    const dir = temporaryDir()
    const before = openAnalytics(dir)
    await before.recordInvocation({ ...FULL, backend_used: 'gemini', tokens_used: 1_000_000 })
    await before.cleanup()
    const report = JSON.parse(await openAnalytics(dir, { legacy: true }).exportReport())
    expect(report).toMatchObject({ historical_data: { totals: { requests: 1 } }, cost_analysis: { total_cost: 0 } })
  })
})

describe('cleanup', () => {
  it('may be called twice and before anything, and recording after it opens the directory again', async () => {
    const dir = temporaryDir()
    const analytics = openAnalytics(dir)
    await analytics.cleanup()
    await analytics.cleanup()
    await analytics.recordInvocation(FULL)
    await analytics.cleanup()
    await analytics.recordInvocation(FULL)
    expect(analytics.getRecordingStatus()).toMatchObject({ recorded: 2, durable: 2 })
    expect(await analytics.getSessions()).toMatchObject([{ requests: 2, ended_at: null }])
    await analytics.cleanup()
    expect(await openAnalytics(dir).getSessions()).toMatchObject([
      { requests: 2, ended_at: new Date(NOW_MS).toISOString() },
    ])
  })

  it('leaves no trace of a session that recorded nothing', async () => {
    const dir = temporaryDir()
    mkdirSync(join(dir, 'elsewhere'))
    await openAnalytics(dir).init()
    await cleanUpAll()
    expect(await openAnalytics(dir).getSessions()).toEqual([])
  })
})
