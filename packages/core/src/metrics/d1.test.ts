import { beforeEach, describe, expect, it } from 'vitest'
import { trackActiveRequest } from './active.ts'
import { calculateCost } from './calculate-cost.ts'
import { defaultMetrics, setDefaultMetrics } from './default.ts'
import * as helpers from './helpers.ts'
import { MetricRegistry } from './registry.ts'
import { linesOf, scrape } from './testing/scrape.ts'

beforeEach(() => setDefaultMetrics(new MetricRegistry()))

const lines = (): string[] => linesOf(defaultMetrics())

describe("the helpers of llm-edge-monitoring on the process's registry", () => {
  it('D1 the calls of its README give exactly its series', () => {
    helpers.recordRequestSuccess('openai', 'gpt-4', 245)
    helpers.recordRequestFailure('anthropic', 'claude-3', 'rate_limit')
    helpers.recordTokenUsage('openai', 'gpt-4', 150, 500)
    helpers.recordCost('openai', 'gpt-4', 0.0075)
    helpers.recordCacheHit('L1')
    helpers.recordCacheMiss('L2')
    helpers.recordProviderHealth('openai', true)
    helpers.recordProviderHealth('anthropic', false)
    helpers.recordActiveRequests(42)
    expect(lines()).toEqual([
      'llm_edge_requests_total{provider="anthropic",model="claude-3",status="error",error_type="rate_limit"} 1',
      'llm_edge_requests_total{provider="openai",model="gpt-4",status="success"} 1',
      'llm_edge_request_duration_ms_sum{provider="openai",model="gpt-4"} 245',
      'llm_edge_request_duration_ms_count{provider="openai",model="gpt-4"} 1',
      'llm_edge_tokens_total{provider="openai",model="gpt-4",type="input"} 150',
      'llm_edge_tokens_total{provider="openai",model="gpt-4",type="output"} 500',
      'llm_edge_cost_usd_total{provider="openai",model="gpt-4"} 0.0075',
      'llm_edge_cache_hits_total{tier="L1"} 1',
      'llm_edge_cache_misses_total{tier="L2"} 1',
      'llm_edge_active_requests 42',
      'llm_edge_provider_available{provider="anthropic"} 0',
      'llm_edge_provider_available{provider="openai"} 1',
    ])
  })

  it('row 88: 0.0075 recorded twice reads 0.015', () => {
    helpers.recordCost('openai', 'gpt-4', 0.0075)
    helpers.recordCost('openai', 'gpt-4', 0.0075)
    expect(lines()).toEqual(['llm_edge_cost_usd_total{provider="openai",model="gpt-4"} 0.015'])
  })

  it('row 88: a tenth of a cent a hundred thousand times is a hundred dollars', () => {
    for (let index = 0; index < 100_000; index++) helpers.recordCost('openai', 'gpt-4', 0.001)
    expect(lines()).toEqual(['llm_edge_cost_usd_total{provider="openai",model="gpt-4"} 100'])
  })

  it('row 89: a latency is in the first bucket that reaches it and in all above', () => {
    for (const ms of [0, 5, 5.1, 245, 600_000, 600_001]) helpers.recordRequestSuccess('openai', 'gpt-4', ms)
    const buckets = scrape(defaultMetrics())
      .filter(({ name }) => name === 'llm_edge_request_duration_ms_bucket')
      .map(({ labels, value }) => [labels['le'], Number(value)] as const)
    expect(buckets).toEqual([
      ['5', 2],
      ['10', 3],
      ['25', 3],
      ['50', 3],
      ['100', 3],
      ['250', 4],
      ['500', 4],
      ['1000', 4],
      ['2500', 4],
      ['5000', 4],
      ['10000', 4],
      ['30000', 4],
      ['60000', 4],
      ['120000', 4],
      ['300000', 4],
      ['600000', 5],
      ['+Inf', 6],
    ])
  })

  it('row 90: the gauge goes up and down, is set, and never falls below 0', () => {
    helpers.incActiveRequests()
    helpers.incActiveRequests()
    helpers.decActiveRequests()
    expect(lines()).toEqual(['llm_edge_active_requests 1'])
    helpers.recordActiveRequests(0)
    helpers.decActiveRequests()
    expect(lines()).toEqual(['llm_edge_active_requests 0'])
  })

  it('row 90: a request that fails, throws or is answered returns the gauge to 0', async () => {
    const active = (): string | undefined => lines().at(-1)
    const request = trackActiveRequest(async () => {
      expect(active()).toBe('llm_edge_active_requests 1')
      return 'answer'
    })
    expect(await request).toBe('answer')
    expect(active()).toBe('llm_edge_active_requests 0')
    await expect(trackActiveRequest(() => Promise.reject(new Error('429')))).rejects.toThrow('429')
    expect(active()).toBe('llm_edge_active_requests 0')
    const thrown = (): void => trackActiveRequest(() => { throw new Error('at once') }) // biome-ignore format: one line
    expect(thrown).toThrow('at once')
    expect(trackActiveRequest(() => 7)).toBe(7)
    expect(active()).toBe('llm_edge_active_requests 0')
  })

  it.each([
    ['preserve', ['L1', 'l1']],
    ['lower', ['l1']],
    ['upper', ['L1']],
  ] as const)('row 90: tiers with tierCase %s are %j', (tierCase, tiers) => {
    const metrics = new MetricRegistry({ tierCase })
    metrics.recordCacheHit('L1')
    metrics.recordCacheHit('l1')
    expect(scrape(metrics).map(({ labels }) => labels['tier'])).toEqual(tiers)
  })

  it('a provider that is degraded is available', () => {
    const metrics = defaultMetrics()
    metrics.recordProviderState('openai', 'degraded')
    expect(lines()).toEqual(['llm_edge_provider_available{provider="openai"} 1'])
    expect(linesOf(metrics, { names: 'standard' })).toEqual([
      'llm_provider_state{provider="openai",state="available"} 0',
      'llm_provider_state{provider="openai",state="degraded"} 1',
      'llm_provider_state{provider="openai",state="down"} 0',
    ])
  })

  it('a registry of one own has nothing to do with that of the process', () => {
    const metrics = new MetricRegistry()
    metrics.recordCacheHit('L1')
    expect(lines()).toEqual([])
    expect(linesOf(metrics)).toEqual(['llm_edge_cache_hits_total{tier="L1"} 1'])
  })
})

describe('what is no figure', () => {
  const rubbish: readonly unknown[] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -0.001, undefined, null, '5', {}, [], 5n, Symbol('x'), 2 ** 70] // biome-ignore format: a list

  it.each(rubbish.map((value) => [typeof value === 'symbol' ? 'a symbol' : String(value), value]))(
    '%s is left out of every sum and counted, and throws nowhere',
    (_, value) => {
      const metrics = defaultMetrics()
      const number = value as number
      metrics.recordTokenUsage('openai', 'gpt-4', 7, 11)
      metrics.recordCost('openai', 'gpt-4', 0.5)
      metrics.recordRequestSuccess('openai', 'gpt-4', 10)
      metrics.recordActiveRequests(3)
      const before = lines()
      metrics.recordTokenUsage('openai', 'gpt-4', number, number)
      metrics.recordCost('openai', 'gpt-4', number)
      metrics.recordActiveRequests(number)
      expect(calculateCost('openai', 'gpt-4', number, 1)).toBe(0)
      expect(lines().filter((line) => !line.startsWith('tallystick_'))).toEqual(before)
      expect(metrics.invalidCount).toBe(5)
      expect(lines().at(-1)).toBe('tallystick_metrics_invalid_total 5')
      // A request was answered all the same, only nobody knows how fast.
      metrics.recordRequestSuccess('openai', 'gpt-4', number)
      expect(lines()[0]).toBe('llm_edge_requests_total{provider="openai",model="gpt-4",status="success"} 2')
      expect(lines()).toContain('llm_edge_request_duration_ms_count{provider="openai",model="gpt-4"} 1')
    },
  )

  it('names that are none are `unknown`, and one that is too long is not kept', () => {
    const metrics = defaultMetrics()
    for (const name of ['', undefined, null, 7, {}, Symbol('x')]) {
      const text = name as string
      metrics.recordRequestFailure(text, text, text)
      metrics.recordCacheHit(text)
      metrics.recordProviderHealth(text, true)
    }
    metrics.recordRequestFailure('openai', 'x'.repeat(257), 'timeout')
    metrics.recordRequestFailure('openai', 'x'.repeat(256), 'y'.repeat(1_000_000))
    metrics.recordProviderState('openai', 'away' as 'down')
    expect(lines()).toEqual([
      'llm_edge_requests_total{provider="other",model="other",status="error",error_type="other"} 2',
      'llm_edge_requests_total{provider="unknown",model="unknown",status="error",error_type="unknown"} 6',
      'llm_edge_cache_hits_total{tier="unknown"} 6',
      'llm_edge_provider_available{provider="unknown"} 1',
      'tallystick_metrics_folded_total{family="llm_edge_requests_total"} 2',
      'tallystick_metrics_invalid_total 1',
    ])
  })

  it.each([
    [{ maxSeries: 199 }, 'maxSeries'],
    [{ maxSeries: Number.NaN }, 'maxSeries'],
    [{ names: 'all' as 'both' }, 'names'],
  ])('options %j are refused', (options, word) => {
    expect(() => new MetricRegistry(options)).toThrow(word)
  })
})

describe('calculateCost', () => {
  it('gives what the README computes, and counts it', () => {
    expect(calculateCost('openai', 'gpt-4', 150, 500)).toBe(0.0345)
    expect(calculateCost('anthropic', 'claude-3-opus', 1_000_000, 1_000_000)).toBe(90)
    expect(lines()).toEqual([
      'llm_edge_cost_usd_total{provider="anthropic",model="claude-3-opus"} 90',
      'llm_edge_cost_usd_total{provider="openai",model="gpt-4"} 0.0345',
    ])
  })

  it('gives 0 for what nobody has a price for, which is counted as unpriced and not as free', () => {
    expect(calculateCost('nobody', 'nonexistent-model-xyz', 150, 500)).toBe(0)
    expect(lines()).toEqual([])
    expect(linesOf(defaultMetrics(), { names: 'standard' })).toEqual([
      'llm_unpriced_requests_total{provider="nobody",model="nonexistent-model-xyz"} 1',
    ])
  })

  it('takes prices and a registry of one own, and prices that throw are none', () => {
    const metrics = new MetricRegistry()
    expect(calculateCost('a', 'b', 1, 1, { metrics, prices: { price: () => ({ costNanoUsd: 7 }) } })).toBe(7e-9)
    const broken = { price: (): never => { throw new Error('no file') } } // biome-ignore format: one line
    expect(calculateCost('a', 'b', 1, 1, { metrics, prices: broken })).toBe(0)
    expect(linesOf(metrics)).toEqual(['llm_edge_cost_usd_total{provider="a",model="b"} 7e-9'])
  })
})
