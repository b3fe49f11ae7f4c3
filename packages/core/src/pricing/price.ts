/**
 * What a price is. Every amount is integer nano-USD (1e-9 USD), token prices per million tokens: $0.0375 per million is
 * 37,500,000, exactly.
 */

/**
 * Prices of token kinds, nano-USD per million tokens. An absent member is *unknown*, not zero; what stands in for it:
 *
 * - `cacheRead`, `cacheWrite`: the input price; `cacheWrite1h`: the `cacheWrite` price
 * - `reasoning`, `outputAudio`, `outputImage`: the output price; `inputAudio`, `inputImage`: the input price
 * - `cacheAudioRead`, `cacheImageRead`: the `cacheRead` price
 * - `input`, `output`: nothing. Tokens of a kind without a price make the request unpriced.
 */
export interface UnitPrices {
  readonly input?: number
  readonly output?: number
  readonly cacheRead?: number
  /** Default lifetime (5 minutes at Anthropic). */
  readonly cacheWrite?: number
  /** Long lifetime (1 hour at Anthropic). */
  readonly cacheWrite1h?: number
  /** Replaces the output price for the reasoning tokens. */
  readonly reasoning?: number
  readonly inputAudio?: number
  readonly outputAudio?: number
  readonly inputImage?: number
  readonly outputImage?: number
  readonly cacheAudioRead?: number
  readonly cacheImageRead?: number
}

/** A kind of tokens with a price of its own. */
export type TokenPriceName = keyof UnitPrices

/** Every {@link TokenPriceName}. */
export const TOKEN_PRICE_NAMES: readonly TokenPriceName[] = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'reasoning',
  'inputAudio',
  'outputAudio',
  'inputImage',
  'outputImage',
  'cacheAudioRead',
  'cacheImageRead',
]

/**
 * Price of a billed unit that is not a token, as `nanoUsd` for every `per` units. Two integers, because $3 an hour of
 * audio is not a whole number of nano-USD a second.
 *
 * @example { nanoUsd: 10_000_000_000, per: 1_000 } // $10 per thousand web searches
 */
export interface UnitRate {
  readonly nanoUsd: number
  readonly per: number
}

/** Prices of the whole request, every token of it, once its input (cached tokens included) exceeds the threshold. */
export interface ContextTier {
  readonly aboveInputTokens: number
  readonly prices: UnitPrices
}

/** Token prices, and what becomes of them in long contexts (ascending thresholds). */
export interface RateCard {
  readonly prices: UnitPrices
  readonly tiers?: readonly ContextTier[]
}

/** Milliseconds of the UTC day, `[fromMs, toMs)`; wraps over midnight when `toMs <= fromMs`. */
export interface TimeOfDay {
  readonly fromMs: number
  readonly toMs: number
}

/** What a model costs at a provider, for some span of time. */
export interface PriceRow extends RateCard {
  /** Immutable: the same id never stands for other figures. */
  readonly id: string
  /** Absent: whoever bills. */
  readonly provider?: string
  readonly model: string
  /** First instant, inclusive; absent = since ever. */
  readonly effectiveFromMs?: number
  /** End, exclusive; absent = until another row takes over. */
  readonly effectiveToMs?: number
  readonly timeOfDay?: TimeOfDay
  /**
   * Other billed units by the name events use (`web_searches`, `images`, `pages`, `audio_seconds`, ...). A `requests`
   * rate is charged once per request without the event having to say so.
   */
  readonly units?: ReadonlyMap<string, UnitRate>
  /** Service tier -> parts per thousand applied to token prices: `batch` 500. */
  readonly multipliers?: ReadonlyMap<string, number>
  /** Service tiers with a price list of their own; wins over `multipliers`. */
  readonly serviceTiers?: ReadonlyMap<string, RateCard>
  /** The most tokens that the model answers with. No price, so no part of the id. */
  readonly maxOutputTokens?: number
  /** The most tokens that it reads and writes in one request; nor is this. */
  readonly contextTokens?: number
}

/** Whose figures a row holds. */
export type PriceSource = 'catalogue' | 'override'

/** All rows of one model at one provider, in the order {@link byPrecedence} gives; the last that covers an instant holds. */
export interface ModelPrices {
  readonly source: PriceSource
  readonly provider?: string
  readonly model: string
  readonly aliases: readonly string[]
  /** The name stands for every longer name that begins with it. Only Routiium's files ask for that. */
  readonly prefix?: true
  readonly rows: readonly PriceRow[]
}

/** Order of a model's rows: later start after earlier, and hours of the day after the whole day they are cut from. */
export function byPrecedence(a: PriceRow, b: PriceRow): number {
  const from = (a.effectiveFromMs ?? Number.NEGATIVE_INFINITY) - (b.effectiveFromMs ?? Number.NEGATIVE_INFINITY)
  if (from < 0 || from > 0) return from
  return (a.timeOfDay ? 1 : 0) - (b.timeOfDay ? 1 : 0)
}

const DAY_MS = 86_400_000

/** Does the row hold at this instant? */
export function covers(row: PriceRow, atMs: number): boolean {
  if (row.effectiveFromMs !== undefined && atMs < row.effectiveFromMs) return false
  if (row.effectiveToMs !== undefined && atMs >= row.effectiveToMs) return false
  if (row.timeOfDay === undefined) return true
  const { fromMs, toMs } = row.timeOfDay
  const time = ((atMs % DAY_MS) + DAY_MS) % DAY_MS
  return toMs > fromMs ? time >= fromMs && time < toMs : time >= fromMs || time < toMs
}
