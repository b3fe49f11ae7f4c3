import { createPriceBook, type Resolution } from '@tallystick/core/pricing'
import { expect, it } from 'vitest'
import { priceJson } from './prices.ts'

const AT_MS = Date.UTC(2026, 10, 21, 12)

it('tells the hours of a price, and what a service tier costs, also for long inputs', () => {
  const litellm = {
    'long-model': {
      litellm_provider: 'acme',
      input_cost_per_token: 1e-6,
      output_cost_per_token: 4e-6,
      input_cost_per_token_priority: 2e-6,
      input_cost_per_token_above_200k_tokens_priority: 3e-6,
    },
  }
  const book = createPriceBook({ overrides: [{ name: 'prices.json', content: litellm }] })
  expect(priceJson(book.resolve('acme', 'long-model', AT_MS) as Resolution)).toMatchObject({
    unit_prices: { input: 1_000_000_000, output: 4_000_000_000 },
    tiers: [],
    service_tiers: [
      {
        tier: 'priority',
        unit_prices: { input: 2_000_000_000 },
        tiers: [{ above_input_tokens: 200_000, unit_prices: { input: 3_000_000_000 } }],
      },
    ],
    time_of_day: null,
  })
  // The catalogue's price of the day, half past midnight to half past four in the afternoon.
  expect(priceJson(book.resolve('deepseek', 'deepseek-chat', AT_MS) as Resolution)).toMatchObject({
    time_of_day: { from_ms: 1_800_000, to_ms: 59_400_000 },
  })
})
