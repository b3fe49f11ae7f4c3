import type { UsageEvent } from '@tallystick/core/event'
import { filterMatcher, quantityValue } from '@tallystick/core/query'
import type { Spread, SpreadRequest } from './store.ts'

/** Ranks of the two values in the middle of `count`, from 0. */
export function middleRanks(count: number): readonly [lower: number, upper: number] {
  return [Math.floor((count - 1) / 2), Math.floor(count / 2)]
}

/** Takes events as they come. The specification of {@link Spread}: every store answers what this would. */
export interface SpreadFolder {
  add(event: UsageEvent): void
  result(): Spread | undefined
}

/** Keeps every value, 8 bytes each, and sorts once. */
export function spreadFolder({ fromMs, toMs, filters, quantity, absentAs }: SpreadRequest): SpreadFolder {
  const matches = filterMatcher(filters)
  const values: number[] = []
  return {
    add(event) {
      if (event.timestampMs < fromMs || event.timestampMs >= toMs || !matches(event)) return
      const value = quantityValue(quantity, event) ?? absentAs
      if (value !== undefined) values.push(value)
    },
    result() {
      const sorted = Float64Array.from(values).sort()
      const count = sorted.length
      if (count === 0) return undefined
      const at = (rank: number): number => sorted[rank] as number
      const [lower, upper] = middleRanks(count)
      return { count, least: at(0), middle: [at(lower), at(upper)], greatest: at(count - 1) }
    },
  }
}
