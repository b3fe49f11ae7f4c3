import { describe, expect, it } from 'vitest'
import { ERRORS } from '../../errors.ts'
import type { Mutable, UsageEvent } from '../event.ts'
import { FIELD_NAMES, FIELDS, type FieldName, type FieldSpec, wireName } from '../fields.ts'
import { decodeWireEvent, encodeWireEvent, eventFromWire, type RefusedItem, wireJson } from '../wire.ts'

// The codec spells every member out; here the table checks it, member by member.

const context = { nowMs: 1_795_227_300_000, mintId: () => 'minted' }
const base = { event_id: 'e', timestamp_ms: context.nowMs, model: 'gpt-4o', input_tokens: 100, output_tokens: 100 }

function sample(field: FieldName, spec: FieldSpec): unknown {
  switch (spec.type) {
    case 'string':
    case 'text':
      return `${field}"é`.slice(0, spec.max / 3)
    case 'integer':
      return field === 'timestampMs' ? context.nowMs : Math.min(7, spec.max)
    case 'boolean':
      return true
    case 'ratio':
      return 0.25
    case 'enum':
      return spec.values[0]
    case 'strings':
      return ['files', '"quoted"']
    case 'counts':
      return { web_searches: 2 }
    case 'tags':
      return { team: 'search', ['__proto__']: 'own' }
    case 'detail':
      return { note: [1, { deep: null }] }
  }
}

function refusal(item: unknown): RefusedItem {
  const decoded = decodeWireEvent(item, context)
  if (decoded.ok) throw new Error(`accepted ${JSON.stringify(decoded.event)}`)
  expect(Object.hasOwn(ERRORS, decoded.code)).toBe(true)
  return decoded
}

const everything = Object.fromEntries(
  FIELD_NAMES.map((name) => [name, sample(name, FIELDS[name])]),
) as unknown as UsageEvent

describe('each member of the field table', () => {
  it('is written, in the order of the table, and read back', () => {
    const text = wireJson(everything)
    const item = JSON.parse(text) as Record<string, unknown>
    expect(Object.keys(item)).toEqual(FIELD_NAMES.map(wireName))
    expect(item).toEqual(encodeWireEvent(everything))
    expect(Object.keys(encodeWireEvent(everything))).toEqual(FIELD_NAMES.map(wireName))
    expect(eventFromWire(item)).toEqual(everything)
  })

  const OURS: readonly FieldName[] = FIELD_NAMES.filter((name) => FIELDS[name].group === 'money')
  const NEEDED: readonly FieldName[] = ['eventId', 'timestampMs', 'kind', 'requestModel', 'inputTokens', 'outputTokens']
  const SENT = FIELD_NAMES.filter((name) => !OURS.includes(name) && !NEEDED.includes(name) && name !== 'totalTokens')

  it.each(SENT)('%s is taken from the wire', (name) => {
    const value = sample(name, FIELDS[name])
    const decoded = decodeWireEvent({ ...base, [wireName(name)]: value }, context)
    expect(decoded).toMatchObject({ ok: true })
    if (decoded.ok) expect((decoded.event as Mutable<UsageEvent>)[name]).toEqual(value)
  })

  it.each(FIELD_NAMES)('%s given as null counts as absent', (name) => {
    const decoded = decodeWireEvent({ ...base, [wireName(name)]: null }, context)
    expect(decoded).toMatchObject({ ok: true })
    if (decoded.ok) expect(Object.values(decoded.event)).not.toContain(null)
  })
})

const NUMBERS = FIELD_NAMES.filter((name) => FIELDS[name].type === 'integer')

describe.each(NUMBERS)('the number %s', (name) => {
  const field = wireName(name)
  const range = name === 'timestampMs' ? 'timestamp_out_of_range' : 'out_of_range'
  it.each([
    ['NaN', Number.NaN, 'not_an_integer'],
    ['1e400', JSON.parse('1e400'), range],
    ['-1e400', JSON.parse('-1e400'), range],
    ['-1', -1, range],
    ['1.5', 1.5, 'not_an_integer'],
    ['"12"', '12', 'invalid_type'],
    ['an empty string', '', 'invalid_type'],
    ['2^53 + 1', JSON.parse('9007199254740993'), range],
    ['9e18', 9e18, range],
    ['true', true, 'invalid_type'],
    ['a list', [1], 'invalid_type'],
    ['an object', { valueOf: 1 }, 'invalid_type'],
    ['a bigint', 12n, 'invalid_type'],
  ])('refuses %s', (_, value, code) => {
    expect(refusal({ ...base, [field]: value })).toMatchObject({ ok: false, code, field, eventId: 'e' })
  })
})

// A subset of tokens needs its total and an instant its own range; `decode.test.ts` has those.
const SUBSET = /^(cache|reasoning|inputAudio|inputImage|outputAudio|outputImage).*Tokens$/
const ALONE = NUMBERS.filter((name) => name !== 'timestampMs' && !SUBSET.test(name))

describe.each(ALONE)('the number %s', (name) => {
  const bare = { event_id: 'e', timestamp_ms: context.nowMs, model: 'gpt-4o' }
  const { max } = FIELDS[name] as { readonly max: number }

  it('goes up to its limit and not beyond', () => {
    expect(decodeWireEvent({ ...bare, [wireName(name)]: max }, context)).toMatchObject({ ok: true })
    expect(refusal({ ...bare, [wireName(name)]: max + 1 })).toMatchObject({ code: 'out_of_range' })
  })

  it('has no -0', () => {
    const decoded = decodeWireEvent({ ...bare, [wireName(name)]: -0 }, context)
    expect(decoded).toMatchObject({ ok: true })
    if (decoded.ok) for (const value of Object.values(decoded.event)) expect(value).not.toBe(-0)
  })
})

const TEXTS = FIELD_NAMES.filter((name) => FIELDS[name].type === 'string')

describe.each(TEXTS)('the text %s', (name) => {
  const field = wireName(name)
  const { max } = FIELDS[name] as { readonly max: number }

  it('is measured in bytes: what fits exactly is taken, one more is refused', () => {
    const kinds = { ...base, kind: 'llm_request_completed' }
    expect(decodeWireEvent({ ...kinds, [field]: `x${'y'.repeat(max - 1)}` }, context).ok).toBe(true)
    expect(decodeWireEvent({ ...kinds, [field]: 'é'.repeat(max / 2) }, context).ok).toBe(true)
    expect(refusal({ ...kinds, [field]: 'y'.repeat(max + 1) })).toMatchObject({ code: 'too_long', field })
    expect(refusal({ ...kinds, [field]: `${'é'.repeat(max / 2)}y` })).toMatchObject({ code: 'too_long', field })
  })

  it('refuses lone surrogates, NUL and what is no text', () => {
    for (const text of ['a\ud800', '\udc00b', 'nul\0']) {
      expect(refusal({ ...base, [field]: text })).toMatchObject({ code: 'invalid_text', field })
    }
    for (const value of [true, ['x'], { x: 1 }, name === 'agentId' ? -1 : 12]) {
      expect(refusal({ ...base, [field]: value }).field).toBe(field)
    }
  })

  it('answers a megabyte with a short message', () => {
    const refused = refusal({ ...base, [field]: 'm'.repeat(1 << 20) })
    expect(refused).toMatchObject({ code: 'too_long', field })
    expect(JSON.stringify(refused).length).toBeLessThan(300)
  })
})

describe('flags and words', () => {
  it.each(FIELD_NAMES.filter((name) => FIELDS[name].type === 'boolean'))(
    '%s is true or false, nothing like it',
    (name) => {
      for (const value of ['true', 1, 0, '', []]) {
        expect(refusal({ ...base, [wireName(name)]: value })).toMatchObject({
          code: 'invalid_type',
          field: wireName(name),
        })
      }
    },
  )

  it.each(['usageBasis', 'costBasis'] as const)('%s is one of its words', (name) => {
    const field = wireName(name)
    expect(refusal({ ...base, [field]: 'guessed' })).toMatchObject({ code: 'unknown_value', field })
    expect(refusal({ ...base, [field]: '__proto__' })).toMatchObject({ code: 'unknown_value', field })
    expect(refusal({ ...base, [field]: 1 })).toMatchObject({ code: 'invalid_type', field })
  })
})
