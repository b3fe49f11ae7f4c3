import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTallystickError } from '../../errors.ts'
import type { UsageEvent } from '../../event/index.ts'
import { calculateCost, createPriceBook, type PriceBook } from '../../pricing/index.ts'
import { fold, parseQuery } from '../../query/index.ts'
import { beyond, promptSizesOf } from './traffic.ts'
import { type WhatIf, type WhatIfQuestion, whatIf } from './what-if.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const DAY = 86_400_000
const FROM = NOW - 10 * DAY

/** Dollars per million. */
const prices = createPriceBook({
  catalogue: false,
  overrides: [
    {
      name: 'test.json',
      content: {
        prices: [
          {
            provider: 'openai',
            model: 'gpt-4o',
            usd_per_million: { input: '2.50', cache_read: '1.25', output: '10.00' },
          },
          {
            provider: 'openai',
            model: 'gpt-4o-mini',
            usd_per_million: { input: '0.15', cache_read: '0.075', output: '0.60' },
          },
          {
            provider: 'anthropic',
            model: 'claude-sonnet-4-5',
            usd_per_million: { input: '3.00', cache_read: '0.30', output: '15.00' },
          },
          {
            provider: 'google',
            model: 'gemini-2.5-pro',
            usd_per_million: { input: '1.25', output: '10.00' },
            tiers: [{ above_input_tokens: 200_000, usd_per_million: { input: '2.50', output: '15.00' } }],
          },
        ],
      },
    },
  ],
})

let made = 0
const request = (of: Partial<UsageEvent>): UsageEvent => {
  const event: UsageEvent = {
    eventId: `e${++made}`,
    timestampMs: FROM + made,
    kind: 'llm_request_completed',
    provider: 'openai',
    requestModel: 'gpt-4o',
    success: true,
    ...of,
  }
  const { mismatch: _, flagged: __, ...money } = prices.price(event)
  return { ...event, ...money }
}

const asked = (
  events: readonly UsageEvent[],
  targets: WhatIfQuestion['targets'],
  more: Partial<WhatIfQuestion> = {},
): Promise<WhatIf> =>
  whatIf({
    ask: async (query) => fold(parseQuery(query, { nowMs: NOW }), events),
    fromMs: FROM,
    toMs: NOW,
    nowMs: NOW,
    filters: {},
    targets,
    prices,
    ...more,
  })

const mini = { provider: 'openai', model: 'gpt-4o-mini' }

describe('what if', () => {
  test('a model that counts alike costs to the last digit what its price makes of each request', async () => {
    const one = fc.record({
      inputTokens: fc.integer({ min: 0, max: 90_000 }),
      outputTokens: fc.integer({ min: 0, max: 9_000 }),
      cached: fc.integer({ min: 0, max: 100 }),
    })
    const row = prices.resolve('openai', 'gpt-4o-mini', NOW)?.row
    if (row === undefined) throw new Error('no price')
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 12 }), async (usages) => {
        const events = usages.map(({ cached, ...usage }) =>
          request({ ...usage, cacheReadTokens: Math.floor((usage.inputTokens * cached) / 100) }),
        )
        const { targets, nowNanoUsd } = await asked(events, [mini])
        const expected = events.reduce((sum, event) => sum + (calculateCost(event, row)?.totalNanoUsd ?? 0), 0)
        const billed = events.reduce((sum, event) => sum + (event.costNanoUsd ?? 0), 0)
        expect(targets[0]?.there.likely).toBe(expected)
        expect(nowNanoUsd).toBe(billed)
        expect(targets[0]?.difference.likely).toBe(expected - billed)
      }),
      { seed: 7, numRuns: 40 },
    )
  })

  test('parts by model and by agent add up to the whole, and the range holds the likely amount', async () => {
    const events = ['a', 'b', 'c'].flatMap((agentId, index) => [
      request({ agentId, inputTokens: 10_000 * (index + 1), outputTokens: 500, cacheReadTokens: 2_000 }),
      request({
        agentId,
        provider: 'anthropic',
        requestModel: 'claude-sonnet-4-5',
        inputTokens: 900,
        outputTokens: 70,
      }),
    ])
    const [target] = (await asked(events, [{ model: 'claude-sonnet-4-5' }])).targets
    if (target === undefined) throw new Error('no answer')
    for (const parts of [target.byModel, target.byAgent]) {
      for (const end of ['low', 'likely', 'high'] as const)
        expect(parts.reduce((sum, part) => sum + Number(part.there[end]), 0)).toBe(Number(target.there[end]))
      expect(parts.reduce((sum, part) => sum + Number(part.nowNanoUsd), 0)).toBe(Number(target.nowNanoUsd))
    }
    expect(target.byModel.map(({ model }) => model)).toEqual(['gpt-4o', 'claude-sonnet-4-5'])
    expect(Number(target.there.low)).toBeLessThan(Number(target.there.likely))
    expect(Number(target.there.likely)).toBeLessThan(Number(target.there.high))
    expect(target.uncertainties.map(({ about }) => about)).toEqual(['tokenizer', 'cache'])
    expect(target.uncertainties[0]?.because).toContain('gpt-4o: o200k and claude up to 4.6 differ: ±15 %')
    // What stays where it is costs what it costs.
    expect(target.byModel[1]?.there.likely).toBe(target.byModel[1]?.nowNanoUsd)
  })

  test('requests whose cost is not known are told apart and are in no difference', async () => {
    const events = [
      request({ inputTokens: 1_000_000, outputTokens: 0 }),
      request({ requestModel: 'house-model', provider: 'house', inputTokens: 2_000_000, outputTokens: 0 }),
    ]
    const { targets, nowNanoUsd, unpricedRequests, requests } = await asked(events, [mini])
    expect({ nowNanoUsd, unpricedRequests, requests }).toEqual({
      nowNanoUsd: 2_500_000_000,
      unpricedRequests: 1,
      requests: 2,
    })
    expect(targets[0]).toMatchObject({
      requests: 1,
      unpricedRequests: 1,
      there: { low: 150_000_000, likely: 150_000_000, high: 150_000_000 },
      difference: { likely: -2_350_000_000 },
      unpricedThere: { low: 255_000_000, likely: 300_000_000, high: 345_000_000 },
    })
  })

  test('prompts beyond the threshold of a dearer tier are found by their distribution', async () => {
    const short = Array.from({ length: 90 }, () => request({ inputTokens: 1_000, outputTokens: 100 }))
    const long = Array.from({ length: 10 }, () => request({ inputTokens: 300_000, outputTokens: 100 }))
    const [target] = (await asked([...short, ...long], [{ model: 'gemini-2.5-pro' }])).targets
    // All at their own prices: 90 short ones, and 10 long ones for which every token is dearer.
    const exact = 90 * (1_000 * 1_250 + 100 * 10_000) + 10 * (300_000 * 2_500 + 100 * 15_000)
    const likely = Number(target?.there.likely)
    expect(Math.abs(likely - exact) / exact).toBeLessThan(0.06)
    expect(Number(target?.there.low)).toBeLessThan(exact)
    expect(Number(target?.there.high)).toBeGreaterThan(exact)
    expect(target?.uncertainties.map(({ about }) => about)).toContain('prompt_sizes')
  })

  test('reasoning may be less there, a lost cache costs more, and a share of one’s own takes that doubt away', async () => {
    const events = [
      request({ inputTokens: 100_000, cacheReadTokens: 80_000, outputTokens: 10_000, reasoningTokens: 9_000 }),
    ]
    const [kept] = (await asked(events, [mini])).targets
    const likely = 20_000 * 150 + 80_000 * 75 + 10_000 * 600
    expect(kept?.there).toEqual({ low: likely - 9_000 * 600, likely, high: likely + 80_000 * 75 })
    expect(kept?.uncertainties.map(({ about, low, high }) => [about, low, high])).toEqual([
      ['cache', 0, 80_000 * 75],
      ['reasoning', -9_000 * 600, 0],
    ])
    const [given] = (await asked(events, [mini], { cacheShare: 500_000 })).targets
    expect(given?.there.likely).toBe(50_000 * 150 + 50_000 * 75 + 10_000 * 600)
    expect(given?.there.high).toBe(given?.there.likely)
  })

  test('a year is what ten days make of it, and less than a day counts as one', async () => {
    const events = [request({ inputTokens: 1_000_000 })]
    const { yearlyNow, confidence, targets } = await asked(events, [mini])
    expect([yearlyNow, confidence]).toEqual([2_500_000_000 * 36.5, 'high'])
    expect(targets[0]?.yearlyThere.likely).toBe(150_000_000 * 36.5)
    const brief = await asked(events, [mini], { oldestMs: NOW - 1000 })
    expect([brief.yearlyNow, brief.confidence]).toEqual([2_500_000_000 * 365, 'low'])
  })

  test('a service tier has its price where the target has one, and is told of where it has none', async () => {
    const tiered: PriceBook = createPriceBook()
    const events = [request({ serviceTier: 'batch', inputTokens: 1_000_000, outputTokens: 0 })]
    const at = async (model: string): Promise<WhatIf['targets'][number] | undefined> =>
      (await asked(events, [{ model }], { prices: tiered })).targets[0]
    expect((await at('gpt-4o'))?.there.likely).toBe(1_250_000_000)
    const elsewhere = await at('deepseek-chat')
    expect(elsewhere?.assumptions.join(' ')).toContain('1 requests of a service tier that it has no price for')
  })

  test('requests too long for the context window of the target are counted within bounds', async () => {
    const events = [
      ...Array.from({ length: 99 }, () => request({ inputTokens: 1_000 })),
      request({ inputTokens: 190_000 }),
    ]
    const [target] = (await asked(events, [{ model: 'gpt-4o-mini' }], { prices: createPriceBook() })).targets
    expect(target?.tooLong).toMatchObject({ contextTokens: 128_000, atLeast: 1 })
    expect(target?.tooLong?.atMost).toBeLessThanOrEqual(5)
  })

  test('a model without a price is refused with those most like it', async () => {
    const refused = await asked([], [{ model: 'gpt-4o-mimi' }]).catch((error: unknown) => error)
    if (!isTallystickError(refused)) throw refused
    expect(refused.code).toBe('unpriced_model')
    expect(refused.message).toMatch(/nearest: .*"gpt-4o-mini"/)
  })

  test('nothing at all costs nothing', async () => {
    const { targets, nowNanoUsd, requests } = await asked([], [mini])
    expect([nowNanoUsd, requests, targets[0]?.there, targets[0]?.byModel]).toEqual([
      0,
      0,
      { low: 0, likely: 0, high: 0 },
      [],
    ])
  })
})

test('bounds of what lies beyond a threshold hold the truth, whatever the sizes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 400_000 }),
      (sizes, threshold) => {
        const events = sizes.map((inputTokens) => request({ inputTokens }))
        const [row] = fold(
          parseQuery(
            {
              from: 0,
              to: NOW,
              measures: [
                'input_tokens',
                'input_tokens_count',
                'input_tokens_min',
                'input_tokens_max',
                'input_tokens_p50',
                'input_tokens_p90',
                'input_tokens_p95',
                'input_tokens_p99',
                'input_tokens_p999',
              ],
            },
            { nowMs: NOW },
          ),
          events,
        ).rows
        const found = beyond(promptSizesOf(row ?? {}), threshold)
        const long = sizes.filter((size) => size > threshold)
        const truth = { requests: long.length / sizes.length, tokens: sum(long) / Math.max(1, sum(sizes)) }
        // A sketch tells sizes to within one part in 64, and ranks are of a finite number of requests.
        const slack = 2 / sizes.length + 0.02
        for (const of of ['requests', 'tokens'] as const) {
          const { least, likely, most } = found[of]
          expect(least <= likely && likely <= most).toBe(true)
          expect(Number(least) / 1e6).toBeLessThanOrEqual(truth[of] + slack)
          expect(Number(most) / 1e6).toBeGreaterThanOrEqual(truth[of] - slack)
        }
      },
    ),
    { seed: 3, numRuns: 200 },
  )
})

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
