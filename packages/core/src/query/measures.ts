import { COUNTERS } from './counters.ts'
import { QUANTITIES, type Quantity } from './quantities.ts'

/**
 * THE table of measures: the figures a query can ask for. Each is computed from an aggregate (counts, and per quantity
 * sum, count, minimum, maximum and sketch), so any two engines that agree on the aggregate agree on every measure.
 */
export type Measure =
  /** How many events satisfy a counter. */
  | {
      readonly name: string
      readonly label: string
      readonly unit: 'count'
      readonly of: 'counter'
      readonly counter: string
    }
  /** How many events carry a quantity. */
  | {
      readonly name: string
      readonly label: string
      readonly unit: 'count'
      readonly of: 'count'
      readonly quantity: string
    }
  /** Sum, minimum, maximum or mean of a quantity; null when no event carries it (a sum of counts of tokens is then 0). */
  | {
      readonly name: string
      readonly label: string
      readonly unit: Quantity['unit']
      readonly of: 'sum' | 'min' | 'max' | 'avg'
      readonly quantity: string
    }
  /** Quantile `q` (0 to 1) of a quantity by the one rank rule of `sketch.ts`; null when no event carries it. */
  | {
      readonly name: string
      readonly label: string
      readonly unit: Quantity['unit']
      readonly of: 'quantile'
      readonly quantity: string
      readonly q: number
    }
  /** One figure over another, 0 to 1 (or a percentage where the name says rate); null when the divisor is 0. */
  | {
      readonly name: string
      readonly label: string
      readonly unit: 'ratio' | 'percent'
      readonly of: 'ratio'
      readonly numerator: { readonly counter: string } | { readonly quantity: string }
      readonly denominator: { readonly counter: string } | { readonly quantity: string }
    }

/** The quantiles of every recorded quantity, by the suffix of their names. */
export const QUANTILES: readonly { readonly suffix: string; readonly q: number }[] = [
  { suffix: 'p50', q: 0.5 },
  { suffix: 'p90', q: 0.9 },
  { suffix: 'p95', q: 0.95 },
  { suffix: 'p99', q: 0.99 },
  { suffix: 'p999', q: 0.999 },
]

/** Every figure that can be asked for: counters, quantities, ratios, quantiles. */
export const MEASURES: readonly Measure[] = [
  ...COUNTERS.map(
    (counter): Measure => ({
      name: counter.name,
      label: counter.label,
      unit: 'count',
      of: 'counter',
      counter: counter.name,
    }),
  ),
  ...QUANTITIES.flatMap((entry): Measure[] => {
    const { name, label, unit } = entry
    return [
      { name: entry.summed ? name : `${name}_sum`, label, unit, of: 'sum', quantity: name },
      { name: `${name}_min`, label: `${label}, least`, unit, of: 'min', quantity: name },
      { name: `${name}_max`, label: `${label}, greatest`, unit, of: 'max', quantity: name },
      { name: `${name}_avg`, label: `${label}, mean`, unit, of: 'avg', quantity: name },
      { name: `${name}_count`, label: `${label}, events that tell`, unit: 'count', of: 'count', quantity: name },
      ...QUANTILES.map(
        ({ suffix, q }): Measure => ({
          name: `${name}_${suffix}`,
          label: `${label}, ${suffix}`,
          unit,
          of: 'quantile',
          quantity: name,
          q,
        }),
      ),
    ]
  }),
  {
    name: 'success_ratio',
    label: 'Success ratio',
    unit: 'ratio',
    of: 'ratio',
    numerator: { counter: 'successful_requests' },
    denominator: { counter: 'requests' },
  },
  {
    name: 'error_ratio',
    label: 'Error ratio',
    unit: 'ratio',
    of: 'ratio',
    numerator: { counter: 'failed_requests' },
    denominator: { counter: 'requests' },
  },
  {
    name: 'cache_hit_ratio',
    label: 'Cache hit ratio',
    unit: 'ratio',
    of: 'ratio',
    numerator: { quantity: 'cache_read_tokens' },
    denominator: { quantity: 'input_tokens' },
  },
]

/** Name -> measure. */
export const MEASURE_OF: ReadonlyMap<string, Measure> = new Map(MEASURES.map((measure) => [measure.name, measure]))
