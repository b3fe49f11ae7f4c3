import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameForms } from './affixes.ts'
import { bundledCatalogue } from './catalogue.ts'
import { createPriceBook } from './price-book.ts'
import { providerId } from './providers.ts'

const NOW = Date.parse('2026-11-01T12:00:00Z')
const book = createPriceBook()
const found = (provider: string | undefined, model: string): string | undefined => {
  const resolution = book.resolve(provider, model, NOW)
  return resolution && `${resolution.match} ${resolution.provider}/${resolution.model}`
}

describe('lookup of models', () => {
  it.each([
    ['openai', 'gpt-4o', 'exact openai/gpt-4o'],
    ['openai', 'GPT-4o', 'alias openai/gpt-4o'],
    ['openai', 'gpt-4o-2024-08-06', 'alias openai/gpt-4o'],
    ['openai', 'gpt-4o-2024-05-13', 'exact openai/gpt-4o-2024-05-13'],
    ['openai', 'openai/gpt-4o-2024-05-13', 'suffix openai/gpt-4o-2024-05-13'],
    ['openai', 'gpt-4o-2031-02-03', 'suffix openai/gpt-4o'],
    ['openai', 'gpt-4o-mini-2025-01-01', 'suffix openai/gpt-4o-mini'],
    ['openai', 'o1-mini-2030-09-12', 'suffix openai/o1-mini'],
    ['anthropic', 'claude-sonnet-5', 'exact anthropic/claude-sonnet-5'],
    ['anthropic', 'claude-sonnet-4-20250514', 'suffix anthropic/claude-sonnet-4-0'],
    ['google', 'claude-sonnet-4@20250514', 'suffix google/claude-4-sonnet'],
    ['google', 'models/gemini-2.5-flash', 'suffix google/gemini-2.5-flash'],
    ['gcp.vertex_ai', 'publishers/google/models/gemini-2.5-flash', 'suffix google/gemini-2.5-flash'],
    ['aws.bedrock', 'us.anthropic.claude-opus-4-5-20251101-v1:0', 'suffix aws/regional.anthropic.claude-opus-4-5-v1:0'],
    [
      'aws.bedrock',
      'global.anthropic.claude-opus-4-5-20251101-v1:0',
      'suffix aws/global.anthropic.claude-opus-4-5-v1:0',
    ],
    [
      undefined,
      'eu.anthropic.claude-3-haiku-20240307-v1:0',
      'suffix aws/regional.anthropic.claude-3-haiku-20240307-v1:0',
    ],
    [undefined, 'groq/llama-3.3-70b-versatile', 'suffix groq/llama-3.3-70b-versatile'],
    ['litellm', 'azure/o4-mini', 'suffix azure/o4-mini'],
    ['azure', 'gpt-4o', 'exact openai/gpt-4o'],
    ['aws', 'amazon.titan-embed-text-v1', 'exact aws/amazon.titan-embed-text-v1'],
    [undefined, 'meta.llama3-1-8b-instruct-v1:0', 'exact aws/meta.llama3-1-8b-instruct-v1:0'],
    ['openrouter', 'openai/gpt-4o', 'exact openrouter/openai/gpt-4o'],
    [undefined, 'grok-4.5', 'exact x-ai/grok-4.5'],
    ['cursor', 'grok-4.5', 'exact cursor/grok-4.5'],
  ])('finds %s %s as %s', (provider, model, expected) => {
    expect(found(provider, model)).toBe(expected)
  })

  it.each([
    ['anthropic', 'claude-sonnet-5-5'],
    ['openai', 'gpt-4o-2'],
    ['openai', 'gpt-4o-2024-02-45'],
    ['openai', 'gpt-4o-2024-13-05'],
    ['openai', 'gpt-4o-2024-0806'],
    ['openai', 'gpt-4o:extended-2'],
    ['anthropic', 'gpt-4o'],
    ['my-vllm', 'gpt-4o'],
    ['openai', 'groq/llama-3.3-70b-versatile'],
    [undefined, 'nobody/gpt-4o'],
    [undefined, 'gpt-4o-v1'],
    [undefined, 'accounts/somebody/models/gpt-4o'],
    ['aws', 'amazon.titan-embed-text-v2:0'],
    [undefined, ''],
  ])('finds nothing for %s %s', (provider, model) => {
    expect(found(provider, model)).toBeUndefined()
  })

  it('finds nothing for a megabyte of name', () => {
    expect(found(undefined, 'x'.repeat(1_000_000))).toBeUndefined()
  })

  it('never reads a longer name as the shorter one it begins with', () => {
    const model = fc.constantFrom(...bundledCatalogue().models.filter((prices) => prices.provider === 'openai'))
    const ending = fc.stringMatching(/^[a-z]{1,8}$/)
    const known = new Set(bundledCatalogue().models.flatMap((prices) => [prices.model, ...prices.aliases]))
    const property = fc.property(model, ending, (prices, end) => {
      const name = `${prices.model}-${end}`
      return (
        end === 'latest' || known.has(name) || prices.model.startsWith('ft:') || found('openai', name) === undefined
      )
    })
    fc.assert(property, { seed: 1, numRuns: 2_000 })
  })

  it('finds every id it lists, as itself', () => {
    for (const { provider, model } of bundledCatalogue().models)
      expect(found(provider, model)).toBe(`exact ${provider}/${model}`)
  })

  it('takes bounded time for hostile names', () => {
    for (const name of [
      '/'.repeat(256),
      'a.'.repeat(128),
      'us.'.repeat(85),
      'ft:'.repeat(85),
      '-v1'.repeat(85),
      'litellm/'.repeat(32),
    ]) {
      expect(nameForms(name, undefined).length).toBeLessThan(200)
    }
  })
})

describe('provider names', () => {
  it('of OpenTelemetry, LiteLLM and SDKs lead to the catalogue', () => {
    const ids = new Set(bundledCatalogue().models.map((prices) => prices.provider))
    for (const name of [
      'openai',
      'anthropic',
      'aws.bedrock',
      'azure.ai.openai',
      'gcp.gemini',
      'vertex_ai',
      'x_ai',
      'mistral_ai',
      'cohere',
      'deepseek',
      'groq',
      'perplexity',
      'moonshot_ai',
      'OpenRouter',
    ]) {
      expect(ids.has(providerId(name))).toBe(true)
    }
  })

  it('of routers, and unknown, narrow nothing', () => {
    expect([providerId('unknown'), providerId('LiteLLM'), providerId(''), providerId(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(providerId('__proto__')).toBe('__proto__')
  })
})
