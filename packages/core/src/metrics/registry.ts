import { TallystickError } from '../errors.ts'
import { type UsageEvent, usdToNano } from '../event/index.ts'
import type { SeriesRow } from '../recorder/tally.ts'
import type { HeldNames, MetricNames } from './budget.ts'
import { REGISTRY_FAMILIES } from './families/registry.ts'
import type { MetricSet } from './family.ts'
import { VIEWS } from './figures.ts'
import { Gauges, PROVIDER_STATES, type ProviderState } from './gauges.ts'
import { observe, observeTotals } from './observe.ts'
import type { ObservedRequest } from './request.ts'
import type { FamilySamples, ValueSample } from './samples.ts'
import { SeriesStore } from './store.ts'

/** How a registry is set up; every member may be left out. */
export interface MetricRegistryOptions {
  /** Lines of series that a scrape has at most, each bucket of a histogram one; 2,000 by default, from 200. */
  readonly maxSeries?: number
  /** Which names scrapes may ask for, which the lines are counted for; `either` by default. */
  readonly names?: HeldNames
  /** How the `tier` label is written; as it comes by default. */
  readonly tierCase?: 'preserve' | 'lower' | 'upper'
}

/** What a scrape shows. */
export interface SnapshotOptions {
  /** `seed` by default, or what the registry has where that is something else. */
  readonly names?: MetricNames
  /** Routiium's three totals as well. */
  readonly routiium?: boolean
}

const MIN_SERIES = 200
const DEFAULT_SERIES = 2_000
const SETS: Readonly<Record<MetricNames, readonly MetricSet[]>> = {
  seed: ['seed'],
  standard: ['conventional'],
  both: ['seed', 'conventional'],
}

/**
 * Figures of LLM traffic as series for Prometheus: a bounded number of them, whatever names traffic brings, with sums that
 * stay exact. They live as long as the process, and only grow; a scrape takes all families from the same moment.
 *
 * Models, providers, types of errors and tiers that no more series fit for are added to those called `other`. A series that
 * is there stays as it is. Recording never throws: what is no figure (not a number, negative, infinite) is left out and
 * counted.
 *
 * @example
 * const metrics = new MetricRegistry()
 * metrics.recordCost('openai', 'gpt-4', 0.0075)
 * metrics.recordCost('openai', 'gpt-4', 0.0075)
 * writeExposition(metrics.snapshot(), 'text') // ... llm_edge_cost_usd_total{provider="openai",model="gpt-4"} 0.015
 */
export class MetricRegistry {
  readonly names: HeldNames
  readonly #store: SeriesStore
  readonly #gauges: Gauges
  readonly #tierOf: (tier: unknown) => string

  /** @throws TallystickError `invalid_config` with the option that is wrong */
  constructor(options: MetricRegistryOptions = {}) {
    const { maxSeries = DEFAULT_SERIES, names = 'either', tierCase = 'preserve' } = options
    if (!Number.isSafeInteger(maxSeries) || maxSeries < MIN_SERIES) {
      const message = `maxSeries must be an integer from ${MIN_SERIES}, not ${String(maxSeries)}`
      throw new TallystickError('invalid_config', message)
    }
    if (!(names === 'either' || Object.hasOwn(SETS, names))) {
      throw new TallystickError('invalid_config', `names must be seed, standard, both or either, not ${String(names)}`)
    }
    this.names = names
    this.#store = new SeriesStore(maxSeries, names)
    this.#gauges = new Gauges(this.#store.budget)
    const written = TIER_CASES[tierCase] ?? TIER_CASES.preserve
    this.#tierOf = (tier) => (typeof tier === 'string' ? written(tier) : '')
  }

  /** Adds all that an accepted event tells. Events that are no requests tell nothing. */
  observeEvent(event: UsageEvent | ObservedRequest): void {
    observe(this.#store, event, this.#tierOf)
  }

  /**
   * Adds requests that are known only as sums. Why the failed ones failed, how long all took, and which tokens were cached
   * nobody knows.
   */
  observeTotals(row: SeriesRow): void {
    observeTotals(this.#store, row)
  }

  /** @param latencyMs milliseconds, fractions allowed; a request without a sensible one is counted all the same */
  recordRequestSuccess(provider: string, model: string, latencyMs: number): void {
    const { figures } = this.#store
    const series = this.#store.modelOf(provider, model)
    series.add(figures.succeeded, 1)
    series.addSplit(figures.succeededOperations, 'operation', undefined, 1)
    this.#store.addTotal('totalRequests', 1)
    const duration = this.#store.duration(latencyMs)
    if (duration !== undefined) series.add(figures.duration, duration)
  }

  recordRequestFailure(provider: string, model: string, errorType: string): void {
    const { figures } = this.#store
    const series = this.#store.modelOf(provider, model)
    series.addSplit(figures.failed, 'error_type', typeof errorType === 'string' ? errorType : '', 1)
    series.addSplit(figures.failedOperations, 'operation', undefined, 1)
    this.#store.addTotal('totalRequests', 1)
  }

  /** @param inputTokens all of them, cached ones included; integers both */
  recordTokenUsage(provider: string, model: string, inputTokens: number, outputTokens: number): void {
    const { figures } = this.#store
    const series = this.#store.modelOf(provider, model)
    const input = this.#store.integer(inputTokens)
    const output = this.#store.integer(outputTokens)
    if (input !== undefined) {
      series.add(figures.allInput, input)
      series.add(figures.freshInput, input)
      this.#store.addTotal('totalInput', input)
    }
    if (output !== undefined) {
      series.add(figures.allOutput, output)
      series.add(figures.plainOutput, output)
      this.#store.addTotal('totalOutput', output)
    }
  }

  /** @param usd US dollars; kept to the nearest billionth, at most 9,007,199 of one request */
  recordCost(provider: string, model: string, usd: number): void {
    const nano = this.#store.integer(typeof usd === 'number' ? usdToNano(usd) : undefined)
    if (nano !== undefined) this.#store.modelOf(provider, model).add(this.#store.figures.cost, nano)
  }

  /** A request whose cost nobody knows. */
  recordUnpriced(provider: string, model: string): void {
    this.#store.modelOf(provider, model).add(this.#store.figures.unpriced, 1)
  }

  recordCacheHit(tier: string): void {
    this.#store.addByLabel('cacheHits', 'tier', this.#tierOf(tier))
  }

  recordCacheMiss(tier: string): void {
    this.#store.addByLabel('cacheMisses', 'tier', this.#tierOf(tier))
  }

  /** Sets how many requests are under way. */
  recordActiveRequests(requests: number): void {
    const active = this.#store.integer(requests)
    if (active !== undefined) this.#gauges.setActive(active)
  }

  incActiveRequests(): void {
    this.#gauges.changeActive(1)
  }

  /** One fewer, but never fewer than none. */
  decActiveRequests(): void {
    this.#gauges.changeActive(-1)
  }

  recordProviderHealth(provider: string, available: boolean): void {
    this.recordProviderState(provider, available ? 'available' : 'down')
  }

  /** As {@link MetricRegistry.recordProviderHealth}, with a state in between. One that is degraded is available. */
  recordProviderState(provider: string, state: ProviderState): void {
    if (PROVIDER_STATES.includes(state)) this.#gauges.setProvider(provider, state)
    else this.#store.invalid++
  }

  /** Lines that a scrape may have by now, room that is kept for `other` included; at most `maxSeries`. */
  get seriesCount(): number {
    return this.#store.budget.used
  }

  /** Values that were left out because they are no figure. */
  get invalidCount(): number {
    return this.#store.invalid
  }

  /** Whether a scrape may ask for these names. */
  has(names: MetricNames): boolean {
    return this.names === 'either' ? names !== 'both' : this.names === 'both' || this.names === names
  }

  /**
   * All families at this moment, in the order of the tables. A family is there before it has series.
   *
   * @throws TallystickError `invalid_config` for names that this registry has no figures for
   */
  snapshot(options: SnapshotOptions = {}): FamilySamples[] {
    const { names = this.has('seed') ? 'seed' : 'standard', routiium = false } = options
    if (!Object.hasOwn(SETS, names) || !this.has(names)) {
      const message = `names cannot be ${String(names)}: this registry was made with names: ${this.names}`
      throw new TallystickError('invalid_config', message)
    }
    const sets: readonly MetricSet[] = routiium ? [...SETS[names], 'routiium'] : SETS[names]
    const samplesOf = this.#store.snapshot()
    const families: FamilySamples[] = VIEWS.map(({ family, figures, per = 1 }) => {
      return { family, per, samples: samplesOf(figures) }
    })
    const all = [...families, ...this.#gauges.samples()]
    return [...sets.flatMap((set) => all.filter(({ family }) => family.set === set)), ...this.#own(sets)]
  }

  /** What was folded and left out; nothing as long as nothing was. */
  #own(sets: readonly MetricSet[]): FamilySamples[] {
    const folded: ValueSample[] = []
    for (const { family, figures } of VIEWS) {
      const value = figures.reduce((sum, name) => sum + this.#store.figures[name].folded, 0)
      if (value > 0 && sets.includes(family.set)) folded.push({ labels: { family: family.name }, value })
    }
    for (const { family } of this.#gauges.samples()) {
      const value = family.labels.length > 0 ? this.#gauges.folded : 0
      if (value > 0 && sets.includes(family.set)) folded.push({ labels: { family: family.name }, value })
    }
    const own: FamilySamples[] = []
    if (folded.length > 0) own.push({ family: REGISTRY_FAMILIES.folded, samples: folded })
    if (this.#store.invalid > 0) {
      own.push({ family: REGISTRY_FAMILIES.invalid, samples: [{ labels: {}, value: this.#store.invalid }] })
    }
    return own
  }
}

const TIER_CASES = {
  preserve: (tier: string): string => tier,
  lower: (tier: string): string => tier.toLowerCase(),
  upper: (tier: string): string => tier.toUpperCase(),
}
