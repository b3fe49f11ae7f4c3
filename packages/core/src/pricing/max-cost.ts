import { currentTimeMs } from '../event/clock.ts'
import { NANO_USD_PER_MICRO_USD } from '../event/units.ts'
import { type CostBreakdown, type CostOptions, calculateCost } from './cost.ts'
import { estimateInputTokens } from './input-estimate.ts'
import type { PriceRow } from './price.ts'
import type { PriceBook } from './price-book.ts'
import type { Priced } from './rate-card.ts'

/** What a model may answer with when nobody knows its limit. */
export const DEFAULT_MAX_OUTPUT_TOKENS = 128_000

/** A request before it is made. Integers. */
export interface RequestBounds {
  readonly inputTokens: number
  /** What the request itself sets; absent: as much as the model may answer with. */
  readonly maxOutputTokens?: number
}

/**
 * The most that a request can cost: all of its output limit is used, at the dearer of the output and the reasoning price.
 * The limit is the lower of the request's and the model's; without either it is 128,000 tokens.
 *
 * @param price - a {@link PriceRow}, for example of `PriceBook.resolve`, or a literal with `prices`
 * @returns undefined when a price is missing or counts are not integers >= 0, as {@link calculateCost}
 * @throws never
 * @example
 * const price = { prices: { input: 1_000_000_000, output: 2_000_000_000 } }
 * calculateMaxCost({ inputTokens: 1_000, maxOutputTokens: 100 }, price)?.totalNanoUsd // 1_200_000
 * calculateMaxCost({ inputTokens: 0 }, price)?.totalNanoUsd // 256_000_000
 */
export function calculateMaxCost(
  bounds: RequestBounds,
  price: Priced & Pick<PriceRow, 'maxOutputTokens'>,
  options: CostOptions = {},
): CostBreakdown | undefined {
  const most = price.maxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS
  return dearest(bounds.inputTokens, Math.min(bounds.maxOutputTokens ?? most, most), price, options)
}

/** What the body of a request does not say. */
export interface EstimateOptions {
  /** Who bills, where the model's name alone does not say. */
  readonly provider?: string
  /** Whose price holds: integer ms since 1970 UTC, now when absent. */
  readonly atMs?: number
}

/**
 * The most that a request can cost, from its body alone, in integer micro-USD rounded up: what to reserve for it.
 *
 * The output limit is `max_tokens`, `max_completion_tokens` or `max_output_tokens` of the body, `n` times over, else the
 * model's own limit, else 128,000. Input is estimated from the text ({@link estimateInputTokens}).
 *
 * @param body - a request of the chat completions, responses or messages API: its JSON as text or bytes, or parsed
 * @returns undefined when the body cannot be read, names no model, or names one without a price
 * @throws never
 * @example
 * const test = { 'test-model': { input_cost_per_token: 0.0001, output_cost_per_token: 0.0001, max_output_tokens: 8192 } }
 * const prices = createPriceBook({ catalogue: false, overrides: [{ name: 'test', content: test }] })
 * estimateMaxCost('{"model":"test-model"}', prices) // 919_200
 * estimateMaxCost({ model: 'test-model', max_tokens: 100 }, prices) // 110_000
 * estimateMaxCost({ model: 'another' }, prices) // undefined
 */
export function estimateMaxCost(body: unknown, prices: PriceBook, options: EstimateOptions = {}): number | undefined {
  const nanoUsd = estimateMaxCostNanoUsd(body, prices, options)
  return nanoUsd === undefined ? undefined : Math.ceil(nanoUsd / NANO_USD_PER_MICRO_USD)
}

/** {@link estimateMaxCost} in integer nano-USD, exactly. */
export function estimateMaxCostNanoUsd(
  body: unknown,
  prices: PriceBook,
  options: EstimateOptions = {},
): number | undefined {
  try {
    const request = readBody(body)
    const model = request?.['model']
    if (request === undefined || typeof model !== 'string') return undefined
    const found = prices.resolve(options.provider, model, options.atMs ?? currentTimeMs())
    if (found === undefined) return undefined
    const limit = countOf(request, OUTPUT_LIMITS) ?? found.row.maxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS
    const output = limit * Math.max(1, countOf(request, ['n']) ?? 1)
    const tier = request['service_tier']
    return dearest(
      estimateInputTokens(request),
      output,
      found.row,
      typeof tier === 'string' ? { serviceTier: tier } : {},
    )?.totalNanoUsd
  } catch {
    // not JSON, or an object whose members throw when they are read
    return undefined
  }
}

type Request = { readonly [key: string]: unknown }

const OUTPUT_LIMITS = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']

function dearest(
  inputTokens: number,
  outputTokens: number,
  price: Priced,
  options: CostOptions,
): CostBreakdown | undefined {
  const plain = calculateCost({ inputTokens, outputTokens }, price, options)
  const reasoned = calculateCost({ inputTokens, outputTokens, reasoningTokens: outputTokens }, price, options)
  if (plain === undefined || reasoned === undefined) return plain
  return reasoned.totalNanoUsd > plain.totalNanoUsd ? reasoned : plain
}

function readBody(body: unknown): Request | undefined {
  let value = body
  if (value instanceof Uint8Array) value = new TextDecoder().decode(value)
  if (typeof value === 'string') value = JSON.parse(value)
  return typeof value === 'object' && value !== null ? (value as Request) : undefined
}

/** The first of the members that is a count. */
function countOf(request: Request, names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = request[name]
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  }
  return undefined
}
