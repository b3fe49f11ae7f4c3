import type { UsageEvent } from '../event/index.ts'
import { EventIndex } from './event-index.ts'

/** An event of the spool that is in memory. */
export interface Entry {
  readonly ordinal: number
  readonly segment: number
  readonly event: UsageEvent
}

/**
 * The events of the spool that are in memory: the oldest waiting ones, and those that were taken. What waits behind them is
 * on disk only.
 */
export class Window {
  /** In the order of ordinals. */
  #waiting: Entry[] = []
  readonly #taken = new EventIndex<Entry>()
  readonly #waitingOrdinals = new Set<number>()
  readonly #takenOrdinals = new Set<number>()

  get waiting(): number {
    return this.#waiting.length
  }

  get taken(): number {
    return this.#taken.size
  }

  has(ordinal: number): boolean {
    return this.#waitingOrdinals.has(ordinal) || this.#takenOrdinals.has(ordinal)
  }

  isTaken(ordinal: number): boolean {
    return this.#takenOrdinals.has(ordinal)
  }

  /** Adds entries, in the order of ordinals; behind all that wait unless some were put back. */
  push(entries: readonly Entry[]): void {
    const [first] = entries
    if (first === undefined) return
    const last = this.#waiting.at(-1)
    for (const entry of entries) {
      this.#waiting.push(entry)
      this.#waitingOrdinals.add(entry.ordinal)
    }
    if (last !== undefined && last.ordinal > first.ordinal) this.#waiting.sort((a, b) => a.ordinal - b.ordinal)
  }

  take(limit: number, wanted: ((event: UsageEvent) => boolean) | undefined): UsageEvent[] {
    const taken: UsageEvent[] = []
    const kept: Entry[] = []
    let at = 0
    for (; at < this.#waiting.length && taken.length < limit; at++) {
      const entry = this.#waiting[at] as Entry
      // Two events of one number cannot be told apart when they are answered.
      if ((wanted !== undefined && !wanted(entry.event)) || this.#taken.has(entry.event)) {
        kept.push(entry)
        continue
      }
      this.#taken.set(entry.event, entry)
      this.#waitingOrdinals.delete(entry.ordinal)
      this.#takenOrdinals.add(entry.ordinal)
      taken.push(entry.event)
    }
    if (taken.length > 0) this.#waiting = kept.concat(this.#waiting.slice(at))
    return taken
  }

  /** The entry of a taken event, which leaves the window; undefined for any other. */
  remove(event: UsageEvent): Entry | undefined {
    const entry = this.#taken.take(event)
    if (entry !== undefined) this.#takenOrdinals.delete(entry.ordinal)
    return entry
  }

  /** Puts the entries of taken events back to their places among those that wait. Gives those that `stays` does not keep. */
  release(events: readonly UsageEvent[], stays: (entry: Entry) => boolean): readonly Entry[] {
    const back: Entry[] = []
    const gone: Entry[] = []
    for (const event of events) {
      const entry = this.remove(event)
      if (entry !== undefined) (stays(entry) ? back : gone).push(entry)
    }
    for (const { ordinal } of back) this.#waitingOrdinals.add(ordinal)
    if (back.length > 0) this.#waiting = [...back, ...this.#waiting].sort((a, b) => a.ordinal - b.ordinal)
    return gone
  }

  /** Those that wait are forgotten here: all, or those that `which` says. They are still on disk. */
  forget(which: (entry: Entry) => boolean = () => true): void {
    this.#waiting = this.#waiting.filter((entry) => {
      const forgotten = which(entry)
      if (forgotten) this.#waitingOrdinals.delete(entry.ordinal)
      return !forgotten
    })
  }
}
