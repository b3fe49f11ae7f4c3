import { QUANTILES, type ResultRow } from '../../query/index.ts'
import { RATED_MEASURES } from '../savings/rerate.ts'
import { nameIn, whole } from '../savings/saving.ts'
import { greatestOf } from './comparison.ts'

/** Requests that are alike in all that a price depends on, but for their lengths. */
export interface Traffic {
  readonly provider: string | null
  readonly model: string | null
  /** Null also where it was not asked for. */
  readonly agent: string | null
  readonly serviceTier: string | null
  /** Is it known what they have cost? */
  readonly priced: boolean
  readonly requests: bigint
  readonly costNanoUsd: bigint
  /** Of other units than tokens: web searches, images. */
  readonly unitsNanoUsd: bigint
  readonly inputTokens: bigint
  readonly freshTokens: bigint
  readonly readTokens: bigint
  readonly writeTokens: bigint
  readonly write1hTokens: bigint
  /** All of it, reasoning included. */
  readonly outputTokens: bigint
  readonly reasoningTokens: bigint
  /** Of which nobody says whether they went in or came out. */
  readonly undividedTokens: bigint
}

/** Dimensions that tell {@link Traffic} apart. */
export const TRAFFIC_DIMENSIONS = ['provider', 'model', 'service_tier', 'cost_basis'] as const

/** Measures that {@link trafficOf} reads. */
export const TRAFFIC_MEASURES: readonly string[] = [
  'requests',
  'cost_nano_usd',
  'cost_units_nano_usd',
  'unpriced_requests',
  'input_tokens',
  'total_tokens',
  ...RATED_MEASURES,
]

export function trafficOf(row: ResultRow): Traffic {
  const [input, output] = [whole(row, 'input_tokens'), whole(row, 'output_tokens')]
  const undivided = whole(row, 'total_tokens') - input - output
  return {
    provider: nameIn(row, 'provider'),
    model: nameIn(row, 'model'),
    agent: nameIn(row, 'agent_id'),
    serviceTier: nameIn(row, 'service_tier'),
    priced: whole(row, 'unpriced_requests') === 0n,
    requests: whole(row, 'requests'),
    costNanoUsd: whole(row, 'cost_nano_usd'),
    unitsNanoUsd: whole(row, 'cost_units_nano_usd'),
    inputTokens: input,
    freshTokens: whole(row, 'fresh_input_tokens'),
    readTokens: whole(row, 'cache_read_tokens'),
    writeTokens: whole(row, 'cache_write_tokens'),
    write1hTokens: whole(row, 'cache_write_1h_tokens'),
    outputTokens: output,
    reasoningTokens: whole(row, 'reasoning_tokens'),
    undividedTokens: undivided > 0n ? undivided : 0n,
  }
}

/** How long the prompts of a model are, as far as quantiles tell. */
export interface PromptSizes {
  readonly requests: number
  /** All of theirs together. */
  readonly inputTokens: number
  /** A share `q` of the prompts is no longer than `tokens`; rising, from the shortest to the longest. */
  readonly ranks: readonly { readonly q: number; readonly tokens: number }[]
}

/** Measures that {@link promptSizesOf} reads. */
export const SIZE_MEASURES: readonly string[] = [
  'input_tokens_count',
  'input_tokens',
  'input_tokens_min',
  'input_tokens_max',
  ...QUANTILES.map(({ suffix }) => `input_tokens_${suffix}`),
]

export function promptSizesOf(row: ResultRow): PromptSizes {
  const tokens = (name: string): number => Number(row[`input_tokens_${name}`] ?? 0)
  return {
    requests: Number(whole(row, 'input_tokens_count')),
    inputTokens: Number(whole(row, 'input_tokens')),
    ranks: [
      { q: 0, tokens: tokens('min') },
      ...QUANTILES.map(({ suffix, q }) => ({ q, tokens: tokens(suffix) })),
      { q: 1, tokens: tokens('max') },
    ],
  }
}

/** A share, in millionths: what is certain, what is likely, what is possible. */
export interface Share {
  readonly least: bigint
  readonly likely: bigint
  readonly most: bigint
}

/** What lies beyond a threshold. */
export interface Beyond {
  readonly requests: Share
  /** Of the input tokens. */
  readonly tokens: Share
}

const WHOLE = 1_000_000n
export const NOTHING_BEYOND: Beyond = {
  requests: { least: 0n, likely: 0n, most: 0n },
  tokens: { least: 0n, likely: 0n, most: 0n },
}

/**
 * The share of requests, and of their input, with more input than a threshold. Between two ranks nobody knows more than that
 * sizes lie between theirs; likely is what fits the sum of all sizes.
 *
 * @param threshold tokens; may be a fraction
 * @example
 * const ranks = [{ q: 0, tokens: 100 }, { q: 0.5, tokens: 100 }, { q: 1, tokens: 300 }]
 * beyond({ requests: 10, inputTokens: 1_500, ranks }, 200).requests // { least: 100_000n, likely: 250_000n, most: 500_000n }
 */
export function beyond({ requests, inputTokens, ranks }: PromptSizes, threshold: number): Beyond {
  const greatest = ranks.at(-1)?.tokens ?? 0
  if (requests === 0 || inputTokens === 0 || greatest <= threshold) return NOTHING_BEYOND
  const mean = inputTokens / requests
  const count = { least: 0, likely: 0, most: 0 }
  const sum = { least: 0, likely: 0, most: 0 }
  const bins = ranks.slice(1).map((to, index) => {
    const from = ranks[index] as (typeof ranks)[number]
    return { share: to.q - from.q, from: from.tokens, to: to.tokens }
  })
  const middles = bins.reduce((all, bin) => all + bin.share * ((bin.from + bin.to) / 2), 0)
  for (const { share, from, to } of bins) {
    if (from > threshold) {
      for (const bound of ['least', 'likely', 'most'] as const) count[bound] += share
      sum.least += share * from
      sum.likely += (share * (from + to)) / 2
      sum.most += share * to
    } else if (to > threshold) {
      // What all prompts together have beside the other bins tells where in this one its prompts lie.
      const own = (from + to) / 2 + (mean - middles) / share
      const part = skewedBeyond((own - from) / (to - from), (threshold - from) / (to - from))
      count.likely += share * part.share
      count.most += share
      sum.likely += share * (from * part.share + (to - from) * part.sum)
      sum.most += share * to
    }
  }
  // The longest is beyond it, so one request is.
  const one = 1 / requests
  if (count.least < one) {
    count.least = one
    sum.least = one * greatest
  }
  count.most = Math.max(count.most, count.least)
  count.likely = Math.min(count.most, Math.max(count.least, count.likely))
  const share = (part: number): bigint => BigInt(Math.round(Math.min(1, Math.max(0, part)) * Number(WHOLE)))
  const tokens = { least: share(sum.least / mean), likely: share(sum.likely / mean), most: share(sum.most / mean) }
  return {
    requests: { least: share(count.least), likely: share(count.likely), most: share(count.most) },
    tokens: {
      least: tokens.least,
      likely: greatestOf(tokens.likely, [tokens.least]),
      most: greatestOf(tokens.most, [tokens.likely, tokens.least]),
    },
  }
}

/** Nobody's sizes are all at one end. */
const LEAST_MEAN = 0.02

/**
 * Of values between 0 and 1 with this mean, the share above a threshold and their sum, if they are distributed as a power of
 * evenly distributed ones: of a mean of a half, a quarter lies above three quarters.
 */
function skewedBeyond(mean: number, threshold: number): { readonly share: number; readonly sum: number } {
  const bounded = Math.min(1 - LEAST_MEAN, Math.max(LEAST_MEAN, mean))
  const power = bounded / (1 - bounded)
  return { share: 1 - threshold ** power, sum: bounded * (1 - threshold ** (power + 1)) }
}
