import { create, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AnyValue, KeyValueSchema } from './generated/otlp_pb.ts'
import { attributesOf } from './key-values.ts'

type Value = AnyValue['value']

const text = fc.string({ unit: 'binary', maxLength: 40 })
const int = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.nat({ max: 300 }),
  fc.constantFrom(2 ** 48, 2 ** 49 - 1, 2 ** 49),
)
const value: fc.Arbitrary<Value> = fc.oneof(
  text.map((string): Value => ({ case: 'stringValue', value: string })),
  fc.boolean().map((flag): Value => ({ case: 'boolValue', value: flag })),
  int.map((number): Value => ({ case: 'intValue', value: BigInt(number) })),
  fc.double().map((number): Value => ({ case: 'doubleValue', value: number })),
)

describe('attributes', () => {
  it('taken out of their bytes are those that were written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, value), { maxLength: 8 }), (pairs) => {
        const bytes = pairs.map(([key, any]) =>
          toBinary(KeyValueSchema, create(KeyValueSchema, { key, value: { value: any } })),
        )
        const expected = new Map(
          pairs.map(([key, any]) => [key, any.case === 'intValue' ? Number(any.value) : any.value]),
        )
        expect(attributesOf(bytes)).toEqual(expected)
      }),
      { seed: 20261121, numRuns: 500 },
    )
  })

  it('may be lists, and have members that nobody knows', () => {
    const bytes = toBinary(
      KeyValueSchema,
      create(KeyValueSchema, {
        key: 'reasons',
        value: {
          value: { case: 'arrayValue', value: { values: [{ value: { case: 'stringValue', value: 'stop' } }] } },
        },
      }),
    )
    expect(attributesOf([bytes]).get('reasons')).toEqual(['stop'])
    expect(attributesOf([new Uint8Array([0x18, 0x07, ...bytes])]).get('reasons')).toEqual(['stop'])
    // A value written twice: the last counts, as in any message.
    const twice = new Uint8Array([0x0a, 1, 0x6b, 0x12, 4, 0x18, 5, 0x18, 6])
    expect(attributesOf([twice]).get('k')).toBe(6)
  })

  it('that are long texts or long lists are left where they are', () => {
    const long = create(KeyValueSchema, {
      key: 'prompt',
      value: { value: { case: 'stringValue', value: 'x'.repeat(20_000) } },
    })
    expect(attributesOf([toBinary(KeyValueSchema, long)]).size).toBe(0)
    const values = Array.from({ length: 20_000 }, () => ({ value: { case: 'stringValue', value: 'xx' } }) as const)
    const list = create(KeyValueSchema, { key: 'list', value: { value: { case: 'arrayValue', value: { values } } } })
    expect(attributesOf([toBinary(KeyValueSchema, list)]).size).toBe(0)
  })

  it('cut anywhere are not read', () => {
    const whole = toBinary(
      KeyValueSchema,
      create(KeyValueSchema, { key: 'tokens', value: { value: { case: 'intValue', value: 300n } } }),
    )
    for (let length = 1; length < whole.byteLength; length++) {
      // Between key and value there is a whole message without a value.
      if (length === 2 + 'tokens'.length) expect(attributesOf([whole.subarray(0, length)]).size).toBe(0)
      else expect(() => attributesOf([whole.subarray(0, length)]), String(length)).toThrow()
    }
  })
})
