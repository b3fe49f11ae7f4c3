import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '../errors.ts'
import type { UsageEvent } from './event.ts'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS, arbitraryEvent, arbitraryText } from './testing/arbitrary.ts'
import { decodeUsageRecord, encodeUsageRecord, type UsageRecord } from './usage-record.ts'

const context = { nowMs: ARBITRARY_TO_MS, mintId: () => 'minted' }

function decoded(item: unknown): UsageEvent {
  const answer = decodeUsageRecord(item, context)
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`)
  return answer.event
}

const record: UsageRecord = {
  timestamp: '2026-11-01T12:00:00.250Z',
  session_id: 'session_1762000000000_ab12',
  tool_name: 'review',
  backend_used: 'nvidia_qwen',
  routing_method: 'rule_based',
  routing_confidence: 0.85,
  processing_time_ms: 1500,
  tokens_used: 900,
  prompt_length: 1200,
  response_length: 3400,
  success: true,
  error: null,
}

describe('a usage record', () => {
  it('is a tool invocation', () => {
    expect(decoded(record)).toEqual({
      eventId: 'minted',
      timestampMs: Date.UTC(2026, 10, 1, 12, 0, 0, 250),
      kind: 'tool_invocation',
      sessionId: 'session_1762000000000_ab12',
      success: true,
      totalTokens: 900,
      durationMs: 1500,
      backend: 'nvidia_qwen',
      routingMethod: 'rule_based',
      routingConfidence: 0.85,
      toolName: 'review',
      promptChars: 1200,
      responseChars: 3400,
    })
  })

  it('comes back unchanged', () => {
    const instant = fc.integer({ min: ARBITRARY_FROM_MS, max: ARBITRARY_TO_MS }).map((ms) => new Date(ms).toISOString())
    const error = fc
      .record(
        { type: arbitraryText(128), message: arbitraryText(1024), code: arbitraryText(128) },
        { requiredKeys: [] },
      )
      .filter((value) => Object.keys(value).length > 0)
    const routed = fc.oneof(
      fc.constant({ routing_method: 'unknown', routing_confidence: 0 }),
      fc.record({
        routing_method: arbitraryText(128),
        routing_confidence: fc.double({ min: 0, max: 1, noNaN: true }).map((n) => n + 0),
      }),
    )
    const rest = fc.record(
      {
        timestamp: instant,
        session_id: arbitraryText(256),
        tool_name: arbitraryText(256),
        backend_used: arbitraryText(128),
        processing_time_ms: fc.nat(),
        tokens_used: fc.nat(),
        prompt_length: fc.nat(),
        response_length: fc.nat(),
        success: fc.boolean(),
        error: fc.option(error, { nil: null }),
      },
      {
        requiredKeys: ['timestamp', 'tool_name', 'tokens_used', 'prompt_length', 'response_length', 'success', 'error'],
      },
    )
    fc.assert(
      fc.property(rest, routed, (one, two) => {
        const sent = { ...one, ...two }
        expect(encodeUsageRecord(decoded(JSON.parse(JSON.stringify(sent))))).toEqual(sent)
      }),
      { seed: 1, numRuns: 1500 },
    )
  })

  it('may leave out all but the tool, as callers of the old class did', () => {
    const event = decoded({
      timestamp: record.timestamp,
      tool_name: 'ask',
      backend_used: 'local',
      processing_time_ms: 12.6,
    })
    expect(event).toEqual({
      eventId: 'minted',
      timestampMs: Date.UTC(2026, 10, 1, 12, 0, 0, 250),
      kind: 'tool_invocation',
      success: true,
      durationMs: 13,
      backend: 'local',
      toolName: 'ask',
    })
    expect(encodeUsageRecord(event)).toMatchObject({
      routing_method: 'unknown',
      routing_confidence: 0,
      tokens_used: 0,
      error: null,
    })
  })

  it('says which tokens they were where the caller does', () => {
    const divided = { ...record, tokens_used: 900, input_tokens: 700, cache_read_tokens: 100, output_tokens: 200 }
    expect(decoded(divided)).toMatchObject({ inputTokens: 700, cacheReadTokens: 100, outputTokens: 200 })
    expect(encodeUsageRecord(decoded(divided))).toEqual(divided)
    expect(encodeUsageRecord(decoded({ ...record, input_tokens: 700 }))).toMatchObject({
      tokens_used: 900,
      output_tokens: 200,
    })
  })

  it('keeps what else the caller says as metadata', () => {
    const sent = { ...record, metadata: { team: 'search', prompt: 'Dear ...' }, model: 'qwen3', prompt: 'Dear ...' }
    const event = decoded(sent)
    expect(event.detail).toEqual({ team: 'search', model: 'qwen3' })
    const again = { ...record, metadata: { team: 'search', model: 'qwen3' } }
    expect(encodeUsageRecord(event)).toEqual(again)
    expect(encodeUsageRecord(decoded(again))).toEqual(again)
    expect(decoded({ ...record, metadata: 'v1' }).detail).toEqual({ metadata: 'v1' })
  })

  it('takes a text for the message of an error and a number for its code', () => {
    expect(decoded({ ...record, success: false, error: 'boom' })).toMatchObject({
      success: false,
      errorMessage: 'boom',
    })
    expect(decoded({ ...record, success: false, error: { type: 'HTTP', code: 429 } })).toMatchObject({
      errorType: 'HTTP',
      errorCode: '429',
    })
  })

  it.each([
    [{ tool_name: undefined }, 'missing_field', 'tool_name'],
    [{ tool_name: '' }, 'empty_value', 'tool_name'],
    [{ timestamp: 'NaN' }, 'invalid_timestamp', 'timestamp'],
    [{ tokens_used: '05' }, 'invalid_type', 'tokens_used'],
    [{ tokens_used: Number.NaN }, 'not_an_integer', 'tokens_used'],
    [{ processing_time_ms: -5 }, 'out_of_range', 'processing_time_ms'],
    [{ processing_time_ms: '5' }, 'invalid_type', 'processing_time_ms'],
    [{ prompt_length: 1.5 }, 'not_an_integer', 'prompt_length'],
    [{ routing_confidence: 85 }, 'out_of_range', 'routing_confidence'],
    [{ backend_used: 7 }, 'invalid_type', 'backend_used'],
    [{ error: { type: 5 } }, 'invalid_type', 'error.type'],
  ])('is refused with %j', (change, code, field) => {
    expect(decodeUsageRecord({ ...record, ...change }, context)).toMatchObject({ ok: false, code, field })
  })

  it('keeps hostile names as text', () => {
    const event = decoded({ ...record, tool_name: '/../../../escape', backend_used: '__proto__' })
    expect(event).toMatchObject({ toolName: '/../../../escape', backend: '__proto__' })
  })

  it('is read without throwing, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (item, value) => {
        for (const sent of [
          item,
          { ...record, error: value },
          { ...record, processing_time_ms: value, timestamp: value },
        ]) {
          const answer = decodeUsageRecord(sent, context)
          if (!answer.ok) expect(Object.hasOwn(ERRORS, answer.code)).toBe(true)
        }
      }),
      { seed: 2, numRuns: 1000 },
    )
  })

  it('exists for every event that names a tool, and only for those', () => {
    fc.assert(
      fc.property(arbitraryEvent(), (event) => {
        const view = encodeUsageRecord(event)
        expect(view?.tool_name).toBe(event.toolName)
        if (view) for (const value of Object.values(view)) expect(value).not.toBeNaN()
      }),
      { seed: 3, numRuns: 500 },
    )
  })
})
