import type { Exact } from '../event/index.ts'
import type { MetricFamily } from './family.ts'

/** Values of labels by name; one without a value is left out. */
export type Labels = Readonly<Record<string, string | undefined>>

/** A request that an observation came from, for whoever looks at a bucket and asks for an example. OpenMetrics only. */
export interface Exemplar {
  readonly traceId: string
  /** In the unit of the samples. */
  readonly value: number
  readonly timestampMs: number
}

/** A counter or gauge at one moment. */
export interface ValueSample {
  readonly labels: Labels
  readonly value: Exact
  readonly exemplar?: Exemplar | undefined
}

/** A histogram at one moment. */
export interface HistogramSample {
  readonly labels: Labels
  /** Observations of each bucket alone, not of those below it; the last is that of `+Inf`. */
  readonly counts: readonly number[]
  readonly sum: Exact
  /** By bucket. */
  readonly exemplars?: readonly (Exemplar | undefined)[] | undefined
}

/** Whatever a family may have. */
export type Sample = ValueSample | HistogramSample

/**
 * The series of a family at one moment: what is written out. Whoever has figures of its own makes these at each scrape and
 * hands them to the writer beside those of a registry.
 *
 * @example { family: CONVENTIONAL_FAMILIES.cost, per: 1e9, samples: [{ labels: { model: 'gpt-4' }, value: 7_500_000 }] }
 */
export interface FamilySamples {
  readonly family: MetricFamily
  readonly samples: readonly Sample[]
  /**
   * How many of the samples' units make one of the family's, a power of ten: 1,000 for milliseconds in a family of seconds,
   * 1,000,000,000 for nano-USD in one of USD. 1 by default.
   */
  readonly per?: number
}
