import type { Draft } from './draft.ts'

/** How a convention counts: the canonical event's totals include their subsets. */
export interface Counting {
  /** `fresh`: input is what was neither read from a cache nor written to one. */
  readonly input: 'inclusive' | 'fresh'
  /** `visible`: output is without reasoning. */
  readonly output: 'inclusive' | 'visible'
}

/**
 * Makes totals include their subsets. Emitters disagree with the convention that they claim: where the parts are more than
 * the total, the total was without them.
 */
export function includeSubsets(draft: Draft, { input, output }: Counting): void {
  const cached = sumOf([draft.cache_read_tokens, draft.cache_write_tokens, draft.cache_write_1h_tokens])
  const beside = input === 'fresh' || (draft.input_tokens ?? 0) < (cached ?? 0)
  if (beside && cached !== undefined) {
    const total = sumOf([draft.input_tokens, cached])
    if (total !== undefined) draft.input_tokens = total
  }
  const { reasoning_tokens: reasoning } = draft
  if (reasoning !== undefined && (output === 'visible' || (draft.output_tokens ?? 0) < reasoning)) {
    const total = sumOf([draft.output_tokens, reasoning])
    if (total !== undefined) draft.output_tokens = total
  }
}

/** Sum of what is known; undefined when nothing is, and when a part is no count: what is wrong must not vanish in a sum. */
export function sumOf(parts: readonly (number | undefined)[]): number | undefined {
  let sum: number | undefined
  for (const part of parts) {
    if (part === undefined) continue
    if (!Number.isSafeInteger(part) || part < 0) return undefined
    sum = (sum ?? 0) + part
  }
  return sum
}
