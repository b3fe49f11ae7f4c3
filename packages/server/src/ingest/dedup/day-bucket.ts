import { EMPTY, HotTable } from './hot-table.ts'
import type { DayFamily } from './placement.ts'
import type { SortedRun } from './sorted-run.ts'

/** Ids that change no more: in memory, on disk, or both (then the memory may be given up at any time). */
export interface Generation {
  table: HotTable | undefined
  run: SortedRun | undefined
}

/** What a lookup found. */
export interface Found {
  mark: number
  hash0: number
  hash1: number
}

/** An active table this full is set aside, so that no table ever takes long to grow or to write. */
export const MAX_ACTIVE = 360_000

/** The ids of one day of one family: the table being filled, and what was set aside before. */
export class DayBucket {
  readonly family: DayFamily
  readonly day: number
  /** Arrival of the newest id: the bucket lives as long after it as events are retained. */
  newestReceivedMs = 0
  /** Holds every reserved id of the bucket, beside settled ones. */
  active = new HotTable()
  /** Oldest first. */
  generations: Generation[] = []

  constructor(family: DayFamily, day: number) {
    this.family = family
    this.day = day
  }

  get size(): number {
    let size = this.active.size
    for (const { table, run } of this.generations) size += run?.count ?? table?.size ?? 0
    return size
  }

  get byteLength(): number {
    let bytes = this.active.byteLength
    for (const { table, run } of this.generations) bytes += (table?.byteLength ?? 0) + (run?.byteLength ?? 0)
    return bytes
  }

  /** Looks a key up; false when the bucket does not hold it. `hash` is scratch of two words. */
  find(key: Uint32Array, found: Found, hash: Uint32Array, use: number): boolean {
    if (lookIn(this.active, key, found)) return true
    for (let index = this.generations.length - 1; index >= 0; index--) {
      const { table, run } = this.generations[index] as Generation
      if (table) {
        if (lookIn(table, key, found)) return true
      } else if (run) {
        run.lastUse = use
        if (!run.find(key, hash)) continue
        found.mark = 1
        found.hash0 = hash[0] as number
        found.hash1 = hash[1] as number
        return true
      }
    }
    return false
  }

  /** Sets the settled ids of the active table aside; the reserved ones stay active. */
  freeze(): void {
    const table = this.active
    // A bucket that filled one table will fill the next: no growing through all the sizes again.
    this.active = new HotTable(table.size > MAX_ACTIVE / 4 ? table.size : 0)
    table.moveReserved(this.active)
    if (table.size > 0) this.generations.push({ table, run: undefined })
  }
}

function lookIn(table: HotTable, key: Uint32Array, found: Found): boolean {
  const at = table.find(key)
  if (at < 0 || table.mark(at) === EMPTY) return false
  found.mark = table.mark(at)
  found.hash0 = table.hash0(at)
  found.hash1 = table.hash1(at)
  return true
}
