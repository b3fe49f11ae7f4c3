import { existsSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@tallystick/core/event'

/** Whether a directory takes writes. `gone`: it is not there any more. */
export type DiskState = 'ok' | 'disk_full' | 'failed' | 'gone'

/** What its writer says: how its last write went, and how many have failed. */
export interface WriterState {
  readonly state: 'ok' | 'disk_full' | 'failed'
  readonly failures: number
}

const PROBE_FILE = 'readiness.tmp'
/** A batch of some hundred events. */
const PROBE_BYTES = 256 * 1024
const FIRST_WAIT_MS = 1_000
const MAX_WAIT_MS = 60_000

/**
 * Follows whether a directory can be written, for whoever asks whether the server is ready. A writer finds out that there is
 * space again with its next write; but a server that says it is not ready is sent nothing to write. So, while the writer says that
 * it failed and somebody asks, a file is written, synced and removed in its place: at most once a second, and less often
 * where that goes well and the writer goes on failing.
 */
export class DiskWatch {
  readonly #dir: string
  readonly #clock: Clock
  #probing: Promise<void> | undefined
  #nextMs = Number.NEGATIVE_INFINITY
  #waitMs = FIRST_WAIT_MS
  /** As many writes had failed when a file could be written. */
  #provedAt: number | undefined

  constructor(dir: string, clock: Clock) {
    this.#dir = dir
    this.#clock = clock
  }

  /** Answers at once; what a probe finds out is told the next time. */
  look({ state, failures }: WriterState): DiskState {
    if (!existsSync(this.#dir)) return 'gone'
    if (state === 'ok') {
      this.#provedAt = undefined
      this.#waitMs = FIRST_WAIT_MS
      return 'ok'
    }
    if (this.#provedAt === failures) return 'ok'
    if (this.#provedAt !== undefined) {
      // It was no use: a small file can be written and what comes cannot.
      this.#provedAt = undefined
      this.#waitMs = Math.min(MAX_WAIT_MS, this.#waitMs * 2)
    }
    const nowMs = this.#clock.monotonic()
    if (this.#probing === undefined && nowMs >= this.#nextMs) {
      this.#nextMs = nowMs + this.#waitMs
      this.#probing = this.#probe().then((proved) => {
        this.#probing = undefined
        if (proved) this.#provedAt = failures
      })
    }
    return state
  }

  /** Resolves when no probe is under way: then the directory may be closed. */
  async settled(): Promise<void> {
    await this.#probing
  }

  async #probe(): Promise<boolean> {
    const path = join(this.#dir, PROBE_FILE)
    try {
      const file = await open(path, 'w', 0o600)
      try {
        await file.writeFile(new Uint8Array(PROBE_BYTES))
        await file.sync()
      } finally {
        await file.close()
      }
      return true
    } catch {
      return false
    } finally {
      // Where it was never made there is nothing to remove.
      await unlink(path).catch(() => undefined)
    }
  }
}
