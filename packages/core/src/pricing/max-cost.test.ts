import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calculateMaxCost, estimateMaxCost, estimateMaxCostNanoUsd } from './max-cost.ts'
import type { PriceRow } from './price.ts'
import { createPriceBook, type PriceBook } from './price-book.ts'

/** A book that knows one model, priced in USD a token. */
function bookOf(inputUsd: number, outputUsd: number, more: object = {}): PriceBook {
  const content = { 'test-model': { input_cost_per_token: inputUsd, output_cost_per_token: outputUsd, ...more } }
  return createPriceBook({ catalogue: false, overrides: [{ name: 'test.json', content }] })
}

const row = (book: PriceBook, model = 'test-model'): PriceRow =>
  (book.resolve(undefined, model, 0) as { row: PriceRow }).row

describe('the most that a request costs', () => {
  const GPT_51 = bookOf(1.25e-6, 1e-5, { max_output_tokens: 128_000, max_tokens: 128_000 })
  it.each([
    ['a limit of the request', bookOf(0.001, 0.002, { max_output_tokens: 8192 }), 1_000, 100, 1.2],
    ['no limit of the request', bookOf(0.001, 0.002, { max_output_tokens: 1000 }), 500, undefined, 2.5],
    ["a limit above the model's", bookOf(0.001, 0.002, { max_output_tokens: 100 }), 500, 10_000, 0.7],
    ['no limit known at all', bookOf(0.0001, 0.0001), 0, undefined, 12.8],
    ['gpt-5.1 and 1,000 tokens', GPT_51, 1_000, 1_000, 0.01125],
    ['gpt-5.1 and its own limit', GPT_51, 0, undefined, 1.28],
  ])('T:pricing-i %s: %#', (_, book, inputTokens, maxOutputTokens, usd) => {
    const bounds = maxOutputTokens === undefined ? { inputTokens } : { inputTokens, maxOutputTokens }
    expect(calculateMaxCost(bounds, row(book))?.totalNanoUsd).toBe(Math.round(usd * 1e9))
  })

  it('takes the dearer of output and reasoning', () => {
    const prices = { input: 1_000_000, output: 10_000_000, reasoning: 20_000_000 }
    expect(calculateMaxCost({ inputTokens: 0, maxOutputTokens: 5 }, { prices })?.totalNanoUsd).toBe(100)
    const cheap = { ...prices, reasoning: 1_000_000 }
    expect(calculateMaxCost({ inputTokens: 0, maxOutputTokens: 5 }, { prices: cheap })?.totalNanoUsd).toBe(50)
  })

  it('has none without a price for what is used, or for what is no count', () => {
    expect(calculateMaxCost({ inputTokens: 1 }, { prices: { input: 1 } })).toBeUndefined()
    expect(calculateMaxCost({ inputTokens: -1 }, { prices: { input: 1, output: 1 } })).toBeUndefined()
    expect(calculateMaxCost({ inputTokens: 1.5 }, { prices: { input: 1, output: 1 } })).toBeUndefined()
  })
})

describe('the estimate from a body', () => {
  const book = bookOf(0.001, 0.002)

  it.each([
    ['is not JSON', 'not json'],
    ['names no model', '{"messages": []}'],
    ['names an unknown model', '{"model": "unknown-model-xyz", "max_tokens": 100}'],
    ['is a list', '[]'],
    ['is null', 'null'],
    ['has a model that is no text', '{"model": 5}'],
  ])('T:pricing-i there is none where the body %s', (_, body) => {
    expect(estimateMaxCost(body, book)).toBeUndefined()
    expect(estimateMaxCost(new TextEncoder().encode(body), book)).toBeUndefined()
  })

  it('T:pricing-i without content 1,000 tokens of input are taken', () => {
    const limited = bookOf(0.0001, 0.0001, { max_output_tokens: 8192 })
    expect(estimateMaxCost('{"model": "test-model"}', limited)).toBe(919_200)
    expect(estimateMaxCost('{"model": "test-model"}', bookOf(0.000001, 0.000001))).toBe(129_000)
    const body = '{"model": "test-model", "max_tokens": 100, "messages": []}'
    expect(estimateMaxCost(body, bookOf(0.001, 0.001))).toBe(1_100_000)
  })

  it('T:pricing-i 400 bytes of messages are 210 tokens', () => {
    const messages = [
      { role: 'user', content: 'a'.repeat(300) },
      { role: 'user', content: 'b'.repeat(100) },
    ]
    expect(estimateMaxCost({ model: 'test-model', max_tokens: 1_000, messages }, book)).toBe(2_210_000)
  })

  it('T:pricing-i max_completion_tokens is a limit like max_tokens', () => {
    const messages = [{ role: 'user', content: 'Hello, how are you today?' }]
    const estimate = estimateMaxCost({ model: 'test-model', max_completion_tokens: 500, messages }, book)
    expect(estimate).toBe(1_106_000)
    expect(estimateMaxCost({ model: 'test-model', max_output_tokens: 500, messages }, book)).toBe(estimate)
  })

  it('T:pricing-i the system prompt counts', () => {
    const even = bookOf(0.001, 0.001)
    const messages = [{ role: 'user', content: 'x'.repeat(46) }]
    const estimate = (more: object): number | undefined =>
      estimateMaxCost({ model: 'test-model', max_tokens: 100, messages, ...more }, even)
    // 136 bytes: 34 tokens, 3 more, 100 more
    expect(estimate({ system: 'y'.repeat(90) })).toBe(237_000)
    expect(estimate({ system: [{ type: 'text', text: 'y'.repeat(90) }] })).toBe(237_000)
    expect(estimate({})).toBe(212_000)
  })

  it('T:pricing-i blocks of content count', () => {
    const content = [
      { type: 'text', text: 'x'.repeat(40) },
      { type: 'image_url', image_url: { url: 'data:' } },
    ]
    const body = { model: 'test-model', max_tokens: 100, messages: [{ role: 'user', content }] }
    expect(estimateMaxCost(body, bookOf(0.001, 0.001))).toBe(211_000)
  })

  it('reads the text of the other APIs', () => {
    const estimate = (more: object): number | undefined =>
      estimateMaxCost({ model: 'test-model', max_tokens: 0, ...more }, book)
    expect(estimate({ input: 'x'.repeat(40) })).toBe(111_000)
    expect(estimate({ input: [{ role: 'user', content: [{ type: 'input_text', text: 'x'.repeat(40) }] }] })).toBe(
      111_000,
    )
    expect(estimate({ input: ['x'.repeat(20)], instructions: 'x'.repeat(20) })).toBe(111_000)
    expect(estimate({ prompt: 'x'.repeat(40) })).toBe(111_000)
  })

  it('counts bytes, not characters', () => {
    const estimate = (content: string): number | undefined =>
      estimateMaxCost({ model: 'test-model', max_tokens: 0, messages: [{ content }] }, book)
    expect(estimate('\u65e5\u672c\u8a9e\u65e5')).toBe(estimate('x'.repeat(12)))
  })

  it('is not capped by the limit of the model, and is multiplied by the answers asked for', () => {
    const limited = bookOf(0, 0.001, { max_output_tokens: 10 })
    expect(estimateMaxCost({ model: 'test-model', max_tokens: 100 }, limited)).toBe(100_000)
    expect(estimateMaxCost({ model: 'test-model', max_tokens: 100, n: 3 }, limited)).toBe(300_000)
    expect(estimateMaxCost({ model: 'test-model', n: 3 }, limited)).toBe(30_000)
  })

  it('passes over a limit that is no count', () => {
    const limited = bookOf(0, 0.001, { max_output_tokens: 10 })
    for (const max_tokens of [null, -1, 0.5, '7', Number.NaN])
      expect(estimateMaxCost({ model: 'test-model', max_tokens }, limited)).toBe(10_000)
  })

  it('rounds micro-USD up and is exact in nano-USD', () => {
    const cheap = bookOf(1e-9, 5e-8)
    expect(estimateMaxCostNanoUsd({ model: 'test-model', max_tokens: 1 }, cheap)).toBe(1_050)
    expect(estimateMaxCost({ model: 'test-model', max_tokens: 1 }, cheap)).toBe(2)
  })

  it('charges the service tier that the body asks for', () => {
    const body = { model: 'gpt-4o', max_tokens: 1_000, service_tier: 'flex' }
    const at = { provider: 'openai', atMs: Date.UTC(2026, 10, 21) }
    const prices = createPriceBook()
    const [standard, flex] = [{ ...body, service_tier: 'auto' }, body].map((one) => estimateMaxCost(one, prices, at))
    expect([standard, flex]).toEqual([12_500, 6_250])
  })

  it('never throws, whatever the body is', () => {
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    const throwing = {
      get model(): string {
        throw new Error('no')
      },
    }
    for (const body of [revoked.proxy, throwing, Symbol('s'), 5n, undefined, () => 1])
      expect(estimateMaxCost(body, book)).toBeUndefined()
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (messages, max_tokens) => {
        const estimate = estimateMaxCost({ model: 'test-model', messages, system: messages, max_tokens }, book)
        expect(estimate === undefined || (Number.isSafeInteger(estimate) && estimate > 0)).toBe(true)
      }),
      { seed: 5, numRuns: 500 },
    )
  })
})
