import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { DayBucket, Generation } from './day-bucket.ts'
import type { HotTable } from './hot-table.ts'
import { compareKeys } from './key-order.ts'
import { MANIFEST_FILE } from './manifest.ts'
import { RECORD_WORDS, RunWriter, SortedRun } from './sorted-run.ts'

const RUN_FILE = /^(?:v7|late|other)-\d+-\d+\.ids$/
/** Entries between two breaths: about two milliseconds. */
const PIECE = 8192
/** Runs of about one size that a bucket may have before they are merged. */
const MAX_RUNS_PER_SIZE = 6
/** A run is written anew for others that together have at least one id to so many of its own. */
const WORTH_REWRITING = 8

/** Names and writes the files of one directory. */
export class RunFiles {
  readonly dir: string
  #next: number

  private constructor(dir: string, next: number) {
    this.dir = dir
    this.#next = next
  }

  /** Removes what a crash left behind: files that `keep` does not name. Other people's files stay. */
  static async open(dir: string, keep: ReadonlySet<string>): Promise<RunFiles> {
    let highest = 0
    for (const name of await readdir(dir)) {
      const ours = RUN_FILE.test(name)
      if (ours && keep.has(name)) highest = Math.max(highest, Number(name.slice(name.lastIndexOf('-') + 1, -4)))
      else if (
        ours ||
        (name.endsWith('.tmp') && (RUN_FILE.test(name.slice(0, -4)) || name === `${MANIFEST_FILE}.tmp`))
      ) {
        await rm(join(dir, name), { force: true })
      }
    }
    return new RunFiles(dir, highest + 1)
  }

  /** Writes a table that changes no more. Gives way to other work between pieces. */
  async writeTable(bucket: DayBucket, table: HotTable): Promise<SortedRun> {
    return this.#write(bucket, table.size, async (writer) => {
      for (const { words, offsets } of table.sortedPieces(PIECE)) {
        for (const offset of offsets) {
          writer.add(words, offset)
          if (writer.full) await writer.flush()
        }
        await setImmediate()
      }
    })
  }

  /** Merges runs, which hold different keys, into one. */
  async merge(bucket: DayBucket, runs: readonly SortedRun[]): Promise<SortedRun> {
    const total = runs.reduce((sum, run) => sum + run.count, 0)
    return this.#write(bucket, total, async (writer) => {
      const cursors: RunCursor[] = []
      try {
        for (const run of runs) cursors.push(await RunCursor.open(run))
        while (cursors.length > 0) {
          let least = cursors[0] as RunCursor
          for (const cursor of cursors)
            if (compareKeys(cursor.words, cursor.at, least.words, least.at) < 0) least = cursor
          writer.add(least.words, least.at)
          if (writer.full) await writer.flush()
          if (least.next()) continue
          await least.refill()
          if (least.ended) cursors.splice(cursors.indexOf(least), 1)
        }
      } finally {
        for (const cursor of cursors) await cursor.close()
      }
    })
  }

  async #write(bucket: DayBucket, expected: number, fill: (writer: RunWriter) => Promise<void>): Promise<SortedRun> {
    const path = join(this.dir, `${bucket.family}-${bucket.day}-${this.#next++}.ids`)
    const writer = await RunWriter.create(`${path}.tmp`, expected)
    try {
      await fill(writer)
      const { count, indexCrc } = await writer.finish()
      await rename(`${path}.tmp`, path)
      return new SortedRun(path, count, indexCrc)
    } catch (error) {
      await writer.abandon()
      await rm(`${path}.tmp`, { force: true }).catch(() => {})
      throw error
    }
  }
}

/**
 * The runs of a bucket that should become one: all of them once the day is over (`sealed`) and the largest does not outweigh the
 * rest, otherwise those of one size class once there are too many. So an id is rewritten a few times at most, also where stragglers
 * come to a large day again and again, and a lookup meets few files.
 */
export function mergeCandidates(generations: readonly Generation[], sealed: boolean): readonly Generation[] {
  const saved = generations.filter(({ run }) => run !== undefined)
  const counts = saved.map(({ run }) => run?.count ?? 0)
  const largest = Math.max(0, ...counts)
  const rest = counts.reduce((sum, count) => sum + count, 0) - largest
  if (sealed && rest * WORTH_REWRITING >= largest && saved.length > 1) return saved
  const classes = new Map<number, Generation[]>()
  for (const generation of saved) {
    const size = Math.floor(Math.log2(generation.run?.count ?? 1) / 2)
    const group = classes.get(size) ?? []
    group.push(generation)
    if (group.length > MAX_RUNS_PER_SIZE) return group
    classes.set(size, group)
  }
  return []
}

class RunCursor {
  words: Uint32Array = new Uint32Array(0)
  at = 0
  ended = false
  readonly #source: AsyncGenerator<Uint32Array>

  private constructor(source: AsyncGenerator<Uint32Array>) {
    this.#source = source
  }

  static async open(run: SortedRun): Promise<RunCursor> {
    const cursor = new RunCursor(run.records())
    await cursor.refill()
    return cursor
  }

  /** Moves to the next record; false when the buffer is used up. */
  next(): boolean {
    this.at += RECORD_WORDS
    return this.at < this.words.length
  }

  async refill(): Promise<void> {
    const { done, value } = await this.#source.next()
    this.at = 0
    if (done) this.ended = true
    else this.words = value
  }

  async close(): Promise<void> {
    await this.#source.return(undefined)
  }
}
