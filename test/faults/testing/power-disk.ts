import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Loop devices and mounting need Linux and root. */
export const powerDisksPossible =
  process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/dev/loop-control')

/**
 * An ext4 file system on a loop device whose own commits are far apart: its backing file holds what was synced, and not what
 * stands in memory only. A copy of that file is what is left when the power is cut.
 */
export class PowerDisk {
  /** Where the file system is mounted. */
  readonly live: string
  readonly #root: string
  readonly #image: string
  readonly #mounted = new Set<string>()

  constructor(mebibytes: number) {
    this.#root = mkdtempSync(join(tmpdir(), 'power-disk-'))
    this.#image = join(this.#root, 'image')
    this.live = join(this.#root, 'live')
    run('truncate', '-s', `${mebibytes}M`, this.#image)
    run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', this.#image)
    this.#mount(this.#image, this.live)
  }

  /** Cuts the power of a copy; whoever writes to the disk must stand still meanwhile. */
  copy(): void {
    run('cp', '--sparse=always', this.#image, this.#copy)
  }

  /** Mounts what {@link copy} has left, for as long as `examine` takes. */
  async afterwards<Found>(examine: (path: string) => Promise<Found>): Promise<Found> {
    const after = join(this.#root, 'after')
    this.#mount(this.#copy, after)
    try {
      return await examine(after)
    } finally {
      this.#unmount(after)
      rmSync(this.#copy)
    }
  }

  /** Nothing may have a file open there. */
  remove(): void {
    for (const at of this.#mounted) this.#unmount(at)
    rmSync(this.#root, { recursive: true, force: true })
  }

  get #copy(): string {
    return join(this.#root, 'copy')
  }

  #mount(image: string, at: string): void {
    mkdirSync(at, { recursive: true })
    run('mount', '-o', 'loop,commit=300', image, at)
    this.#mounted.add(at)
  }

  #unmount(at: string): void {
    run('umount', at)
    this.#mounted.delete(at)
  }
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'pipe' })
}
