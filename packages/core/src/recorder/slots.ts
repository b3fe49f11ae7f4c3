import type { EventKind } from '../event/index.ts'
import type { Layout } from './layout.ts'
import type { Draft } from './read-event.ts'
import type { StoredEvent } from './write-event.ts'

/** No slot: the end of a list. */
export const NONE = -1

/**
 * The bounded buffer: a fixed number of slots in a doubly linked list in the order of `seq`.
 *
 * A ring would do if events left from its head only. But a server answers each event for itself, and some are not wanted
 * by any server: in a ring one event that stays would in the end hold up all slots behind it. Here a slot is free again
 * as soon as its event leaves, wherever it stood. Slots and their arrays are made once and used again.
 */
export class Slots {
  readonly capacity: number
  size = 0
  /** Estimated memory of all events held, in bytes. */
  bytes = 0
  taken = 0
  head = NONE
  /** The oldest event that is not taken. */
  firstWaiting = NONE
  readonly next: Int32Array
  readonly seqs: Float64Array
  readonly timestamps: Float64Array
  readonly #previous: Int32Array
  readonly #bytes: Float64Array
  readonly #taken: Uint8Array
  readonly #kinds: EventKind[] = []
  readonly #layouts: Layout[] = []
  readonly #values: unknown[][] = []
  #tail = NONE
  #free = NONE

  constructor(capacity: number) {
    this.capacity = capacity
    this.next = new Int32Array(capacity)
    this.seqs = new Float64Array(capacity)
    this.timestamps = new Float64Array(capacity)
    this.#previous = new Int32Array(capacity)
    this.#bytes = new Float64Array(capacity)
    this.#taken = new Uint8Array(capacity)
  }

  get waiting(): number {
    return this.size - this.taken
  }

  at(slot: number): StoredEvent {
    return {
      kind: this.#kinds[slot] as EventKind,
      layout: this.#layouts[slot] as Layout,
      values: this.#values[slot] as unknown[],
    }
  }

  /** The id that the caller brought. */
  eventIdAt(slot: number): string | undefined {
    const at = (this.#layouts[slot] as Layout).places.eventId
    return at < 0 ? undefined : (this.#values[slot]?.[at] as string)
  }

  isTaken(slot: number): boolean {
    return this.#taken[slot] === 1
  }

  /** Moves a draft into a slot at the end. There must be room. */
  push(draft: Draft, seq: number, timestampMs: number): void {
    const { kind, layout, bytes, values } = draft
    const at = this.#freeSlot()
    this.#kinds[at] = kind
    this.#layouts[at] = layout
    const old = this.#values[at]
    this.#values[at] = values
    // An array that must grow would grow to twice what is needed.
    draft.values = old !== undefined && old.length >= layout.length ? old : new Array(layout.length)

    this.seqs[at] = seq
    this.timestamps[at] = timestampMs
    this.#bytes[at] = bytes
    this.bytes += bytes
    const last = this.#tail
    this.#previous[at] = last
    this.next[at] = NONE
    if (last === NONE) this.head = at
    else this.next[last] = at
    this.#tail = at
    if (this.firstWaiting === NONE) this.firstWaiting = at
    this.size++
  }

  #freeSlot(): number {
    const free = this.#free
    if (free !== NONE) {
      this.#free = this.next[free] as number
      return free
    }
    // All that were ever used are in use.
    return this.size
  }

  remove(at: number): void {
    const before = this.#previous[at] as number
    const after = this.next[at] as number
    if (this.#taken[at] === 1) {
      this.#taken[at] = 0
      this.taken--
    } else if (at === this.firstWaiting) this.firstWaiting = this.#waitingFrom(after)
    if (before === NONE) this.head = after
    else this.next[before] = after
    if (after === NONE) this.#tail = before
    else this.#previous[after] = before

    this.bytes -= this.#bytes[at] as number
    this.size--
    const values = this.#values[at] as unknown[]
    const { length } = this.#layouts[at] as Layout
    // What is left in the array would be held until the slot is used again, and is in no account of bytes.
    for (let index = 0; index < length; index++) values[index] = undefined
    this.next[at] = this.#free
    this.#free = at
  }

  take(at: number): void {
    this.#taken[at] = 1
    this.taken++
    if (at === this.firstWaiting) this.firstWaiting = this.#waitingFrom(this.next[at] as number)
  }

  release(at: number): void {
    this.#taken[at] = 0
    this.taken--
    const first = this.firstWaiting
    if (first === NONE || (this.seqs[at] as number) < (this.seqs[first] as number)) this.firstWaiting = at
  }

  #waitingFrom(from: number): number {
    let at = from
    while (at !== NONE && this.#taken[at] === 1) at = this.next[at] as number
    return at
  }
}
