import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonBytes, jsonBytes } from './json-bytes.ts'

function written(write: (json: JsonBytes) => void): string {
  // So little room that every kind of value has to grow the buffer.
  const json = new JsonBytes(1)
  write(json)
  return new TextDecoder('utf-8', { fatal: true }).decode(json.bytes.subarray(0, json.length))
}

it('writes strings as JSON.stringify does', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.constantFrom('', '\n', '"', '\\', '\u007f', '\u2028'),
  )
  const property = fc.property(texts, (text) => {
    expect(written((json) => json.text(text))).toBe(JSON.stringify(text))
  })
  fc.assert(property, { seed: 1, numRuns: 500 })
})

it('writes numbers as JSON.stringify does', () => {
  const numbers = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  const property = fc.property(numbers, (value) => {
    expect(written((json) => json.number(value))).toBe(JSON.stringify(value))
  })
  fc.assert(property, { seed: 2, numRuns: 2000 })
})

it('writes every number of digits, and both sides of each step', () => {
  for (let power = 1; power <= Number.MAX_SAFE_INTEGER; power *= 10) {
    for (const value of [power - 1, power, power + 1, power * 9]) {
      expect(written((json) => json.number(value))).toBe(String(value))
    }
  }
  expect(written((json) => json.number(Number.MAX_SAFE_INTEGER))).toBe('9007199254740991')
  expect(written((json) => json.number(-0))).toBe('0')
})

it('joins what it is given, whatever was there before', () => {
  const text = written((json) => {
    json.raw(jsonBytes('{"é":'))
    json.boolean(true)
    json.put(',"list":["ü"]')
    json.copy(jsonBytes(',"hash":"'))
    json.hex32(0xfedcba98)
    json.hex32(7)
    json.raw(jsonBytes('","off":'))
    json.boolean(false)
    json.raw(jsonBytes('}'))
  })
  expect(JSON.parse(text)).toEqual({ é: true, list: ['ü'], hash: 'fedcba9800000007', off: false })
})

it('keeps what was written when a value outgrows the buffer', () => {
  const long = 'x'.repeat(10_000)
  const texts = [long, 'é'.repeat(5_000), long]
  const text = written((json) => {
    for (const value of texts) json.text(value)
  })
  expect(text).toBe(texts.map((value) => `"${value}"`).join(''))
})
