import { addExact } from '../event/index.ts'
import { ExactSum } from './exact-sum.ts'
import type { Draft } from './read-event.ts'
import { ComputedStats, type Figures, ModelStats } from './stats.ts'

/** Model and provider of requests beyond the series that are told apart. */
export const OTHER_NAME = '(other)'
const NO_PROVIDER = 'unknown'
/** Names come from outside: whoever may choose them must not be able to fill the memory. */
const MAX_SERIES = 10_000
const MAX_PROVIDERS_OF_MODEL = 32

/** Figures of one model at one provider, as they are at one moment. */
export interface SeriesRow extends Figures {
  readonly model: string
  readonly provider: string
}

/** Sums of one model at one provider. */
class Series {
  readonly model: string
  readonly provider: string
  succeeded = 0
  failed = 0
  unpriced = 0
  readonly inputTokens = new ExactSum()
  readonly outputTokens = new ExactSum()
  readonly costNanoUsd = new ExactSum()

  constructor(model: string, provider: string) {
    this.model = model
    this.provider = provider
  }

  get row(): SeriesRow {
    const { model, provider, succeeded, failed, unpriced, inputTokens, outputTokens, costNanoUsd } = this
    const sums = { inputTokens: inputTokens.value, outputTokens: outputTokens.value, costNanoUsd: costNanoUsd.value }
    return { model, provider, succeeded, failed, unpriced, ...sums }
  }
}

/**
 * Sums over requests, kept once for each pair of model and provider and put together when somebody asks: recording then
 * finds and writes one series instead of three.
 */
export class Tally {
  readonly #models = new Map<string, Series[]>()
  #series = 0
  #last = new Series('', '')

  add(draft: Draft): void {
    const { model, provider } = draft
    const last = this.#last
    const series = last.model === model && last.provider === provider ? last : this.#seriesOf(model, provider)
    this.#last = series
    if (draft.failed) series.failed++
    else {
      series.succeeded++
      if (draft.costNanoUsd < 0) series.unpriced++
    }
    if (draft.inputTokens > 0) series.inputTokens.add(draft.inputTokens)
    if (draft.outputTokens > 0) series.outputTokens.add(draft.outputTokens)
    if (draft.costNanoUsd > 0) series.costNanoUsd.add(draft.costNanoUsd)
  }

  /** Adds what was counted elsewhere. */
  merge(row: SeriesRow): void {
    const series = this.#seriesOf(row.model, row.provider)
    series.succeeded += row.succeeded
    series.failed += row.failed
    series.unpriced += row.unpriced
    series.inputTokens.add(row.inputTokens)
    series.outputTokens.add(row.outputTokens)
    series.costNanoUsd.add(row.costNanoUsd)
  }

  /** One of the rows, which is in no sum any more; undefined when there is none. */
  shift(): SeriesRow | undefined {
    for (const [model, list] of this.#models) {
      const series = list.pop() as Series
      if (list.length === 0) this.#models.delete(model)
      if (series === this.#last) this.#last = new Series('', '')
      this.#series--
      return series.row
    }
    return undefined
  }

  get isEmpty(): boolean {
    return this.#series === 0
  }

  rows(): SeriesRow[] {
    return [...this.#models.values()].flatMap((list) => list.map((series) => series.row))
  }

  /** @param more what has been counted elsewhere and is not merged */
  total(more: readonly SeriesRow[] = []): Figures {
    const total = new Sum()
    for (const row of [...this.rows(), ...more]) total.add(row)
    return total
  }

  /** @param more as for {@link Tally.total} */
  stats(more: readonly SeriesRow[] = []): ComputedStats {
    const total = new Sum()
    const models = new Map<string, Sum>()
    const providers = new Map<string, Sum>()
    for (const row of [...this.rows(), ...more]) {
      total.add(row)
      sumOf(models, row.model).add(row)
      sumOf(providers, row.provider === '' ? NO_PROVIDER : row.provider).add(row)
    }
    return new ComputedStats(total, statsOf(models), statsOf(providers))
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
    const series = new Series(model, provider)
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

  add(figures: Figures): void {
    this.succeeded += figures.succeeded
    this.failed += figures.failed
    this.unpriced += figures.unpriced
    this.inputTokens = addExact(this.inputTokens, figures.inputTokens)
    this.outputTokens = addExact(this.outputTokens, figures.outputTokens)
    this.costNanoUsd = addExact(this.costNanoUsd, figures.costNanoUsd)
  }
}

function sumOf(sums: Map<string, Sum>, name: string): Sum {
  const known = sums.get(name)
  if (known !== undefined) return known
  const sum = new Sum()
  sums.set(name, sum)
  return sum
}

function statsOf(sums: ReadonlyMap<string, Sum>): Map<string, ModelStats> {
  return new Map([...sums].map(([name, sum]) => [name, new ModelStats(sum)] as const))
}
