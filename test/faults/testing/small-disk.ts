import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PAGE = 4096
const CHUNK = 16 * PAGE

/** Why no small disk can be made here; undefined where one can. */
export const noSmallDisk: string | undefined =
  process.platform !== 'linux'
    ? 'needs Linux, for a tmpfs'
    : process.getuid?.() !== 0
      ? 'needs root, to mount a tmpfs'
      : undefined

/** A file system of a few megabytes, to be filled. */
export class SmallDisk {
  readonly path: string
  readonly #root: string
  #mounted = false

  constructor(mebibytes: number) {
    this.#root = mkdtempSync(join(tmpdir(), 'small-disk-'))
    this.path = join(this.#root, 'disk')
    mkdirSync(this.path)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', this.path])
    this.#mounted = true
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }

  /** Takes all space but so many bytes. */
  fill(leave = 0): void {
    const file = openSync(this.#filler, 'a')
    try {
      for (let free = this.freeBytes; free > leave; free = this.freeBytes)
        writeSync(file, Buffer.alloc(Math.max(PAGE, Math.min(CHUNK, free - leave))))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(file)
    }
  }

  /** Gives back what {@link fill} took. */
  free(): void {
    rmSync(this.#filler, { force: true })
  }

  readOnly(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.path])
  }

  /** Nothing may have a file open there. */
  remove(): void {
    if (this.#mounted) execFileSync('umount', [this.path])
    this.#mounted = false
    rmSync(this.#root, { recursive: true })
  }

  get #filler(): string {
    return join(this.path, 'filler')
  }
}
