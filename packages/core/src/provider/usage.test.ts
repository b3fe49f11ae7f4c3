import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { USAGE_CASES } from './usage.fixture.ts'
import { NORMALIZERS, normalizeUsage } from './usage.ts'

describe('usage of providers', () => {
  it.each(USAGE_CASES)('$name', ({ provider, body, expected, anomalies }) => {
    const usage = normalizeUsage(provider, body)
    if (expected === undefined) expect(usage).toBeUndefined()
    else {
      const { usageConvention, ...fields } = usage?.fields ?? { usageConvention: '' }
      expect(fields).toEqual(expected)
      expect(usageConvention).not.toBe('')
      expect(usage?.anomalies).toEqual(anomalies ?? [])
    }
  })

  it('has a case for every provider of the table', () => {
    const named = new Set(
      USAGE_CASES.map((entry) => normalizeUsage(entry.provider, entry.body)?.fields.usageConvention.split('.')[0]),
    )
    for (const convention of [
      'openai',
      'azure',
      'anthropic',
      'gemini',
      'bedrock',
      'mistral',
      'deepseek',
      'xai',
      'groq',
      'cohere',
      'openrouter',
      'ollama',
      'compatible',
    ])
      expect(named).toContain(convention)
  })

  it('names how the provider counted where more was added than its totals', () => {
    const usage = { input_tokens: 1, output_tokens: 1 }
    const conventionOf = (body: object): string | undefined =>
      normalizeUsage('anthropic', { usage: { ...usage, ...body } })?.fields.usageConvention
    expect(conventionOf({ iterations: [{ type: 'message', ...usage }] })).toBe('anthropic.messages')
    expect(conventionOf({ iterations: [{ type: 'compaction', ...usage }] })).toBe('anthropic.iterations')
    expect(normalizeUsage('openai', { usage: { type: 'duration', seconds: 1 } })?.fields.usageConvention).toBe(
      'openai.media',
    )
  })

  it('never throws and never breaks the counting, whatever the answer', () => {
    const names = [
      'usage',
      'message',
      'response',
      'usageMetadata',
      'metadata',
      'x_groq',
      'prompt_tokens',
      'completion_tokens',
      'input_tokens',
      'output_tokens',
      'prompt_tokens_details',
      'cached_tokens',
      'cache_read_input_tokens',
      'cache_creation',
      'ephemeral_1h_input_tokens',
      'reasoning_tokens',
      'iterations',
      'inputTokens',
      'cacheDetails',
      'promptTokenCount',
      'thoughtsTokenCount',
      'promptTokensDetails',
      'billed_units',
      'cost',
      'eval_count',
      '__proto__',
      'constructor',
    ]
    const { node } = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.oneof(
          fc.nat(),
          fc.integer(),
          fc.double(),
          fc.maxSafeInteger(),
          fc.string(),
          fc.constant(null),
          fc.boolean(),
        ),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie('node'), { maxKeys: 6 }),
      ),
    }))
    fc.assert(
      fc.property(fc.constantFrom(undefined, 'else', ...NORMALIZERS.keys()), node, (provider, body) => {
        const usage = normalizeUsage(provider, body)
        if (usage === undefined) return
        const { fields } = usage
        for (const value of Object.values(fields))
          if (typeof value === 'number') expect(Number.isSafeInteger(value) && value >= 0).toBe(true)
        const parts = (...values: (number | undefined)[]): number =>
          values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
        expect(parts(fields.cacheReadTokens, fields.cacheWriteTokens, fields.cacheWrite1hTokens)).toBeLessThanOrEqual(
          fields.inputTokens ?? 0,
        )
        expect(fields.reasoningTokens ?? 0).toBeLessThanOrEqual(fields.outputTokens ?? 0)
      }),
      { seed: 1, numRuns: 3_000 },
    )
  })
})
