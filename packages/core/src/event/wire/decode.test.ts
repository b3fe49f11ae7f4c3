import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../errors.ts'
import type { UsageEvent } from '../event.ts'
import { FIELD_NAMES, wireName } from '../fields.ts'
import { ARBITRARY_TO_MS, arbitraryEvent, HOSTILE_TEXTS } from '../testing/arbitrary.ts'
import {
  type DecodeContext,
  decodeWireEvent,
  encodeWireEvent,
  eventFromWire,
  type RefusedItem,
  wireJson,
} from '../wire.ts'

const NOW = ARBITRARY_TO_MS
const context: DecodeContext = { nowMs: NOW, mintId: () => 'minted' }
const item = { event_id: 'e', timestamp_ms: NOW, model: 'gpt-4o' }

function accepted(value: unknown, ctx = context): UsageEvent {
  const decoded = decodeWireEvent(value, ctx)
  if (!decoded.ok) throw new Error(`${decoded.code}: ${decoded.message}`)
  return decoded.event
}

function refused(value: unknown): RefusedItem {
  const decoded = decodeWireEvent(value, context)
  if (decoded.ok) throw new Error(`accepted ${JSON.stringify(decoded.event)}`)
  return decoded
}

describe('the native wire', () => {
  it('carries any event there and back', () => {
    fc.assert(
      fc.property(arbitraryEvent(), (event) => {
        expect(eventFromWire(JSON.parse(wireJson(event)))).toEqual(event)
        expect(JSON.parse(wireJson(event))).toEqual(encodeWireEvent(event))
      }),
      { seed: 1, numRuns: 2000 },
    )
  })

  it('gives back at the door whatever a client may say', () => {
    fc.assert(
      fc.property(arbitraryEvent({ money: 'sent' }), (event) => {
        const decoded = decodeWireEvent(JSON.parse(wireJson(event)), context)
        expect(decoded).toEqual({ ok: true, event, idMinted: false, timestampMinted: false })
      }),
      { seed: 2, numRuns: 2000 },
    )
  })

  it('never throws, and names a code of the table and a field for whatever it refuses', () => {
    const names = [
      ...FIELD_NAMES.map(wireName),
      'model',
      'event_type',
      'timestamp',
      'cost_usd',
      'cost_micros',
      'x',
      '__proto__',
    ]
    const member = fc.tuple(
      fc.constantFrom(...names),
      fc.oneof(fc.anything({ withBigInt: true, withDate: true }), fc.constantFrom(...HOSTILE_TEXTS)),
    )
    const near = fc.tuple(arbitraryEvent(), fc.array(member, { maxLength: 4 })).map(([event, members]) => ({
      ...encodeWireEvent(event),
      ...Object.fromEntries(members),
    }))
    fc.assert(
      fc.property(
        fc.oneof(fc.anything({ withBigInt: true, withSparseArray: true, withNullPrototype: true }), near),
        (value) => {
          const decoded = decodeWireEvent(value, context)
          if (decoded.ok) {
            expect(eventFromWire(JSON.parse(wireJson(decoded.event)))).toEqual(decoded.event)
          } else {
            expect(Object.hasOwn(ERRORS, decoded.code)).toBe(true)
            expect(decoded.field !== undefined).toBe(decoded.code !== 'not_an_object')
            expect(decoded.message.length).toBeLessThan(400)
          }
        },
      ),
      { seed: 3, numRuns: 3000 },
    )
  })

  it('survives objects whose members throw', () => {
    const trap = {
      ...item,
      get provider(): string {
        throw new Error('no')
      },
    }
    expect(refused(trap)).toMatchObject({ code: 'not_an_object' })
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(
      decodeWireEvent(
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('no')
            },
          },
        ),
        context,
      ).ok,
    ).toBe(false)
    expect(() => decodeWireEvent(proxy, context)).not.toThrow()
  })

  it.each([[null], [[]], ['text'], [12], [undefined], [true]])('refuses %j, which is no object', (value) => {
    expect(refused(value)).toMatchObject({ ok: false, code: 'not_an_object' })
  })
})

describe('identity', () => {
  it('mints an id only where none was sent, and only for an event it accepts', () => {
    let minted = 0
    const counting = { nowMs: NOW, mintId: () => `id-${++minted}` }
    expect(decodeWireEvent({ model: 'm' }, counting)).toMatchObject({
      ok: true,
      idMinted: true,
      timestampMinted: true,
      event: { eventId: 'id-1', timestampMs: NOW },
    })
    expect(decodeWireEvent({}, counting).ok).toBe(false)
    expect(decodeWireEvent({ ...item, event_id: 'mine' }, counting)).toMatchObject({
      idMinted: false,
      event: { eventId: 'mine' },
    })
    expect(minted).toBe(1)
  })

  it('refuses an empty id and one of 129 bytes', () => {
    expect(refused({ ...item, event_id: '' })).toMatchObject({ code: 'empty_value', field: 'event_id' })
    expect(refused({ ...item, event_id: 'x'.repeat(129) })).toMatchObject({ code: 'too_long', field: 'event_id' })
    expect(accepted({ ...item, event_id: 'x'.repeat(128) }).eventId).toHaveLength(128)
  })

  it.each([
    [42, 'agent_42'],
    ['42', 'agent_42'],
    ['agent_42', 'agent_42'],
    ['support-bot', 'support-bot'],
    [0, 'agent_0'],
  ])('names the agent %j %s', (agent, name) => {
    expect(accepted({ ...item, agent_id: agent }).agentId).toBe(name)
  })

  it('refuses an agent number that is none', () => {
    expect(refused({ ...item, agent_id: 1.5 })).toMatchObject({ code: 'not_an_integer', field: 'agent_id' })
    expect(refused({ ...item, agent_id: '9'.repeat(125) })).toMatchObject({ code: 'too_long', field: 'agent_id' })
  })

  it('keeps __proto__ and constructor as ordinary text, as values and as names', () => {
    const sent = JSON.parse(
      '{"model":"__proto__","agent_id":"constructor","tags":{"__proto__":"a","constructor":"b"},"__proto__":7}',
    )
    const event = accepted(sent)
    expect(event).toMatchObject({ requestModel: '__proto__', agentId: 'constructor' })
    expect(Object.entries(event.tags ?? {})).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
    expect(Object.entries(event.detail ?? {})).toEqual([['__proto__', 7]])
    expect(({} as Record<string, unknown>)['a']).toBeUndefined()
  })
})

describe('the instant', () => {
  it.each([
    ['2026-11-01T05:45:00.1239+05:45', Date.UTC(2026, 10, 1, 0, 0, 0, 123)],
    ['2026-11-01T00:00:00Z', Date.UTC(2026, 10, 1)],
  ])('reads %s', (timestamp, ms) => {
    expect(accepted({ model: 'm', timestamp }).timestampMs).toBe(ms)
  })

  it('takes timestamp_ms where both are given', () => {
    expect(accepted({ ...item, timestamp: 'nonsense' }).timestampMs).toBe(NOW)
  })

  it.each([
    [{ timestamp_ms: 0 }, 'timestamp_out_of_range', 'timestamp_ms'],
    [{ timestamp_ms: 946_684_799_999 }, 'timestamp_out_of_range', 'timestamp_ms'],
    [{ timestamp_ms: NOW + 86_400_001 }, 'timestamp_out_of_range', 'timestamp_ms'],
    [{ timestamp_ms: 253_402_300_799_000 }, 'timestamp_out_of_range', 'timestamp_ms'],
    [{ timestamp: '1970-01-01T00:00:00Z' }, 'timestamp_out_of_range', 'timestamp'],
    [{ timestamp: '9999-12-31T23:59:59Z' }, 'timestamp_out_of_range', 'timestamp'],
    [{ timestamp: '2026-11-01T00:00:00' }, 'invalid_timestamp', 'timestamp'],
    [{ timestamp: '2026-02-30T00:00:00Z' }, 'invalid_timestamp', 'timestamp'],
    [{ timestamp: 'yesterday' }, 'invalid_timestamp', 'timestamp'],
    [{ timestamp: 1_795_227_300 }, 'invalid_timestamp', 'timestamp'],
    [{ timestamp: '' }, 'invalid_timestamp', 'timestamp'],
  ])('refuses %j', (stamp, code, field) => {
    expect(refused({ event_id: 'e', model: 'm', ...stamp })).toMatchObject({ code, field, eventId: 'e' })
  })

  it('takes both ends of the range', () => {
    expect(accepted({ model: 'm', timestamp_ms: 946_684_800_000 }).timestampMs).toBe(946_684_800_000)
    expect(accepted({ model: 'm', timestamp_ms: NOW + 86_400_000 }).timestampMs).toBe(NOW + 86_400_000)
  })
})

describe('kind and outcome', () => {
  it.each([
    [{}, 'llm_request_completed', true],
    [{ kind: 'LlmRequestCompleted' }, 'llm_request_completed', true],
    [{ event_type: 'LlmRequestFailed' }, 'llm_request_failed', false],
    [{ kind: 'llm_request_failed', success: true }, 'llm_request_failed', false],
    [{ success: false }, 'llm_request_failed', false],
    [{ status_code: 429 }, 'llm_request_failed', false],
    [{ error_code: 'timeout' }, 'llm_request_failed', false],
    [{ success: true, status_code: 500 }, 'llm_request_completed', true],
    [{ kind: 'llm_request_completed', status_code: 500 }, 'llm_request_completed', false],
    [{ kind: 'llm_request_completed', success: false }, 'llm_request_completed', false],
    [{ kind: 'llm_request_completed', event_type: 'RouterStarted' }, 'llm_request_completed', true],
  ])('%j is %s, success %j', (members, kind, success) => {
    expect(accepted({ ...item, ...members })).toMatchObject({ kind, success })
  })

  it.each([
    [{ kind: 'llm_request' }, 'unknown_kind', 'kind'],
    [{ event_type: '__proto__' }, 'unknown_kind', 'event_type'],
    [{ kind: 7 }, 'invalid_type', 'kind'],
    [{ model: null }, 'missing_field', 'model'],
    [{ model: '' }, 'empty_value', 'model'],
    [{ kind: 'tool_invocation' }, 'missing_field', 'tool_name'],
    [{ kind: 'router_started' }, 'missing_field', 'port'],
    [{ kind: 'router_started', port: '80' }, 'invalid_type', 'port'],
    [{ kind: 'router_started', port: Number.POSITIVE_INFINITY }, 'out_of_range', 'port'],
    [{ kind: 'router_started', detail: { port: 1.5 } }, 'not_an_integer', 'port'],
    [
      { kind: 'budget_threshold_reached', threshold_percent: 80, budget_micros: 5 },
      'missing_field',
      'current_spend_micros',
    ],
  ])('refuses %j', (members, code, field) => {
    expect(refused({ ...item, ...members })).toMatchObject({ code, field })
  })

  it('puts what a notice says into detail', () => {
    const event = accepted({ kind: 'RouterStopped', total_requests: 3, total_cost_micros: 52 })
    expect(event).toMatchObject({ kind: 'router_stopped', detail: { total_requests: 3, total_cost_micros: 52 } })
    expect(event.success).toBeUndefined()
  })
})

describe('usage', () => {
  it('is measured when any was sent, unknown otherwise, and stays out of other kinds', () => {
    expect(accepted({ ...item, input_tokens: 0 }).usageBasis).toBe('measured')
    expect(accepted(item).usageBasis).toBe('unknown')
    expect(accepted({ ...item, usage_basis: 'estimated', input_tokens: 3 }).usageBasis).toBe('estimated')
    expect(accepted({ kind: 'tool_invocation', tool_name: 't' }).usageBasis).toBeUndefined()
    const failed = accepted({ ...item, success: false })
    expect(Object.keys(failed).filter((name) => name.endsWith('Tokens'))).toEqual([])
  })

  it.each([
    [
      { input_tokens: 10, cache_read_tokens: 8, cache_write_tokens: 3 },
      'input_tokens',
      /cache_read_tokens 8 and cache_write_tokens 3/,
    ],
    [{ cache_read_tokens: 8 }, 'input_tokens', /missing/],
    [{ output_tokens: 5, reasoning_tokens: 6 }, 'output_tokens', /reasoning_tokens 6/],
    [{ input_tokens: 5, input_audio_tokens: 3, input_image_tokens: 3 }, 'input_tokens', /input_image_tokens 3/],
    [{ output_tokens: 5, output_audio_tokens: 6 }, 'output_tokens', /output_audio_tokens 6/],
    [{ input_tokens: 5, output_tokens: 5, total_tokens: 11 }, 'total_tokens', /make 10/],
    [{ input_tokens: 5, total_tokens: 4 }, 'total_tokens', /make 5/],
  ])('refuses %j, which contradicts itself', (usage, field, message) => {
    const answer = refused({ ...item, ...usage })
    expect(answer).toMatchObject({ code: 'usage_inconsistent', field })
    expect(answer.message).toMatch(message)
  })

  it.each([
    [{ total_tokens: 11 }, { totalTokens: 11 }],
    [
      { input_tokens: 5, output_tokens: 6, total_tokens: 11 },
      { inputTokens: 5, outputTokens: 6 },
    ],
    [
      { input_tokens: 5, total_tokens: 11 },
      { inputTokens: 5, outputTokens: 6 },
    ],
    [
      { output_tokens: 6, total_tokens: 11 },
      { inputTokens: 5, outputTokens: 6 },
    ],
    [{ input_tokens: 5, total_tokens: 5 }, { inputTokens: 5 }],
  ])('reads the total of %j', (sent, usage) => {
    const event = accepted({ ...item, ...sent })
    const counts = Object.entries(event).filter(([name]) => name.endsWith('Tokens'))
    expect(Object.fromEntries(counts)).toEqual(usage)
  })
})

describe('money', () => {
  it.each([
    [{ cost_nano_usd: 52_500 }, 52_500, 'client'],
    [{ cost_micros: 52 }, 52_000, 'client'],
    [{ cost_usd: 0.0075 }, 7_500_000, 'client'],
    [{ cost_usd: 0 }, 0, 'client'],
    [{ cost_nano_usd: 7, cost_basis: 'provider' }, 7, 'provider'],
    [{ cost_nano_usd: 1, cost_micros: 2, cost_usd: 3 }, 1, 'client'],
    [{ cost_nano_usd: 1, cost_reported_nano_usd: 2, cost_basis: 'client' }, 2, 'client'],
    [{ cost_nano_usd: 1, cost_basis: 'catalogue' }, undefined, undefined],
    [{ cost_nano_usd: 1, cost_basis: 'override' }, undefined, undefined],
    [{ cost_basis: 'unpriced' }, undefined, undefined],
    [{ cost_basis: 'provider' }, undefined, undefined],
  ])('takes %j for the cost that was reported', (money, cost, basis) => {
    const event = accepted({ ...item, ...money })
    expect([event.costReportedNanoUsd, event.costBasis]).toEqual([cost, basis])
    expect(event.costNanoUsd).toBeUndefined()
    expect(event.detail).toBeUndefined()
  })

  it('leaves out what the server works out by itself', () => {
    const event = accepted({ ...item, cost_list_nano_usd: 5, cost_input_nano_usd: 5, price_id: 'p' })
    expect(Object.keys(event).filter((name) => name.startsWith('cost') || name === 'priceId')).toEqual([])
  })

  it.each([
    [{ cost_usd: '1' }, 'invalid_type', 'cost_usd'],
    [{ cost_usd: -0.1 }, 'out_of_range', 'cost_usd'],
    [{ cost_usd: Number.NaN }, 'out_of_range', 'cost_usd'],
    [{ cost_usd: Number.POSITIVE_INFINITY }, 'out_of_range', 'cost_usd'],
    [{ cost_micros: 9_007_199_254_741 }, 'out_of_range', 'cost_micros'],
    [{ cost_micros: -1 }, 'out_of_range', 'cost_micros'],
  ])('refuses %j', (money, code, field) => {
    expect(refused({ ...item, ...money })).toMatchObject({ code, field })
  })
})

describe('text that is cut', () => {
  it('cuts an error message at the last character that fits', () => {
    const event = accepted({ ...item, error_message: `${'x'.repeat(1023)}\u00e9` })
    expect(event.errorMessage).toBe('x'.repeat(1023))
    expect(accepted({ ...item, error_message: '\ud83d\ude42'.repeat(400_000) }).errorMessage).toBe(
      '\ud83d\ude42'.repeat(256),
    )
    expect(accepted({ ...item, user_agent: 'u'.repeat(600) }).userAgent).toBe('u'.repeat(512))
  })
})

describe('maps and lists', () => {
  it.each<[string, Record<string, unknown>, string, string]>([
    ['a list as tags', { tags: ['a'] }, 'invalid_type', 'tags'],
    ['a number as a tag', { tags: { team: 1 } }, 'invalid_type', 'tags.team'],
    ['a tag without a name', { tags: { '': 'x' } }, 'empty_value', 'tags'],
    ['a long tag', { tags: { k: 'x'.repeat(1025) } }, 'too_long', 'tags'],
    ['a long name of a tag', { tags: { ['k'.repeat(129)]: 'x' } }, 'too_long', 'tags'],
    [
      '65 tags',
      { tags: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, 'v'])) },
      'too_many_entries',
      'tags',
    ],
    ['a fraction of a page', { units: { pages: 1.5 } }, 'not_an_integer', 'units.pages'],
    ['2^53 pages', { units: { pages: 2 ** 53 } }, 'out_of_range', 'units.pages'],
    ['a text as list of servers', { mcp_servers: 'files' }, 'invalid_type', 'mcp_servers'],
    ['an empty server', { mcp_servers: ['a', ''] }, 'empty_value', 'mcp_servers'],
    ['33 servers', { mcp_servers: Array.from({ length: 33 }, () => 'a') }, 'too_many_entries', 'mcp_servers'],
    ['a confidence above 1', { routing_confidence: 1.01 }, 'out_of_range', 'routing_confidence'],
    ['a confidence in quotes', { routing_confidence: '0.5' }, 'invalid_type', 'routing_confidence'],
    ['a text as detail', { detail: 'x' }, 'invalid_type', 'detail'],
    ['detail of 4097 bytes', { detail: { x: 'y'.repeat(4089) } }, 'too_long', 'detail'],
    ['NaN in detail', { detail: { x: Number.NaN } }, 'out_of_range', 'detail'],
    ['half a pair in detail', { detail: { x: 'a\ud800' } }, 'invalid_text', 'detail'],
  ])('refuses %s', (_, members, code, field) => {
    expect(refused({ ...item, ...members })).toMatchObject({ code, field })
  })

  it('refuses detail that is deeper than 16 levels without following it down', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`)
    expect(refused({ ...item, detail: deep })).toMatchObject({ code: 'too_deep', field: 'detail' })
    const fits = JSON.parse(`${'{"a":'.repeat(16)}1${'}'.repeat(16)}`)
    expect(accepted({ ...item, detail: fits }).detail).toEqual(fits)
  })

  it('takes empty maps and lists for absent ones', () => {
    const event = accepted({ ...item, tags: {}, units: {}, detail: {}, mcp_servers: [], session_id: '' })
    expect(Object.keys(event).sort()).toEqual([
      'eventId',
      'kind',
      'requestModel',
      'success',
      'timestampMs',
      'usageBasis',
    ])
  })

  it('copies, so that a sender inside the process cannot change an accepted event', () => {
    const tags = { team: 'a' }
    const event = accepted({ ...item, tags })
    tags.team = 'b'
    expect(event.tags).toEqual({ team: 'a' })
  })
})

describe('members the wire does not know', () => {
  it('go to detail when they are small and plain', () => {
    const event = accepted({
      ...item,
      region: 'eu',
      retries: 2,
      cached: false,
      nothing: null,
      list: [1],
      object: {},
      long: 'x'.repeat(257),
    })
    expect(event.detail).toEqual({ region: 'eu', retries: 2, cached: false })
  })

  it('never bring secrets or what was said', () => {
    const event = accepted({
      ...item,
      ic_token: 'jwt',
      api_key: 'sk-1',
      openaiApiKey: 'sk',
      prompt: 'hello',
      response: 'hi',
      password: 'p',
    })
    expect(event.detail).toBeUndefined()
  })

  it('do not replace what detail says, and are left out when they do not fit', () => {
    const filler = 'x'.repeat(3900)
    const event = accepted({ ...item, detail: { filler, region: 'eu' }, region: 'us', a: 'y'.repeat(250), b: 1 })
    expect(event.detail).toEqual({ filler, region: 'eu', b: 1 })
    expect(JSON.stringify(event.detail).length).toBeLessThanOrEqual(4096)
  })

  it('are found beside any mix of known members', () => {
    fc.assert(
      fc.property(arbitraryEvent({ money: 'sent', kinds: ['llm_request_completed'] }), fc.nat(50), (event, cost) => {
        const { detail: _, cost_reported_nano_usd: __, cost_basis: ___, ...sent } = encodeWireEvent(event)
        const more = { ...sent, ...(cost > 25 ? { cost_nano_usd: cost } : {}), x_extra: 1 }
        expect(accepted(more).detail).toEqual({ x_extra: 1 })
        expect(accepted(more, { ...context, defaults: { sourceId: 's', tenantId: 't' } }).detail).toEqual({
          x_extra: 1,
        })
      }),
      { seed: 4, numRuns: 500 },
    )
  })

  it('leave an event acceptable whatever they hold', () => {
    expect(
      accepted({ ...item, odd: Number.POSITIVE_INFINITY, text: 'a\ud800', ['b\ud800']: 1, nan: Number.NaN }).detail,
    ).toBeUndefined()
  })
})

describe('defaults of a batch', () => {
  it('fill gaps and never replace', () => {
    const defaults = { sourceId: 'gateway-1', epoch: 3, requestModel: 'gpt-4o', provider: 'openai' }
    const event = accepted({ timestamp_ms: NOW, provider: 'azure' }, { ...context, defaults })
    expect(event).toMatchObject({ sourceId: 'gateway-1', epoch: 3, requestModel: 'gpt-4o', provider: 'azure' })
    expect(defaults.provider).toBe('openai')
  })

  it('may be any member but id and instant', () => {
    fc.assert(
      fc.property(arbitraryEvent({ money: 'sent' }), (event) => {
        const { eventId, timestampMs, ...defaults } = event
        const sent = { event_id: eventId, timestamp_ms: timestampMs }
        expect(accepted(sent, { ...context, defaults })).toEqual(event)
        expect(accepted(encodeWireEvent(event), { ...context, defaults: { ...defaults, seq: 7 } }).seq).toBe(
          event.seq ?? 7,
        )
      }),
      { seed: 6, numRuns: 500 },
    )
  })
})
