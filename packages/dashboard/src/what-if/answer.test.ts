import { describe, expect, test } from 'vitest'
import { decodeTarget, decodeTargets, differenceText, encodeTargets, percentText, rangeText } from './answer.ts'

describe('what-if in the address and in words', () => {
  test.each([
    ['openai:gpt-4o-mini', { provider: 'openai', model: 'gpt-4o-mini' }],
    [':ft:gpt-4o:acme', { provider: null, model: 'ft:gpt-4o:acme' }],
    ['gpt-4o', { provider: null, model: 'gpt-4o' }],
    ['aws:anthropic.claude-v2:1', { provider: 'aws', model: 'anthropic.claude-v2:1' }],
    ['', null],
    ['openai:', null],
  ])('%s names %j', (text, target) => {
    expect(decodeTarget(text)).toEqual(target)
  })

  test('targets come back from the address as they went in', () => {
    const targets = [
      { provider: null, model: 'a:b' },
      { provider: 'openai', model: 'gpt-4o' },
    ]
    const params = encodeTargets(targets)
    expect(decodeTargets((name) => params[name] ?? null)).toEqual(targets)
  })

  test('amounts say which way they go', () => {
    expect([differenceText(-2_350_000_000), differenceText(1_000_000_000), differenceText(0)]).toEqual([
      '−$2.35',
      '+$1.00',
      '$0.00',
    ])
    expect([percentText(-940, 1_000), percentText(25, 10), percentText(1, 0)]).toEqual(['−94 %', '+250 %', null])
    expect(rangeText({ low: 1_000_000_000, likely: 1_000_000_000, high: 2_000_000_000 })).toBe('$1.00 – $2.00')
    expect(rangeText({ low: 5_000_000_000, likely: 5_000_000_000, high: 5_000_000_000 })).toBe('$5.00')
  })
})
