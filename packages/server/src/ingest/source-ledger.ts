import type { RecordType } from '@tallystick/core/journal'

/** What a recorder says of one of its lives: how many events it has recorded, and which of them will never come. */
export interface SourceLedger {
  readonly tenantId?: string
  readonly sourceId: string
  readonly epoch: number
  readonly recorded: number
  /** By reason, in the recorder's words. Counts never fall. */
  readonly dropped: ReadonlyMap<string, number>
}

/** Reasons of one life that are counted by name; what others say is counted as `other`. */
const MAX_REASONS = 16
const OTHER = 'other'

/** As it stands on the wire and in the journal. */
interface WireLedger {
  readonly tenant_id?: string
  readonly source_id: string
  readonly epoch: number
  readonly recorded: number
  readonly dropped: Readonly<Record<string, number>>
}

/** The journal's body of ledgers. */
export function ledgersBody(ledgers: readonly SourceLedger[]): string {
  const wire = ledgers.map(
    ({ tenantId, sourceId, epoch, recorded, dropped }): WireLedger => ({
      ...(tenantId === undefined ? {} : { tenant_id: tenantId }),
      source_id: sourceId,
      epoch,
      recorded,
      dropped: Object.fromEntries(dropped),
    }),
  )
  return `"ledgers":${JSON.stringify(wire)}`
}

/** Reads a record back: no ledgers if it is another. */
export function ledgersFromJournal(type: RecordType, body: Readonly<Record<string, unknown>>): readonly SourceLedger[] {
  const { ledgers } = body
  if (type !== 'meta' || !Array.isArray(ledgers)) return []
  return (ledgers as readonly WireLedger[]).map(({ tenant_id: tenantId, source_id, epoch, recorded, dropped }) => ({
    ...(tenantId === undefined ? {} : { tenantId }),
    sourceId: source_id,
    epoch,
    recorded,
    dropped: new Map(Object.entries(dropped)),
  }))
}

/** What is known of a life once both were heard, in whatever order they were said: of each count the highest. */
export function mergedDrops(
  known: ReadonlyMap<string, number>,
  said: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const merged = new Map(known)
  let others = 0
  for (const [reason, count] of said) {
    if (merged.has(reason) || merged.size < MAX_REASONS) merged.set(reason, Math.max(count, merged.get(reason) ?? 0))
    else others += count
  }
  if (others > 0) merged.set(OTHER, Math.max(others, merged.get(OTHER) ?? 0))
  return merged
}

/** The sum over several: the reasons with most by name, the rest as `other`, so that it stays the sum. */
export function addedDrops(drops: Iterable<ReadonlyMap<string, number>>): ReadonlyMap<string, number> {
  const all = new Map<string, number>()
  for (const dropped of drops) for (const [reason, count] of dropped) all.set(reason, (all.get(reason) ?? 0) + count)
  const named = [...all].sort(([, a], [, b]) => b - a).filter(([reason]) => reason !== OTHER)
  const kept = new Map(named.slice(0, MAX_REASONS))
  const others = totalOf(all) - totalOf(kept)
  return others > 0 ? kept.set(OTHER, others) : kept
}

export function totalOf(dropped: ReadonlyMap<string, number>): number {
  let total = 0
  for (const count of dropped.values()) total += count
  return total
}
