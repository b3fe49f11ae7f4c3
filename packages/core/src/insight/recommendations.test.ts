import { describe, expect, it } from 'vitest'
import { RECOMMENDATION_LIMITS, type RecommendationInput, recommend } from './recommendations.ts'

const found = (input: RecommendationInput): string[] =>
  recommend(input).map(({ type, severity }) => `${type} ${severity}`)
const backend = (requests: number, successes: number, averageMs?: number): RecommendationInput => ({
  backends: [{ backend: 'b', requests, successes, ...(averageMs === undefined ? {} : { averageMs }) }],
})
const route = (decisions: number, averageConfidence: number): RecommendationInput => ({
  routes: [{ method: 'rule_based', backend: 'b', decisions, averageConfidence }],
})

describe('recommendations, at their limits', () => {
  it.each([
    ['10 requests are too few', backend(10, 0), []],
    ['11 requests are enough', backend(11, 9), ['backend_reliability warning']],
    ['90 % of 20 is enough', backend(20, 18), []],
    ['90 % of 100 is enough', backend(100, 90), []],
    ['89.9 % is not', backend(1000, 899), ['backend_reliability warning']],
    ['half of 12 is a warning', backend(12, 6), ['backend_reliability warning']],
    ['less than half is critical', backend(12, 5), ['backend_reliability critical']],
    ['5,000 ms are quick enough', backend(1, 1, 5_000), []],
    ['5,001 ms are not, however few requests', backend(1, 1, 5_001), ['backend_performance info']],
    ['an unknown time is not slow', backend(1, 1), []],
    ['10 decisions are too few', route(10, 0), []],
    ['11 decisions below 0.7', route(11, 0.6999), ['routing_confidence warning']],
    ['11 decisions at 0.7', route(11, 0.7), []],
    ['$10 a month are not worth it', { monthlySavingsUsd: 10 }, []],
    ['$10.01 are', { monthlySavingsUsd: 10.01 }, ['cost_optimization info']],
    ['nothing known', {}, []],
    ['no requests', backend(0, 0, Number.NaN), []],
  ] as const)('%s', (_, input, expected) => {
    expect(found(input)).toEqual(expected)
  })

  it('says what was seen and what to do, the most severe first', () => {
    const all = recommend({
      backends: [
        { backend: 'slow', requests: 1, successes: 1, averageMs: 6_543.21 },
        { backend: 'gemini', requests: 11, successes: 9 },
        { backend: 'broken', requests: 11, successes: 0 },
      ],
      routes: [{ method: 'rule_based', backend: 'gemini', decisions: 11, averageConfidence: 0.5 }],
      monthlySavingsUsd: 12.345,
    })
    expect(all.map(({ message }) => message)).toEqual([
      'broken has 100.0% failure rate',
      'gemini has 18.2% failure rate',
      'Low routing confidence (50.0%) for rule_based_gemini',
      'slow averaging 6543ms response time',
      'Using local backend more could save $12.35/month',
    ])
    expect(all[1]).toEqual({
      type: 'backend_reliability',
      severity: 'warning',
      backend: 'gemini',
      message: 'gemini has 18.2% failure rate',
      suggestion: 'Consider reviewing routing rules for gemini or investigating backend health',
    })
    expect(all[2]).toMatchObject({ routingMethod: 'rule_based', backend: 'gemini' })
  })

  it('has limits that can be moved', () => {
    expect(recommend(backend(11, 9), { ...RECOMMENDATION_LIMITS, successRatio: 0.8 })).toEqual([])
  })
})
