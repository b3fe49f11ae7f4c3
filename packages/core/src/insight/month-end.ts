import { divideHalfEven, type Exact, normalizeExact } from '../event/index.ts'
import { DAY_MS } from './projection.ts'

/** What a month will have cost at its end: in four cases of five something between `low` and `high`. */
export interface MonthEnd {
  readonly expectedNanoUsd: Exact
  /** At least what has been spent already. */
  readonly lowNanoUsd: Exact
  readonly highNanoUsd: Exact
  /** How many whole days it was told from. */
  readonly days: number
}

/** Fewer whole days say nothing of the days to come. */
export const LEAST_DAYS = 3

/**
 * The 90th percentile of Student's t by degrees of freedom, from two on, so that a tenth lies above it and a tenth below its
 * negative. Few days say little of how much days differ, and this says so. Beyond the table it is near the normal one.
 */
const T90 = [1.886, 1.638, 1.533, 1.476, 1.44, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.35, 1.345, 1.341, 1.337]
const T90_BEYOND = 1.32

/**
 * Where spend stands at the end of a month: what has been spent, and for the rest what whole days cost on average. The range
 * is a prediction interval of four fifths that takes days for independent of each other and alike: a month that grows, or
 * days that hang together, leave it more often.
 *
 * @param days what each of the last whole days cost
 * @param spent what this month has cost so far
 * @param restMs how much of the month is left
 * @returns undefined for fewer than {@link LEAST_DAYS} days: too early to say
 * @example projectMonthEnd([1_000, 1_000, 1_000], 5_000, 2 * 86_400_000)
 * // { expectedNanoUsd: 7_000, lowNanoUsd: 7_000, highNanoUsd: 7_000, days: 3 }
 */
export function projectMonthEnd(days: readonly Exact[], spent: Exact, restMs: number): MonthEnd | undefined {
  if (days.length < LEAST_DAYS) return undefined
  const rest = Math.max(0, Math.round(restMs))
  const total = days.reduce<bigint>((sum, day) => sum + BigInt(day), 0n)
  const expected = BigInt(spent) + divideHalfEven(total * BigInt(rest), BigInt(days.length * DAY_MS))
  const margin = BigInt(Math.round(marginOf(days.map(Number), rest / DAY_MS)))
  const low = expected - margin
  return {
    expectedNanoUsd: normalizeExact(expected),
    lowNanoUsd: normalizeExact(low > BigInt(spent) ? low : BigInt(spent)),
    highNanoUsd: normalizeExact(expected + margin),
    days: days.length,
  }
}

/** How far the sum of `restDays` may be from the mean's: what single days stray, and how little their mean is known. */
function marginOf(days: readonly number[], restDays: number): number {
  const mean = days.reduce((sum, day) => sum + day, 0) / days.length
  const variance = days.reduce((sum, day) => sum + (day - mean) ** 2, 0) / (days.length - 1)
  return (T90[days.length - 3] ?? T90_BEYOND) * Math.sqrt(variance * (restDays + restDays ** 2 / days.length))
}
