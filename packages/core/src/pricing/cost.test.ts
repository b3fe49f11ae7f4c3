import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { divideHalfEven } from '../event/units.ts'
import { type CostLine, calculateCost, rateUsage } from './cost.ts'
import type { UnitPrices } from './price.ts'
import { amountOf, tokenRate, unitRate } from './rate.ts'

const GPT4O = { prices: { input: 2_500_000_000, cacheRead: 1_250_000_000, output: 10_000_000_000 } }
const count = fc.oneof(
  fc.nat(),
  fc.nat({ max: 10 }),
  fc.maxSafeNat(),
  fc.constantFrom(600_479, 600_480, Number.MAX_SAFE_INTEGER),
)
const price = fc.oneof(
  fc.nat({ max: 1_000_000_000_000 }),
  fc.maxSafeNat(),
  fc.constantFrom(37_500_000, 8_750_000, 15_000_000_000),
)
const permille = fc.constantFrom(1, 333, 500, 670, 1_000, 1_100, 2_500)

describe('amount of one component', () => {
  it('equals the quotient of big integers rounded half to even, or is infinite past 2^53 - 1', () => {
    const property = fc.property(count, price, permille, (tokens, nanoUsd, factor) => {
      const exact = divideHalfEven(BigInt(tokens) * BigInt(nanoUsd) * BigInt(factor), 1_000_000_000n)
      const expected = exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : Number.POSITIVE_INFINITY
      return amountOf(tokens, tokenRate(nanoUsd, factor)) === expected
    })
    fc.assert(property, { seed: 1, numRuns: 20_000 })
  })

  it('is as exact for other units', () => {
    const property = fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 1_000_000 }), (units, nanoUsd, per) => {
      const exact = divideHalfEven(BigInt(units) * BigInt(nanoUsd), BigInt(per))
      return (
        amountOf(units, unitRate(nanoUsd, per)) ===
        (exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : Number.POSITIVE_INFINITY)
      )
    })
    fc.assert(property, { seed: 1, numRuns: 5_000 })
  })

  it('rounds a half to the even neighbour', () => {
    const halves = [1, 2, 3, 4, 5].map((tokens) => amountOf(tokens, tokenRate(500_000)))
    expect(halves).toEqual([0, 1, 2, 2, 2])
  })
})

describe('calculateCost', () => {
  it('prices fresh input, cache reads and output apart', () => {
    const cost = calculateCost({ inputTokens: 1_000, cacheReadTokens: 400, outputTokens: 50 }, GPT4O)
    expect(cost).toEqual({
      totalNanoUsd: 2_500_000,
      inputNanoUsd: 1_500_000,
      cacheReadNanoUsd: 500_000,
      cacheWriteNanoUsd: 0,
      outputNanoUsd: 500_000,
      unitsNanoUsd: 0,
      cacheSavingsNanoUsd: 500_000,
    })
  })

  it('takes the input price where a cache has none', () => {
    const usage = {
      inputTokens: 100,
      cacheReadTokens: 30,
      cacheWriteTokens: 20,
      cacheWrite1hTokens: 10,
      outputTokens: 0,
    }
    expect(calculateCost(usage, { prices: { input: 1_000_000 } })?.totalNanoUsd).toBe(100)
    expect(calculateCost(usage, { prices: { input: 1_000_000, cacheWrite: 2_000_000 } })?.totalNanoUsd).toBe(130)
    expect(
      calculateCost(usage, { prices: { input: 1_000_000, cacheWrite: 2_000_000, cacheWrite1h: 0 } })?.totalNanoUsd,
    ).toBe(110)
  })

  it('lets a reasoning price replace the output price and never adds the two', () => {
    const prices = { input: 0, output: 1_000_000, reasoning: 3_000_000 }
    expect(calculateCost({ inputTokens: 0, outputTokens: 10, reasoningTokens: 4 }, { prices })?.outputNanoUsd).toBe(
      6 + 12,
    )
  })

  it('re-rates the whole request above a threshold, whatever the order of the tiers', () => {
    const tiers = [
      { aboveInputTokens: 10, prices: { input: 2_000_000, output: 0 } },
      { aboveInputTokens: 100, prices: { input: 5_000_000, output: 0 } },
    ]
    for (const list of [tiers, [...tiers].reverse()]) {
      const rate = (inputTokens: number): number | undefined =>
        calculateCost({ inputTokens, outputTokens: 0 }, { prices: { input: 1_000_000, output: 0 }, tiers: list })
          ?.totalNanoUsd
      expect([rate(10), rate(11), rate(100), rate(101)]).toEqual([10, 22, 200, 505])
    }
  })

  it('says which component has no price', () => {
    expect(rateUsage({ inputTokens: 1, outputTokens: 1 }, { prices: { input: 1 } })).toEqual({
      unpriced: 'no_unit_price',
      about: 'output',
    })
    expect(rateUsage({ units: { pages: 1 } }, GPT4O)).toEqual({ unpriced: 'no_unit_price', about: 'unit:pages' })
    expect(calculateCost({ inputTokens: 1, outputTokens: 0 }, { prices: { input: 1 } })?.totalNanoUsd).toBe(0)
  })

  it('has no cost for what is past 2^53 - 1, by a component or by the sum', () => {
    const prices = { input: 1_000_000, output: 1_000_000 }
    const most = Number.MAX_SAFE_INTEGER
    expect(rateUsage({ inputTokens: most, outputTokens: 0 }, { prices })).toMatchObject({ totalNanoUsd: most })
    expect(rateUsage({ inputTokens: most, outputTokens: 1 }, { prices })).toEqual({ unpriced: 'overflow' })
    expect(rateUsage({ inputTokens: most, outputTokens: 0 }, { prices: { input: 2_000_000 } })).toEqual({
      unpriced: 'overflow',
    })
  })

  it('refuses counts that are no integers instead of guessing', () => {
    for (const bad of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(rateUsage({ inputTokens: bad, outputTokens: 1 }, GPT4O)).toEqual({ unpriced: 'invalid_usage' })
      expect(rateUsage({ inputTokens: 1, cacheReadTokens: bad }, GPT4O)).toEqual({ unpriced: 'invalid_usage' })
      expect(rateUsage({ units: { web_searches: bad } }, GPT4O)).toEqual({ unpriced: 'invalid_usage' })
    }
  })

  it('makes no cost of a price that is no integer, and does not throw', () => {
    for (const bad of [0.5, -1, Number.NaN, 2 ** 53]) {
      expect(rateUsage({ inputTokens: 3, outputTokens: 0 }, { prices: { input: bad } })).toEqual({
        unpriced: 'overflow',
      })
    }
  })

  it('prices a bare total only where input and output cost the same', () => {
    expect(calculateCost({ totalTokens: 10 }, { prices: { input: 2_000_000, output: 2_000_000 } })?.totalNanoUsd).toBe(
      20,
    )
    expect(rateUsage({ totalTokens: 10 }, GPT4O)).toEqual({ unpriced: 'total_tokens_only' })
    const reasoning = { input: 2_000_000, output: 2_000_000, reasoning: 1 }
    expect(rateUsage({ totalTokens: 10 }, { prices: reasoning })).toEqual({ unpriced: 'total_tokens_only' })
  })

  it('treats a total below its own parts as the sum of the parts', () => {
    expect(calculateCost({ cacheReadTokens: 4, reasoningTokens: 2 }, GPT4O)?.totalNanoUsd).toBe(4 * 1_250 + 2 * 10_000)
  })

  it('prefers a price list of the service tier to its multiplier', () => {
    const row = {
      prices: { input: 1_000_000, output: 0 },
      multipliers: new Map([
        ['batch', 500],
        ['flex', 100],
      ]),
      serviceTiers: new Map([['batch', { prices: { input: 400_000, output: 0 } }]]),
    }
    const cost = (serviceTier: string): number | undefined =>
      calculateCost({ inputTokens: 1_000, outputTokens: 0 }, row, { serviceTier })?.totalNanoUsd
    expect([cost('batch'), cost('BATCH'), cost('flex'), cost('standard'), cost('nobody-knows')]).toEqual([
      400, 400, 100, 1_000, 1_000,
    ])
  })

  it('adds up: parts make the total, lines make the parts', () => {
    const small = fc.nat({ max: 1_000_000 })
    const prices = fc.record(
      {
        input: price,
        output: price,
        cacheRead: price,
        cacheWrite: price,
        reasoning: price,
        inputAudio: price,
        outputImage: price,
      },
      { requiredKeys: ['input', 'output'] },
    )
    const usage = fc.record(
      {
        inputTokens: small,
        cacheReadTokens: small,
        cacheWriteTokens: small,
        cacheWrite1hTokens: small,
        outputTokens: small,
        reasoningTokens: small,
        inputAudioTokens: small,
        outputImageTokens: small,
      },
      { requiredKeys: [] },
    )
    const property = fc.property(prices, usage, (some, counts) => {
      const lines: CostLine[] = []
      const cost = rateUsage(counts, { prices: some as UnitPrices }, {}, lines)
      if ('unpriced' in cost) return cost.unpriced === 'overflow'
      const parts =
        cost.inputNanoUsd + cost.cacheReadNanoUsd + cost.cacheWriteNanoUsd + cost.outputNanoUsd + cost.unitsNanoUsd
      const total = lines.reduce((sum, line) => sum + line.costNanoUsd, 0)
      return parts === cost.totalNanoUsd && total === cost.totalNanoUsd
    })
    fc.assert(property, { seed: 1, numRuns: 3_000 })
  })

  it('charges every input token exactly once', () => {
    const small = fc.nat({ max: 1_000 })
    const one = 1_000_000
    const flat: UnitPrices = {
      input: one,
      output: one,
      cacheRead: one,
      cacheWrite: one,
      cacheWrite1h: one,
      inputAudio: one,
      inputImage: one,
      cacheAudioRead: one,
      cacheImageRead: one,
      reasoning: one,
      outputAudio: one,
      outputImage: one,
    }
    const property = fc.property(
      small,
      small,
      small,
      small,
      small,
      small,
      small,
      (read, write, audio, image, rest, output, part) => {
        const inputTokens = Math.max(read + write, audio + image) + rest
        const outputTokens = output + 2 * part
        const usage = {
          inputTokens,
          cacheReadTokens: read,
          cacheWriteTokens: write,
          inputAudioTokens: audio,
          inputImageTokens: image,
          outputTokens,
          reasoningTokens: part,
          outputAudioTokens: part,
        }
        return calculateCost(usage, { prices: flat })?.totalNanoUsd === inputTokens + outputTokens
      },
    )
    fc.assert(property, { seed: 1, numRuns: 2_000 })
  })
})
