import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UsageEvent } from '../event/index.ts'
import { writeExposition } from './exposition/write.ts'
import { MetricRegistry } from './registry.ts'
import { parseExposition } from './testing/parse.ts'
import { linesOf, scrape, sumOf } from './testing/scrape.ts'

const event = (members: Partial<UsageEvent> = {}): UsageEvent => ({
  eventId: 'e',
  timestampMs: Date.UTC(2026, 10, 21, 12),
  kind: 'llm_request_completed',
  provider: 'openai',
  requestModel: 'gpt-4o',
  success: true,
  ...members,
})

describe('an event', () => {
  it('feeds every family of the conventional names, each token once', () => {
    const metrics = new MetricRegistry()
    metrics.observeEvent(
      event({
        operation: 'chat',
        inputTokens: 1_000,
        cacheReadTokens: 600,
        cacheWriteTokens: 50,
        cacheWrite1hTokens: 25,
        outputTokens: 300,
        reasoningTokens: 100,
        costNanoUsd: 1_234_567,
        cacheSavingsNanoUsd: 750_000,
        durationMs: 1_500,
        ttfbMs: 80,
        cacheHit: true,
        cacheTier: 'L1',
      }),
    )
    const model = 'provider="openai",model="gpt-4o"'
    expect(linesOf(metrics, { names: 'standard', routiium: true })).toEqual([
      `llm_requests_total{${model},operation="chat",status="success"} 1`,
      `llm_request_duration_seconds_sum{${model}} 1.5`,
      `llm_request_duration_seconds_count{${model}} 1`,
      `llm_time_to_first_byte_seconds_sum{${model}} 0.08`,
      `llm_time_to_first_byte_seconds_count{${model}} 1`,
      `llm_tokens_total{${model},type="cache_read"} 600`,
      `llm_tokens_total{${model},type="cache_write"} 75`,
      `llm_tokens_total{${model},type="input"} 325`,
      `llm_tokens_total{${model},type="output"} 200`,
      `llm_tokens_total{${model},type="reasoning"} 100`,
      `llm_cost_usd_total{${model}} 0.001234567`,
      `llm_cache_savings_usd_total{${model}} 0.00075`,
      'llm_cache_hits_total{tier="L1"} 1',
      'routiium_requests_total 1',
      'routiium_tokens_input_total 1000',
      'routiium_tokens_output_total 300',
    ])
    expect(linesOf(metrics)).toContain(`llm_edge_tokens_total{${model},type="input"} 1000`)
    expect(linesOf(metrics)).toContain(`llm_edge_tokens_total{${model},type="output"} 300`)
  })

  it('that failed has a type and no duration; what it cost all the same counts', () => {
    const metrics = new MetricRegistry()
    const failed = { kind: 'llm_request_failed', success: false, durationMs: 30, ttfbMs: 10 } as const
    metrics.observeEvent(event({ ...failed, errorType: 'timeout', outputTokens: 5, costNanoUsd: 10 }))
    metrics.observeEvent(event({ ...failed, errorCode: 'rate_limit_exceeded' }))
    metrics.observeEvent(event({ ...failed }))
    const model = 'provider="openai",model="gpt-4o"'
    expect(linesOf(metrics)).toEqual([
      `llm_edge_requests_total{${model},status="error",error_type="rate_limit_exceeded"} 1`,
      `llm_edge_requests_total{${model},status="error",error_type="timeout"} 1`,
      `llm_edge_requests_total{${model},status="error",error_type="unknown"} 1`,
      `llm_edge_tokens_total{${model},type="output"} 5`,
      `llm_edge_cost_usd_total{${model}} 1e-8`,
    ])
    expect(linesOf(metrics, { names: 'standard' })).toEqual([
      `llm_requests_total{${model},status="error"} 3`,
      `llm_request_errors_total{${model},error_type="rate_limit_exceeded"} 1`,
      `llm_request_errors_total{${model},error_type="timeout"} 1`,
      `llm_request_errors_total{${model},error_type="unknown"} 1`,
      `llm_tokens_total{${model},type="output"} 5`,
      `llm_cost_usd_total{${model}} 1e-8`,
      `llm_unpriced_requests_total{${model}} 2`,
    ])
  })

  it('whose members are no figures or names throws nothing, and leaves every sum as it is', () => {
    const metrics = new MetricRegistry({ names: 'both', tierCase: 'lower' })
    const whole = event({ inputTokens: 7, outputTokens: 3, costNanoUsd: 5, durationMs: 10, ttfbMs: 2 })
    metrics.observeEvent(whole)
    const members = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheWriteTokens', 'cacheWrite1hTokens', 'reasoningTokens', 'costNanoUsd', 'cacheSavingsNanoUsd', 'durationMs', 'ttfbMs'] // biome-ignore format: a list
    const rubbish = [Number.NaN, Number.POSITIVE_INFINITY, -1, '5', {}, Symbol('x'), 2 ** 60, 5n]
    for (const value of rubbish) {
      const numbers = Object.fromEntries(members.map((name) => [name, value]))
      const names = { operation: value, cacheHit: true, cacheTier: value, traceId: value, provider: value }
      metrics.observeEvent({ ...event(), ...numbers, ...names } as unknown as UsageEvent)
    }
    expect(metrics.invalidCount).toBe(members.length * rubbish.length)
    for (const format of ['text', 'openmetrics'] as const) {
      parseExposition(writeExposition(metrics.snapshot({ names: 'both' }), format), format === 'openmetrics')
    }
    const samples = scrape(metrics, { names: 'both' })
    expect(sumOf(samples, 'llm_edge_requests_total')).toBe(BigInt(rubbish.length + 1))
    expect(sumOf(samples, 'llm_tokens_total')).toBe(10n)
    expect(sumOf(samples, 'llm_edge_request_duration_ms_sum')).toBe(10n)
    expect(sumOf(samples, 'llm_unpriced_requests_total')).toBe(BigInt(rubbish.length))
    expect(samples.filter(({ name }) => name === 'llm_cost_usd_total').map(({ value }) => value)).toEqual(['5e-9'])
  })

  it('that is no request feeds nothing', () => {
    const metrics = new MetricRegistry()
    metrics.observeEvent({ eventId: 'e', timestampMs: 0, kind: 'tool_invocation', toolName: 'search', cacheHit: true })
    expect(linesOf(metrics)).toEqual([])
  })

  it('that the gateway cache could not answer is a miss of all tiers unless it names one', () => {
    const metrics = new MetricRegistry({ tierCase: 'lower' })
    metrics.observeEvent(event({ cacheHit: false }))
    metrics.observeEvent(event({ cacheHit: false, cacheTier: 'L2' }))
    const misses = linesOf(metrics).filter((line) => line.includes('cache_misses'))
    expect(misses).toEqual(['llm_edge_cache_misses_total{tier="all"} 1', 'llm_edge_cache_misses_total{tier="l2"} 1'])
  })
})

describe('names', () => {
  it.each([
    ['seed', { seed: true, standard: false, both: false }],
    ['standard', { seed: false, standard: true, both: false }],
    ['both', { seed: true, standard: true, both: true }],
    ['either', { seed: true, standard: true, both: false }],
  ] as const)('of a registry made for %s that may be asked for are %j', (names, allowed) => {
    const metrics = new MetricRegistry({ names })
    metrics.observeEvent(event({ ttfbMs: 5 }))
    for (const [asked, is] of Object.entries(allowed) as ['seed' | 'standard' | 'both', boolean][]) {
      expect(metrics.has(asked)).toBe(is)
      if (is) expect(scrape(metrics, { names: asked }).length).toBeGreaterThan(0)
      else expect(() => metrics.snapshot({ names: asked })).toThrow(`names: ${names}`)
    }
    expect(() => metrics.snapshot()).not.toThrow()
  })

  it('of both sets are the same counts, in milliseconds and in seconds', () => {
    const metrics = new MetricRegistry({ names: 'both' })
    for (const durationMs of [1, 5, 6, 700, 120_000, 900_000]) metrics.observeEvent(event({ durationMs }))
    const samples = scrape(metrics, { names: 'both' })
    const counts = (name: string): number[] =>
      samples.filter((one) => one.name === name).map(({ value }) => Number(value))
    expect(counts('llm_request_duration_seconds_bucket')).toEqual(counts('llm_edge_request_duration_ms_bucket'))
    const bounds = (name: string): number[] =>
      samples.filter((one) => one.name === name).map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')))
    expect(bounds('llm_request_duration_seconds_bucket')).toEqual(
      bounds('llm_edge_request_duration_ms_bucket').map((ms) => ms / 1_000),
    )
    expect(samples.find(({ name }) => name === 'llm_request_duration_seconds_sum')?.value).toBe('1020.712')
  })
})

const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('openai', 'gpt-4', 'other', 'a', 'b', 'a,b', 'a"', '') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
)
const amount = fc.oneof(fc.nat({ max: 1_000_000 }), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }))
const request = fc.record(
  {
    provider: name,
    requestModel: name,
    operation: name,
    failed: fc.boolean(),
    errorType: name,
    inputTokens: amount,
    outputTokens: amount,
    costNanoUsd: fc.nat({ max: 2 ** 31 - 1 }),
    durationMs: fc.nat({ max: 1_000_000 }),
    ttfbMs: fc.nat({ max: 1_000 }),
    cacheHit: fc.boolean(),
    cacheTier: name,
  },
  { requiredKeys: ['provider', 'requestModel', 'failed', 'errorType'] },
)
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never

const eventOf = ({ failed, ...members }: Request): UsageEvent =>
  event({ ...members, kind: failed ? 'llm_request_failed' : 'llm_request_completed', success: !failed })

/** Up to so many distinct models, some of which have every figure there is. */
const traffic = fc.array(request, { maxLength: 120 })

describe('whatever the traffic', () => {
  it('sums are exact however much is folded, and a scrape never has more lines than allowed', () => {
    fc.assert(
      fc.property(traffic, fc.integer({ min: 200, max: 400 }), (requests, maxSeries) => {
        const metrics = new MetricRegistry({ names: 'both', maxSeries })
        for (const one of requests) metrics.observeEvent(eventOf(one))
        const samples = scrape(metrics, { names: 'both', routiium: true })
        expect(samples.length).toBeLessThanOrEqual(maxSeries)
        expect(samples.length).toBeLessThanOrEqual(metrics.seriesCount)
        expect(metrics.seriesCount).toBeLessThanOrEqual(maxSeries)
        const sum = (member: keyof Request, of: readonly Request[] = requests): bigint =>
          of.reduce((total, one) => total + BigInt((one[member] as number | undefined) ?? 0), 0n)
        const failed = requests.filter((one) => one.failed)
        const answered = requests.filter((one) => !one.failed)
        const count = (list: readonly unknown[]): bigint => BigInt(list.length)
        expect(sumOf(samples, 'llm_edge_requests_total')).toBe(count(requests))
        expect(sumOf(samples, 'llm_edge_requests_total', { status: 'error' })).toBe(count(failed))
        expect(sumOf(samples, 'llm_requests_total', { status: 'success' })).toBe(count(answered))
        expect(sumOf(samples, 'llm_request_errors_total')).toBe(count(failed))
        expect(sumOf(samples, 'llm_edge_tokens_total', { type: 'input' })).toBe(sum('inputTokens'))
        expect(sumOf(samples, 'llm_tokens_total')).toBe(sum('inputTokens') + sum('outputTokens'))
        expect(sumOf(samples, 'routiium_tokens_output_total')).toBe(sum('outputTokens'))
        expect(sumOf(samples, 'llm_edge_request_duration_ms_sum')).toBe(sum('durationMs', answered))
        const timed = answered.filter((one) => one.durationMs !== undefined)
        expect(sumOf(samples, 'llm_request_duration_seconds_bucket', { le: '+Inf' })).toBe(count(timed))
        expect(sumOf(samples, 'llm_request_duration_seconds_count')).toBe(count(timed))
        const nano = samples
          .filter((one) => one.name === 'llm_cost_usd_total')
          .reduce((total, { value }) => total + BigInt(Math.round(Number(value) * 1e9)), 0n)
        expect(nano).toBe(sum('costNanoUsd'))
        const tiers = requests.filter((one) => one.cacheHit !== undefined)
        expect(sumOf(samples, 'llm_cache_hits_total') + sumOf(samples, 'llm_cache_misses_total')).toBe(count(tiers))
      }),
      { seed: 7, numRuns: 60 },
    )
  })

  it('no series ever falls or vanishes', () => {
    fc.assert(
      fc.property(traffic, (requests) => {
        const metrics = new MetricRegistry({ names: 'both', maxSeries: 300 })
        let before = new Map<string, number>()
        for (const [index, one] of requests.entries()) {
          metrics.observeEvent(eventOf(one))
          if (index % 20 > 0) continue
          const now = new Map(
            scrape(metrics, { names: 'both' }).map((sample) => [
              JSON.stringify([sample.name, sample.labels]),
              Number(sample.value),
            ]),
          )
          for (const [key, value] of before) expect(now.get(key) ?? -1).toBeGreaterThanOrEqual(value)
          before = now
        }
      }),
      { seed: 8, numRuns: 30 },
    )
  })

  it('buckets never fall from one bound to the next, and the last is the count', () => {
    const duration = fc.double({ min: 0, max: 2_000_000, noNaN: true })
    fc.assert(
      fc.property(fc.array(duration), (durations) => {
        const metrics = new MetricRegistry({ names: 'both' })
        for (const ms of durations) metrics.recordRequestSuccess('openai', 'gpt-4', ms)
        const samples = scrape(metrics, { names: 'both' })
        for (const family of ['llm_edge_request_duration_ms', 'llm_request_duration_seconds']) {
          let below = 0
          for (const { labels, value } of samples.filter((one) => one.name === `${family}_bucket`)) {
            const bound = Number(labels['le']?.replace('+Inf', 'Infinity')) * (family.endsWith('seconds') ? 1_000 : 1)
            expect(Number(value)).toBeGreaterThanOrEqual(below)
            expect(Number(value)).toBe(durations.filter((ms) => ms <= bound).length)
            below = Number(value)
          }
          expect(sumOf(samples, `${family}_count`)).toBe(BigInt(below))
        }
      }),
      { seed: 9, numRuns: 100 },
    )
  })

  it('a scrape read back tells the very labels that came in', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.string({ unit: 'binary', minLength: 1 }),
        (one, two) => {
          const metrics = new MetricRegistry({ tierCase: 'preserve' })
          metrics.recordRequestFailure(one, two, one)
          metrics.recordCacheHit(two)
          for (const format of ['text', 'openmetrics'] as const) {
            const families = parseExposition(writeExposition(metrics.snapshot(), format), format === 'openmetrics')
            const labels = [...families.values()].flatMap(({ samples }) => samples.map((sample) => sample.labels))
            const [first, second] = [one.toWellFormed(), two.toWellFormed()]
            expect(labels).toEqual([
              { provider: first, model: second, status: 'error', error_type: first },
              { tier: second },
            ])
          }
        },
      ),
      { seed: 10, numRuns: 300 },
    )
  })

  it('two names that UTF-8 cannot tell apart are one series', () => {
    const metrics = new MetricRegistry()
    for (const model of ['\ud800', '\udfff', '\ufffd']) metrics.recordCost('openai', model, 1)
    expect(linesOf(metrics)).toEqual(['llm_edge_cost_usd_total{provider="openai",model="\ufffd"} 3'])
  })

  it('a model that is called other shares the series of what was folded', () => {
    const metrics = new MetricRegistry({ maxSeries: 200 })
    for (let index = 0; index < 200; index++) metrics.recordCost('openai', `model-${index}`, 1)
    metrics.recordCost('other', 'other', 1)
    metrics.recordCacheHit('other')
    const samples = scrape(metrics)
    expect(sumOf(samples, 'llm_edge_cost_usd_total')).toBe(201n)
    expect(sumOf(samples, 'llm_edge_cost_usd_total', { provider: 'other', model: 'other' })).toBeGreaterThan(1n)
    expect(sumOf(samples, 'llm_edge_cache_hits_total')).toBe(1n)
  })

  it('sums past 2^53 are exact to the last digit', () => {
    const metrics = new MetricRegistry()
    for (let index = 0; index < 5; index++) {
      metrics.recordTokenUsage('openai', 'gpt-4', Number.MAX_SAFE_INTEGER, 1)
      metrics.observeEvent(event({ requestModel: 'gpt-4', costNanoUsd: Number.MAX_SAFE_INTEGER }))
    }
    expect(linesOf(metrics)).toContain(
      'llm_edge_tokens_total{provider="openai",model="gpt-4",type="input"} 45035996273704955',
    )
    expect(linesOf(metrics)).toContain('llm_edge_cost_usd_total{provider="openai",model="gpt-4"} 45035996.273704955')
  })

  it('two hundred thousand models are under 2,000 lines with exact sums, and the models that came first are still there', () => {
    const metrics = new MetricRegistry({ names: 'both' })
    for (let index = 0; index < 200_000; index++) {
      metrics.observeEvent(event({ requestModel: `model-${index}`, durationMs: 1, inputTokens: 3, costNanoUsd: 7 }))
    }
    const samples = scrape(metrics, { names: 'both' })
    expect(samples.length).toBeLessThanOrEqual(2_000)
    expect(samples.length).toBeGreaterThan(1_900)
    expect(sumOf(samples, 'llm_edge_requests_total')).toBe(200_000n)
    expect(sumOf(samples, 'llm_tokens_total')).toBe(600_000n)
    const nano = samples
      .filter((one) => one.name === 'llm_edge_cost_usd_total')
      .reduce((sum, { value }) => sum + Math.round(Number(value) * 1e9), 0)
    expect(nano).toBe(1_400_000)
    expect(sumOf(samples, 'llm_edge_requests_total', { model: 'model-0' })).toBe(1n)
    const folded = sumOf(samples, 'tallystick_metrics_folded_total', { family: 'llm_edge_requests_total' })
    expect(folded).toBe(sumOf(samples, 'llm_edge_requests_total', { model: 'other' }))
  })
})
