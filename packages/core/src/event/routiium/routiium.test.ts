import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../errors.ts'
import type { UsageEvent } from '../event.ts'
import { decodeRoutiium, encodeRoutiium, eventFromRoutiium, type RoutiiumDocument } from '../routiium.ts'
import { ARBITRARY_TO_MS, arbitraryEvent, arbitraryText } from '../testing/arbitrary.ts'

const context = { nowMs: ARBITRARY_TO_MS, mintId: () => 'minted' }

function decoded(item: unknown): UsageEvent {
  const answer = decodeRoutiium(item, context)
  if (!answer.ok) throw new Error(`${answer.code} ${answer.field}: ${answer.message}`)
  return answer.event
}

const first: RoutiiumDocument = {
  id: '7d9f2c1e-0000-4000-8000-000000000001',
  timestamp: 1_720_000_000,
  request: {
    endpoint: '/v1/chat/completions',
    method: 'POST',
    model: 'gpt-4o',
    stream: false,
    size_bytes: 256,
    message_count: 3,
    input_tokens: 42,
    user_agent: 'curl/8.5.0',
    client_ip: '192.0.2.7',
  },
  response: { status_code: 200, size_bytes: 512, output_tokens: 128, success: true, error_message: null },
  performance: { duration_ms: 1247, ttfb_ms: null, upstream_duration_ms: 1200 },
  auth: { authenticated: true, api_key_id: 'key_1', api_key_label: 'production', auth_method: 'bearer' },
  routing: {
    backend: 'openai',
    upstream_mode: 'chat',
    mcp_enabled: false,
    mcp_servers: [],
    system_prompt_applied: true,
  },
}

describe('a document of the first form', () => {
  it('is a request with everything it says', () => {
    expect(decoded(first)).toEqual({
      eventId: first.id,
      timestampMs: 1_720_000_000_000,
      kind: 'llm_request_completed',
      apiKeyId: 'key_1',
      apiKeyLabel: 'production',
      authMethod: 'bearer',
      authenticated: true,
      clientIp: '192.0.2.7',
      userAgent: 'curl/8.5.0',
      requestModel: 'gpt-4o',
      endpoint: '/v1/chat/completions',
      method: 'POST',
      stream: false,
      messageCount: 3,
      requestBytes: 256,
      responseBytes: 512,
      statusCode: 200,
      success: true,
      inputTokens: 42,
      outputTokens: 128,
      usageBasis: 'measured',
      durationMs: 1247,
      upstreamDurationMs: 1200,
      backend: 'openai',
      upstreamMode: 'chat',
      mcpEnabled: false,
      systemPromptApplied: true,
    })
  })

  it('is written again with the same values', () => {
    const nullable = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null })
    const document = fc.record({
      id: fc.uuid(),
      timestamp: fc.integer({ min: 946_684_800, max: 1_793_491_200 }),
      request: fc.record({
        endpoint: arbitraryText(512),
        method: fc.constantFrom('POST', 'GET'),
        model: nullable(arbitraryText(256)),
        stream: fc.boolean(),
        size_bytes: fc.nat(),
        message_count: nullable(fc.nat()),
        input_tokens: nullable(fc.nat()),
        user_agent: nullable(arbitraryText(512)),
        client_ip: nullable(arbitraryText(64)),
      }),
      response: nullable(
        fc.record({
          status_code: fc.integer({ min: 100, max: 599 }),
          size_bytes: fc.nat(),
          output_tokens: nullable(fc.nat()),
          success: fc.boolean(),
          error_message: nullable(arbitraryText(1024)),
        }),
      ),
      performance: fc.record({
        duration_ms: fc.nat(),
        ttfb_ms: nullable(fc.nat()),
        upstream_duration_ms: nullable(fc.nat()),
      }),
      auth: fc.record({
        authenticated: fc.boolean(),
        api_key_id: nullable(arbitraryText(128)),
        api_key_label: nullable(arbitraryText(256)),
        auth_method: nullable(fc.constantFrom('bearer')),
      }),
      routing: fc.record({
        backend: arbitraryText(128),
        upstream_mode: fc.constantFrom('chat', 'responses'),
        mcp_enabled: fc.boolean(),
        mcp_servers: fc.array(arbitraryText(128), { maxLength: 3 }),
        system_prompt_applied: fc.boolean(),
      }),
    })
    fc.assert(
      fc.property(document, (sent) => {
        const event = decoded(JSON.parse(JSON.stringify(sent)))
        expect(encodeRoutiium(event, { extended: false })).toEqual(sent)
        expect(encodeRoutiium(event)).toMatchObject(JSON.parse(JSON.stringify(sent)))
      }),
      { seed: 1, numRuns: 600 },
    )
  })

  it('without a response is a request that got none', () => {
    const event = decoded({ ...first, response: null })
    expect(event).toMatchObject({ kind: 'llm_request_failed', success: false, errorType: 'no_response' })
    expect(encodeRoutiium(event, { extended: false })).toEqual({ ...first, response: null })
  })

  it('is read when it is old and short', () => {
    const event = decoded({
      id: 'a',
      timestamp: 1_720_000_050,
      request: { model: 'm' },
      response: { status_code: 500 },
    })
    expect(event).toEqual({
      eventId: 'a',
      timestampMs: 1_720_000_050_000,
      kind: 'llm_request_failed',
      requestModel: 'm',
      statusCode: 500,
      success: false,
      usageBasis: 'unknown',
    })
  })
})

describe('an extended document', () => {
  const extended = {
    ...first,
    performance: { ...first.performance, tokens_per_second: 13.632718524458701 },
    token_usage: { prompt_tokens: 42, completion_tokens: 17, total_tokens: 59, cached_tokens: 10, reasoning_tokens: 2 },
    cost: {
      input_cost: 0.00008,
      output_cost: 0.00017,
      cached_cost: 0.0000125,
      total_cost: 0.0002625,
      currency: 'USD',
      pricing_model: 'gpt-4o',
    },
  }

  it('counts by token_usage alone and reports the cost', () => {
    const request = { ...first.request, input_tokens: 999 }
    const event = decoded({ ...extended, request, response: { ...first.response, output_tokens: 888 } })
    expect(event).toMatchObject({
      inputTokens: 42,
      outputTokens: 17,
      cacheReadTokens: 10,
      reasoningTokens: 2,
      costReportedNanoUsd: 262_500,
      costBasis: 'client',
      detail: { pricing_model: 'gpt-4o' },
    })
    expect(event.costNanoUsd).toBeUndefined()
  })

  it('of a foreign router needs no extension of ours to say the same again', () => {
    const response = { ...extended.response, output_tokens: 17 }
    const sent = { ...extended, response }
    expect(encodeRoutiium(eventFromRoutiium(sent))).toEqual(sent)
  })

  it('leaves out a cost in another currency', () => {
    const event = decoded({ ...extended, cost: { ...extended.cost, currency: 'EUR' } })
    expect(event.costReportedNanoUsd).toBeUndefined()
  })

  it('of any event gives that event back, to the last digit', () => {
    fc.assert(
      fc.property(arbitraryEvent(), (event) => {
        const text = JSON.stringify(encodeRoutiium(event))
        expect(eventFromRoutiium(JSON.parse(text))).toEqual(event)
      }),
      { seed: 2, numRuns: 1500 },
    )
  })

  it('passes the door with what a client may say', () => {
    fc.assert(
      fc.property(arbitraryEvent({ money: 'sent' }), (event) => {
        expect(decoded(JSON.parse(JSON.stringify(encodeRoutiium(event))))).toEqual(event)
      }),
      { seed: 3, numRuns: 1000 },
    )
  })

  it('keeps milliseconds', () => {
    const event = decoded({ ...first, x_tallystick: { timestamp_ms: 1_720_000_000_123 } })
    expect(event.timestampMs).toBe(1_720_000_000_123)
    expect(encodeRoutiium(event)).toMatchObject({
      timestamp: 1_720_000_000,
      x_tallystick: { timestamp_ms: 1_720_000_000_123 },
    })
  })
})

describe('a document that is wrong', () => {
  it.each([
    [{ request: 'POST' }, 'invalid_type', 'request'],
    [{ x_tallystick: [] }, 'invalid_type', 'x_tallystick'],
    [{ timestamp: 1.5 }, 'not_an_integer', 'timestamp'],
    [{ timestamp: -1 }, 'timestamp_out_of_range', 'timestamp'],
    [{ timestamp: '1720000000' }, 'invalid_type', 'timestamp'],
    [{ id: '' }, 'empty_value', 'id'],
    [{ performance: { duration_ms: '12' } }, 'invalid_type', 'performance.duration_ms'],
    [{ performance: { duration_ms: Number.NaN } }, 'not_an_integer', 'performance.duration_ms'],
    [{ request: { model: 7 } }, 'invalid_type', 'request.model'],
    [{ response: { status_code: 1000 } }, 'out_of_range', 'response.status_code'],
    [{ response: { success: 'yes' } }, 'invalid_type', 'response.success'],
    [{ token_usage: { prompt_tokens: 1, cached_tokens: 2 } }, 'usage_inconsistent', 'request.input_tokens'],
    [{ cost: { total_cost: -1 } }, 'out_of_range', 'cost.total_cost'],
    [{ cost: { total_cost: '1' } }, 'invalid_type', 'cost.total_cost'],
    [{ x_tallystick: { kind: 'nothing' } }, 'unknown_kind', 'kind'],
  ])('is refused: %j', (change, code, field) => {
    expect(decodeRoutiium({ ...first, ...change }, context)).toMatchObject({ ok: false, code, field })
  })

  it('never makes the reader throw', () => {
    fc.assert(
      fc.property(
        fc.anything(),
        fc.anything(),
        fc.constantFrom(...Object.keys(first), 'cost', 'x_tallystick'),
        (item, value, section) => {
          for (const sent of [item, { ...first, [section]: value }]) {
            const answer = decodeRoutiium(sent, context)
            if (!answer.ok) expect(Object.hasOwn(ERRORS, answer.code)).toBe(true)
          }
        },
      ),
      { seed: 4, numRuns: 1500 },
    )
  })

  it('pollutes nothing', () => {
    const sent = JSON.parse(
      `{"id":"a","timestamp":1720000000,"request":{"model":"__proto__"},"response":{"status_code":200,"success":true},"x_tallystick":{"__proto__":{"polluted":1}}}`,
    )
    expect(decoded(sent)).toMatchObject({ requestModel: '__proto__' })
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
