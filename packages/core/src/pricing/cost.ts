import type { UsageCounts } from '../event/event.ts'
import { amountOf, type Rate } from './rate.ts'
import { type CompiledCard, cardOf, type Priced } from './rate-card.ts'

/** Integer nano-USD. `input` to `units` add up to `total` exactly. */
export interface CostBreakdown {
  readonly totalNanoUsd: number
  /** Fresh input: neither read from a cache nor written to one. */
  readonly inputNanoUsd: number
  readonly cacheReadNanoUsd: number
  /** Both lifetimes. */
  readonly cacheWriteNanoUsd: number
  /** Reasoning included. */
  readonly outputNanoUsd: number
  readonly unitsNanoUsd: number
  /** What the cache reads would have cost more at the input price; not part of the total, never negative. */
  readonly cacheSavingsNanoUsd: number
  /** Threshold of the context tier whose prices applied; absent for the base prices. */
  readonly aboveInputTokens?: number
}

/** One multiplication of a receipt. */
export interface CostLine {
  readonly component: CostComponent
  /** Tokens or units. */
  readonly count: number
  /** Published price: `listNanoUsd` for every `per` of them, before the multiplier. */
  readonly listNanoUsd: number
  readonly per: number
  readonly multiplierPermille: number
  readonly costNanoUsd: number
}

/** What a multiplication of a receipt is for. */
export type CostComponent =
  | 'input'
  | 'input_audio'
  | 'input_image'
  | 'cache_read'
  | 'cache_read_audio'
  | 'cache_read_image'
  | 'cache_write'
  | 'cache_write_1h'
  | 'output'
  | 'reasoning'
  | 'output_audio'
  | 'output_image'
  | `unit:${string}`

/** Why there is no cost. */
export interface Unpriced {
  readonly unpriced: UnpricedReason
  /** What it is about: a component, a field. */
  readonly about?: string
}

/** Why nobody knows what a request cost. */
export type UnpricedReason =
  /** Nobody has a price for the model. */
  | 'no_price'
  /** A completed (or aborted) request of which no usage is known. */
  | 'no_usage'
  /** The price list has no price for a component that was used. */
  | 'no_unit_price'
  /** Only a total is known, and input and output cost differently. */
  | 'total_tokens_only'
  /** The cost is past 2^53 - 1 nano-USD (about $9 million for one request), or a price is no such integer. */
  | 'overflow'
  /** A count is not an integer from 0 to 2^53 - 1. */
  | 'invalid_usage'

/** What else than usage decides a cost. */
export interface CostOptions {
  /** As the provider spells it: `batch`, `flex`, `priority`, ... A tier without a known price costs the standard price. */
  readonly serviceTier?: string
}

/**
 * What a request costs at a price.
 *
 * Each component is priced by itself and rounded half to even to a nano-USD. A context tier is chosen by all input
 * tokens and then applies to the whole request. Audio and image tokens are taken out of fresh input first, since no
 * provider says which of them were cached; only what does not fit there counts as cached. Multipliers of service tiers
 * apply to tokens, not to other units. `totalTokens` alone is priced only when input and output cost the same.
 *
 * @param usage - integers; see {@link UsageCounts}
 * @param price - nano-USD per million tokens; a {@link PriceRow} or a literal with `prices`
 * @returns undefined when a used component has no price, counts are not integers, or the sum is past 2^53 - 1;
 *   {@link rateUsage} says which
 * @throws never
 * @example
 * const gpt4o = { prices: { input: 2_500_000_000, cacheRead: 1_250_000_000, output: 10_000_000_000 } }
 * calculateCost({ inputTokens: 1_000, cacheReadTokens: 400, outputTokens: 50 }, gpt4o)?.totalNanoUsd // 2_500_000
 */
export function calculateCost(usage: UsageCounts, price: Priced, options: CostOptions = {}): CostBreakdown | undefined {
  const rated = rateUsage(usage, price, options)
  return 'unpriced' in rated ? undefined : rated
}

/** {@link calculateCost} with the reason in place of undefined; `lines`, when given, receives every multiplication. */
export function rateUsage(
  usage: UsageCounts,
  price: Priced,
  options: CostOptions = {},
  lines?: CostLine[],
): CostBreakdown | Unpriced {
  return rateWithCard(usage, cardOf(price, options.serviceTier), lines)
}

/** The same on a card already compiled. */
export function rateWithCard(usage: UsageCounts, card: CompiledCard, lines?: CostLine[]): CostBreakdown | Unpriced {
  const cacheRead = usage.cacheReadTokens ?? 0
  const cacheWrite = usage.cacheWriteTokens ?? 0
  const cacheWrite1h = usage.cacheWrite1hTokens ?? 0
  const inputAudio = usage.inputAudioTokens ?? 0
  const inputImage = usage.inputImageTokens ?? 0
  const reasoning = usage.reasoningTokens ?? 0
  const outputAudio = usage.outputAudioTokens ?? 0
  const outputImage = usage.outputImageTokens ?? 0
  // a total below its own parts is no total
  const cached = cacheRead + cacheWrite + cacheWrite1h
  const input = Math.max(usage.inputTokens ?? 0, cached, inputAudio + inputImage)
  const output = Math.max(usage.outputTokens ?? 0, reasoning, outputAudio + outputImage)
  // NaN, fractions and negatives all come to light in one of these sums
  if (!isCount(input) || !isCount(output) || !isCount(cached) || !allCounts(usage)) return { unpriced: 'invalid_usage' }

  let rates = card.base
  let aboveInputTokens: number | undefined
  for (const tier of card.tiers) {
    if (input > tier.aboveInputTokens) {
      rates = tier.rates
      aboveInputTokens = tier.aboveInputTokens
      break
    }
  }

  let total = 0
  let missing: string | undefined
  const charge = (component: CostComponent, count: number, rate: Rate | undefined): number => {
    if (count === 0) return 0
    if (rate === undefined) {
      missing ??= component
      return 0
    }
    const costNanoUsd = amountOf(count, rate)
    total += costNanoUsd
    lines?.push({
      component,
      count,
      listNanoUsd: rate.listNanoUsd,
      per: rate.per,
      multiplierPermille: rate.multiplierPermille,
      costNanoUsd,
    })
    return costNanoUsd
  }

  if (usage.totalTokens !== undefined && input === 0 && output === 0 && usage.totalTokens > 0) {
    const one = rates.input
    const uniform =
      one?.listNanoUsd === rates.output?.listNanoUsd && (rates.reasoning ?? one)?.listNanoUsd === one?.listNanoUsd
    if (one === undefined || !uniform) return { unpriced: 'total_tokens_only' }
    const inputNanoUsd = charge('input', usage.totalTokens, one)
    const unitsNanoUsd = chargeUnits(usage, card, charge)
    return sum(inputNanoUsd, 0, 0, 0, unitsNanoUsd, 0)
  }

  let fresh = input - cached
  let cacheReadLeft = cacheRead
  let inputNanoUsd = 0
  let cacheReadNanoUsd = 0
  if (inputAudio > 0 && rates.inputAudio !== undefined) {
    const freshAudio = Math.min(inputAudio, fresh)
    const cachedAudio = Math.min(inputAudio - freshAudio, cacheReadLeft)
    fresh -= freshAudio
    inputNanoUsd += charge('input_audio', freshAudio, rates.inputAudio)
    if (cachedAudio > 0 && rates.cacheAudioRead !== undefined) {
      cacheReadLeft -= cachedAudio
      cacheReadNanoUsd += charge('cache_read_audio', cachedAudio, rates.cacheAudioRead)
    }
  }
  if (inputImage > 0 && rates.inputImage !== undefined) {
    const freshImage = Math.min(inputImage, fresh)
    const cachedImage = Math.min(inputImage - freshImage, cacheReadLeft)
    fresh -= freshImage
    inputNanoUsd += charge('input_image', freshImage, rates.inputImage)
    if (cachedImage > 0 && rates.cacheImageRead !== undefined) {
      cacheReadLeft -= cachedImage
      cacheReadNanoUsd += charge('cache_read_image', cachedImage, rates.cacheImageRead)
    }
  }
  inputNanoUsd += charge('input', fresh, rates.input)
  cacheReadNanoUsd += charge('cache_read', cacheReadLeft, rates.cacheRead)
  const cacheWriteNanoUsd =
    charge('cache_write', cacheWrite, rates.cacheWrite) + charge('cache_write_1h', cacheWrite1h, rates.cacheWrite1h)

  let text = output
  let outputNanoUsd = 0
  if (rates.reasoning !== undefined) {
    text -= reasoning
    outputNanoUsd += charge('reasoning', reasoning, rates.reasoning)
  }
  if (outputAudio > 0 && rates.outputAudio !== undefined) {
    const audio = Math.min(outputAudio, text)
    text -= audio
    outputNanoUsd += charge('output_audio', audio, rates.outputAudio)
  }
  if (outputImage > 0 && rates.outputImage !== undefined) {
    const image = Math.min(outputImage, text)
    text -= image
    outputNanoUsd += charge('output_image', image, rates.outputImage)
  }
  outputNanoUsd += charge('output', text, rates.output)
  const unitsNanoUsd = chargeUnits(usage, card, charge)

  const cacheSavings =
    cacheRead > 0 && rates.input !== undefined ? amountOf(cacheRead, rates.input) - cacheReadNanoUsd : 0
  return sum(inputNanoUsd, cacheReadNanoUsd, cacheWriteNanoUsd, outputNanoUsd, unitsNanoUsd, cacheSavings)

  function sum(
    inputPart: number,
    cacheReadPart: number,
    cacheWritePart: number,
    outputPart: number,
    unitsPart: number,
    savings: number,
  ): CostBreakdown | Unpriced {
    if (missing !== undefined) return { unpriced: 'no_unit_price', about: missing }
    if (!(total <= Number.MAX_SAFE_INTEGER)) return { unpriced: 'overflow' }
    const breakdown = {
      totalNanoUsd: total,
      inputNanoUsd: inputPart,
      cacheReadNanoUsd: cacheReadPart,
      cacheWriteNanoUsd: cacheWritePart,
      outputNanoUsd: outputPart,
      unitsNanoUsd: unitsPart,
      cacheSavingsNanoUsd: Number.isSafeInteger(savings) && savings > 0 ? savings : 0,
    }
    return aboveInputTokens === undefined ? breakdown : { ...breakdown, aboveInputTokens }
  }
}

type Charge = (component: CostComponent, count: number, rate: Rate | undefined) => number

function chargeUnits(usage: UsageCounts, card: CompiledCard, charge: Charge): number {
  let cost = 0
  const units = usage.units
  let requestsCharged = false
  if (units !== undefined) {
    for (const name of Object.keys(units)) {
      if (name === 'requests') {
        // every event is a request; only a list that charges for them makes the count matter
        if (card.perRequest === undefined) continue
        requestsCharged = true
      }
      cost += charge(`unit:${name}`, units[name] ?? 0, card.units.get(name))
    }
  }
  if (!requestsCharged && card.perRequest !== undefined) cost += charge('unit:requests', 1, card.perRequest)
  return cost
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function allCounts(usage: UsageCounts): boolean {
  return (
    isCount(usage.inputTokens ?? 0) &&
    isCount(usage.outputTokens ?? 0) &&
    isCount(usage.cacheReadTokens ?? 0) &&
    isCount(usage.cacheWriteTokens ?? 0) &&
    isCount(usage.cacheWrite1hTokens ?? 0) &&
    isCount(usage.reasoningTokens ?? 0) &&
    isCount(usage.inputAudioTokens ?? 0) &&
    isCount(usage.inputImageTokens ?? 0) &&
    isCount(usage.outputAudioTokens ?? 0) &&
    isCount(usage.outputImageTokens ?? 0) &&
    isCount(usage.totalTokens ?? 0) &&
    (usage.units === undefined || Object.values(usage.units).every(isCount))
  )
}
