import { describe, expect, it } from 'vitest'
import { encodeSyncBody, nanoToUsd, toAnalyticsEvent, type UsageEvent } from '../event/index.ts'
import { EventStore } from './index.ts'
import { completed, failed } from './testing/events.ts'

const bodies = (store: EventStore): Record<string, unknown>[] =>
  store.snapshotEvents().map((event) => {
    const view = toAnalyticsEvent(event)
    if (view === undefined) throw new Error(`${event.kind} has no view`)
    return encodeSyncBody(view, 'token')
  })

describe('what the protocol of the systems replaced needs', () => {
  it('T:protocol both variants have every field that the body needs', () => {
    const store = new EventStore()
    store.recordEvent({ ...completed(), providerId: 'ip_openai_001' })
    store.recordEvent({ ...failed(), errorCode: '429', errorMessage: 'slow down' })
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/)
    expect(bodies(store)).toEqual([
      {
        ic_token: 'token',
        event_id: id,
        timestamp_ms: expect.any(Number),
        event_type: 'llm_request_completed',
        provider_id: 'ip_openai_001',
        provider: 'openai',
        model: 'gpt-4',
        input_tokens: 100,
        output_tokens: 50,
        cost_micros: 15_000,
      },
      {
        ic_token: 'token',
        event_id: id,
        timestamp_ms: expect.any(Number),
        event_type: 'llm_request_failed',
        provider: 'openai',
        model: 'gpt-4',
        error_code: '429',
        error_message: 'slow down',
      },
    ])
  })

  it('T:protocol 1,500,000 micro-USD are 1.50 USD, 6,000 are 0.006', () => {
    const store = new EventStore()
    store.recordEvent(completed('gpt-4', 1, 1, 1_500_000))
    store.recordEvent(completed('gpt-4', 1, 1, 6_000))
    expect(store.snapshotEvents().map((event) => nanoToUsd(event.costReportedNanoUsd ?? 0))).toEqual([1.5, 0.006])
    expect(bodies(store).map((body) => body['cost_micros'])).toEqual([1_500_000, 6_000])
  })

  it('T:protocol instants are milliseconds', () => {
    const store = new EventStore()
    store.recordEvent(completed())
    expect(store.snapshotEvents()[0]?.timestampMs).toBeGreaterThan(1e12)
  })

  it('T:protocol 15,000 and 30,000 are 0.045 USD; 10,000 and 20,000 are 30,000; two providers stand apart', () => {
    const store = new EventStore()
    store.recordEvent(completed('gpt-4', 100, 50, 15_000))
    store.recordEvent(completed('claude-3-opus', 200, 100, 20_000, 'anthropic'))
    expect(store.stats().byProvider.get('openai')?.costMicros).toBe(15_000)
    expect(store.stats().byProvider.get('anthropic')?.costMicros).toBe(20_000)
    const total = new EventStore()
    total.recordEvent(completed('gpt-4', 100, 50, 15_000))
    total.recordEvent(completed('gpt-4', 200, 100, 30_000))
    expect(total.stats().totalCostUsd()).toBe(0.045)
    expect(total.stats().byModel.get('gpt-4')).toMatchObject({
      costMicros: 45_000,
      inputTokens: 300,
      outputTokens: 150,
    })
    expect([total.stats().totalTokens(), total.stats().avgTokensPerRequest()]).toEqual([450, 225])
    const sum = new EventStore()
    sum.recordEvent(completed('gpt-4', 1, 1, 10_000))
    sum.recordEvent(completed('gpt-4', 1, 1, 20_000))
    expect(sum.stats().totalCostMicros).toBe(30_000)
  })

  it('T:protocol three succeed and one fails: 75 %; the average of 1, 2 and 3 USD is 2', () => {
    const store = new EventStore()
    for (const event of [completed(), completed(), completed(), failed()]) store.recordEvent(event)
    expect(store.stats().successRate()).toBe(75)
    const costs = new EventStore()
    for (const usd of [1, 2, 3]) costs.recordEvent(completed('gpt-4', 1, 1, usd * 1_000_000))
    expect(costs.stats().avgCostPerRequestUsd()).toBe(2)
  })

  it('T:protocol no credential is accepted, and an event starts unsynced', () => {
    const store = new EventStore()
    store.recordEvent({ ...completed(), providerId: null as unknown as string })
    const [event] = store.unsyncedEvents() as [UsageEvent]
    expect(event.providerId).toBeUndefined()
    expect([store.unsyncedCount, store.ledgers()[0]?.acked]).toEqual([1, 0])
  })
})
