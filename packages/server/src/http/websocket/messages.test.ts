import type { UsageEvent } from '@tallystick/core/event'
import { describe, expect, it } from 'vitest'
import { agentEvent, costAlert, encode, gap, heartbeat, stateUpdate } from './messages.ts'

const NOW_MS = Date.UTC(2026, 10, 21, 12)
const event = (over: Partial<UsageEvent> = {}): UsageEvent => ({
  eventId: 'e1',
  timestampMs: NOW_MS,
  kind: 'llm_request_completed',
  ...over,
})
const crossing = { budget: { id: 'b1', unit: 'nano_usd' }, threshold: 90 } as const
const agent = { dimension: 'agent_id', value: 'a' } as const

describe('messages of Protocol 003', () => {
  it('tell of a call to a model with its tokens and its cost, as documented and as exact integers', () => {
    const message = agentEvent(
      event({ agentId: 'agent_7', requestModel: 'gpt-4o', inputTokens: 10, outputTokens: 5, costNanoUsd: 1_500_000 }),
      NOW_MS,
    )
    expect(message).toMatchObject({
      type: 'AGENT_EVENT',
      timestamp: '2026-11-21T12:00:00.000Z',
      agent_id: 'agent_7',
      event: 'llm_call',
      data: { model: 'gpt-4o', tokens: 15, cost_usd: 0.0015, cost_nano_usd: 1_500_000, input_tokens: 10 },
    })
    expect(JSON.stringify(message)).not.toContain('tenant_id')
  })

  it('say null for what is not known, never zero', () => {
    expect(agentEvent(event(), NOW_MS)).toMatchObject({
      agent_id: null,
      data: { model: null, tokens: null, cost_usd: null, cost_nano_usd: null, success: null },
    })
    expect(
      stateUpdate(
        { tenantId: undefined, agentId: 'a', state: 'idle', currentLead: undefined, lastMs: 1 },
        undefined,
        NOW_MS,
      ),
    ).toMatchObject({
      data: { current_lead: null, budget_spent: null, budget_spent_nano_usd: null },
    })
  })

  it('name a tool that was called, and other kinds by themselves', () => {
    expect(agentEvent(event({ kind: 'tool_invocation', toolName: 'search' }), NOW_MS)).toMatchObject({
      event: 'search',
    })
    expect(agentEvent(event({ kind: 'tool_invocation' }), NOW_MS)).toMatchObject({ event: 'tool_invocation' })
    expect(agentEvent(event({ kind: 'router_started' }), NOW_MS)).toMatchObject({ event: 'router_started' })
  })

  it.each([
    [50n, 100n, 50, 'warning'],
    [90n, 100n, 90, 'warning'],
    [94_999n, 100_000n, 94.99, 'warning'],
    [95n, 100n, 95, 'critical'],
    [99_999n, 100_000n, 99.99, 'critical'],
    [250n, 100n, 250, 'critical'],
    [1n, 0n, 100, 'critical'],
  ] as const)('%s of %s is %s percent: %s', (spent, amount, percentage, severity) => {
    expect(
      costAlert({ ...crossing, spent, amount, budget: { ...crossing.budget, subject: agent } }, NOW_MS),
    ).toMatchObject({
      agent_id: 'a',
      severity,
      data: { percentage, spent: Number(spent), limit: Number(amount) },
    })
  })

  it('tell amounts in dollars and exactly, those past 2^53 as strings, and of tokens no dollars', () => {
    const spent = 9_007_199_254_740_993n
    expect(costAlert({ ...crossing, spent, amount: spent }, NOW_MS)).toMatchObject({
      agent_id: null,
      data: { budget_spent: 9_007_199.254740993, spent: '9007199254740993', limit: '9007199254740993' },
    })
    expect(
      costAlert({ ...crossing, budget: { id: 'b2', unit: 'tokens' }, spent: 95n, amount: 100n }, NOW_MS),
    ).toMatchObject({
      data: { budget_spent: null, budget_limit: null, spent: 95, limit: 100, unit: 'tokens' },
    })
  })

  it('stand behind one another by cursor', () => {
    expect(JSON.parse(String(encode(heartbeat(0), 'm1.7')))).toEqual({
      type: 'HEARTBEAT',
      timestamp: '1970-01-01T00:00:00.000Z',
      cursor: 'm1.7',
    })
    expect(JSON.parse(String(encode(gap(3, 'slow', 0))))).toMatchObject({ type: 'GAP', missed: 3, reason: 'slow' })
  })
})
