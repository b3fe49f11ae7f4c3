import { divideHalfEven } from '../../event/index.ts'
import { type PriceRow, type RateCard, serviceTierName, type UnitPrices } from '../../pricing/index.ts'
import { greatestOf } from './comparison.ts'
import { type Beyond, NOTHING_BEYOND, type Share, type Traffic } from './traffic.ts'

/** One way in which things may turn out on another model. */
export interface Scenario {
  /** Thousandths of the tokens that were counted. */
  readonly drift: number
  /** Cache reads and writes as they are, none of either, or this share of the input (millionths) read and none written. */
  readonly cache: 'kept' | 'lost' | bigint
  /** Does it think as much? */
  readonly reasoning: boolean
  /** What is taken where bounds are all that is known. */
  readonly bound: keyof Share
}

/** What the target charges for a service tier, with its thresholds rising. */
export interface TargetCard {
  readonly card: RateCard
  readonly permille: number
  /** It has no price for this tier; the standard one was taken. */
  readonly unknownTier: boolean
}

export function targetCard(row: PriceRow, serviceTier: string | null): TargetCard {
  const tier = serviceTierName(serviceTier ?? undefined)
  const listed = tier === undefined ? undefined : row.serviceTiers?.get(tier)
  // A list that leaves out what every request has is none.
  const own = listed?.prices.input === undefined || listed.prices.output === undefined ? undefined : listed
  const permille = own || tier === undefined ? undefined : row.multipliers?.get(tier)
  return {
    card: own ?? row,
    permille: permille ?? 1_000,
    unknownTier: tier !== undefined && own === undefined && permille === undefined,
  }
}

const MILLION = 1_000_000n
const TENTHS = 10n
/** Tokens x price per million x drift in thousandths x multiplier in thousandths x share in millionths x tenths. */
const DENOMINATOR = MILLION * 1_000n * 1_000n * MILLION * TENTHS
/** Of tokens of which nobody says so, this many tenths are taken for input, as smart-ai-bridge does. */
const INPUT_TENTHS = 3n

/**
 * What traffic comes to at a target: each kind of tokens at its own price, what lies beyond a threshold at the price there,
 * rounded once, half to even, plus what other units cost now. The card has to have prices of input and output.
 *
 * @param crossing what lies beyond each threshold of the card, in its order
 */
export function rateTraffic(
  traffic: Traffic,
  { card, permille }: TargetCard,
  crossing: readonly Beyond[],
  scenario: Scenario,
): bigint {
  let sum = 0n
  const taken = { requests: 0n, tokens: 0n }
  const add = (prices: UnitPrices, above: { readonly requests: bigint; readonly tokens: bigint }): void => {
    const share = { requests: above.requests - taken.requests, tokens: above.tokens - taken.tokens }
    sum += partOf(traffic, prices, scenario, share)
    taken.requests = above.requests
    taken.tokens = above.tokens
  }
  // From the greatest threshold down: what lies beyond it has its price, the rest that of one below.
  for (const [index, tier] of [...(card.tiers ?? []).entries()].reverse()) {
    const { requests, tokens } = crossing[index] ?? NOTHING_BEYOND
    const above = {
      requests: greatestOf(taken.requests, [requests[scenario.bound]]),
      tokens: greatestOf(taken.tokens, [tokens[scenario.bound]]),
    }
    add({ ...card.prices, ...tier.prices }, above)
  }
  add(card.prices, { requests: MILLION, tokens: MILLION })
  return divideHalfEven(sum * BigInt(permille) * BigInt(scenario.drift), DENOMINATOR) + traffic.unitsNanoUsd
}

/** The numerator of what a share of the traffic costs. */
function partOf(
  traffic: Traffic,
  prices: UnitPrices,
  scenario: Scenario,
  share: { readonly requests: bigint; readonly tokens: bigint },
): bigint {
  const { input = 0, output = 0 } = prices
  const read = prices.cacheRead ?? input
  const write = prices.cacheWrite ?? input
  const tokens = inputOf(traffic, scenario.cache)
  const inputs =
    tokens.fresh * BigInt(input) +
    tokens.read * BigInt(read) +
    tokens.write * BigInt(write) +
    tokens.write1h * BigInt(prices.cacheWrite1h ?? write)
  const thinking = scenario.reasoning ? traffic.reasoningTokens : 0n
  const outputs =
    (traffic.outputTokens - traffic.reasoningTokens) * BigInt(output) + thinking * BigInt(prices.reasoning ?? output)
  const [inTenths, outTenths] = undividedTenths(input, output, scenario.bound)
  const undivided = traffic.undividedTokens * (inTenths * BigInt(input) + outTenths * BigInt(output))
  return inputs * share.tokens * TENTHS + (outputs * TENTHS + undivided) * share.requests
}

function inputOf(
  { inputTokens, freshTokens, readTokens, writeTokens, write1hTokens }: Traffic,
  cache: Scenario['cache'],
): { readonly fresh: bigint; readonly read: bigint; readonly write: bigint; readonly write1h: bigint } {
  if (cache === 'kept') return { fresh: freshTokens, read: readTokens, write: writeTokens, write1h: write1hTokens }
  const all = inputTokens > 0n ? inputTokens : freshTokens + readTokens + writeTokens + write1hTokens
  const read = cache === 'lost' ? 0n : (all * cache) / MILLION
  return { fresh: all - read, read, write: 0n, write1h: 0n }
}

function undividedTenths(input: number, output: number, bound: Scenario['bound']): readonly [bigint, bigint] {
  if (bound === 'likely') return [INPUT_TENTHS, TENTHS - INPUT_TENTHS]
  return input < output === (bound === 'least') ? [TENTHS, 0n] : [0n, TENTHS]
}
