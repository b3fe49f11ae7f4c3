import { normalizeExact } from '../../event/index.ts'
import type { Resolution } from '../../pricing/index.ts'
import { inDigits } from '../savings/wording.ts'
import {
  type Comparison,
  countOf,
  greatestOf,
  leastOf,
  type Range,
  sumOf,
  type TargetAnswer,
  type Uncertainty,
} from './comparison.ts'
import { rateTraffic, type Scenario, targetCard } from './rate.ts'
import { type TokenDrift, tokenDrift } from './tokenizers.ts'
import { type Beyond, beyond, type PromptSizes, type Traffic } from './traffic.ts'

const MILLIONTHS = 1_000_000

/** How long prompts are, by who answers them now. */
export type Sizes = readonly {
  readonly provider: string | null
  readonly model: string | null
  readonly sizes: PromptSizes
}[]

const LIKELY: Scenario = { drift: 1_000, cache: 'kept', reasoning: true, bound: 'likely' }

/** A model at its price of now. */
export class Target {
  readonly #price: Resolution
  readonly #sizes: Sizes
  readonly #share: bigint | undefined

  constructor(price: Resolution, sizes: Sizes, cacheShare: number | undefined) {
    this.#price = price
    this.#sizes = sizes
    this.#share = cacheShare === undefined ? undefined : BigInt(cacheShare)
  }

  compare(traffic: readonly Traffic[]): Comparison {
    const known = traffic.filter(({ priced }) => priced)
    const unknown = traffic.filter(({ priced }) => !priced)
    return {
      requests: countOf(known),
      nowNanoUsd: normalizeExact(sumOf(known.map(({ costNanoUsd }) => costNanoUsd))),
      there: this.#range(known),
      unpricedRequests: countOf(unknown),
      unpricedThere: unknown.length === 0 ? null : this.#range(unknown),
    }
  }

  /** What each alone makes of the likely amount. */
  uncertainties(traffic: readonly Traffic[]): readonly Uncertainty[] {
    const likely = this.#cost(traffic, () => ({}))
    const apart = (
      about: Uncertainty['about'],
      because: string,
      ways: readonly ((drift: TokenDrift) => Partial<Scenario>)[],
      of: (one: Traffic) => boolean = () => true,
    ): readonly Uncertainty[] => {
      const affected = traffic.filter(of)
      const base = this.#cost(affected, () => ({}))
      const moved = ways.map((way) => this.#cost(affected, way) - base)
      const low = leastOf(0n, moved)
      const high = greatestOf(0n, moved)
      return low === 0n && high === 0n ? [] : [{ about, because, low: normalizeExact(low), high: normalizeExact(high) }]
    }
    if (likely === 0n) return []
    const undivided = ({ undividedTokens }: Traffic): boolean => undividedTokens > 0n
    return [
      ...apart('tokenizer', this.#driftWords(traffic), [
        ({ low }) => ({ drift: low }),
        ({ high }) => ({ drift: high }),
      ]),
      ...(this.#share === undefined
        ? apart('cache', 'No prompt would be read from a cache.', [() => ({ cache: 'lost' })])
        : []),
      ...apart('reasoning', 'It would answer without the reasoning that the traffic has.', [
        () => ({ reasoning: false }),
      ]),
      ...apart(
        'prompt_sizes',
        'Prompts beyond a threshold cost more; how many there are is known within bounds.',
        [() => ({ bound: 'least' }), () => ({ bound: 'most' })],
        (one) => !undivided(one),
      ),
      ...apart(
        'undivided_tokens',
        'Of some tokens nobody said whether they went in or came out; 30 % is taken for input.',
        [() => ({ bound: 'least' }), () => ({ bound: 'most' })],
        undivided,
      ),
    ]
  }

  assumptions(traffic: readonly Traffic[]): readonly string[] {
    const { row, match, beforeFirstRow } = this.#price
    const sum = (of: (one: Traffic) => bigint): bigint => sumOf(traffic.map(of))
    const untiered = traffic.filter(({ serviceTier }) => targetCard(row, serviceTier).unknownTier)
    const said = (when: boolean, text: string): readonly string[] => (when ? [text] : [])
    return [
      'The other model answers as well, and at the same length: nothing here measures quality.',
      'List prices of now hold for all of it; discounts and commitments are left out.',
      ...said(match === 'default', 'The model has no price of its own: the configured default is taken.'),
      ...said(beforeFirstRow === true, 'Its first known price begins later; that one is taken.'),
      ...said(
        this.#share === undefined && sum(({ readTokens }) => readTokens) > 0n,
        row.prices.cacheRead === undefined
          ? 'It has no price for cache reads: they are taken at the price of input.'
          : 'As much of the prompts is read from its cache as is read now.',
      ),
      ...said(
        this.#share !== undefined,
        'The share of input that is read from a cache is the one you gave; writing to it costs nothing.',
      ),
      ...said(
        sum(({ reasoningTokens }) => reasoningTokens) === 0n,
        'The traffic has no reasoning tokens; a model that thinks adds some, which are charged as output.',
      ),
      ...said(
        sum(({ unitsNanoUsd }) => unitsNanoUsd) > 0n,
        'Web searches, images and other units are taken at what they cost now.',
      ),
      ...said(
        untiered.length > 0,
        `${inDigits(BigInt(countOf(untiered)))} requests of a service tier that it has no price for are taken at the standard price.`,
      ),
    ]
  }

  tooLong(): TargetAnswer['tooLong'] {
    const { contextTokens } = this.#price.row
    if (contextTokens === undefined) return null
    const bounds = this.#sizes.map(({ model, sizes }) => {
      const { low, high } = tokenDrift(model, this.#price.model)
      const at = (drift: number): Beyond => beyond(sizes, (contextTokens * 1_000) / drift)
      return {
        atLeast: Math.floor((Number(at(low).requests.least) * sizes.requests) / MILLIONTHS),
        atMost: Math.ceil((Number(at(high).requests.most) * sizes.requests) / MILLIONTHS),
      }
    })
    return {
      contextTokens,
      atLeast: bounds.reduce((sum, one) => sum + one.atLeast, 0),
      atMost: bounds.reduce((sum, one) => sum + one.atMost, 0),
    }
  }

  /** All that is uncertain at once, either way. */
  #range(traffic: readonly Traffic[]): Range {
    const caches: readonly Scenario['cache'][] = this.#share === undefined ? ['kept', 'lost'] : [this.#share]
    const ends = caches.flatMap((cache) => [
      this.#cost(traffic, ({ low }) => ({ drift: low, cache, reasoning: false, bound: 'least' })),
      this.#cost(traffic, ({ high }) => ({ drift: high, cache, reasoning: true, bound: 'most' })),
    ])
    const likely = this.#cost(traffic, () => ({}))
    return {
      low: normalizeExact(leastOf(likely, ends)),
      likely: normalizeExact(likely),
      high: normalizeExact(greatestOf(likely, ends)),
    }
  }

  #cost(traffic: readonly Traffic[], way: (drift: TokenDrift) => Partial<Scenario>): bigint {
    return sumOf(
      traffic.map((one) => {
        const drift = tokenDrift(one.model, this.#price.model)
        const scenario = { ...LIKELY, drift: drift.likely, cache: this.#share ?? LIKELY.cache, ...way(drift) }
        const card = targetCard(this.#price.row, one.serviceTier)
        const crossing = (card.card.tiers ?? []).map(({ aboveInputTokens }) =>
          beyond(this.#sizesOf(one), (aboveInputTokens * 1_000) / scenario.drift),
        )
        return rateTraffic(one, card, crossing, scenario)
      }),
    )
  }

  #sizesOf({ provider, model }: Traffic): PromptSizes {
    const found = this.#sizes.find((one) => one.provider === provider && one.model === model)
    return found?.sizes ?? { requests: 0, inputTokens: 0, ranks: [] }
  }

  #driftWords(traffic: readonly Traffic[]): string {
    const drifts = new Map(
      traffic.map(({ model }) => [model ?? 'unknown', tokenDrift(model, this.#price.model)] as const),
    )
    const told = [...drifts].filter(([, { low, high }]) => low !== high)
    const few = told.slice(0, 3).map(([model, { because }]) => `${model}: ${because}`)
    return `Tokens for the same text differ. ${few.join('; ')}${told.length > few.length ? '; and others' : ''}.`
  }
}
