import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { langfuseCost, langfuseUsage } from './usage.ts'

const usage = (body: object): unknown => {
  const read = langfuseUsage(body as Record<string, unknown>)
  return read.ok ? read.usage : read.field
}

describe('usageDetails', () => {
  it.each([
    [
      'buckets that do not overlap',
      { input: 10, output: 5, cache_read_input_tokens: 90 },
      { inputTokens: 100, cacheReadTokens: 90, outputTokens: 5 },
    ],
    [
      'the same, and their total',
      { input: 10, output: 5, cache_read_input_tokens: 90, total: 105 },
      { inputTokens: 100, cacheReadTokens: 90, outputTokens: 5 },
    ],
    [
      'a total that says the cached are in the input',
      { input: 100, output: 5, input_cached_tokens: 90, total: 105 },
      { inputTokens: 100, cacheReadTokens: 90, outputTokens: 5 },
    ],
    [
      'reasoning in the output, as its total says',
      { input: 10, output: 50, output_reasoning_tokens: 40, total: 60 },
      { inputTokens: 10, outputTokens: 50, reasoningTokens: 40 },
    ],
    [
      'reads taken out of the input and writes not, as LiteLLM does',
      { input: 60, output: 5, cache_read_input_tokens: 40, cache_creation_input_tokens: 20, total: 105 },
      { inputTokens: 100, cacheReadTokens: 40, cacheWriteTokens: 20, outputTokens: 5 },
    ],
    [
      'writes by how long they last',
      { input: 1, output: 1, input_cache_creation_5m: 6, input_cache_creation_1h: 4 },
      { inputTokens: 11, cacheWriteTokens: 6, cacheWrite1hTokens: 4, outputTokens: 1 },
    ],
    [
      "OpenAI's own object",
      {
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 120,
        prompt_tokens_details: { cached_tokens: 64 },
        completion_tokens_details: { reasoning_tokens: 16 },
      },
      { inputTokens: 100, cacheReadTokens: 64, outputTokens: 20, reasoningTokens: 16 },
    ],
    [
      "OpenAI's newer object",
      { input_tokens: 100, output_tokens: 20, total_tokens: 120, input_tokens_details: { cached_tokens: 64 } },
      { inputTokens: 100, cacheReadTokens: 64, outputTokens: 20 },
    ],
    ['a total alone', { total: 30 }, { totalTokens: 30 }],
    [
      'other units',
      { input: 1, output: 1, web_searches: 3 },
      { inputTokens: 1, outputTokens: 1, units: { web_searches: 3 } },
    ],
    ['nothing', {}, undefined],
    ['nulls', { input: null }, undefined],
  ])('%s', (_, usageDetails, expected) => {
    expect(usage({ usageDetails })).toEqual(expected)
  })

  it('is refused where a bucket is no count', () => {
    expect(usage({ usageDetails: { input: 1.5 } })).toBe('usageDetails.input')
    expect(usage({ usageDetails: { input: -1 } })).toBe('usageDetails.input')
    expect(usage({ usageDetails: 'many' })).toBe('usageDetails')
  })
})

describe('usage', () => {
  it.each([
    [
      { promptTokens: 12, completionTokens: 8, totalTokens: 20 },
      { inputTokens: 12, outputTokens: 8 },
    ],
    [
      { input: 12, output: 8, total: 20, unit: 'TOKENS' },
      { inputTokens: 12, outputTokens: 8 },
    ],
    [{ input: 120, output: 80, unit: 'CHARACTERS' }, { units: { input_characters: 120, output_characters: 80 } }],
    [{ total: 3, unit: 'IMAGES' }, { units: { images: 3 } }],
    [{ total: 20 }, { totalTokens: 20 }],
    [{ input: null, output: null }, undefined],
  ])('%j', (said, expected) => {
    expect(usage({ usage: said })).toEqual(expected)
  })

  it('gives way to usageDetails', () => {
    expect(usage({ usage: { input: 1, output: 1 }, usageDetails: { input: 2, output: 2 } })).toEqual({
      inputTokens: 2,
      outputTokens: 2,
    })
  })
})

describe('cost', () => {
  it.each([
    [{ costDetails: { input: 0.1, output: 0.2, total: 0.3 } }, 300_000_000],
    [{ costDetails: { input: 0.1, output: 0.2 } }, 300_000_000],
    [{ usage: { totalCost: 0.0003 } }, 300_000],
    [{ usage: { inputCost: 0.0001, outputCost: 0.0002 } }, 300_000],
    [{ costDetails: { total: 0 } }, undefined],
    [{ costDetails: { total: -1 } }, undefined],
    [{}, undefined],
  ])('of %j is %s nano-USD', (body, nano) => {
    expect(langfuseCost(body)).toBe(nano)
  })
})

it('gives figures that fit each other, whatever the buckets', () => {
  const names = [
    'input',
    'output',
    'total',
    'input_cached_tokens',
    'cache_creation_input_tokens',
    'output_reasoning',
    'x',
  ]
  const buckets = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), fc.nat({ max: 10_000 }))
  fc.assert(
    fc.property(buckets, (usageDetails) => {
      const read = langfuseUsage({ usageDetails })
      if (!read.ok || read.usage === undefined) return
      const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0 } = read.usage
      expect(cacheReadTokens + cacheWriteTokens).toBeLessThanOrEqual(inputTokens)
      expect(read.usage.reasoningTokens ?? 0).toBeLessThanOrEqual(outputTokens)
    }),
    { seed: 7, numRuns: 1000 },
  )
})
