import { describe, expect, it } from 'vitest'
import { nanoToMicros, nanoToUsd } from '../event/units.ts'
import { usdPerToken } from './decimal.ts'
import { createPriceBook, type PriceBook } from './price-book.ts'

const NOW = Date.parse('2026-11-01T12:00:00Z')
const USD = 1_000_000_000

function cost(
  book: PriceBook,
  model: string,
  usage: { inputTokens: number; outputTokens: number; cacheReadTokens?: number; reasoningTokens?: number },
): number | undefined {
  return book.price({ eventId: 'e', timestampMs: NOW, kind: 'llm_request_completed', requestModel: model, ...usage })
    .costNanoUsd
}

describe("the pricing manager's table, in LiteLLM's form", () => {
  // USD per token of the entries whose figures are asserted upstream
  const content = {
    sample_spec: { input_cost_per_token: 0, output_cost_per_token: 0, litellm_provider: 'one of ...' },
    'gpt-4': { input_cost_per_token: 3e-5, output_cost_per_token: 6e-5, litellm_provider: 'openai' },
    'gpt-4-turbo': { input_cost_per_token: 1e-5, output_cost_per_token: 3e-5, litellm_provider: 'openai' },
    'gpt-4o': { input_cost_per_token: 2.5e-6, output_cost_per_token: 1e-5, litellm_provider: 'openai' },
    'gpt-4o-mini': { input_cost_per_token: 1.5e-7, output_cost_per_token: 6e-7, litellm_provider: 'openai' },
    'gpt-5.1': {
      input_cost_per_token: 1.25e-6,
      output_cost_per_token: 1e-5,
      max_output_tokens: 128000,
      litellm_provider: 'openai',
    },
    'gpt-5-nano': { input_cost_per_token: 5e-8, output_cost_per_token: 4e-7, litellm_provider: 'openai' },
    'o3-mini': { input_cost_per_token: 1.1e-6, output_cost_per_token: 4.4e-6, litellm_provider: 'openai' },
    'claude-3-opus-20240229': {
      input_cost_per_token: 1.5e-5,
      output_cost_per_token: 7.5e-5,
      litellm_provider: 'anthropic',
    },
    'claude-3-haiku-20240307': {
      input_cost_per_token: 2.5e-7,
      output_cost_per_token: 1.25e-6,
      litellm_provider: 'anthropic',
    },
    'claude-opus-4-5': { input_cost_per_token: 5e-6, output_cost_per_token: 2.5e-5, litellm_provider: 'anthropic' },
    'custom-model': { input_cost_per_token: 0.001, output_cost_per_token: 0.002 },
    'input-only': { input_cost_per_token: 0.001 },
    'output-only': { input_cost_per_token: 0, output_cost_per_token: 0.001 },
    limited: { input_cost_per_token: 0.001, output_cost_per_token: 0.002, max_output_tokens: 8192, max_tokens: 4096 },
    'older-limit': { input_cost_per_token: 0.001, output_cost_per_token: 0.002, max_tokens: 4096 },
    free: { input_cost_per_token: 0, output_cost_per_token: 0 },
    'openai/container': { code_interpreter_cost_per_session: 0.03, litellm_provider: 'openai' },
  }
  const book = createPriceBook({ catalogue: false, overrides: [{ name: 'pricing.json', content }] })

  it.each([
    ['gpt-4', 100, 50, 6_000],
    ['gpt-4', 150, 50, 7_500],
    ['gpt-5.1', 1_000, 500, 6_250],
    ['gpt-4-turbo', 1_000, 1_000, 40_000],
    ['o3-mini', 1_000_000, 1_000_000, 5_500_000],
    ['claude-3-opus-20240229', 1_000_000, 1_000_000, 90_000_000],
    ['claude-3-haiku-20240307', 1_000_000, 1_000_000, 1_500_000],
    ['claude-opus-4-5', 1_000_000, 1_000_000, 30_000_000],
    ['custom-model', 0, 0, 0],
    ['custom-model', 1_000, 0, 1_000_000],
    ['custom-model', 0, 500, 1_000_000],
    ['custom-model', 1_000, 500, 2_000_000],
    ['input-only', 1_000, 7, 1_000_000],
    ['output-only', 7, 1_000, 1_000_000],
  ])('T:pricing-i %s: %d in and %d out cost %d micro-USD', (model, inputTokens, outputTokens, micros) => {
    const nano = cost(book, model, { inputTokens, outputTokens })
    expect(nano).toBe(micros * 1_000)
    expect(nanoToMicros(nano ?? -1)).toBe(micros)
  })

  it('keeps what two floors of micro-USD lost, and rounds once at the edge', () => {
    const micros = (model: string, inputTokens: number, outputTokens: number): unknown[] => {
      const nano = cost(book, model, { inputTokens, outputTokens })
      return [nano, nanoToMicros(nano ?? -1)]
    }
    expect(micros('gpt-4o-mini', 150, 50)).toEqual([52_500, 52])
    expect(micros('gpt-4o-mini', 1, 1)).toEqual([750, 1])
    expect(micros('gpt-5-nano', 11, 1)).toEqual([950, 1])
  })

  it('T:pricing-i the sample, what costs nothing, what has no token price and unknown models have no price', () => {
    for (const model of ['sample_spec', 'free', 'openai/container', 'nonexistent-model-xyz']) {
      expect(book.resolve(undefined, model, NOW)).toBeUndefined()
    }
  })

  it('T:pricing-i gpt-5.1 costs 1.25e-6 and 1e-5 USD a token and answers with at most 128,000', () => {
    expect(book.resolve(undefined, 'gpt-5.1', NOW)).toMatchObject({
      model: 'gpt-5.1',
      match: 'exact',
      row: { prices: { input: usdPerToken(1.25e-6), output: usdPerToken(1e-5) }, maxOutputTokens: 128_000 },
    })
  })

  it("T:pricing-i the catalogue's own gpt-5.1 costs the same", () => {
    expect(cost(createPriceBook(), 'gpt-5.1', { inputTokens: 1_000, outputTokens: 500 })).toBe(6_250_000)
  })

  it.each([
    ['limited', 8_192],
    ['older-limit', 4_096],
    ['custom-model', undefined],
  ])('T:pricing-i %s answers with at most %s tokens, and its name is its key', (model, most) => {
    const found = book.resolve(undefined, model, NOW)
    expect([found?.model, found?.row.maxOutputTokens]).toEqual([model, most])
  })

  it("T:pricing-i a model's limit is no part of its price id", () => {
    const ids = ['limited', 'older-limit'].map((model) => {
      const entry = content[model as 'limited']
      const { max_output_tokens: _, max_tokens: __, ...unlimited } = entry
      return [entry, unlimited].map(
        (one) =>
          createPriceBook({ catalogue: false, overrides: [{ name: 'p', content: { m: one } }] }).resolve(
            undefined,
            'm',
            NOW,
          )?.priceId,
      )
    })
    for (const [limited, unlimited] of ids) expect(limited).toBe(unlimited)
  })

  it.each([
    [0.00000125, 1_250_000],
    [0.00001, 10_000_000],
    [0.001, 1_000_000_000],
  ])('T:converter %d USD a token are exactly %d micro-USD a million, and back', (usd, micros) => {
    const price = usdPerToken(usd)
    expect(price).toBe(micros * 1_000)
    expect(nanoToUsd(price ?? -1) / 1_000_000).toBe(usd)
  })

  it('T:pricing-i a table that is not valid is an error, and the one before stays in force', () => {
    expect(() => book.reload({ catalogue: false, overrides: [{ name: 'pricing.json', content: 'not json' }] })).toThrow(
      'pricing.json',
    )
    expect(cost(book, 'gpt-4', { inputTokens: 100, outputTokens: 50 })).toBe(6_000_000)
  })
})

describe("Routiium's table", () => {
  const per = (input: number, output: number, cached?: number): object => ({
    input_per_million: input,
    output_per_million: output,
    cached_per_million: cached ?? null,
  })
  const models = {
    'gpt-4o': per(2.5, 10, 1.25),
    'gpt-4o-2024-11-20': per(2.5, 10, 1.25),
    'gpt-4o-mini': per(0.15, 0.6, 0.075),
    'gpt-4o-mini-2024-07-18': per(0.15, 0.6, 0.075),
    o1: per(15, 60, 7.5),
    'o1-preview': per(15, 60, 7.5),
    'o1-mini': per(3, 12, 1.5),
    'gpt-4-turbo': per(10, 30),
    'gpt-4-turbo-2024-04-09': per(10, 30),
    'gpt-3.5-turbo': per(0.5, 1.5),
  }
  const load = (content: object): PriceBook =>
    createPriceBook({ catalogue: false, overrides: [{ name: 'pricing.json', content }] })
  const book = load({ models, default: null })
  const M = 1_000_000

  it.each([
    ['gpt-4o', { inputTokens: M, outputTokens: M }, 12.5],
    ['gpt-4o-mini', { inputTokens: M, outputTokens: M }, 0.75],
    ['gpt-4o', { inputTokens: M, cacheReadTokens: M, outputTokens: M }, 0 + 10 + 1.25],
    ['gpt-4o', { inputTokens: M, cacheReadTokens: 400_000, outputTokens: 0 }, 1.5 + 0.5],
    ['gpt-4o-2024-08-06', { inputTokens: M, outputTokens: M }, 12.5],
  ])('prices %s %o at %d USD', (model, usage, usd) => {
    expect(cost(book, model, usage)).toBe(usd * USD)
  })

  it('matches the longest prefix, every time', () => {
    expect(book.resolve(undefined, 'gpt-4o-mini-2025-01-01', NOW)).toMatchObject({ model: 'gpt-4o-mini' })
    expect(book.resolve(undefined, 'o1-mini-2024-09-12', NOW)).toMatchObject({ model: 'o1-mini' })
    expect(book.resolve(undefined, 'gpt-4o-mini-turbo-plus', NOW)).toMatchObject({
      model: 'gpt-4o-mini',
      match: 'prefix',
    })
    expect(
      load({ models: Object.fromEntries(Object.entries(models).reverse()) }).resolve(undefined, 'o1-mini-x', NOW),
    ).toMatchObject({ model: 'o1-mini' })
  })

  it('charges cached tokens without a price as input, where Routiium gave them away', () => {
    expect(cost(book, 'gpt-4-turbo', { inputTokens: M, cacheReadTokens: M, outputTokens: 0 })).toBe(10 * USD)
  })

  it('prices reasoning in place of output, where Routiium charged it twice', () => {
    const reasoning = load({
      models: { m: { input_per_million: 1, output_per_million: 10, reasoning_per_million: 20 } },
    })
    expect(cost(reasoning, 'm', { inputTokens: 0, outputTokens: M, reasoningTokens: 400_000 })).toBe(6 * USD + 8 * USD)
  })

  it('prices what it does not know by its default, or not at all', () => {
    expect(cost(book, 'mystery', { inputTokens: M, outputTokens: M })).toBeUndefined()
    const withDefault = load({ models, default: per(2.5, 10, 1.25) })
    expect(cost(withDefault, 'mystery', { inputTokens: M, outputTokens: M })).toBe(12.5 * USD)
    expect(withDefault.resolve(undefined, 'mystery', NOW)?.match).toBe('default')
  })
})

describe("the bridge's table", () => {
  const content = {
    local: { input: 0, output: 0 },
    gemini: { input: 0.075, output: 0.3 },
    nvidia_deepseek: { input: 0.27, output: 1.08 },
    nvidia_qwen: { input: 0.45, output: 1.8 },
  }
  const book = createPriceBook({ catalogue: false, overrides: [{ name: 'bridge.json', content }] })

  it('prices a million tokens, 30 to 70, as the seed does', () => {
    const split = { inputTokens: 300_000, outputTokens: 700_000 }
    expect(cost(book, 'gemini', split)).toBe(0.2325 * USD)
    expect(cost(book, 'local', split)).toBe(0)
    expect(cost(book, 'nvidia_deepseek', split)).toBe(0.837 * USD)
    expect(cost(book, 'nvidia_qwen', split)).toBe(1.395 * USD)
  })

  it('knows nothing of other backends, where the seed called them free', () => {
    expect(cost(book, 'deepseek3.1', { inputTokens: 1, outputTokens: 1 })).toBeUndefined()
  })
})

describe('the Azure trace', () => {
  it('costs 47,608,895,000 nano-USD on gpt-4o', () => {
    expect(cost(createPriceBook(), 'gpt-4o', { inputTokens: 18_059_974, outputTokens: 245_896 })).toBe(47_608_895_000)
  })
})
