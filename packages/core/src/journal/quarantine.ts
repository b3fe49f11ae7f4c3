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
 * `quarantine/`: a copy of every byte of the journal that is not read, and an empty file for records of which no byte is left.
 * The name tells segment, offset and number of lines, so the same damage found again is the same file, and the totals need no
 * file of their own.
 */
export class Quarantine {
  readonly #fs: JournalFs
  readonly #dir: string
  /** Lines of each file, by its name without them. */
  readonly #kept = new Map<string, number>()
  readonly stats: QuarantineStats = { quarantinedLines: 0, tornBytes: 0 }
  #made = false
  #last: Promise<void> = Promise.resolve()

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
      const [, segment, offset, lines, kind] = match as unknown as [string, string, string, string, QuarantineKind]
      const bytes = await this.#fs.size(this.#path(name))
      this.#count(placeOf(Number(segment), Number(offset), kind), Number(lines), kind, bytes)
    }
  }

  /** The highest segment that anything was taken from; 0 if none. Its number must not be given again. */
  get newestSegment(): number {
    let newest = 0
    for (const place of this.#kept.keys()) newest = Math.max(newest, Number(place.slice(0, 10)))
    return newest
  }

  /**
   * Copies a part of an open segment, durably; without a file, keeps that so many lines are lost. Does nothing for a part that
   * is there already, unless it turns out to be more lines than were thought.
   */
  keep(kind: QuarantineKind, segment: number, file: JournalFile | undefined, bytes: DamagedBytes): Promise<void> {
    // One after the other: several readers may come upon the same damage at the same moment, and it counts once.
    const kept = this.#last.then(() => this.#keep(kind, segment, file, bytes))
    this.#last = kept.catch(() => {})
    return kept
  }

  /** What was taken from a segment that has been rewritten is known by the places it has now. */
  async move(segment: number, shifted: (offset: number) => number): Promise<void> {
    const prefix = `${String(segment).padStart(10, '0')}-`
    const moved: (readonly [string, string, number])[] = []
    for (const [place, lines] of this.#kept) {
      const [, offset, kind] = /-(\d+)\.(lines|tail)$/.exec(place) as unknown as [string, string, QuarantineKind]
      const now = placeOf(segment, shifted(Number(offset)), kind)
      if (!place.startsWith(prefix) || now === place) continue
      await this.#fs.rename(this.#path(nameOf(place, lines, kind)), this.#path(nameOf(now, lines, kind)))
      moved.push([place, now, lines])
    }
    for (const [place] of moved) this.#kept.delete(place)
    for (const [, now, lines] of moved) this.#kept.set(now, lines)
    if (moved.length > 0) await this.#fs.syncDir(this.#dir)
  }

  /** Changes what is kept of segments up to `through`; not its length, which counts. */
  async mask(through: number, mask: (bytes: Buffer) => Buffer): Promise<void> {
    for (const [place, lines] of this.#kept) {
      if (Number(place.slice(0, 10)) > through) continue
      const path = this.#path(nameOf(place, lines, place.endsWith('.lines') ? 'lines' : 'tail'))
      const bytes = await this.#readAll(path)
      const masked = mask(bytes)
      if (masked === bytes) continue
      await this.#fs.unlink(path + TEMPORARY).catch(() => {})
      const copy = await this.#fs.open(path + TEMPORARY, 'wx+')
      try {
        await writeFully(copy, masked, 0)
        await copy.datasync()
      } finally {
        await copy.close()
      }
      await this.#fs.rename(path + TEMPORARY, path)
      await this.#fs.syncDir(this.#dir)
    }
  }

  async #readAll(path: string): Promise<Buffer> {
    const file = await this.#fs.open(path, 'r')
    try {
      const buffer = Buffer.alloc(await file.size())
      let length = 0
      for (let read = -1; read !== 0 && length < buffer.length; length += read)
        read = await file.read(buffer.subarray(length), buffer.length - length, length)
      return buffer.subarray(0, length)
    } finally {
      await file.close()
    }
  }

  async #keep(
    kind: QuarantineKind,
    segment: number,
    file: JournalFile | undefined,
    { offset, length, lines }: DamagedBytes,
  ): Promise<void> {
    const place = placeOf(segment, offset, kind)
    const before = this.#kept.get(place)
    if (before !== undefined && before >= lines) return
    if (before === undefined) await this.#write(nameOf(place, lines, kind), file, offset, length)
    else await this.#fs.rename(this.#path(nameOf(place, before, kind)), this.#path(nameOf(place, lines, kind)))
    await this.#fs.syncDir(this.#dir)
    this.#count(place, lines - (before ?? 0), kind, before === undefined ? length : 0)
  }

  async #write(name: string, file: JournalFile | undefined, offset: number, length: number): Promise<void> {
    await this.#make()
    const temporary = this.#path(name + TEMPORARY)
    await this.#fs.unlink(temporary).catch(() => {})
    const copy = await this.#fs.open(temporary, 'wx+')
    try {
      const buffer = Buffer.alloc(Math.min(length, COPY_BYTES))
      for (let done = 0; file !== undefined && done < length; ) {
        const read = await file.read(buffer, Math.min(buffer.length, length - done), offset + done)
        if (read === 0) break
        await writeFully(copy, buffer.subarray(0, read), done)
        done += read
      }
      await copy.datasync()
    } finally {
      await copy.close()
    }
    await this.#fs.rename(temporary, this.#path(name))
  }

  #path(name: string): string {
    return join(this.#dir, name)
  }

  async #make(): Promise<void> {
    if (this.#made) return
    await this.#fs.mkdir(this.#dir)
    this.#made = true
  }

  #count(place: string, lines: number, kind: QuarantineKind, bytes: number): void {
    this.#kept.set(place, (this.#kept.get(place) ?? 0) + lines)
    if (kind === 'lines') this.stats.quarantinedLines += lines
    else this.stats.tornBytes += bytes
  }
}

function placeOf(segment: number, offset: number, kind: QuarantineKind): string {
  return `${String(segment).padStart(10, '0')}-${offset}.${kind}`
}

function nameOf(place: string, lines: number, kind: QuarantineKind): string {
  return `${place.slice(0, -kind.length - 1)}-${lines}.${kind}`
}
