import { join } from 'node:path'
import type { JournalFile, JournalFs } from './fs.ts'
import { isMissing } from './fs-errors.ts'
import type { DamagedBytes } from './line-scanner.ts'
import { QUARANTINE_DIR, TEMPORARY } from './names.ts'
import { writeFully } from './write-fully.ts'

/** `lines`: damaged lines inside a segment, left where they are and copied. `tail`: bytes cut off an unfinished write. */
export type QuarantineKind = 'lines' | 'tail'

export interface QuarantineStats {
  quarantinedLines: number
  tornBytes: number
}

const NAME = /^(\d{10})-(\d{1,15})-(\d{1,15})\.(lines|tail)$/
const COPY_BYTES = 1024 * 1024

/**
 * `quarantine/`: a copy of every byte of the journal that is not read. The name tells segment, offset and number of lines, so
 * the same damage found again is the same file, and the totals need no file of their own.
 */
export class Quarantine {
  readonly #fs: JournalFs
  readonly #dir: string
  readonly #names = new Set<string>()
  readonly stats: QuarantineStats = { quarantinedLines: 0, tornBytes: 0 }
  #made = false

  constructor(fs: JournalFs, dir: string) {
    this.#fs = fs
    this.#dir = join(dir, QUARANTINE_DIR)
  }

  /** Reads what earlier lives put there. */
  async load(): Promise<void> {
    let names: readonly string[]
    try {
      names = await this.#fs.list(this.#dir)
    } catch (error) {
      if (isMissing(error)) return
      throw error
    }
    for (const name of names) {
      const match = NAME.exec(name)
      if (match === null) continue
      this.#count(name, Number(match[3]), match[4] as QuarantineKind, await this.#fs.size(join(this.#dir, name)))
    }
  }

  /** The highest segment that anything was taken from; 0 if none. Its number must not be given again. */
  get newestSegment(): number {
    let newest = 0
    for (const name of this.#names) newest = Math.max(newest, Number(name.slice(0, 10)))
    return newest
  }

  /** Copies a part of an open segment, durably. Does nothing for a part that is there already. */
  async keep(
    kind: QuarantineKind,
    segment: number,
    file: JournalFile,
    { offset, length, lines }: DamagedBytes,
  ): Promise<void> {
    const name = `${String(segment).padStart(10, '0')}-${offset}-${lines}.${kind}`
    if (this.#names.has(name)) return
    await this.#make()
    const temporary = join(this.#dir, name + TEMPORARY)
    await this.#fs.unlink(temporary).catch(() => {})
    const copy = await this.#fs.open(temporary, 'wx+')
    try {
      const buffer = Buffer.alloc(Math.min(length, COPY_BYTES))
      for (let done = 0; done < length; ) {
        const read = await file.read(buffer, Math.min(buffer.length, length - done), offset + done)
        if (read === 0) break
        await writeFully(copy, buffer.subarray(0, read), done)
        done += read
      }
      await copy.datasync()
    } finally {
      await copy.close()
    }
    await this.#fs.rename(temporary, join(this.#dir, name))
    await this.#fs.syncDir(this.#dir)
    this.#count(name, lines, kind, length)
  }

  async #make(): Promise<void> {
    if (this.#made) return
    await this.#fs.mkdir(this.#dir)
    this.#made = true
  }

  #count(name: string, lines: number, kind: QuarantineKind, bytes: number): void {
    this.#names.add(name)
    if (kind === 'lines') this.stats.quarantinedLines += lines
    else this.stats.tornBytes += bytes
  }
}
