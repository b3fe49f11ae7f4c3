import type { StoreCapabilities, StoreStats, UsageStore } from '../store/store.ts'

/** Sentences on what stays behind, and on what will be otherwise from then on. `to` is undefined while it does not exist. */
export function unmoved(
  { expired = 0, foreign = 0, malformed = 0, cleared = 0 }: StoreStats,
  { cells }: StoreCapabilities,
  to: UsageStore | undefined,
): readonly string[] {
  const notes: string[] = []
  if (expired > 0 && cells)
    notes.push(
      `${expired} events have expired and stand in the totals of the old store only. Totals cannot be moved: keep that store if you need them.`,
    )
  if (foreign > 0)
    notes.push(
      `${foreign} documents of the old store's file were written there by others. They did not come through the journal and stay where they are; \`tallystick export\` and POST /api/v1/events bring them in.`,
    )
  if (malformed > 0) notes.push(`${malformed} lines of the old store's file are no documents and stay where they are.`)
  if (cells && to !== undefined && !to.capabilities.cells)
    notes.push('The new store keeps no totals: what retention drops there is gone from the figures too.')
  if (to !== undefined && to.takeOver === undefined && expired + cleared > 0)
    notes.push(
      `The new store cannot be told of ${expired} expired and ${cleared} cleared events, and the invariants will count them as missing.`,
    )
  return notes
}
