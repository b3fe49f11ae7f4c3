import { addExact } from '../event/index.ts'
import type { Draft } from './draft.ts'
import { ExactSum } from './exact-sum.ts'
import { ComputedStats, type Figures, ModelStats } from './stats.ts'

/** Model and provider of requests beyond the series that are told apart. */
export const OTHER_NAME = '(other)'
const NO_PROVIDER = 'unknown'
/** Names come from outside: whoever may choose them must not be able to fill the memory. */
const MAX_SERIES = 10_000
const MAX_PROVIDERS_OF_MODEL = 32

/** Sums of one model at one provider. */
class Series {
  readonly provider: string
  succeeded = 0
  failed = 0
  unpriced = 0
  readonly inputTokens = new ExactSum()
  readonly outputTokens = new ExactSum()
  readonly costNanoUsd = new ExactSum()

  constructor(provider: string) {
    this.provider = provider
  }
}

/**
 * Sums over requests, kept once for each pair of model and provider and put together when somebody asks: recording then
 * finds and writes one series instead of three.
 */
export class Tally {
  readonly #models = new Map<string, Series[]>()
  #series = 0

  add(draft: Draft): void {
    const series = this.#seriesOf(draft.model, draft.provider)
    if (draft.failed) series.failed++
    else {
      series.succeeded++
      if (draft.costNanoUsd < 0) series.unpriced++
    }
    if (draft.inputTokens > 0) series.inputTokens.add(draft.inputTokens)
    if (draft.outputTokens > 0) series.outputTokens.add(draft.outputTokens)
    if (draft.costNanoUsd > 0) series.costNanoUsd.add(draft.costNanoUsd)
  }

  stats(): ComputedStats {
    const total = new Sum()
    const providers = new Map<string, Sum>()
    const byModel = new Map<string, ModelStats>()
    for (const [model, list] of this.#models) {
      const sum = new Sum()
      for (const series of list) {
        sum.add(series)
        total.add(series)
        const name = series.provider === '' ? NO_PROVIDER : series.provider
        const provider = providers.get(name) ?? new Sum()
        providers.set(name, provider)
        provider.add(series)
      }
      byModel.set(model, new ModelStats(sum))
    }
    const byProvider = new Map([...providers].map(([name, sum]) => [name, new ModelStats(sum)] as const))
    return new ComputedStats(total, byModel, byProvider)
  }

  #seriesOf(model: string, provider: string): Series {
    const list = this.#models.get(model)
    if (list !== undefined) {
      // Nearly every model has one provider.
      for (let index = 0; index < list.length; index++) {
        const series = list[index] as Series
        if (series.provider === provider) return series
      }
    }
    return this.#newSeries(list, model, provider)
  }

  #newSeries(known: Series[] | undefined, model: string, provider: string): Series {
    if (provider !== OTHER_NAME) {
      if (this.#series >= MAX_SERIES) return this.#seriesOf(OTHER_NAME, OTHER_NAME)
      if (known !== undefined && known.length >= MAX_PROVIDERS_OF_MODEL) return this.#seriesOf(model, OTHER_NAME)
    }
    const series = new Series(provider)
    if (known === undefined) this.#models.set(model, [series])
    else known.push(series)
    this.#series++
    return series
  }
}

class Sum implements Figures {
  succeeded = 0
  failed = 0
  unpriced = 0
  inputTokens: Figures['inputTokens'] = 0
  outputTokens: Figures['outputTokens'] = 0
  costNanoUsd: Figures['costNanoUsd'] = 0

  add(series: Series): void {
    this.succeeded += series.succeeded
    this.failed += series.failed
    this.unpriced += series.unpriced
    this.inputTokens = addExact(this.inputTokens, series.inputTokens.value)
    this.outputTokens = addExact(this.outputTokens, series.outputTokens.value)
    this.costNanoUsd = addExact(this.costNanoUsd, series.costNanoUsd.value)
  }
}
