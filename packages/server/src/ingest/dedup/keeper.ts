import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { TallystickError } from '@tallystick/core'
import type { JsonValue } from '@tallystick/core/event'
import type { Journal, JournalEnd, OrdinalRange } from '@tallystick/core/journal'
import type { UsageStore } from '../../store/store.ts'
import type { SourceLedger } from '../source-ledger.ts'
import type { DayBucket } from './day-bucket.ts'
import type { Dedup } from './dedup.ts'
import { UNKNOWN_CONTENT } from './identity.ts'
import { type ManifestBucket, writeManifest } from './manifest.ts'
import { OrdinalGaps } from './ordinal-gaps.ts'
import { dayOf } from './placement.ts'
import { type JournaledEvent, replay, witnessOf } from './replay.ts'
import { mergeCandidates, type RunFiles } from './run-files.ts'
import { DamagedRunError, type SortedRun } from './sorted-run.ts'

/** Name of the journal cursor that keeps what the sidecar has not taken in yet. */
export const DEDUP_CURSOR = 'dedup'

/** Events asked of the store at a time. */
const HELD_EVENTS = 5000

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
  /** Takes in what senders said of events that will never come. */
  told?(ledgers: readonly SourceLedger[]): void
  /** Takes in that records with these ordinals stood behind the saved place and cannot be read. They come in any order. */
  missed?(lost: readonly OrdinalRange[]): void
}

export interface KeeperDisk {
  readonly files: RunFiles
  readonly journal: Journal
  readonly journalDir: string
  /** Gives the events that the journal has lost. Absent: there are none. */
  readonly held?: UsageStore['held']
  /** Events up to this ordinal are in the store's hands; those behind it can come from the journal only. */
  readonly appliedOrdinal?: number
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
  #lost = 0
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

  /** Records that neither journal nor store gave when the ids were taken from them; their events can be sent again. */
  get lost(): number {
    return this.#lost
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
   * Takes in the journal's events from a place on, or all that it holds, and those that only the store has; gives how many were
   * read. A damaged file met on the way is discarded, and then it takes all.
   *
   * @param from a place up to which everything is known already, and how many records were lost before it
   */
  async recover(from?: { readonly end: JournalEnd; readonly lost: number }): Promise<number> {
    let start = from
    for (;;) {
      try {
        this.#lost = start?.lost ?? 0
        return await this.#adoptFrom(start?.end)
      } catch (error) {
        if (!(error instanceof DamagedRunError)) throw error
        this.#options.onError(error)
        this.discard(error)
        start = undefined
      }
    }
  }

  /** Forgets all ids, to take them anew from where the events are. */
  forget(): void {
    const { index } = this.#options.dedup
    for (const bucket of index.buckets()) this.#obsolete.push(...runsOf(bucket))
    index.clear()
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
      await this.recover()
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

  async #adoptFrom(from: JournalEnd | undefined): Promise<number> {
    const { disk } = this.#options
    if (!disk) return 0
    const { journal, journalDir, appliedOrdinal = 0 } = disk
    const end = journal.end()
    const gaps = new OrdinalGaps(from?.ordinal)
    let events = 0
    const reading = replay(journalDir, from, end, (damage) => {
      void journal.noteDamage(damage)
      if (damage.missing) gaps.missing(damage.missing)
    })
    for await (const batch of reading) {
      gaps.read(batch)
      this.#adopt(batch.events)
      if (batch.ledgers.length > 0) for (const companion of this.#options.companions) companion.told?.(batch.ledgers)
      this.#miss(gaps.takeUpTo(batch.last))
      await this.#writeWhenLarge(disk.files)
      events += batch.events.length
    }
    gaps.end(end.ordinal)
    this.#miss(gaps.takeUpTo(end.ordinal))
    for (const range of gaps.all) this.#lost += range.last - range.first + 1 - (await this.#adoptHeld(disk, range))
    const { before } = gaps
    // What the journal has dropped is in the store, or expired; only what the store never had is lost.
    if (before > 0) events += await this.#adoptHeld(disk, { first: 1, last: before })
    this.#lost += Math.max(0, before - appliedOrdinal)
    return events
  }

  #adopt(events: readonly JournaledEvent[]): void {
    const { dedup, companions } = this.#options
    for (const { event, contentHash, receivedMs } of events) dedup.adopt(event, contentHash, receivedMs)
    for (const companion of companions) companion.replay(events)
  }

  #miss(lost: readonly OrdinalRange[]): void {
    if (lost.length > 0) for (const companion of this.#options.companions) companion.missed?.(lost)
  }

  /** Takes in the events of a range that the store has; gives how many. */
  async #adoptHeld({ files, held }: KeeperDisk, { first, last }: OrdinalRange): Promise<number> {
    if (!held) return 0
    let count = 0
    for (let next = first; next <= last; ) {
      const events = await askTwice(() => held({ first: next, last }, HELD_EVENTS))
      this.#adopt(events.map((stored) => ({ ...stored, contentHash: UNKNOWN_CONTENT })))
      await this.#writeWhenLarge(files)
      count += events.length
      if (events.length < HELD_EVENTS) break
      next = (events.at(-1)?.ordinal ?? last) + 1
    }
    return count
  }

  async #writeWhenLarge(files: RunFiles): Promise<void> {
    const { dedup, memoryBytes } = this.#options
    if (dedup.index.unsavedBytes > memoryBytes / 4) await this.#writeTables(files)
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
    const { index, strayDays } = this.#options.dedup
    const buckets = [...index.buckets()]
    const today = Math.max(0, ...buckets.map(({ newestReceivedMs }) => dayOf(newestReceivedMs)))
    for (const bucket of buckets) if (bucket.active.size > 0) bucket.freeze()
    for (const bucket of buckets) {
      for (const generation of [...bucket.generations]) {
        if (!generation.run && generation.table) generation.run = await files.writeTable(bucket, generation.table)
      }
      // Its last day, not its first: one that still grows would be written anew as a whole each time.
      const lastDay = bucket.day + (bucket.family === 'v7' ? 1 : strayDays) - 1
      await this.#merge(bucket, files, lastDay < today - 2)
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
      journalId: disk.journal.id,
      lost: this.#lost,
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

/** A store that finds its file damaged fails the call that found it, and answers the next with what it has then. */
async function askTwice<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  return ask().catch(ask)
}
