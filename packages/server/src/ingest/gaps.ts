import type { JsonValue, UsageEvent } from '@tallystick/core/event'
import type { Companion } from './dedup/keeper.ts'
import type { JournaledEvent } from './dedup/replay.ts'
import type { GapReport, SourceGap, SourceSelection } from './invariants.ts'
import { NumberSet } from './number-set.ts'
import { addedDrops, mergedDrops, type SourceLedger, totalOf } from './source-ledger.ts'

interface Source {
  readonly tenantId: string | undefined
  readonly sourceId: string
  readonly epoch: number
  readonly seen: NumberSet
  /** What it said it has recorded, and what of that will never come. */
  told: Told | undefined
  /** What of that stands in the journal. */
  kept: Kept | undefined
}

interface Told {
  readonly recorded: number
  readonly dropped: ReadonlyMap<string, number>
}

interface Kept {
  readonly recorded: number
  readonly dropped: number
  readonly atMs: number
}

type SavedSource = readonly [
  tenantId: string | null,
  sourceId: string,
  epoch: number,
  seen: ReturnType<NumberSet['toJSON']>,
  told?: { readonly recorded: number; readonly dropped: Readonly<Record<string, number>> },
]

const WORST = 100
/** While nothing new was dropped, so often at the most is it kept how much was recorded: that is told with nearly every batch. */
const KEEP_RECORDED_MS = 10_000

/**
 * Which numbers of each source and epoch have arrived, so that lost traffic never looks like no traffic. A source numbers
 * its events 0, 1, 2, ... in each of its lives, and may say how many of them will never come. Bounded: the sources not heard of
 * for longest are forgotten and counted. A clear changes nothing here: what has arrived has arrived.
 */
export class SourceGaps implements Companion {
  readonly name = 'gaps'
  readonly #maxSources: number
  /** Least recently heard of first. */
  readonly #sources = new Map<string, Source>()
  #latest: Source | undefined
  #forgotten = 0

  constructor(maxSources = 10_000) {
    this.#maxSources = maxSources
  }

  /** Notes an event that arrived, accepted now or before. Events without a source and number are none of its business. */
  observe({ tenantId, sourceId, epoch = 0, seq }: UsageEvent): void {
    if (sourceId === undefined || seq === undefined) return
    let source = this.#latest
    if (source?.sourceId !== sourceId || source.epoch !== epoch || source.tenantId !== tenantId) {
      source = this.#touch(tenantId, sourceId, epoch)
    }
    source.seen.add(seq)
  }

  /** Takes in what senders say, in any order and as often as they like. */
  told = (ledgers: readonly SourceLedger[]): void => {
    for (const { tenantId, sourceId, epoch, recorded, dropped } of ledgers) {
      const source = this.#touch(tenantId, sourceId, epoch)
      source.told = {
        recorded: Math.max(recorded, source.told?.recorded ?? 0),
        dropped: mergedDrops(source.told?.dropped ?? new Map(), dropped),
      }
    }
  }

  /** Those of the ledgers, taken in before, that say what the journal does not say yet. */
  worthKeeping(ledgers: readonly SourceLedger[], nowMs: number): readonly SourceLedger[] {
    return ledgers.filter(({ tenantId, sourceId, epoch }) => {
      const { told, kept } = this.#touch(tenantId, sourceId, epoch)
      if (told === undefined) return false
      if (kept === undefined || totalOf(told.dropped) > kept.dropped) return true
      return told.recorded > kept.recorded && Math.abs(nowMs - kept.atMs) >= KEEP_RECORDED_MS
    })
  }

  /** These stand in the journal. */
  kept(ledgers: readonly SourceLedger[], nowMs: number): void {
    for (const { tenantId, sourceId, epoch, recorded, dropped } of ledgers) {
      const source = this.#touch(tenantId, sourceId, epoch)
      source.kept = {
        recorded: Math.max(recorded, source.kept?.recorded ?? 0),
        dropped: Math.max(totalOf(dropped), source.kept?.dropped ?? 0),
        atMs: nowMs,
      }
    }
  }

  report(selection: SourceSelection = {}): GapReport {
    const gaps: SourceGap[] = []
    const drops: ReadonlyMap<string, number>[] = []
    const sums = { sources: 0, missing: 0, told: 0, untold: 0, outstanding: 0 }
    for (const source of this.#sources.values()) {
      if (!isSelected(source, selection)) continue
      sums.sources++
      const gap = gapOf(source)
      if (gap === undefined) continue
      sums.missing += gap.missing
      sums.told += gap.told
      sums.untold += gap.untold
      sums.outstanding += gap.outstanding
      if (source.told !== undefined) drops.push(source.told.dropped)
      gaps.push(gap)
    }
    const worst = gaps.sort((a, b) => b.untold - a.untold || b.missing - a.missing || b.told - a.told).slice(0, WORST)
    return { ...sums, reasons: Object.fromEntries(addedDrops(drops)), forgotten: this.#forgotten, worst }
  }

  save = (): JsonValue => {
    const sources = [...this.#sources.values()].map(({ tenantId, sourceId, epoch, seen, told }): SavedSource => {
      const saved = [tenantId ?? null, sourceId, epoch, seen.toJSON()] as const
      if (told === undefined) return saved
      return [...saved, { recorded: told.recorded, dropped: Object.fromEntries(told.dropped) }]
    })
    return { forgotten: this.#forgotten, sources: sources as unknown as JsonValue }
  }

  load = (state: JsonValue): void => {
    const { forgotten, sources } = state as unknown as { forgotten: number; sources: readonly SavedSource[] }
    this.#forgotten = forgotten
    this.#sources.clear()
    this.#latest = undefined
    for (const [tenantId, sourceId, epoch, seen, saved] of sources) {
      const told = saved && { recorded: saved.recorded, dropped: new Map(Object.entries(saved.dropped)) }
      const named = { tenantId: tenantId ?? undefined, sourceId, epoch }
      const source = { ...named, seen: NumberSet.from(seen), told, kept: undefined }
      this.#sources.set(keyOf(source.tenantId, sourceId, epoch), source)
    }
  }

  replay = (events: readonly JournaledEvent[]): void => {
    for (const { event } of events) this.observe(event)
  }

  #touch(tenantId: string | undefined, sourceId: string, epoch: number): Source {
    const key = keyOf(tenantId, sourceId, epoch)
    const source = this.#sources.get(key) ?? newSource(tenantId, sourceId, epoch)
    this.#sources.delete(key)
    this.#sources.set(key, source)
    this.#latest = source
    if (this.#sources.size > this.#maxSources) {
      const [oldest] = this.#sources.keys()
      this.#sources.delete(oldest as string)
      this.#forgotten++
    }
    return source
  }
}

function newSource(tenantId: string | undefined, sourceId: string, epoch: number): Source {
  return { tenantId, sourceId, epoch, seen: new NumberSet(), told: undefined, kept: undefined }
}

export function isSelected(
  { tenantId, sourceId }: { readonly tenantId: string | undefined; readonly sourceId: string },
  selection: SourceSelection,
): boolean {
  if (selection.tenantId !== undefined && selection.tenantId !== tenantId) return false
  return selection.sourceIds === undefined || selection.sourceIds.includes(sourceId)
}

/** Undefined where nothing is missing and nothing was dropped. */
function gapOf({ tenantId, sourceId, epoch, seen, told }: Source): SourceGap | undefined {
  const dropped = told === undefined ? 0 : totalOf(told.dropped)
  const arrived = seen.max + 1 - seen.missing - seen.closed
  const outstanding = Math.max(0, Math.max(told?.recorded ?? 0, seen.max + 1) - arrived - seen.closed - dropped)
  if (seen.missing === 0 && seen.closed === 0 && dropped === 0 && outstanding === 0) return undefined
  return {
    ...(tenantId === undefined ? {} : { tenant_id: tenantId }),
    source_id: sourceId,
    epoch,
    max_seq: seen.max < 0 ? null : seen.max,
    seen: arrived,
    missing: seen.missing,
    ...(told === undefined ? {} : { recorded: told.recorded, dropped: Object.fromEntries(told.dropped) }),
    told: dropped,
    untold: Math.max(0, seen.missing - dropped),
    outstanding,
    ...(seen.closed > 0 ? { approximate: true } : {}),
  }
}

function keyOf(tenantId: string | undefined, sourceId: string, epoch: number): string {
  const tenant = tenantId === undefined ? '-' : `${tenantId.length}:${tenantId}`
  return `${tenant}${sourceId.length}:${sourceId}${epoch}`
}
