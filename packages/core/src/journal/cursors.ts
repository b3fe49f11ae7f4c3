import { join } from 'node:path'
import type { JournalFs } from './fs.ts'
import { isMissing } from './fs-errors.ts'
import { checkLine } from './line.ts'
import { metaLine, replaceFile } from './line-file.ts'
import { CURSORS_FILE, QUARANTINE_DIR } from './names.ts'
import type { JournalEnd } from './position.ts'

const MAX_FILE_BYTES = 1024 * 1024

/** How far each consumer has got, in one small file that is replaced as a whole and framed like a line of the journal. */
export class Cursors {
  readonly #fs: JournalFs
  readonly #dir: string
  readonly #wanted = new Map<string, JournalEnd>()
  #durable: ReadonlyMap<string, JournalEnd> = new Map()
  #writing: Promise<void> | undefined
  #next: Promise<void> | undefined
  /** The file was damaged, so consumers that it knew may be missing until they save again. */
  incomplete = false

  constructor(fs: JournalFs, dir: string) {
    this.#fs = fs
    this.#dir = dir
  }

  /** Those that survive a power cut. */
  get all(): ReadonlyMap<string, JournalEnd> {
    return this.#durable
  }

  async load(): Promise<void> {
    const path = join(this.#dir, CURSORS_FILE)
    let bytes: Buffer
    try {
      const file = await this.#fs.open(path, 'r')
      try {
        bytes = Buffer.alloc(Math.min(await file.size(), MAX_FILE_BYTES))
        await file.read(bytes, bytes.length, 0)
      } finally {
        await file.close()
      }
    } catch (error) {
      if (isMissing(error)) return
      throw error
    }
    const cursors = decode(bytes)
    if (cursors === undefined) return this.#setAside(path)
    for (const [name, end] of cursors) this.#wanted.set(name, end)
    this.#durable = new Map(this.#wanted)
  }

  /** Resolves once the cursor is durable. Saves that meet share one write. */
  save(name: string, end: JournalEnd): Promise<void> {
    this.incomplete = false
    this.#wanted.set(name, end)
    return this.#store()
  }

  remove(name: string): Promise<void> {
    return this.#wanted.delete(name) ? this.#store() : Promise.resolve()
  }

  /** Waits for saves under way. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#next])
  }

  async #setAside(path: string): Promise<void> {
    this.incomplete = true
    const quarantine = join(this.#dir, QUARANTINE_DIR)
    await this.#fs.mkdir(quarantine)
    await this.#fs.rename(path, join(quarantine, CURSORS_FILE))
    await this.#fs.syncDir(quarantine)
    await this.#fs.syncDir(this.#dir)
  }

  #store(): Promise<void> {
    if (this.#writing === undefined) {
      const done = this.#write().finally(() => {
        this.#writing = undefined
      })
      this.#writing = done
      return done
    }
    if (this.#next === undefined) {
      const begin = (): Promise<void> => {
        this.#next = undefined
        return this.#store()
      }
      this.#next = this.#writing.then(begin, begin)
    }
    return this.#next
  }

  async #write(): Promise<void> {
    const cursors = new Map(this.#wanted)
    await replaceFile(this.#fs, join(this.#dir, CURSORS_FILE), [encode(cursors)])
    this.#durable = cursors
  }
}

function encode(cursors: ReadonlyMap<string, JournalEnd>): Buffer {
  const list = [...cursors].map(([name, { position, ordinal }]) => ({ name, ...position, ordinal }))
  return metaLine(0, `"v":1,"cursors":${JSON.stringify(list)}`)
}

function decode(bytes: Buffer): readonly (readonly [string, JournalEnd])[] | undefined {
  if (bytes.at(-1) !== 0x0a || checkLine(bytes, 0, bytes.length - 1) === -1) return undefined
  const { cursors } = JSON.parse(bytes.toString('utf8')) as {
    readonly cursors: readonly {
      readonly name: string
      readonly segment: number
      readonly offset: number
      readonly ordinal: number
    }[]
  }
  return cursors.map(({ name, segment, offset, ordinal }) => [name, { position: { segment, offset }, ordinal }])
}
