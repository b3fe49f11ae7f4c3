import type { UsageEvent } from '@tallystick/core/event'
import { type MetricRegistry, writeExposition } from '@tallystick/core/metrics'
import { describe, expect, it } from 'vitest'
import type { StoredEvent } from '../store/store.ts'
import { Figures } from './figures.ts'

const request = (more: Partial<UsageEvent> = {}): StoredEvent => ({
  ordinal: 1,
  receivedMs: 0,
  event: {
    ...{ eventId: 'e', timestampMs: 0, kind: 'llm_request_completed', success: true, provider: 'openai' },
    ...{ requestModel: 'gpt-4o', durationMs: 5, inputTokens: 10, outputTokens: 2, costNanoUsd: 1_500 },
    ...more,
  } as UsageEvent,
})

const linesOf = (registry: MetricRegistry | undefined, names: 'seed' | 'standard' = 'seed'): readonly string[] =>
  writeExposition(registry?.snapshot({ names }) ?? [], 'text')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

/** The sum of all series of a family. */
const sumOf = (lines: readonly string[], family: string): number =>
  lines
    .filter((line) => line.startsWith(`${family}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)

const requestsOf = (registry: MetricRegistry | undefined): number => sumOf(linesOf(registry), 'llm_edge_requests_total')

describe('figures', () => {
  it('are those of everybody, of a tenant, and of no tenant', () => {
    const figures = new Figures({ ofNobody: true })
    figures.publish([
      request(),
      request({ tenantId: 'left' }),
      request({ tenantId: 'left' }),
      request({ tenantId: 'r' }),
    ])
    expect([undefined, 'left', 'r', null, 'nobody'].map((share) => requestsOf(figures.of(share)))).toEqual([
      4, 2, 1, 1, 0,
    ])
  })

  it('of no tenant are not kept apart where nobody will ask for them', () => {
    expect(new Figures().of(null)).toBeUndefined()
  })

  it('of a tenant that is scraped stay; of more tenants than fit the others begin with their first scrape', () => {
    const figures = new Figures({ maxTenants: 2 })
    figures.publish([request({ tenantId: 'a' }), request({ tenantId: 'b' })])
    expect(requestsOf(figures.of('a'))).toBe(1)
    figures.publish([request({ tenantId: 'c' }), request({ tenantId: 'a' })])
    expect([requestsOf(figures.of('a')), requestsOf(figures.of('c'))]).toEqual([2, 0])
    figures.publish([request({ tenantId: 'c' }), request({ tenantId: 'b' })])
    expect([requestsOf(figures.of('c')), figures.of('b')]).toEqual([1, undefined])
    figures.publish([request({ tenantId: 'd' })])
    expect([requestsOf(figures.of('a')), requestsOf(figures.of('c')), figures.of('d')]).toEqual([2, 1, undefined])
    expect(requestsOf(figures.of(undefined))).toBe(7)
  })

  it('of a million models are exact in a bounded number of series', () => {
    const figures = new Figures({ maxSeries: 1_600 })
    const models = 1_000_000
    let group: StoredEvent[] = []
    for (let index = 0; index < models; index++) {
      const requestModel = `model-${index}`
      // Written out: of objects that are spread the engine makes dictionaries, thirty times as slow.
      const event: UsageEvent = {
        eventId: 'e',
        timestampMs: 0,
        kind: 'llm_request_completed',
        success: true,
        provider: 'openai',
        requestModel,
        durationMs: 5,
        inputTokens: index,
        outputTokens: 2,
        costNanoUsd: 7_500_000,
      }
      group.push({ ordinal: index, receivedMs: 0, event })
      if (group.length < 1_000) continue
      figures.publish(group)
      group = []
    }
    const registry = figures.of(undefined)
    const lines = linesOf(registry)
    expect(lines.length).toBeLessThanOrEqual(1_600)
    expect(linesOf(registry, 'standard').length).toBeLessThanOrEqual(1_600)
    expect(requestsOf(registry)).toBe(models)
    expect(sumOf(lines, 'llm_edge_cost_usd_total')).toBeCloseTo(7_500, 6)
    expect(sumOf(lines, 'llm_edge_tokens_total')).toBe((models * (models - 1)) / 2 + 2 * models)
  })
})
