import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOfTokens, withoutDivision } from './token-cost.ts'

const GEMINI = { input: 75_000_000, output: 300_000_000 }
const NONE = { inputTokens: 0, cacheReadTokens: 0, outputTokens: 0, undividedTokens: 0 }

describe('the cost of tokens', () => {
  it('takes undivided ones for 30 % input and 70 % output', () => {
    const cost = costOfTokens({ ...NONE, undividedTokens: 1_000_000 }, GEMINI)
    expect(cost).toEqual({ inputNanoUsd: 22_500_000, outputNanoUsd: 210_000_000, estimatedTokens: 1_000_000 })
  })

  it('takes known ones for what they are, cached input at its own price or the input price', () => {
    const use = { ...NONE, inputTokens: 1_000_000, cacheReadTokens: 400_000, outputTokens: 10 }
    expect(costOfTokens(use, GEMINI)).toEqual({ inputNanoUsd: 75_000_000, outputNanoUsd: 3_000, estimatedTokens: 0 })
    expect(costOfTokens(use, { ...GEMINI, cacheRead: 0 }).inputNanoUsd).toBe(45_000_000)
  })

  it('is exact where floats are not: the parts differ from the whole by roundings only', () => {
    const count = fc.maxSafeNat()
    const price = fc.nat(1_000_000_000_000)
    fc.assert(
      fc.property(count, count, count, price, price, (input, output, undivided, inputPrice, outputPrice) => {
        const use = { ...NONE, inputTokens: input, outputTokens: output, undividedTokens: undivided }
        const { inputNanoUsd, outputNanoUsd } = costOfTokens(use, { input: inputPrice, output: outputPrice })
        const tenMillionths = (BigInt(input) * 10n + BigInt(undivided) * 3n) * BigInt(inputPrice)
        const off = BigInt(inputNanoUsd) * 10_000_000n - tenMillionths
        expect(off <= 5_000_000n && off >= -5_000_000n).toBe(true)
        expect(BigInt(outputNanoUsd) >= 0n).toBe(true)
      }),
      { seed: 6, numRuns: 500 },
    )
  })

  it('forgets the division when the old formula is asked for', () => {
    expect(withoutDivision({ inputTokens: 3, cacheReadTokens: 1, outputTokens: 4, undividedTokens: 5 })).toEqual({
      ...NONE,
      undividedTokens: 12,
    })
  })
})
