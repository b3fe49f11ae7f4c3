import { copyFile, link, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  compressedName,
  type Journal,
  type JournalEnd,
  listSegments,
  nodeFs,
  plainName,
  type SegmentFiles,
} from '@tallystick/core/journal'

/** So often files may be dropped under our hands before that is an error and no coincidence. */
export const ATTEMPTS = 8

/** The files of a journal, held by hard links: its segments are never changed but only grow, are compressed, or dropped. */
export class HeldJournal {
  readonly #from: string
  readonly #to: string
  readonly #held = new Set<number>()
  #last: number | undefined

  constructor(from: string, to: string) {
    this.#from = from
    this.#to = to
  }

  /** The lowest segment that is held; Infinity if none is. */
  get first(): number {
    return Math.min(...this.#held)
  }

  /** Holds what is there now. */
  async begin(): Promise<void> {
    await mkdir(join(this.#to, 'quarantine'), { recursive: true, mode: 0o700 })
    const early = await listSegments(nodeFs, this.#from)
    this.#last = early.at(-1)?.number
    for (const files of early) await this.#hold(files)
    const quarantine = join(this.#from, 'quarantine')
    for (const name of await namesIn(quarantine)) await hold(join(quarantine, name), join(this.#to, 'quarantine', name))
  }

  /**
   * Holds what came since, up to the durable end, which must lie in a file that is not cut short by being held. Undefined when
   * segments went that had not been held yet.
   */
  async finish(journal: Pick<Journal, 'end'>): Promise<JournalEnd | undefined> {
    const end = await this.#holdEnd(journal)
    // A segment that came and went between the two looks is in none of them; then the last of the first look is gone too.
    const late = await listSegments(nodeFs, this.#from)
    const last = this.#last
    return last !== undefined && !late.some(({ number }) => number === last) ? undefined : end
  }

  async #holdEnd(journal: Pick<Journal, 'end'>): Promise<JournalEnd | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const end = journal.end()
      for (const files of await listSegments(nodeFs, this.#from))
        if (files.number <= end.position.segment && !this.#held.has(files.number)) await this.#hold(files)
      // A segment that was compressed before it was held ends where it ends, and that may be behind this end.
      if (end.position.segment === 0 || (await exists(join(this.#to, plainName(end.position.segment))))) return end
      if (journal.end().position.segment === end.position.segment) return journal.end()
    }
    return undefined
  }

  /** Nothing if the segment is gone. The plain form may be compressed and removed between two looks. */
  async #hold({ number, plain }: SegmentFiles): Promise<void> {
    const names = plain ? [plainName(number), compressedName(number)] : [compressedName(number)]
    for (const name of names) {
      if (!(await hold(join(this.#from, name), join(this.#to, name)))) continue
      this.#held.add(number)
      return
    }
  }
}

/** Links, or copies where the file system has no links. False if there is no such file. */
export async function hold(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOSPC' || error.code === 'EDQUOT') throw error
      return copyFile(from, to)
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

export async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
