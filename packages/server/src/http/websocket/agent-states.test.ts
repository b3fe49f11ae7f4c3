import type { UsageEvent } from '@tallystick/core/event'
import { describe, expect, it } from 'vitest'
import { createAgentStates, IDLE_MS } from './agent-states.ts'

const NOW_MS = Date.UTC(2026, 10, 21, 12)
const event = (over: Partial<UsageEvent> = {}): UsageEvent => ({
  eventId: 'e',
  timestampMs: NOW_MS,
  kind: 'llm_request_completed',
  agentId: 'a',
  success: true,
  ...over,
})

describe('states of agents', () => {
  it('run with an event, err with one that failed, and are idle when none has ended for a minute', () => {
    const states = createAgentStates()
    expect(states.observe(event(), NOW_MS)).toMatchObject({ agentId: 'a', state: 'running' })
    expect(states.observe(event({ timestampMs: NOW_MS + 1 }), NOW_MS + 1)).toBeUndefined()
    expect(states.observe(event({ timestampMs: NOW_MS + 2, success: false }), NOW_MS + 2)).toMatchObject({
      state: 'error',
    })
    expect(states.observe(event({ timestampMs: NOW_MS + 3 }), NOW_MS + 3)).toMatchObject({ state: 'running' })
    expect(states.sweep(NOW_MS + 2 + IDLE_MS)).toEqual([])
    expect(states.sweep(NOW_MS + 3 + IDLE_MS)).toMatchObject([{ agentId: 'a', state: 'idle', lastMs: NOW_MS + 3 }])
    expect([...states.active()]).toEqual([])
    expect(states.observe(event({ timestampMs: NOW_MS + 90_000 }), NOW_MS + 90_000)).toMatchObject({ state: 'running' })
  })

  it('count a request as recent by its end', () => {
    const states = createAgentStates()
    const long = event({ timestampMs: NOW_MS - 5 * IDLE_MS, durationMs: 5 * IDLE_MS })
    expect(states.observe(long, NOW_MS)).toMatchObject({ state: 'running', lastMs: NOW_MS })
  })

  it('are not changed by what is old, late, or of nobody', () => {
    const states = createAgentStates()
    expect(states.observe(event({ timestampMs: NOW_MS - 7 * 86_400_000 }), NOW_MS)).toBeUndefined()
    expect(states.observe({ eventId: 'e', timestampMs: NOW_MS, kind: 'router_started' }, NOW_MS)).toBeUndefined()
    states.observe(event(), NOW_MS)
    expect(states.observe(event({ timestampMs: NOW_MS - 10, success: false }), NOW_MS)).toBeUndefined()
    expect([...states.active()]).toMatchObject([{ state: 'running' }])
  })

  it('are not kept up by a clock that runs ahead', () => {
    const states = createAgentStates()
    states.observe(event({ timestampMs: NOW_MS + 86_400_000 }), NOW_MS)
    expect(states.sweep(NOW_MS + IDLE_MS)).toHaveLength(1)
  })

  it('keep the agents of tenants apart, whatever their names', () => {
    const states = createAgentStates()
    for (const tenantId of ['x', '__proto__', 'y'])
      expect(states.observe(event({ tenantId, agentId: '__proto__' }), NOW_MS)).toMatchObject({ tenantId })
    expect([...states.active()]).toHaveLength(3)
  })

  it('are of ten thousand agents at the most', () => {
    const states = createAgentStates()
    for (let index = 0; index < 10_001; index++) states.observe(event({ agentId: `a${index}` }), NOW_MS)
    expect([...states.active()]).toHaveLength(10_000)
  })

  it('tell what an agent says it works on, when that changes', () => {
    const states = createAgentStates()
    expect(states.observe(event({ tags: { current_lead: 'acme' } }), NOW_MS)).toMatchObject({ currentLead: 'acme' })
    expect(states.observe(event({ timestampMs: NOW_MS + 1 }), NOW_MS + 1)).toBeUndefined()
    expect(states.observe(event({ timestampMs: NOW_MS + 2, tags: { current_lead: 'b' } }), NOW_MS + 2)).toMatchObject({
      currentLead: 'b',
    })
  })
})
