import type { JsonValue, UsageEvent } from '@tallystick/core/event'
import type { Companion } from './dedup/keeper.ts'
import type { JournaledEvent } from './dedup/replay.ts'
import type { GapReport, SourceGap } from './invariants.ts'
import { NumberSet } from './number-set.ts'

interface Source {
  readonly tenantId: string | undefined
  readonly sourceId: string
  readonly epoch: number
  readonly seen: NumberSet
}

type SavedSource = readonly [
  tenantId: string | null,
  sourceId: string,
  epoch: number,
  seen: ReturnType<NumberSet['toJSON']>,
]

const WORST = 100

/**
 * Which numbers of each source and epoch have arrived, so that lost traffic never looks like no traffic. A source numbers
 * its events 0, 1, 2, ... in each of its lives. Bounded: the sources not heard of for longest are forgotten and counted.
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

  report(): GapReport {
    const gaps: SourceGap[] = []
    let missing = 0
    for (const { tenantId, sourceId, epoch, seen } of this.#sources.values()) {
      if (seen.missing === 0 && seen.closed === 0) continue
      missing += seen.missing
      gaps.push({
        ...(tenantId === undefined ? {} : { tenant_id: tenantId }),
        source_id: sourceId,
        epoch,
        max_seq: seen.max,
        seen: seen.max + 1 - seen.missing - seen.closed,
        missing: seen.missing,
        ...(seen.closed > 0 ? { approximate: true } : {}),
      })
    }
    const worst = gaps.sort((a, b) => b.missing - a.missing).slice(0, WORST)
    return { sources: this.#sources.size, missing, forgotten: this.#forgotten, worst }
  }

  save = (): JsonValue => {
    const sources = [...this.#sources.values()].map(
      ({ tenantId, sourceId, epoch, seen }): SavedSource => [tenantId ?? null, sourceId, epoch, seen.toJSON()],
    )
    return { forgotten: this.#forgotten, sources: sources as unknown as JsonValue }
  }

  load = (state: JsonValue): void => {
    const { forgotten, sources } = state as unknown as { forgotten: number; sources: readonly SavedSource[] }
    this.#forgotten = forgotten
    this.#sources.clear()
    this.#latest = undefined
    for (const [tenantId, sourceId, epoch, seen] of sources) {
      const source = { tenantId: tenantId ?? undefined, sourceId, epoch, seen: NumberSet.from(seen) }
      this.#sources.set(keyOf(source.tenantId, sourceId, epoch), source)
    }
  }

  replay = (events: readonly JournaledEvent[]): void => {
    for (const { event } of events) this.observe(event)
  }

  #touch(tenantId: string | undefined, sourceId: string, epoch: number): Source {
    const key = keyOf(tenantId, sourceId, epoch)
    const source = this.#sources.get(key) ?? { tenantId, sourceId, epoch, seen: new NumberSet() }
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

function keyOf(tenantId: string | undefined, sourceId: string, epoch: number): string {
  const tenant = tenantId === undefined ? '-' : `${tenantId.length}:${tenantId}`
  return `${tenant}${sourceId.length}:${sourceId}${epoch}`
}
