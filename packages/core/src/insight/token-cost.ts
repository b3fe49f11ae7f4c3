import { addExact, divideHalfEven, type Exact, normalizeExact } from '../event/index.ts'

/** Tokens of many requests together. */
export interface TokenUse {
  /** All input, cached included. */
  readonly inputTokens: Exact
  readonly cacheReadTokens: Exact
  readonly outputTokens: Exact
  /** Of which nobody said whether they went in or came out. */
  readonly undividedTokens: Exact
}

/** Integer nano-USD per million tokens. */
export interface TokenPrices {
  readonly input: number
  /** The input price where it is absent. */
  readonly cacheRead?: number
  readonly output: number
}

export interface TokenCost {
  readonly inputNanoUsd: Exact
  readonly outputNanoUsd: Exact
  /** Tokens whose share of input and output was assumed. */
  readonly estimatedTokens: Exact
}

/** Of undivided tokens, so many tenths are taken for input: the assumption of smart-ai-bridge. */
const INPUT_TENTHS = 3n
const TENTHS = 10n
const MILLION = 1_000_000n

/**
 * What tokens cost, each kind at its own price; undivided ones as 30 % input and 70 % output. Input and output are each
 * rounded once, half to even.
 *
 * @example
 * const gemini = { input: 75_000_000, output: 300_000_000 } // $0.075 and $0.30 per million
 * costOfTokens({ inputTokens: 0, cacheReadTokens: 0, outputTokens: 0, undividedTokens: 1_000_000 }, gemini)
 * // { inputNanoUsd: 22_500_000, outputNanoUsd: 210_000_000, estimatedTokens: 1_000_000 }
 */
export function costOfTokens(use: TokenUse, { input, cacheRead = input, output }: TokenPrices): TokenCost {
  const undivided = BigInt(use.undividedTokens)
  const cached = BigInt(use.cacheReadTokens)
  const fresh = BigInt(use.inputTokens) - cached
  const inputTenths =
    (fresh * BigInt(input) + cached * BigInt(cacheRead)) * TENTHS + undivided * INPUT_TENTHS * BigInt(input)
  const outputTenths =
    BigInt(use.outputTokens) * BigInt(output) * TENTHS + undivided * (TENTHS - INPUT_TENTHS) * BigInt(output)
  return {
    inputNanoUsd: normalizeExact(divideHalfEven(inputTenths, TENTHS * MILLION)),
    outputNanoUsd: normalizeExact(divideHalfEven(outputTenths, TENTHS * MILLION)),
    estimatedTokens: use.undividedTokens,
  }
}

/** The same tokens as if nobody had said which of them went in. */
export function withoutDivision(use: TokenUse): TokenUse {
  const undividedTokens = addExact(addExact(use.inputTokens, use.outputTokens), use.undividedTokens)
  return { inputTokens: 0, cacheReadTokens: 0, outputTokens: 0, undividedTokens }
}
