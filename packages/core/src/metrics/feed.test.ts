import { describe, expect, it } from 'vitest'
import { EventStore, type RecordableEvent } from '../recorder/index.ts'
import { openSharedStore } from '../recorder/shared/open.ts'
import { attachWriter } from '../recorder/shared/writer.ts'
import { feedMetrics } from './feed.ts'
import { MetricRegistry } from './registry.ts'
import { linesOf, scrape, sumOf } from './testing/scrape.ts'

const request: RecordableEvent = {
  kind: 'llm_request_completed',
  provider: 'openai',
  model: 'gpt-4',
  inputTokens: 100,
  cacheReadTokens: 40,
  outputTokens: 50,
  reasoningTokens: 20,
  costMicros: 6_000,
  durationMs: 300,
  ttfbMs: 20,
  operation: 'chat',
}
const MODEL = 'provider="openai",model="gpt-4"'

describe('a store that feeds metrics', () => {
  it('counts each request as its own statistics do, in every family', () => {
    const store = new EventStore({ capacity: 2, defaults: { provider: 'openai', operation: 'chat' } })
    const metrics = new MetricRegistry()
    feedMetrics(store, metrics)
    for (let index = 0; index < 3; index++) store.record(request)
    store.record({ kind: 'llm_request_failed', requestModel: 'gpt-4', errorType: 'timeout', statusCode: 504 })
    store.record({ kind: 'llm_request_completed', requestModel: 'gpt-4', statusCode: 500, errorCode: 'overloaded' })
    store.recordEvent({ kind: 'tool_invocation', toolName: 'search' })
    store.record({ kind: 'llm_request_completed' })
    const stats = store.stats()
    expect([stats.totalRequests, stats.failedRequests]).toEqual([5, 2])
    expect(linesOf(metrics, { names: 'standard' })).toEqual([
      `llm_requests_total{${MODEL},operation="chat",status="error"} 2`,
      `llm_requests_total{${MODEL},operation="chat",status="success"} 3`,
      `llm_request_errors_total{${MODEL},error_type="overloaded"} 1`,
      `llm_request_errors_total{${MODEL},error_type="timeout"} 1`,
      `llm_request_duration_seconds_sum{${MODEL}} 0.9`,
      `llm_request_duration_seconds_count{${MODEL}} 3`,
      `llm_time_to_first_byte_seconds_sum{${MODEL}} 0.06`,
      `llm_time_to_first_byte_seconds_count{${MODEL}} 3`,
      `llm_tokens_total{${MODEL},type="cache_read"} 120`,
      `llm_tokens_total{${MODEL},type="input"} 180`,
      `llm_tokens_total{${MODEL},type="output"} 90`,
      `llm_tokens_total{${MODEL},type="reasoning"} 60`,
      `llm_cost_usd_total{${MODEL}} 0.018`,
      `llm_unpriced_requests_total{${MODEL}} 2`,
    ])
  })

  it('counts what the buffer has no room for, and a repeated id once', () => {
    const store = new EventStore({ capacity: 1 })
    const metrics = new MetricRegistry()
    feedMetrics(store, metrics)
    for (const eventId of ['a', 'b', 'a', 'b', 'c']) store.record({ ...request, eventId })
    expect(store.stats().totalRequests).toBe(3)
    expect(sumOf(scrape(metrics), 'llm_edge_requests_total')).toBe(3n)
  })

  it('twice to one registry is counted once; ended, no more', () => {
    const store = new EventStore()
    const metrics = new MetricRegistry()
    feedMetrics(store, metrics)
    const end = feedMetrics(store, metrics)
    store.record(request)
    end()
    store.record(request)
    expect(sumOf(scrape(metrics), 'llm_edge_requests_total')).toBe(1n)
  })

  it('and another one may feed the same registry, or one store several', () => {
    const [one, two] = [new EventStore(), new EventStore()]
    const [metrics, more] = [new MetricRegistry(), new MetricRegistry()]
    feedMetrics(one, metrics)
    feedMetrics(two, metrics)
    feedMetrics(two, more)
    one.record(request)
    two.record(request)
    expect(sumOf(scrape(metrics), 'llm_edge_requests_total')).toBe(2n)
    expect(sumOf(scrape(more), 'llm_edge_requests_total')).toBe(1n)
  })

  it('is not disturbed by an observer that throws', () => {
    const store = new EventStore()
    const broken = (): never => {
      throw new Error('broken')
    }
    store.observe({ request: broken, totals: broken })
    const metrics = new MetricRegistry()
    feedMetrics(store, metrics)
    expect(store.record(request)).toBe(true)
    expect(sumOf(scrape(metrics), 'llm_edge_requests_total')).toBe(1n)
  })

  it('counts what other threads record, sums included of events that will not come', () => {
    const store = openSharedStore({ writers: 1, ringBytes: 65_536 })
    const metrics = new MetricRegistry()
    feedMetrics(store, metrics)
    const writer = attachWriter(store.handle(0))
    for (let index = 0; index < 5_000; index++) writer.record(request)
    const told = store.stats().totalRequests
    expect(told).toBe(5_000)
    writer.record(request)
    store.collect()
    const samples = scrape(metrics)
    expect(store.dropped.get('queue_full') ?? 0).toBeGreaterThan(0)
    expect(sumOf(samples, 'llm_edge_requests_total')).toBe(5_001n)
    expect(sumOf(samples, 'llm_edge_tokens_total', { type: 'input' })).toBe(500_100n)
  })
})
