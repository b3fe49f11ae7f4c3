import { scaleDecimal } from '@tallystick/core/pricing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseExactJson } from './exact-json.ts'

describe('JSON with long numbers', () => {
  it.each([
    ['{"a":0.00022500000000000002,"b":30}', { a: '0.00022500000000000002', b: 30 }],
    ['[1234567890123456,123456789012345]', ['1234567890123456', 123456789012345]],
    ['[0.000000000000000000001,1.29e-05]', [1e-21, 1.29e-5]],
    [
      '["0.00022500000000000002","a\\\\",-0.1234567890123456789]',
      ['0.00022500000000000002', 'a\\', '-0.1234567890123456789'],
    ],
    ['{"say \\"1.00000000000000001\\"":2}', { 'say "1.00000000000000001"': 2 }],
  ])('%s', (text, value) => {
    expect(parseExactJson(text)).toEqual(value)
  })

  it('keeps every decimal as it was written', () => {
    const decimal = fc
      .tuple(fc.integer({ min: 0, max: 9_999_999 }), fc.stringMatching(/^\d{1,25}$/))
      .map(([whole, fraction]) => `${whole}.${fraction}`)
    fc.assert(
      fc.property(decimal, (text) => {
        const { amount } = parseExactJson(`{"amount":${text}}`) as { amount: number | string }
        expect(scaleDecimal(amount, 9)).toBe(scaleDecimal(text, 9))
      }),
      { seed: 61, numRuns: 500 },
    )
  })

  it('is what JSON.parse makes of anything with shorter numbers', () => {
    const json = fc.json().filter((text) => !/\d{16}|[\d.]{17}/.test(text))
    fc.assert(
      fc.property(json, (text) => {
        expect(parseExactJson(text)).toEqual(JSON.parse(text))
      }),
      { seed: 62, numRuns: 300 },
    )
  })

  it('refuses what is no JSON', () => {
    expect(() => parseExactJson('{"a":01234567890123456}x')).toThrow(SyntaxError)
  })
})
