import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventStore, OTHER_NAME } from './index.ts'
import { budgetNotice, completed, failed } from './testing/events.ts'

describe('statistics', () => {
  it('T:stats two completed and one failed request are three, with the tokens and the cost of the two', () => {
    const store = new EventStore()
    store.recordEvent(completed('gpt-4', 100, 50, 15_000))
    store.recordEvent(completed('gpt-4', 200, 100, 30_000))
    store.recordEvent(failed())
    const stats = store.computeStats()
    expect(stats).toMatchObject({
      totalRequests: 3,
      failedRequests: 1,
      totalInputTokens: 300,
      totalOutputTokens: 150,
      totalCostMicros: 45_000,
      totalCostNanoUsd: 45_000_000,
    })
    expect(stats.totalCostUsd()).toBe(0.045)
  })

  it('T:stats two of four fail: 4 and 2, 50 %', () => {
    const store = new EventStore()
    for (const event of [completed(), failed(), completed(), failed()]) store.recordEvent(event)
    const stats = store.stats()
    expect([stats.totalRequests, stats.failedRequests, stats.successRate()]).toEqual([4, 2, 50])
  })

  it('T:stats three completions add up to 450 in, 225 out, 65,000 micro-USD', () => {
    const store = new EventStore()
    store.recordEvent(completed('gpt-4', 100, 50, 15_000))
    store.recordEvent(completed('gpt-4', 200, 100, 30_000))
    store.recordEvent(completed('gpt-4', 150, 75, 20_000))
    const { totalInputTokens, totalOutputTokens, totalCostMicros } = store.stats()
    expect([totalInputTokens, totalOutputTokens, totalCostMicros]).toEqual([450, 225, 65_000])
  })

  it('T:stats a model that is asked twice has 2 requests, 300, 150, 45,000', () => {
    const store = new EventStore()
    store.recordEvent(completed('gpt-4', 100, 50, 15_000))
    store.recordEvent(completed('gpt-4', 200, 100, 30_000))
    const model = store.stats().byModel.get('gpt-4')
    expect(model).toMatchObject({ requestCount: 2, inputTokens: 300, outputTokens: 150, costMicros: 45_000 })
    expect(model?.costUsd()).toBe(0.045)
  })

  it('T:stats three models of three providers stand apart', () => {
    const store = new EventStore()
    store.recordEvent(completed('gpt-4'))
    store.recordEvent(completed('claude-3-opus', 1, 2, 3, 'anthropic'))
    store.recordEvent(completed('gemini-pro', 4, 5, 6, 'google'))
    const { byModel, byProvider } = store.stats()
    expect([...byModel.keys()]).toEqual(['gpt-4', 'claude-3-opus', 'gemini-pro'])
    expect([...byProvider.keys()]).toEqual(['openai', 'anthropic', 'google'])
  })

  it('T:stats a model that only failed is there with zeros, and its failure is counted beside', () => {
    const store = new EventStore()
    store.recordEvent(failed('gpt-4'))
    const expected = { requestCount: 0, inputTokens: 0, outputTokens: 0, costMicros: 0, failedCount: 1 }
    expect(store.stats().byModel.get('gpt-4')).toMatchObject(expected)
    expect(store.stats().byProvider.get('openai')).toMatchObject(expected)
  })

  it('T:stats openai from two models: 2 requests, 150 in, 20,000', () => {
    const store = new EventStore()
    store.recordEvent(completed('gpt-4', 100, 50, 15_000))
    store.recordEvent(completed('gpt-3.5-turbo', 50, 25, 5_000))
    expect(store.stats().byProvider.get('openai')).toMatchObject({
      requestCount: 2,
      inputTokens: 150,
      costMicros: 20_000,
    })
  })

  it('T:stats 1,500,000 micro-USD are 1.5 USD, 6,000 are 0.006', () => {
    const store = new EventStore()
    store.recordEvent(completed('a', 1, 1, 1_500_000))
    expect(store.stats().totalCostUsd()).toBe(1.5)
    store.recordEvent(completed('b', 1, 1, 6_000))
    expect(store.stats().byModel.get('b')?.costUsd()).toBe(0.006)
  })

  it('T:stats success is 100 %, 75 % for three of four, and 100 % without requests', () => {
    const store = new EventStore()
    expect([store.stats().successRate(), store.stats().successRatio()]).toEqual([100, 1])
    for (let index = 0; index < 3; index++) store.recordEvent(completed())
    expect(store.stats().successRate()).toBe(100)
    store.recordEvent(failed())
    expect([store.stats().successRate(), store.stats().successRatio()]).toEqual([75, 0.75])
  })

  it('T:stats the average of 1, 2 and 3 USD is 2; failed requests are in the denominator; 0 without requests', () => {
    const store = new EventStore()
    expect([store.stats().avgCostPerRequestUsd(), store.stats().avgTokensPerRequest()]).toEqual([0, 0])
    expect([store.stats().totalCostUsd(), store.stats().totalTokens()]).toEqual([0, 0])
    for (const usd of [1, 2, 3]) store.recordEvent(completed('gpt-4', 100, 50, usd * 1_000_000))
    expect([store.stats().avgCostPerRequestUsd(), store.stats().avgTokensPerRequest()]).toEqual([2, 150])
    store.recordEvent(failed())
    expect([store.stats().avgCostPerRequestUsd(), store.stats().avgTokensPerRequest()]).toEqual([1.5, 112.5])
  })

  it('T:stats 300 in and 150 out of two requests: 450 tokens, 225 on average', () => {
    const store = new EventStore()
    store.recordEvent(completed('gpt-4', 100, 50))
    store.recordEvent(completed('gpt-4', 200, 100))
    expect([store.stats().totalTokens(), store.stats().avgTokensPerRequest()]).toEqual([450, 225])
  })

  it('T:stats of 100 events of growing cost the total is the sum over models and over providers', () => {
    const store = new EventStore()
    for (let index = 0; index < 100; index++) {
      store.recordEvent(completed(`model-${index % 7}`, 1, 1, 1000 * (index + 1), `provider-${index % 3}`))
    }
    const stats = store.stats()
    const sum = (parts: ReadonlyMap<string, { costMicros: number }>): number =>
      [...parts.values()].reduce((total, part) => total + part.costMicros, 0)
    expect([stats.totalCostMicros, sum(stats.byModel), sum(stats.byProvider)]).toEqual([
      5_050_000, 5_050_000, 5_050_000,
    ])
  })

  it('tells unpriced from free, and a canonical failure from a success', () => {
    const store = new EventStore()
    store.recordEvent(completed('a', 1, 1, 0))
    store.recordEvent({ kind: 'llm_request_completed', requestModel: 'a', costNanoUsd: 0 })
    store.recordEvent({ kind: 'llm_request_completed', requestModel: 'a', statusCode: 500, costNanoUsd: 7 })
    store.recordEvent(budgetNotice())
    expect(store.stats()).toMatchObject({
      totalRequests: 3,
      failedRequests: 1,
      unpricedRequests: 1,
      totalCostNanoUsd: 7,
    })
    expect(store.stats().byProvider.get('unknown')).toMatchObject({ requestCount: 1, failedCount: 1 })
  })

  it('keeps fractions of a micro-dollar and rounds the sum once', () => {
    const store = new EventStore()
    for (let index = 0; index < 2_000; index++) {
      store.recordEvent({ kind: 'llm_request_completed', model: 'gpt-5-nano', costNanoUsd: 750 })
    }
    expect([store.stats().totalCostNanoUsd, store.stats().totalCostMicros]).toEqual([1_500_000, 1_500])
  })

  it('adds exactly past 2^53', () => {
    const amounts = fc.array(fc.oneof(fc.maxSafeNat(), fc.nat(1_000), fc.constant(Number.MAX_SAFE_INTEGER)), {
      maxLength: 50,
    })
    const property = fc.property(amounts, (costs) => {
      const store = new EventStore()
      for (const [index, costNanoUsd] of costs.entries()) {
        const payload = { inputTokens: costNanoUsd, costNanoUsd }
        store.recordEvent({ kind: 'llm_request_completed', model: `m${index % 3}`, ...payload })
      }
      const exact = costs.reduce((sum, cost) => sum + BigInt(cost), 0n)
      const stats = store.stats()
      expect(BigInt(stats.totalCostNanoUsd)).toBe(exact)
      expect(stats.totalInputTokens).toBe(Number(exact))
      expect([...stats.byModel.values()].reduce((sum, model) => sum + BigInt(model.costNanoUsd), 0n)).toBe(exact)
    })
    fc.assert(property, { seed: 1, numRuns: 200 })
  })

  it('has the names of the systems replaced in JSON, whatever a model is called', () => {
    const store = new EventStore()
    store.recordEvent(completed('__proto__', 100, 50, 6_000))
    expect(JSON.parse(JSON.stringify(store.stats()))).toEqual({
      total_requests: 1,
      failed_requests: 0,
      total_input_tokens: 100,
      total_output_tokens: 50,
      total_cost_micros: 6_000,
      by_model: Object.fromEntries([
        ['__proto__', { request_count: 1, input_tokens: 100, output_tokens: 50, cost_micros: 6_000 }],
      ]),
      by_provider: { openai: { request_count: 1, input_tokens: 100, output_tokens: 50, cost_micros: 6_000 } },
    })
  })

  it('does not grow without bound with names from outside, and loses no sum', () => {
    const store = new EventStore({ capacity: 1 })
    for (let index = 0; index < 12_000; index++) store.recordEvent(completed(`model-${index}`, 1, 0, 1))
    for (let index = 0; index < 100; index++) store.recordEvent(completed('model-0', 1, 0, 1, `provider-${index}`))
    const stats = store.stats()
    expect(stats.byModel.size).toBeLessThanOrEqual(10_001)
    expect(stats.byModel.get(OTHER_NAME)?.requestCount).toBe(2_100)
    expect([stats.totalRequests, stats.totalInputTokens, stats.totalCostMicros]).toEqual([12_100, 12_100, 12_100])
    const many = new EventStore()
    for (let index = 0; index < 100; index++) many.recordEvent(completed('m', 1, 0, 1, `provider-${index}`))
    expect(many.stats().byProvider.size).toBe(33)
    expect(many.stats().byModel.get('m')?.requestCount).toBe(100)
  })
})
