import { join } from 'node:path'
import type { JournalFile, JournalFs } from './fs.ts'
import { encodeHeader, type SegmentHeader } from './header.ts'
import { plainName } from './names.ts'
import { writeFully } from './write-fully.ts'

/** A segment could not be begun. `removed`: it is certain that nothing of it is left. */
export class SegmentStartError extends Error {
  readonly removed: boolean
  constructor(cause: unknown, removed: boolean) {
    super('A journal segment could not be begun', { cause })
    this.removed = removed
  }
}

/** The one segment that is written to. */
export class ActiveSegment {
  readonly number: number
  readonly #file: JournalFile
  #durableBytes: number
  #suspect = false

  constructor(number: number, file: JournalFile, durableBytes: number) {
    this.number = number
    this.#file = file
    this.#durableBytes = durableBytes
  }

  /**
   * Makes the file with its header; both survive a power cut when this resolves.
   *
   * @throws SegmentStartError
   */
  static async begin(fs: JournalFs, dir: string, header: SegmentHeader): Promise<ActiveSegment> {
    const path = join(dir, plainName(header.segment))
    let file: JournalFile | undefined
    try {
      file = await fs.open(path, 'wx+')
      const bytes = encodeHeader(header)
      await writeFully(file, bytes, 0)
      await file.datasync()
      await fs.syncDir(dir)
      return new ActiveSegment(header.segment, file, bytes.length)
    } catch (error) {
      if (file === undefined) throw new SegmentStartError(error, true)
      await file.close().catch(() => {})
      // A header that stays behind would end the previous segment where it stood now, and what is appended there later
      // would be lost: the caller may go on in the old segment only if this one is certainly gone.
      const removed = await fs
        .unlink(path)
        .then(() => fs.syncDir(dir))
        .then(
          () => true,
          () => false,
        )
      throw new SegmentStartError(error, removed)
    }
  }

  get durableBytes(): number {
    return this.#durableBytes
  }

  /** Writes at the durable end and makes it durable. On an error nothing is known about the bytes behind that end. */
  async append(bytes: Uint8Array): Promise<void> {
    await writeFully(this.#file, bytes, this.#durableBytes)
    try {
      await this.#file.datasync()
    } catch (error) {
      // The kernel may have dropped the pages and marked them clean, so a later fsync of this file proves nothing.
      this.#suspect = true
      throw error
    }
    this.#durableBytes += bytes.length
  }

  /** Takes back what a failed append left behind the durable end. False if that is not certain. */
  async rewind(): Promise<boolean> {
    try {
      await this.#file.truncate(this.#durableBytes)
      await this.#file.datasync()
      return !this.#suspect
    } catch {
      return false
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}
