import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { TallystickError } from '@tallystick/core'
import type { JsonValue } from '@tallystick/core/event'
import type { Journal, JournalEnd, JournalPosition } from '@tallystick/core/journal'
import type { DayBucket } from './day-bucket.ts'
import type { Dedup } from './dedup.ts'
import { type ManifestBucket, writeManifest } from './manifest.ts'
import { dayOf } from './placement.ts'
import { type JournaledEvent, replay, witnessOf } from './replay.ts'
import { mergeCandidates, type RunFiles } from './run-files.ts'
import { DamagedRunError, type SortedRun } from './sorted-run.ts'

/** Name of the journal cursor that keeps what the sidecar has not taken in yet. */
export const DEDUP_CURSOR = 'dedup'

/** An event may carry an instant a day ahead, and its retention counts from there. */
const FUTURE_MS = 86_400_000

/** Something else that is derived from the journal and saved in the sidecar at the same place. */
export interface Companion {
  readonly name: string
  /** The state over all events up to `end`. Later ones may be in it only if `replay` takes a repeat. */
  save(end: JournalEnd): JsonValue
  load(state: JsonValue): void
  /** Takes in events behind the saved place. */
  replay(events: readonly JournaledEvent[]): void
}

export interface KeeperDisk {
  readonly files: RunFiles
  readonly journal: Journal
  readonly journalDir: string
}

export interface KeeperOptions {
  readonly dedup: Dedup
  readonly disk?: KeeperDisk
  readonly companions: readonly Companion[]
  readonly retainMs: number
  readonly memoryBytes: number
  readonly onError: (error: unknown) => void
}

/**
 * Keeps the ids inside their memory budget and on disk: the sidecar that a start loads instead of reading the whole
 * journal. Everything here happens beside the deliveries, in small pieces.
 */
export class DedupKeeper {
  readonly #options: KeeperOptions
  #work: Promise<void> = Promise.resolve()
  #pending: Promise<void> | undefined
  #healing = false
  #forgotten = 0
  /** Files that are no longer used and still named by the manifest on disk. */
  readonly #obsolete: SortedRun[] = []
  /** The place in the journal the files are complete up to, with what else belongs to it. */
  #saved: { readonly end: JournalEnd; readonly companions: { readonly [name: string]: JsonValue } } | undefined

  readonly #stopListening: (() => void) | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
    // A start then reads no more of the journal than its last segment.
    this.#stopListening = options.disk?.journal.onSeal(() => void this.checkpoint())
  }

  /** Ids given up for want of memory, on a server without a disk. */
  get forgotten(): number {
    return this.#forgotten
  }

  /** Throws while a damaged file is being made good: no id can be judged then. */
  assertReady(): void {
    if (this.#healing) {
      throw new TallystickError(
        'journal_unavailable',
        'A damaged file of event ids is being rebuilt from the journal; send the batch again soon',
      )
    }
  }

  /** After new ids came in: keeps to the budget. Cheap when there is nothing to do. */
  tend(): void {
    const { dedup, disk, memoryBytes } = this.#options
    if (!disk) {
      // Forgetting down to well below the budget, so that it is not done again for the next id.
      if (dedup.index.byteLength > memoryBytes) this.#forgotten += dedup.index.forget(memoryBytes * 0.75)
      return
    }
    if (dedup.index.unsavedBytes > memoryBytes / 4) void this.checkpoint()
    if (dedup.index.byteLength > memoryBytes) dedup.index.trim(memoryBytes)
  }

  /** Writes the sidecar. Calls while one is waiting to begin share it. Never rejects: a failure is told and the next try makes it good. */
  checkpoint(): Promise<void> {
    this.#pending ??= this.#enqueue(async () => {
      this.#pending = undefined
      await this.#checkpoint()
    })
    return this.#pending
  }

  /** Drops whole days whose events have all expired by `nowMs`. */
  async prune(nowMs: number): Promise<void> {
    const { dedup, retainMs } = this.#options
    const expired = (): DayBucket[] =>
      [...dedup.index.buckets()].filter(({ newestReceivedMs }) => newestReceivedMs + retainMs + FUTURE_MS < nowMs)
    if (expired().length === 0) return
    await this.#enqueue(async () => {
      for (const bucket of expired()) {
        dedup.index.delete(bucket)
        this.#obsolete.push(...runsOf(bucket))
      }
      await this.#save()
    })
  }

  /**
   * Takes in the journal's events from a place on, or all that it holds; gives how many were read. A damaged file met on
   * the way is discarded, and then it takes all.
   */
  async recover(from: JournalPosition | undefined): Promise<number> {
    let start = from
    for (;;) {
      try {
        return await this.#adoptFrom(start)
      } catch (error) {
        if (!(error instanceof DamagedRunError)) throw error
        this.#options.onError(error)
        this.discard(error)
        start = undefined
      }
    }
  }

  /** Lets go of a damaged file; what stands in memory too stays and is written anew. */
  discard({ path }: DamagedRunError): void {
    for (const bucket of this.#options.dedup.index.buckets()) {
      for (const generation of bucket.generations) {
        if (generation.run?.path !== path) continue
        generation.run.unload()
        generation.run = undefined
      }
      bucket.generations = bucket.generations.filter(({ run, table }) => run || table)
    }
  }

  /**
   * Makes a damaged file good: what it held is read from the journal again, and no id is judged until that is done. Ids
   * whose events the journal has dropped since are forgotten.
   */
  heal(damage: DamagedRunError): void {
    if (this.#healing) return
    this.#options.onError(damage)
    this.discard(damage)
    this.#healing = true
    void this.#enqueue(async () => {
      await this.recover(undefined)
    }).finally(() => {
      this.#healing = false
      void this.checkpoint()
    })
  }

  /** Writes the sidecar a last time and closes its files. */
  async close(): Promise<void> {
    this.#stopListening?.()
    await this.checkpoint()
    await this.#work
    for (const bucket of this.#options.dedup.index.buckets()) for (const run of runsOf(bucket)) run.unload()
  }

  async #adoptFrom(from: JournalPosition | undefined): Promise<number> {
    const { dedup, disk, companions } = this.#options
    if (!disk) return 0
    let events = 0
    for await (const batch of replay(disk.journalDir, from, disk.journal.end())) {
      for (const { event, contentHash, receivedMs } of batch) dedup.adopt(event, contentHash, receivedMs)
      for (const companion of companions) companion.replay(batch)
      if (dedup.index.unsavedBytes > this.#options.memoryBytes / 4) await this.#writeTables(disk.files)
      events += batch.length
    }
    return events
  }

  async #checkpoint(): Promise<void> {
    const { dedup, disk, companions, memoryBytes } = this.#options
    if (!disk) return
    // The order matters: every event before `end` was reserved before `end` was read, so once those deliveries have
    // ended, the tables hold all of them.
    const end = disk.journal.end()
    await dedup.settled()
    const states = companions.map(({ name, save }) => [name, save(end)] as const)
    await this.#writeTables(disk.files)
    this.#saved = { end, companions: Object.fromEntries(states) }
    await this.#save()
    dedup.index.trim(memoryBytes)
  }

  async #writeTables(files: RunFiles): Promise<void> {
    const { index } = this.#options.dedup
    const buckets = [...index.buckets()]
    const today = Math.max(0, ...buckets.map(({ newestReceivedMs }) => dayOf(newestReceivedMs)))
    for (const bucket of buckets) if (bucket.active.size > 0) bucket.freeze()
    for (const bucket of buckets) {
      for (const generation of [...bucket.generations]) {
        if (!generation.run && generation.table) generation.run = await files.writeTable(bucket, generation.table)
      }
      await this.#merge(bucket, files, bucket.day < today - 2)
    }
    index.trim(this.#options.memoryBytes)
  }

  async #merge(bucket: DayBucket, files: RunFiles, sealed: boolean): Promise<void> {
    const merged = mergeCandidates(bucket.generations, sealed)
    if (merged.length === 0) return
    const runs = merged.flatMap(({ run }) => (run ? [run] : []))
    const run = await files.merge(bucket, runs)
    bucket.generations = [
      { table: undefined, run },
      ...bucket.generations.filter((generation) => !merged.includes(generation)),
    ]
    this.#obsolete.push(...runs)
  }

  /** Writes the manifest, then lets go of the files it no longer names. */
  async #save(): Promise<void> {
    const { dedup, disk } = this.#options
    if (!disk || !this.#saved) return
    const { end, companions } = this.#saved
    const obsolete = this.#obsolete.splice(0)
    await writeManifest(disk.files.dir, {
      version: 1,
      salt: dedup.salt,
      journal: end,
      witness: await witnessOf(disk.journalDir, end),
      buckets: [...dedup.index.buckets()].filter((bucket) => runsOf(bucket).length > 0).map(describe),
      companions,
    })
    for (const run of obsolete) {
      run.unload()
      await rm(run.path, { force: true })
    }
    await disk.journal.saveCursor(DEDUP_CURSOR, end.position, end.ordinal)
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      if (error instanceof DamagedRunError) this.heal(error)
      else this.#options.onError(error)
    })
    return this.#work
  }
}

function describe(bucket: DayBucket): ManifestBucket {
  const { family, day, newestReceivedMs } = bucket
  const runs = runsOf(bucket).map(({ path, count, indexCrc }) => ({ file: basename(path), count, indexCrc }))
  return { family, day, newestReceivedMs, runs }
}

function runsOf({ generations }: DayBucket): readonly SortedRun[] {
  return generations.flatMap(({ run }) => (run ? [run] : []))
}
