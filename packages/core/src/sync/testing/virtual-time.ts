import type { Clock, Random } from '../../event/index.ts'
import type { Timers } from '../timers.ts'

/** A clock whose hours pass when a test says so, and the timers that hang on it. */
export class VirtualTime implements Clock, Timers {
  #nowMs = Date.UTC(2026, 10, 21, 12)
  #order = 0
  readonly #jobs = new Map<number, { readonly atMs: number; readonly job: () => void; readonly keepAlive: boolean }>()

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  after(ms: number, job: () => void, keepAlive = false): () => void {
    const key = this.#order++
    this.#jobs.set(key, { atMs: this.#nowMs + ms, job, keepAlive })
    return () => this.#jobs.delete(key)
  }

  /** Timers that would keep a process alive. */
  get keptAlive(): number {
    return [...this.#jobs.values()].filter(({ keepAlive }) => keepAlive).length
  }

  get timers(): number {
    return this.#jobs.size
  }

  /** Lets time pass; what each timer sets off runs to its end before the next one is due. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      await settled()
      const [key, next] = [...this.#jobs].sort(([a, x], [b, y]) => x.atMs - y.atMs || a - b)[0] ?? []
      if (key === undefined || next === undefined || next.atMs > endMs) break
      this.#jobs.delete(key)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.job()
    }
    this.#nowMs = endMs
  }
}

/** Everything that only waits for promises has run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Always the same share of the range, 0 to 1: a backoff then takes that share of its ceiling. */
export function fixedRandom(share: number): Random {
  const value = Math.min(2 ** 32 - 1, Math.floor(share * 2 ** 32))
  return {
    fill(bytes) {
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, value)
      return bytes
    },
  }
}
