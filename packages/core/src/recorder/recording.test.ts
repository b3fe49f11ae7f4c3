import { describe, expect, it } from 'vitest'
import { toAnalyticsEvent, type UsageEvent } from '../event/index.ts'
import { createPriceBook } from '../pricing/index.ts'
import { EventStore } from './index.ts'

const prices = createPriceBook()

function recorded(record: (store: EventStore) => void): UsageEvent {
  const store = new EventStore()
  record(store)
  const [event] = store.snapshotEvents()
  if (event === undefined || store.length !== 1) throw new Error(`expected one event, found ${store.length}`)
  return event
}

describe('the recording methods', () => {
  it('T:recording gpt-4 with 100 and 50 tokens costs 6,000 micro-USD', () => {
    const store = new EventStore()
    expect(store.recordLlmCompleted(prices, 'gpt-4', 100, 50)).toBe(true)
    expect(store.stats().totalCostMicros).toBe(6_000)
    expect(store.snapshotEvents()).toMatchObject([{ costNanoUsd: 6_000_000, costBasis: 'catalogue', success: true }])
  })

  it('T:recording agent and credential are kept', () => {
    const options = { agentId: 'agent_7', providerId: 'ip_openai_001' }
    expect(recorded((store) => store.recordLlmCompleted(prices, 'gpt-4', 1, 2, options))).toMatchObject(options)
    expect(recorded((store) => store.recordLlmFailed('gpt-4', options))).toMatchObject(options)
  })

  it('T:recording the provider comes from the name of the model', () => {
    expect(recorded((store) => store.recordLlmCompleted(prices, 'gpt-4-turbo', 1, 2)).provider).toBe('openai')
    const claude = recorded((store) => store.recordLlmCompleted(prices, 'claude-3-opus-20240229', 1, 2))
    expect(claude.provider).toBe('anthropic')
  })

  it('T:recording a model that does not exist costs 0 in micro-USD and is unpriced', () => {
    const store = new EventStore()
    store.recordLlmCompleted(prices, 'nonexistent-model-xyz', 100, 50)
    expect(store.stats()).toMatchObject({
      totalRequests: 1,
      totalCostMicros: 0,
      unpricedRequests: 1,
      totalInputTokens: 100,
    })
    const [event] = store.snapshotEvents()
    expect(event?.provider).toBeUndefined()
    expect(toAnalyticsEvent(event as UsageEvent)).toMatchObject({ provider: 'unknown', costMicros: 0 })
  })

  it('T:recording two of gpt-4 are 2 requests, 300 and 150 tokens; with gpt-3.5-turbo openai has both', () => {
    const store = new EventStore()
    store.recordLlmCompleted(prices, 'gpt-4', 100, 50)
    store.recordLlmCompleted(prices, 'gpt-4', 200, 100)
    expect(store.stats().byModel.get('gpt-4')).toMatchObject({ requestCount: 2, inputTokens: 300, outputTokens: 150 })
    const both = new EventStore()
    both.recordLlmCompleted(prices, 'gpt-4', 100, 50)
    both.recordLlmCompleted(prices, 'gpt-3.5-turbo', 100, 50)
    expect(both.stats().byProvider.get('openai')?.requestCount).toBe(2)
  })

  it('T:recording a provider that is given stands, whatever the model is called', () => {
    const event = recorded((store) =>
      store.recordLlmCompletedWithProvider(prices, 'custom-model', 'anthropic', 1, 2, { agentId: 'agent_1' }),
    )
    expect(event).toMatchObject({ provider: 'anthropic', requestModel: 'custom-model', agentId: 'agent_1' })
  })

  it('T:recording a failure has its code and message, no tokens and no cost', () => {
    const error = { errorCode: 'rate_limit_exceeded', errorMessage: 'Too many requests' }
    const event = recorded((store) => store.recordLlmFailed('gpt-4', error))
    expect(event).toMatchObject({ kind: 'llm_request_failed', provider: 'openai', success: false, ...error })
    expect([event.inputTokens, event.costNanoUsd, event.costReportedNanoUsd]).toEqual([undefined, undefined, undefined])
    expect(recorded((store) => store.recordLlmFailed('gpt-4')).errorCode).toBeUndefined()
  })

  it('T:recording budget thresholds of 80, 90 with an agent, and 100 percent', () => {
    const event = recorded((store) => store.recordBudgetThreshold(80, 80_000_000, 100_000_000))
    expect(event.detail).toEqual({
      threshold_percent: 80,
      current_spend_micros: 80_000_000,
      budget_micros: 100_000_000,
    })
    expect(recorded((store) => store.recordBudgetThreshold(90, 1, 2, 'agent_7')).agentId).toBe('agent_7')
    expect(recorded((store) => store.recordBudgetThreshold(100, 2, 2)).detail?.['threshold_percent']).toBe(100)
  })

  it('T:recording a router starts at a port and stops with what was counted', () => {
    expect(recorded((store) => store.recordRouterStarted(8080)).detail).toEqual({ port: 8080 })
    expect(recorded((store) => store.recordRouterStopped()).detail).toEqual({ total_requests: 0, total_cost_micros: 0 })
    const store = new EventStore()
    store.recordLlmCompleted(prices, 'gpt-4', 100, 50)
    store.recordLlmFailed('gpt-4')
    store.recordRouterStopped()
    expect(store.snapshotEvents()[2]?.detail).toEqual({ total_requests: 2, total_cost_micros: 6_000 })
  })

  it('T:recording five mixed events come out in order, each with an instant and an id of its own', () => {
    const store = new EventStore()
    store.recordRouterStarted(8080)
    store.recordLlmCompleted(prices, 'gpt-4', 100, 50)
    store.recordLlmFailed('claude-3-opus-20240229')
    store.recordBudgetThreshold(80, 1, 2)
    store.recordRouterStopped()
    const events = store.snapshotEvents()
    expect(events.map((event) => event.kind)).toEqual([
      'router_started',
      'llm_request_completed',
      'llm_request_failed',
      'budget_threshold_reached',
      'router_stopped',
    ])
    expect(events.every((event) => event.timestampMs > 1e12)).toBe(true)
    expect(new Set(events.map((event) => event.eventId)).size).toBe(5)
  })

  it('records unpriced what prices throw at', () => {
    const broken = {
      price: () => {
        throw new Error('no prices today')
      },
    }
    const event = recorded((store) => store.recordLlmCompleted(broken, 'gpt-4', 1, 2))
    expect(event).toMatchObject({ requestModel: 'gpt-4', inputTokens: 1, costBasis: 'unpriced' })
  })

  it('survive arguments that are broken, and count what they could not take', () => {
    const store = new EventStore()
    expect(store.recordLlmCompleted(prices, undefined as unknown as string, 1, 2)).toBe(false)
    expect(store.recordLlmFailed(7 as unknown as string)).toBe(false)
    expect(store.recordLlmFailed('gpt-4', null as unknown as object)).toBe(true)
    expect(store.recordBudgetThreshold(256, 1, 2)).toBe(false)
    expect(store.recordRouterStarted(70_000)).toBe(false)
    expect([...store.dropped]).toEqual([['invalid', 4]])
  })
})
