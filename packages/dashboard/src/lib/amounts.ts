import type { Exact } from '@tallystick/core/event'
import { MEASURE_OF } from '@tallystick/core/query'
import { toExact } from './format.ts'

/** A value of an answer: integers exactly, means and ratios as they are; anything else is unknown. */
export function toAmount(value: unknown): Exact | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : toExact(value)
}

/**
 * Does the whole of a measure come to the sum of its parts?
 *
 * @example isAdditive('duration_ms_p95') // false
 */
export function isAdditive(measure: string): boolean {
  const of = MEASURE_OF.get(measure)?.of
  return of === 'counter' || of === 'sum'
}
