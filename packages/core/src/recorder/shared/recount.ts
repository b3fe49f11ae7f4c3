import type { Draft } from '../draft.ts'

/**
 * Finds what is counted among the packed values of a draft that came without: the first of them, in the order that
 * `read-event.ts` packs them in.
 */
export function recount(draft: Draft): void {
  const { first, values } = draft
  let at = 0
  if (first & (1 << 0)) draft.provider = values[at++] as string
  if (first & (1 << 1)) at++
  if (first & (1 << 2)) draft.model = values[at++] as string
  if (first & (1 << 3)) draft.inputTokens = values[at++] as number
  if (first & (1 << 4)) draft.outputTokens = values[at++] as number
  // The cost in nano-USD, else the one that the client reported.
  if (first & ((1 << 5) | (1 << 6))) draft.costNanoUsd = values[at] as number
}
