import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UsageEvent } from './event.ts'
import {
  type AnalyticsEvent,
  decodeProtocol012,
  encodeAnalyticsEvent,
  encodeSyncBody,
  fromAnalyticsEvent,
  toAnalyticsEvent,
} from './protocol012.ts'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS, arbitraryEvent, arbitraryText } from './testing/arbitrary.ts'

const context = { nowMs: ARBITRARY_TO_MS, mintId: () => 'minted' }

function decoded(item: unknown): UsageEvent {
  const answer = decodeProtocol012(item, context)
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`)
  return answer.event
}

const count = fc.oneof(fc.nat(100_000), fc.maxSafeNat())
const metadata = fc.record(
  {
    eventId: fc.oneof(fc.uuid(), arbitraryText(128)),
    timestampMs: fc.integer({ min: ARBITRARY_FROM_MS, max: ARBITRARY_TO_MS }),
    agentId: fc.oneof(
      fc.nat(99).map((n) => `agent_${n}`),
      arbitraryText(128),
    ),
  },
  { requiredKeys: ['eventId', 'timestampMs'], noNullPrototype: true },
)
const model = {
  providerId: arbitraryText(128),
  provider: fc.oneof(fc.constantFrom('openai', 'anthropic', 'google', 'unknown'), arbitraryText(64)),
  model: fc.oneof(fc.constantFrom('gpt-4o-mini', 'claude-3-opus-20240229'), arbitraryText(256)),
}
const payload = fc.oneof(
  fc.record(
    {
      kind: fc.constant('llm_request_completed' as const),
      ...model,
      inputTokens: count,
      outputTokens: count,
      costMicros: fc.oneof(fc.nat(100_000), fc.nat(2 ** 31), fc.constant(9_007_199_254_740)),
    },
    { requiredKeys: ['kind', 'provider', 'model', 'inputTokens', 'outputTokens', 'costMicros'], noNullPrototype: true },
  ),
  fc.record(
    {
      kind: fc.constant('llm_request_failed' as const),
      ...model,
      errorCode: arbitraryText(128),
      errorMessage: arbitraryText(1024),
    },
    { requiredKeys: ['kind', 'provider', 'model'], noNullPrototype: true },
  ),
  fc.record(
    {
      kind: fc.constant('budget_threshold_reached' as const),
      thresholdPercent: fc.nat(255),
      currentSpendMicros: count,
      budgetMicros: count,
    },
    { noNullPrototype: true },
  ),
  fc.record({ kind: fc.constant('router_started' as const), port: fc.nat(65_535) }, { noNullPrototype: true }),
  fc.record(
    { kind: fc.constant('router_stopped' as const), totalRequests: count, totalCostMicros: count },
    { noNullPrototype: true },
  ),
)
const arbitraryAnalyticsEvent: fc.Arbitrary<AnalyticsEvent> = fc
  .tuple(metadata, payload)
  .map(([who, what]) => ({ ...who, ...what }) as AnalyticsEvent)

describe('the five payloads', () => {
  it('come back unchanged from their own JSON', () => {
    fc.assert(
      fc.property(arbitraryAnalyticsEvent, (view) => {
        const text = JSON.stringify(encodeAnalyticsEvent(view))
        expect(toAnalyticsEvent(decoded(JSON.parse(text)))).toEqual(view)
      }),
      { seed: 1, numRuns: 1500 },
    )
  })

  it('come back from the body that posts them, but for the agent', () => {
    fc.assert(
      fc.property(arbitraryAnalyticsEvent, (view) => {
        const body = JSON.parse(JSON.stringify(encodeSyncBody(view, 'header.claims.signature')))
        const { agentId: _, ...rest } = view
        expect(toAnalyticsEvent(decoded(body))).toEqual(rest)
        expect(JSON.stringify(decoded(body))).not.toContain('header.claims.signature')
      }),
      { seed: 2, numRuns: 1000 },
    )
  })

  it('are the same canonical event whether made inside or read from outside', () => {
    fc.assert(
      fc.property(arbitraryAnalyticsEvent, (view) => {
        expect(fromAnalyticsEvent(view)).toEqual(decoded(encodeAnalyticsEvent(view)))
        expect(toAnalyticsEvent(fromAnalyticsEvent(view))).toEqual(view)
      }),
      { seed: 3, numRuns: 1000 },
    )
  })
})

describe('the two spellings', () => {
  const view: AnalyticsEvent = {
    eventId: '3f0e0000-0000-4000-8000-000000000001',
    timestampMs: 1_760_000_000_123,
    agentId: 'agent_7',
    kind: 'llm_request_completed',
    provider: 'openai',
    model: 'gpt-4o-mini',
    inputTokens: 150,
    outputTokens: 50,
    costMicros: 52,
  }

  it('write the event JSON with a PascalCase tag and nulls', () => {
    expect(JSON.stringify(encodeAnalyticsEvent(view))).toBe(
      '{"event_id":"3f0e0000-0000-4000-8000-000000000001","timestamp_ms":1760000000123,"agent_id":"agent_7",' +
        '"event_type":"LlmRequestCompleted","provider_id":null,"provider":"openai","model":"gpt-4o-mini",' +
        '"input_tokens":150,"output_tokens":50,"cost_micros":52}',
    )
  })

  it('write the body with a snake_case tag, the token and no agent', () => {
    expect(encodeSyncBody(view, 't')).toEqual({
      ic_token: 't',
      event_id: view.eventId,
      timestamp_ms: view.timestampMs,
      event_type: 'llm_request_completed',
      model: 'gpt-4o-mini',
      provider: 'openai',
      input_tokens: 150,
      output_tokens: 50,
      cost_micros: 52,
    })
    const failed = { eventId: 'e', timestampMs: 1, kind: 'llm_request_failed', provider: 'openai', model: 'm' } as const
    expect(Object.keys(encodeSyncBody(failed))).toEqual(['event_id', 'timestamp_ms', 'event_type', 'provider', 'model'])
    expect(encodeAnalyticsEvent(failed)).toMatchObject({ provider_id: null, error_code: null, error_message: null })
  })
})

describe('reading', () => {
  const body = {
    event_id: 'e',
    timestamp_ms: ARBITRARY_FROM_MS,
    event_type: 'llm_request_completed',
    model: 'gpt-4',
    provider: 'openai',
    input_tokens: 1,
    output_tokens: 2,
  }

  it('takes a cost of 0 and the provider "unknown" for not known', () => {
    const event = decoded({ ...body, provider: 'unknown', cost_micros: 0 })
    expect(Object.keys(event).filter((name) => name.startsWith('cost') || name === 'provider')).toEqual([])
  })

  it('takes the cost for the one the client reports', () => {
    expect(decoded({ ...body, cost_micros: 6000 })).toMatchObject({
      costReportedNanoUsd: 6_000_000,
      costBasis: 'client',
    })
  })

  it.each([
    [{ event_type: undefined }, 'missing_field', 'event_type'],
    [{ event_type: 'LlmRequest' }, 'unknown_kind', 'event_type'],
    [{ event_type: 5 }, 'invalid_type', 'event_type'],
    [{ input_tokens: null }, 'missing_field', 'input_tokens'],
    [{ output_tokens: undefined }, 'missing_field', 'output_tokens'],
    [{ output_tokens: -1 }, 'out_of_range', 'output_tokens'],
    [{ cost_micros: -52 }, 'out_of_range', 'cost_micros'],
    [{ cost_micros: '52' }, 'invalid_type', 'cost_micros'],
    [{ event_type: 'RouterStarted', port: 65_536 }, 'out_of_range', 'port'],
    [{ event_type: 'BudgetThresholdReached', threshold_percent: 256 }, 'out_of_range', 'threshold_percent'],
    [{ model: undefined }, 'missing_field', 'model'],
  ])('refuses %j', (change, code, field) => {
    expect(decodeProtocol012({ ...body, ...change }, context)).toMatchObject({ ok: false, code, field, eventId: 'e' })
  })

  it('mints id and instant where they are absent', () => {
    const { event_id: _, timestamp_ms: __, ...rest } = body
    expect(decodeProtocol012(rest, context)).toMatchObject({ idMinted: true, timestampMinted: true })
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (item, value) => {
        decodeProtocol012(item, context)
        decodeProtocol012({ ...body, event_type: value, port: value }, context)
      }),
      { seed: 4, numRuns: 1000 },
    )
  })
})

describe('writing what the protocol does not have', () => {
  it('rounds money half to even and writes unknown figures as 0', () => {
    const event: UsageEvent = {
      eventId: 'e',
      timestampMs: 1,
      kind: 'llm_request_completed',
      requestModel: 'm',
      costNanoUsd: 52_500,
    }
    expect(toAnalyticsEvent(event)).toMatchObject({ costMicros: 52, inputTokens: 0, provider: 'unknown' })
    expect(toAnalyticsEvent({ ...event, costNanoUsd: 53_500 })).toMatchObject({ costMicros: 54 })
  })

  it('has a view of every event but a tool invocation', () => {
    fc.assert(
      fc.property(arbitraryEvent(), (event) => {
        expect(toAnalyticsEvent(event) === undefined).toBe(event.kind === 'tool_invocation')
      }),
      { seed: 5, numRuns: 500 },
    )
  })
})
