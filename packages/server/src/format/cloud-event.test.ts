import type { UsageEvent } from '@tallystick/core/event'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCloudEvent } from './cloud-event.ts'

const CONTEXT = { nowMs: 1_795_262_500_000, mintId: () => 'minted' }
const DATA = { model: 'gpt-4o', input_tokens: 3, output_tokens: 4 }
const cloud = (members: object = {}): Record<string, unknown> => ({
  specversion: '1.0',
  id: '42',
  source: '/gateways/eu-1',
  type: 'com.example.llm',
  time: '2026-11-21T08:00:00Z',
  data: DATA,
  ...members,
})

function event(item: unknown): UsageEvent {
  const decoded = decodeCloudEvent(item, CONTEXT)
  if (!decoded.ok) throw new Error(decoded.message)
  return decoded.event
}
const refusal = (item: unknown): unknown => decodeCloudEvent(item, CONTEXT)

it('is the event of its data, with what the envelope says where the data says nothing', () => {
  expect(event(cloud({ subject: 'customer-1' }))).toMatchObject({
    eventId: expect.stringMatching(/^ce-[\w-]{43}$/),
    timestampMs: Date.parse('2026-11-21T08:00:00Z'),
    kind: 'llm_request_completed',
    sourceId: '/gateways/eu-1',
    requestModel: 'gpt-4o',
    inputTokens: 3,
    tags: { subject: 'customer-1' },
  })
})

it('has the data count over the envelope', () => {
  const data = {
    ...DATA,
    event_id: 'mine',
    timestamp_ms: 1_795_262_400_000,
    source_id: 's',
    kind: 'llm_request_failed',
  }
  const tags = { subject: 'own' }
  expect(event(cloud({ data: { ...data, tags }, subject: 'x', type: 'llm_request_completed' }))).toMatchObject({
    eventId: 'mine',
    timestampMs: 1_795_262_400_000,
    sourceId: 's',
    kind: 'llm_request_failed',
    tags,
  })
})

it('takes its kind from a type that is one', () => {
  expect(event(cloud({ type: 'tool_invocation', data: { tool_name: 'search' } })).kind).toBe('tool_invocation')
})

describe('identity', () => {
  const idOf = (source: string, id: string): string => event(cloud({ source, id })).eventId

  it('is of source and id together, and the same each time', () => {
    expect(idOf('a', 'b')).toBe(idOf('a', 'b'))
    expect(new Set([idOf('a', 'bc'), idOf('ab', 'c'), idOf('a', 'b'), idOf('b', 'a'), idOf('1:a', 'b')]).size).toBe(5)
  })

  it('is told from any other by every character of them', () => {
    const text = fc.string({ minLength: 1, maxLength: 20 }).filter((value) => !value.includes('\0'))
    fc.assert(
      fc.property(text, text, text, text, (sourceA, idA, sourceB, idB) => {
        fc.pre([sourceA, idA, sourceB, idB].every((value) => value.isWellFormed()))
        expect(idOf(sourceA, idA) === idOf(sourceB, idB)).toBe(sourceA === sourceB && idA === idB)
      }),
      { seed: 29, numRuns: 500 },
    )
  })
})

it.each([
  ['specversion', { specversion: '0.3' }, 'unknown_value'],
  ['specversion', { specversion: undefined }, 'unknown_value'],
  ['id', { id: undefined }, 'missing_field'],
  ['id', { id: '' }, 'invalid_type'],
  ['source', { source: 7 }, 'invalid_type'],
  ['type', { type: undefined }, 'missing_field'],
  ['datacontenttype', { datacontenttype: 'text/xml' }, 'unknown_value'],
  ['data', { data: undefined, data_base64: 'e30=' }, 'missing_field'],
  ['data', { data: 'text' }, 'invalid_type'],
  ['timestamp', { time: 'yesterday' }, 'invalid_timestamp'],
  ['model', { data: {} }, 'missing_field'],
])('names %s in %j', (field, members, code) => {
  expect(refusal(cloud(members))).toMatchObject({ ok: false, field, code })
})

it.each([['application/json'], ['application/json; charset=utf-8'], ['application/vnd.acme+json'], [null]])(
  'takes data of type %s',
  (datacontenttype) => {
    expect(event(cloud({ datacontenttype })).inputTokens).toBe(3)
  },
)

it('decides whatever is sent without a throw', () => {
  const odd = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>('\0', '\ud800', '__proto__', undefined))
  const members = fc.dictionary(fc.constantFrom(...Object.keys(cloud()), 'subject', 'datacontenttype'), odd)
  fc.assert(
    fc.property(fc.oneof(members.map(cloud), odd), (item) => {
      expect(typeof decodeCloudEvent(item, CONTEXT).ok).toBe('boolean')
    }),
    { seed: 31, numRuns: 1000 },
  )
})
