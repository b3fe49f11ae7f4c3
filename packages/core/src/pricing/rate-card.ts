import type { PriceRow, RateCard, UnitPrices } from './price.ts'
import { type Rate, tokenRate, unitRate } from './rate.ts'
import { serviceTierName } from './service-tier.ts'

/** Token rates with every fall-back of {@link UnitPrices} decided, so that costing only multiplies. */
export interface TokenRates {
  readonly input: Rate | undefined
  readonly output: Rate | undefined
  readonly cacheRead: Rate | undefined
  readonly cacheWrite: Rate | undefined
  readonly cacheWrite1h: Rate | undefined
  // the rest is present only where the price list sets it apart
  readonly reasoning: Rate | undefined
  readonly inputAudio: Rate | undefined
  readonly outputAudio: Rate | undefined
  readonly inputImage: Rate | undefined
  readonly outputImage: Rate | undefined
  readonly cacheAudioRead: Rate | undefined
  readonly cacheImageRead: Rate | undefined
}

/** A price row as costing wants it, for one service tier. */
export interface CompiledCard {
  readonly base: TokenRates
  /** Descending thresholds: the first that the input exceeds holds. */
  readonly tiers: readonly { readonly aboveInputTokens: number; readonly rates: TokenRates }[]
  readonly units: ReadonlyMap<string, Rate>
  readonly perRequest: Rate | undefined
  /** Name of the service tier; undefined for the standard one. */
  readonly serviceTier: string | undefined
  readonly multiplierPermille: number
  /** The row knows no price for the tier; the card is that of the standard tier. */
  readonly unknownServiceTier: boolean
}

/** What costing needs of a {@link PriceRow}; a literal with `prices` alone will do. */
export type Priced = RateCard & Pick<PriceRow, 'units' | 'multipliers' | 'serviceTiers'>

const compiled = new WeakMap<Priced, Map<string | undefined, CompiledCard>>()
const NO_UNITS: ReadonlyMap<string, Rate> = new Map()
/** Tier names come from events; a row remembers no more of them than there are tiers in the world. */
const MAX_CARDS_PER_ROW = 16

/** The card of a row for a service tier as the event spells it. Compiled once per row and tier. */
export function cardOf(price: Priced, serviceTier: string | undefined): CompiledCard {
  let cards = compiled.get(price)
  if (cards === undefined) {
    cards = new Map()
    compiled.set(price, cards)
  }
  let card = cards.get(serviceTier)
  if (card === undefined) {
    card = compile(price, serviceTierName(serviceTier))
    if (cards.size < MAX_CARDS_PER_ROW) cards.set(serviceTier, card)
  }
  return card
}

function compile(price: Priced, serviceTier: string | undefined): CompiledCard {
  const own = serviceTier === undefined ? undefined : price.serviceTiers?.get(serviceTier)
  const multiplier = own || serviceTier === undefined ? undefined : price.multipliers?.get(serviceTier)
  const permille = multiplier ?? 1_000
  const source = own ?? price
  const tiers = [...(source.tiers ?? [])].sort((a, b) => b.aboveInputTokens - a.aboveInputTokens)
  const units = price.units
    ? new Map([...price.units].map(([name, { nanoUsd, per }]) => [name, unitRate(nanoUsd, per)]))
    : NO_UNITS
  return {
    base: tokenRates(source.prices, permille),
    tiers: tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, rates: tokenRates(tier.prices, permille) })),
    units,
    perRequest: units.get('requests'),
    serviceTier,
    multiplierPermille: permille,
    unknownServiceTier: serviceTier !== undefined && own === undefined && multiplier === undefined,
  }
}

function tokenRates(prices: UnitPrices, permille: number): TokenRates {
  const rate = (price: number | undefined): Rate | undefined =>
    price === undefined ? undefined : tokenRate(price, permille)
  const input = rate(prices.input)
  const cacheWrite = rate(prices.cacheWrite) ?? input
  return {
    input,
    output: rate(prices.output),
    cacheRead: rate(prices.cacheRead) ?? input,
    cacheWrite,
    cacheWrite1h: rate(prices.cacheWrite1h) ?? cacheWrite,
    reasoning: rate(prices.reasoning),
    inputAudio: rate(prices.inputAudio),
    outputAudio: rate(prices.outputAudio),
    inputImage: rate(prices.inputImage),
    outputImage: rate(prices.outputImage),
    cacheAudioRead: rate(prices.cacheAudioRead),
    cacheImageRead: rate(prices.cacheImageRead),
  }
}
