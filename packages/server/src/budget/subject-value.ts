import { modelNames } from '@tallystick/core/pricing'
import type { BudgetSubject } from '../state/budget.ts'

/** Models that are asked for again and again. */
const MAX_KNOWN = 10_000
const known = new Map<string, readonly string[]>()

/**
 * What the value of a subject is looked up by. Of a model, how it is written says nothing: whoever asks for a dated snapshot of it,
 * or writes its provider before it, would get round the budget otherwise.
 */
export function subjectKey({ dimension, value }: BudgetSubject): string {
  return dimension === 'model' ? value.toLowerCase() : value
}

/** The keys of all subjects of this dimension that something with this value counts in. */
export function keysOfValue(dimension: string, value: string): readonly string[] {
  if (dimension !== 'model') return [value]
  const found = known.get(value)
  if (found !== undefined) return found
  const names = modelNames(value)
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(value, names)
  return names
}
