import type { RecorderDropReason } from '../pending.ts'
import type { Draft, UsualDefaults } from '../read-event.ts'
import type { SeriesRow } from '../tally.ts'
import type { RecordReader } from './decode.ts'
import { ATTACHED, BEGUN, type Memory, SEQ } from './memory.ts'
import { RingReader } from './ring.ts'
import { unpackRow } from './row.ts'
import { Totals, type WriterDrop } from './totals.ts'

/** Where collected events go: into the store that owns the rings. */
export interface Collected {
  /** An event that another thread recorded; it is kept by swapping the draft's array for another. */
  admit(draft: Draft): void
  /** Events that were recorded and will not come. */
  dropped(reason: RecorderDropReason, count: number): void
  /** What such events counted. */
  merge(row: SeriesRow): void
}

/** The memory of one writer, seen from the thread that owns it. */
export class Inbox implements RecordReader {
  readonly memory: Memory
  readonly totals: Totals
  readonly #reader: RingReader
  readonly #collected: Collected
  /** Events that came, or that are accounted for otherwise. */
  #seen = 0
  #dropped: ReadonlyMap<WriterDrop, number> = new Map()

  /** @param draft may be shared by several inboxes */
  constructor(memory: Memory, draft: Draft, defaults: UsualDefaults, collected: Collected) {
    this.memory = memory
    this.totals = new Totals(memory)
    this.#reader = new RingReader(memory, draft, defaults)
    this.#collected = collected
  }

  /** Takes over what was recorded up to now; the totals then are of the same moment. */
  collect(): number {
    const before = this.#seen
    const { written, position } = this.totals.refresh()
    const readable = this.#reader.drain(position, this)
    const came = this.#seen - before
    if (!readable) {
      this.#collected.dropped('worker_exit', written - this.#seen)
      this.#seen = written
    }
    this.#collectDropped()
    return came
  }

  #collectDropped(): void {
    const dropped = this.totals.dropped()
    for (const [reason, count] of dropped) {
      const more = count - (this.#dropped.get(reason) ?? 0)
      if (more > 0) this.#collected.dropped(reason, more)
    }
    this.#dropped = dropped
  }

  /** The thread that wrote here has ended, in whatever way. */
  exited(): void {
    const { ints } = this.memory
    this.collect()
    if (Atomics.load(ints, ATTACHED) === 0) return
    const seq = Atomics.load(ints, SEQ)
    if (Atomics.exchange(ints, BEGUN, seq) !== seq) this.#collected.dropped('worker_exit', 1)
    Atomics.store(ints, ATTACHED, 0)
  }

  event(draft: Draft): void {
    this.#seen++
    this.#collected.admit(draft)
  }

  lost(counts: unknown): void {
    this.#collected.merge(unpackRow(counts))
  }
}
