import type { UsageEvent } from '../event/event.ts'
import { addExact, divideHalfEven, type Exact } from '../event/units.ts'
import { COUNTERS, type Counter, satisfies } from './counters.ts'
import type { Measure } from './measures.ts'
import { QUANTITIES, type Quantity, quantityValue } from './quantities.ts'
import { addToSketch, emptySketch, mergeSketch, quantile, type Sketch } from './sketch.ts'

/**
 * What must be accumulated to answer some measures, and nothing more. Counters and quantities stand in the order of
 * their tables, so two lists of the same measures make the same plan whatever their order.
 */
export interface Plan {
  readonly counters: readonly Counter[]
  readonly quantities: readonly PlannedQuantity[]
}

/** A quantity, and what is kept of it. */
export interface PlannedQuantity {
  readonly quantity: Quantity
  /** Are bucket counts kept? */
  readonly sketch: boolean
  /** Are minimum and maximum kept? */
  readonly extremes: boolean
}

/** The figures of one cell. Positions are those of the plan. Adding and merging change it in place. */
export interface Aggregate {
  readonly counters: number[]
  readonly quantities: QuantityTotal[]
}

/** What is known of one quantity. `count` is how many events carry it; `min` and `max` mean nothing while that is 0. */
export interface QuantityTotal {
  sum: Exact
  count: number
  min: number
  max: number
  /** Present if, and only if, the plan keeps one. */
  sketch: Sketch | undefined
}

/**
 * The plan of some measures: ratios pull in their parts, a minimum or maximum the extremes, a quantile extremes and sketch.
 *
 * @example planOf([MEASURE_OF.get('duration_ms_p95')!]).quantities // [{ quantity: QUANTITY_OF.get('duration_ms'), sketch: true, extremes: true }]
 */
export function planOf(measures: readonly Measure[]): Plan {
  const counters = new Set<string>()
  const quantities = new Map<string, { sketch: boolean; extremes: boolean }>()
  const need = (name: string, sketch: boolean, extremes: boolean): void => {
    const before = quantities.get(name)
    quantities.set(name, { sketch: sketch || before?.sketch === true, extremes: extremes || before?.extremes === true })
  }
  for (const measure of measures) {
    if (measure.of === 'counter') counters.add(measure.counter)
    else if (measure.of === 'ratio') {
      for (const part of [measure.numerator, measure.denominator]) {
        if ('counter' in part) counters.add(part.counter)
        else need(part.quantity, false, false)
      }
    } else {
      const ranked = measure.of === 'quantile'
      need(measure.quantity, ranked, ranked || measure.of === 'min' || measure.of === 'max')
    }
  }
  return {
    counters: COUNTERS.filter((counter) => counters.has(counter.name)),
    quantities: QUANTITIES.flatMap((quantity) => {
      const kept = quantities.get(quantity.name)
      return kept ? [{ quantity, ...kept }] : []
    }),
  }
}

/** The aggregate of no events: the neutral element of {@link mergeAggregate}. */
export function emptyAggregate(plan: Plan): Aggregate {
  return {
    counters: plan.counters.map(() => 0),
    quantities: plan.quantities.map(({ sketch }) => ({
      sum: 0,
      count: 0,
      min: 0,
      max: 0,
      sketch: sketch ? emptySketch() : undefined,
    })),
  }
}

/** Counts one event, in place. Allocates nothing but new sketch entries (and a bigint once a sum passes 2^53 - 1). */
export function addEvent(plan: Plan, aggregate: Aggregate, event: UsageEvent): void {
  const { counters, quantities } = aggregate
  for (let index = 0; index < plan.counters.length; index++) {
    if (satisfies((plan.counters[index] as Counter).where, event)) counters[index] = (counters[index] as number) + 1
  }
  for (let index = 0; index < plan.quantities.length; index++) {
    const { quantity, extremes } = plan.quantities[index] as PlannedQuantity
    const value = quantityValue(quantity, event)
    if (value === undefined) continue
    const total = quantities[index] as QuantityTotal
    total.sum = addExact(total.sum, value)
    if (extremes) {
      if (total.count === 0 || value < total.min) total.min = value
      if (total.count === 0 || value > total.max) total.max = value
    }
    total.count++
    if (total.sketch) addToSketch(total.sketch, value)
  }
}

/**
 * Adds `from` to `into`; both were made by the same plan. Associative and commutative, and `from` stays as it is, so any
 * split of the same events merges to the same figures in any order.
 */
export function mergeAggregate(plan: Plan, into: Aggregate, from: Aggregate): void {
  for (let index = 0; index < plan.counters.length; index++) {
    into.counters[index] = (into.counters[index] as number) + (from.counters[index] as number)
  }
  for (let index = 0; index < plan.quantities.length; index++) {
    const part = from.quantities[index] as QuantityTotal
    if (part.count === 0) continue
    const total = into.quantities[index] as QuantityTotal
    total.sum = addExact(total.sum, part.sum)
    if ((plan.quantities[index] as PlannedQuantity).extremes) {
      if (total.count === 0 || part.min < total.min) total.min = part.min
      if (total.count === 0 || part.max > total.max) total.max = part.max
    }
    total.count += part.count
    if (total.sketch && part.sketch) mergeSketch(total.sketch, part.sketch)
  }
}

/**
 * The figure of a measure; the plan must have been made with it.
 *
 * - Null means unknown, never zero: minimum, maximum, mean and quantile of a quantity no event carries, a ratio over 0,
 *   and a sum of money over unpriced events only. A sum of tokens, bytes or counts that nobody carried is 0.
 * - Sums are exact, a bigint past 2^53 - 1. A mean is rounded half to even at six decimals. A ratio is the quotient of
 *   its two exact parts as a double.
 */
export function measureValue(plan: Plan, aggregate: Aggregate, measure: Measure): number | bigint | null {
  if (measure.of === 'counter') return counterValue(plan, aggregate, measure.counter)
  if (measure.of === 'ratio') {
    const numerator = partValue(plan, aggregate, measure.numerator)
    const denominator = partValue(plan, aggregate, measure.denominator)
    if (numerator === null || denominator === null || Number(denominator) === 0) return null
    const ratio = Number(numerator) / Number(denominator)
    return measure.unit === 'percent' ? ratio * 100 : ratio
  }
  if (measure.of === 'sum') return sumValue(plan, aggregate, measure.quantity)
  const total = aggregate.quantities[quantityIndex(plan, measure.quantity)] as QuantityTotal
  if (measure.of === 'count') return total.count
  if (total.count === 0) return null
  if (measure.of === 'quantile') return quantile(total.sketch as Sketch, total.count, measure.q, total.min, total.max)
  if (measure.of === 'avg') return mean(total.sum, total.count)
  return measure.of === 'min' ? total.min : total.max
}

function partValue(
  plan: Plan,
  aggregate: Aggregate,
  part: { readonly counter: string } | { readonly quantity: string },
): Exact | null {
  return 'counter' in part ? counterValue(plan, aggregate, part.counter) : sumValue(plan, aggregate, part.quantity)
}

function quantityIndex(plan: Plan, name: string): number {
  return plan.quantities.findIndex(({ quantity }) => quantity.name === name)
}

function counterValue(plan: Plan, aggregate: Aggregate, name: string): number {
  return aggregate.counters[plan.counters.findIndex((counter) => counter.name === name)] as number
}

function sumValue(plan: Plan, aggregate: Aggregate, name: string): Exact | null {
  const index = quantityIndex(plan, name)
  const total = aggregate.quantities[index] as QuantityTotal
  const money = (plan.quantities[index] as PlannedQuantity).quantity.unit === 'nano_usd'
  return money && total.count === 0 ? null : total.sum
}

/** In integers until the last step: two engines that agree on sum and count agree on every digit. */
function mean(sum: Exact, count: number): number {
  const scaled = BigInt(sum) * 1_000_000n
  const divisor = BigInt(count)
  return Number(scaled < 0n ? -divideHalfEven(-scaled, divisor) : divideHalfEven(scaled, divisor)) / 1_000_000
}
