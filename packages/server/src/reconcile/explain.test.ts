import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Explanation, explain, type KindCosts, type Ours, type Theirs, type TokenCounts } from './explain.ts'

const TOKENS: TokenCounts = { fresh_input: 0n, cache_read: 0n, cache_write: 0n, output: 0n }
const COSTS: KindCosts = { ...TOKENS, other: 0n }
const total = (costs: KindCosts): bigint => Object.values(costs).reduce((sum, cost) => sum + cost, 0n)

const ours = (tokens: Partial<TokenCounts>, kinds: Partial<KindCosts>, more: Partial<Ours> = {}): Ours => ({
  requests: 10n,
  unpriced: 0n,
  tokens: { ...TOKENS, ...tokens },
  kinds: { ...COSTS, ...kinds },
  costNanoUsd: total({ ...COSTS, ...kinds }),
  ...more,
})
const theirs = (tokens: Partial<TokenCounts>, kinds: Partial<KindCosts>, more: Partial<Theirs> = {}): Theirs => ({
  tokens: { ...TOKENS, ...tokens },
  kinds: { ...COSTS, ...kinds },
  costNanoUsd: total({ ...COSTS, ...kinds }),
  lines: 2,
  ...more,
})
const parts = (explanation: Explanation): Partial<Explanation> =>
  Object.fromEntries(Object.entries(explanation).filter(([, amount]) => amount !== 0n))

describe('why a bill is not what was recorded', () => {
  it('nothing, when both agree', () => {
    const [tokens, kinds] = [
      { fresh_input: 1_000n, output: 50n },
      { fresh_input: 2_500_000n, output: 500_000n },
    ]
    expect(parts(explain(ours(tokens, kinds), theirs(tokens, kinds)))).toEqual({})
  })

  it('missing: tokens that we have not, at their price of each kind', () => {
    const have = ours({ fresh_input: 900n, output: 50n }, { fresh_input: 2_250_000n, output: 500_000n })
    const bill = theirs({ fresh_input: 1_000n, output: 60n }, { fresh_input: 2_500_000n, output: 600_000n })
    expect(parts(explain(have, bill))).toEqual({ missing: 350_000n })
  })

  it('missing, and negative: tokens that they do not count', () => {
    const have = ours({ output: 60n }, { output: 600_000n })
    expect(parts(explain(have, theirs({ output: 50n }, { output: 500_000n })))).toEqual({ missing: -100_000n })
  })

  it('price drift: the same tokens at another price', () => {
    const tokens = { fresh_input: 1_000n, cache_read: 400n }
    const have = ours(tokens, { fresh_input: 2_500_000n, cache_read: 500_000n })
    expect(parts(explain(have, theirs(tokens, { fresh_input: 2_000_000n, cache_read: 600_000n })))).toEqual({
      priceDrift: -400_000n,
    })
  })

  it('both, apart from each other', () => {
    const have = ours({ output: 900n }, { output: 1_800_000n })
    expect(parts(explain(have, theirs({ output: 1_000n }, { output: 3_000_000n })))).toEqual({
      missing: 300_000n,
      priceDrift: 900_000n,
    })
  })

  it('missing, at our price where they tell only a sum', () => {
    const have = ours({ output: 900n }, { output: 1_800_000n })
    const bill = theirs({ output: 1_000n }, {}, { kinds: undefined, costNanoUsd: 2_000_000n })
    expect(parts(explain(have, bill))).toEqual({ missing: 200_000n })
  })

  it('all is missing where we have nothing', () => {
    const have = ours({}, {}, { requests: 0n })
    expect(parts(explain(have, theirs({ output: 5n }, {}, { kinds: undefined, costNanoUsd: 77n })))).toEqual({
      missing: 77n,
    })
  })

  it('unpriced: our requests have the tokens and no price', () => {
    const have = ours({ output: 100n }, {}, { unpriced: 10n })
    expect(parts(explain(have, theirs({ output: 100n }, { output: 1_000_000n })))).toEqual({ unpriced: 1_000_000n })
  })

  it('rounding: at most two nano-USD a request, one a line of theirs, one a kind', () => {
    const tokens = { output: 100n }
    const have = ours(tokens, { output: 1_000_000n })
    const bill = (more: bigint): Theirs => theirs(tokens, { output: 1_000_000n + more })
    expect(parts(explain(have, bill(26n)))).toEqual({ rounding: 26n })
    expect(parts(explain(have, bill(-26n)))).toEqual({ rounding: -26n })
    expect(parts(explain(have, bill(27n)))).toEqual({ priceDrift: 27n })
  })

  it('unknown: costs without a report of usage', () => {
    const have = ours({ output: 100n }, { output: 1_000_000n })
    const bill = theirs({}, { output: 1_500_000n }, { tokens: undefined })
    expect(parts(explain(have, bill))).toEqual({ unknown: 500_000n })
  })

  it('unknown: what is no tokens', () => {
    const tokens = { output: 100n }
    const have = ours(tokens, { output: 1_000_000n })
    const bill = theirs(tokens, { output: 1_000_000n, other: 30_000_000n })
    expect(parts(explain(have, bill))).toEqual({ unknown: 30_000_000n })
  })

  it('ours and the parts add up to theirs, to the nano-USD, whatever both say', () => {
    const amount = fc.bigInt({ min: 0n, max: 10n ** 17n })
    const counts = fc.record({ fresh_input: amount, cache_read: amount, cache_write: amount, output: amount })
    const costs = fc.record({
      fresh_input: amount,
      cache_read: amount,
      cache_write: amount,
      output: amount,
      other: amount,
    })
    const us = fc.record({ requests: amount, unpriced: amount, tokens: counts, costNanoUsd: amount, kinds: costs })
    const them = fc.record({
      tokens: fc.option(counts, { nil: undefined }),
      costNanoUsd: fc.bigInt({ min: -(10n ** 12n), max: 10n ** 17n }),
      kinds: fc.option(costs, { nil: undefined }),
      lines: fc.nat(),
    })
    fc.assert(
      fc.property(us, them, (have, bill) => {
        const explained = Object.values(explain(have, bill)).reduce((sum: bigint, part: bigint) => sum + part, 0n)
        expect(have.costNanoUsd + explained).toBe(bill.costNanoUsd)
      }),
      { seed: 64, numRuns: 2_000 },
    )
  })
})
