import type { Exact } from '../event/index.ts'
import { ExactSum } from '../recorder/exact-sum.ts'
import type { MetricFamily } from './family.ts'
import type { Exemplar, HistogramSample, Labels, ValueSample } from './samples.ts'

/** A sum that only grows. */
export class CounterSeries {
  readonly labels: Labels
  readonly #sum = new ExactSum()
  #exemplar: Exemplar | undefined

  constructor(labels: Labels) {
    this.labels = labels
  }

  add(value: Exact, exemplar?: Exemplar): void {
    this.#sum.add(value)
    if (exemplar !== undefined) this.#exemplar = exemplar
  }

  sample(): ValueSample {
    return { labels: this.labels, value: this.#sum.value, exemplar: this.#exemplar }
  }
}

/**
 * Observations counted by bucket. A value belongs to the first bucket whose bound is not below it, fractions included; in
 * the sum it is the nearest integer.
 *
 * @example
 * const histogram = new Histogram([10, 100])
 * histogram.observe(10.4)
 * histogram.sample() // { labels: {}, counts: [0, 1, 0], sum: 10, exemplars: undefined }
 */
export class Histogram {
  readonly labels: Labels
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  readonly #sum = new ExactSum()
  #exemplars: (Exemplar | undefined)[] | undefined

  /** @param bounds ascending, in the unit of what is observed */
  constructor(bounds: readonly number[], labels: Labels = {}) {
    this.labels = labels
    this.#bounds = bounds
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  /** @param per units of what is observed in one of the family's, as in `FamilySamples` */
  static of(family: MetricFamily, per = 1, labels: Labels = {}): Histogram {
    // A bound like 0.0025 is not exact in binary, its multiple is meant to be.
    return new Histogram(
      (family.buckets ?? []).map((bound) => Math.round(bound * per * 1e6) / 1e6),
      labels,
    )
  }

  /** @param value finite and not negative */
  observe(value: number, exemplar?: Exemplar): void {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#sum.add(Math.round(value))
    if (exemplar === undefined) return
    this.#exemplars ??= new Array<Exemplar | undefined>(bounds.length + 1).fill(undefined)
    this.#exemplars[bucket] = exemplar
  }

  sample(): HistogramSample {
    return {
      labels: this.labels,
      counts: this.#counts.slice(),
      sum: this.#sum.value,
      exemplars: this.#exemplars?.slice(),
    }
  }
}
