import { DayBucket, type Found, type Generation, MAX_ACTIVE } from './day-bucket.ts'
import { DAY_FAMILIES, type DayFamily, type Placement } from './placement.ts'

/** So many lookups ago, some seconds of a busy server. */
const LATELY = 50_000

/**
 * All ids that are remembered, by family and day.
 *
 * Memory has a budget. Over it, tables that stand on disk too are given up first (oldest first), then the indexes of files that
 * were not asked lately, those not asked for longest first. One that every event asks would only be read again by the next,
 * 100 ms for 60 million ids. Without a disk the oldest ids are forgotten.
 */
export class IdIndex {
  readonly #families: { readonly [F in DayFamily]: Map<number, DayBucket> } = {
    v7: new Map(),
    late: new Map(),
    other: new Map(),
  }
  readonly #hash = new Uint32Array(2)
  #uses = 0
  /** What the last successful {@link find} found. */
  readonly found: Found = { mark: 0, hash0: 0, hash1: 0 }

  /** Is the key known? `ownDay` is the day a UUIDv7 id names, undefined for other ids. Exact. Throws `DamagedRunError`. */
  find(key: Uint32Array, ownDay: number | undefined): boolean {
    this.#uses++
    if (ownDay === undefined) return this.#findInAll(this.#families.other, key)
    const bucket = this.#families.v7.get(ownDay)
    if (bucket?.find(key, this.found, this.#hash, this.#uses)) return true
    return this.#findInAll(this.#families.late, key)
  }

  /** Adds a key known to be absent and returns the bucket that holds it. */
  add(key: Uint32Array, at: Placement, hash0: number, hash1: number, mark: number, receivedMs: number): DayBucket {
    const bucket = this.bucket(at)
    bucket.active.insert(key, hash0, hash1, mark)
    if (receivedMs > bucket.newestReceivedMs) bucket.newestReceivedMs = receivedMs
    if (bucket.active.size >= MAX_ACTIVE) bucket.freeze()
    return bucket
  }

  bucket({ family, day }: Placement): DayBucket {
    const days = this.#families[family]
    let bucket = days.get(day)
    if (!bucket) {
      bucket = new DayBucket(family, day)
      days.set(day, bucket)
    }
    return bucket
  }

  *buckets(): Generator<DayBucket> {
    for (const family of DAY_FAMILIES) yield* this.#families[family].values()
  }

  clear(): void {
    for (const family of DAY_FAMILIES) this.#families[family].clear()
  }

  delete(bucket: DayBucket): void {
    this.#families[bucket.family].delete(bucket.day)
  }

  get size(): number {
    let size = 0
    for (const bucket of this.buckets()) size += bucket.size
    return size
  }

  get byteLength(): number {
    let bytes = 0
    for (const bucket of this.buckets()) bytes += bucket.byteLength
    return bytes
  }

  /** Bytes of tables that stand nowhere but in memory. */
  get unsavedBytes(): number {
    let bytes = 0
    for (const { active, generations } of this.buckets()) {
      if (active.size > 0) bytes += active.byteLength
      for (const { table, run } of generations) if (!run) bytes += table?.byteLength ?? 0
    }
    return bytes
  }

  /** Gives up memory that disk can replace until `budget` bytes are left, if it can. */
  trim(budget: number): void {
    const lately = this.#uses - LATELY
    let excess = this.byteLength - budget
    if (excess <= 0) return
    const generations = this.#oldestFirst().map(([, generation]) => generation)
    for (const generation of generations) {
      if (excess <= 0) return
      if (!generation.table || !generation.run) continue
      excess -= generation.table.byteLength
      generation.table = undefined
    }
    const runs = generations
      .flatMap(({ run }) => (run && run.byteLength > 0 && run.lastUse <= lately ? [run] : []))
      .sort((a, b) => a.lastUse - b.lastUse)
    for (const run of runs) {
      if (excess <= 0) return
      excess -= run.byteLength
      run.unload()
    }
  }

  /** Forgets the oldest ids until `budget` bytes are left: what a server without a disk must do. Returns how many. */
  forget(budget: number): number {
    let excess = this.byteLength - budget
    if (excess <= 0) return 0
    for (const bucket of this.buckets()) if (bucket.active.size > 0) bucket.freeze()
    let forgotten = 0
    for (const [bucket, generation] of this.#oldestFirst()) {
      if (excess <= 0) break
      const table = generation.table
      if (!table) continue
      excess -= table.byteLength
      forgotten += table.size
      bucket.generations.splice(bucket.generations.indexOf(generation), 1)
      if (bucket.size === 0) this.delete(bucket)
    }
    return forgotten
  }

  #oldestFirst(): [DayBucket, Generation][] {
    const all = [...this.buckets()].sort((a, b) => a.day - b.day)
    return all.flatMap((bucket) =>
      bucket.generations.map((generation): [DayBucket, Generation] => [bucket, generation]),
    )
  }

  #findInAll(days: ReadonlyMap<number, DayBucket>, key: Uint32Array): boolean {
    for (const bucket of days.values()) if (bucket.find(key, this.found, this.#hash, this.#uses)) return true
    return false
  }
}
