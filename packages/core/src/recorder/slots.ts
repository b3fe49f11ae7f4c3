import type { Layout } from './layout.ts'
import { type Draft, roomFor } from './read-event.ts'
import type { StoredEvent } from './write-event.ts'

/** No slot: the end of a list. */
export const NONE = -1

/** Figures of a slot, beside each other so that one line of the processor's cache holds them all. */
const SEQ = 0
const TIMESTAMP_MS = 1
const BYTES = 2
const NEXT = 3
const PREVIOUS = 4
const TAKEN = 5
const STRIDE = 8

/**
 * The bounded buffer: a fixed number of slots in a doubly linked list in the order of `seq`.
 *
 * A ring would do if events left from its head only. But a server answers each event for itself, and some are not wanted
 * by any server: in a ring one event that stays would in the end hold up all slots behind it. Here a slot is free again
 * as soon as its event leaves, wherever it stood, and what was freed last is used first, while it is still in the cache.
 */
export class Slots {
  size = 0
  /** Estimated memory of all events held, in bytes. */
  bytes = 0
  taken = 0
  head = NONE
  /** The oldest event that is not taken. */
  firstWaiting = NONE
  readonly #figures: Float64Array
  readonly #layouts: Layout[] = []
  readonly #values: unknown[][] = []
  #tail = NONE
  #free = NONE
  /** A free slot whose values have not been cleared. */
  #unclean = NONE

  constructor(capacity: number) {
    this.#figures = new Float64Array(capacity * STRIDE)
  }

  get waiting(): number {
    return this.size - this.taken
  }

  next(slot: number): number {
    return this.#figures[slot * STRIDE + NEXT] as number
  }

  seq(slot: number): number {
    return this.#figures[slot * STRIDE + SEQ] as number
  }

  timestampMs(slot: number): number {
    return this.#figures[slot * STRIDE + TIMESTAMP_MS] as number
  }

  isTaken(slot: number): boolean {
    return this.#figures[slot * STRIDE + TAKEN] === 1
  }

  event(slot: number): StoredEvent {
    return { layout: this.#layouts[slot] as Layout, values: this.#values[slot] as unknown[] }
  }

  /** Moves a draft into a slot at the end. There must be room. */
  push(draft: Draft, seq: number): void {
    const { layout, bytes, values } = draft
    const slot = this.#freeSlot()
    const old = this.#values[slot]
    const left = slot === this.#unclean ? (this.#layouts[slot] as Layout).length : 0
    this.#layouts[slot] = layout
    this.#values[slot] = values
    this.#unclean = NONE
    // An array that must grow would grow to twice what is needed.
    const fits = old !== undefined && old.length >= layout.length
    draft.values = fits ? old : roomFor(layout.length)
    draft.used = fits ? left : 0

    const figures = this.#figures
    const at = slot * STRIDE
    const last = this.#tail
    figures[at + SEQ] = seq
    figures[at + TIMESTAMP_MS] = draft.timestampMs
    figures[at + BYTES] = bytes
    figures[at + NEXT] = NONE
    figures[at + PREVIOUS] = last
    figures[at + TAKEN] = 0
    if (last === NONE) this.head = slot
    else figures[last * STRIDE + NEXT] = slot
    this.#tail = slot
    if (this.firstWaiting === NONE) this.firstWaiting = slot
    this.bytes += bytes
    this.size++
  }

  #freeSlot(): number {
    const free = this.#free
    if (free !== NONE) {
      this.#free = this.next(free)
      return free
    }
    // All that were ever used are in use.
    return this.size
  }

  remove(slot: number): void {
    this.#unlink(slot)
    this.#clear(slot)
  }

  /** Removes the oldest waiting event to make room for one that comes right after, which writes over its values. */
  evict(): void {
    const slot = this.firstWaiting
    if (this.#unclean !== NONE) this.#clear(this.#unclean)
    this.#unlink(slot)
    this.#unclean = slot
  }

  #unlink(slot: number): void {
    const figures = this.#figures
    const at = slot * STRIDE
    const before = figures[at + PREVIOUS] as number
    const after = figures[at + NEXT] as number
    if (figures[at + TAKEN] === 1) this.taken--
    else if (slot === this.firstWaiting) this.firstWaiting = this.#waitingFrom(after)
    if (before === NONE) this.head = after
    else figures[before * STRIDE + NEXT] = after
    if (after === NONE) this.#tail = before
    else figures[after * STRIDE + PREVIOUS] = before
    this.bytes -= figures[at + BYTES] as number
    this.size--
    figures[at + NEXT] = this.#free
    this.#free = slot
  }

  /** What is left in the array would be held until the slot is used again, and is in no account of bytes. */
  #clear(slot: number): void {
    const values = this.#values[slot] as unknown[]
    const { length } = this.#layouts[slot] as Layout
    for (let index = 0; index < length; index++) values[index] = undefined
  }

  take(slot: number): void {
    this.#figures[slot * STRIDE + TAKEN] = 1
    this.taken++
    if (slot === this.firstWaiting) this.firstWaiting = this.#waitingFrom(this.next(slot))
  }

  release(slot: number): void {
    this.#figures[slot * STRIDE + TAKEN] = 0
    this.taken--
    const first = this.firstWaiting
    if (first === NONE || this.seq(slot) < this.seq(first)) this.firstWaiting = slot
  }

  #waitingFrom(from: number): number {
    let slot = from
    while (slot !== NONE && this.isTaken(slot)) slot = this.next(slot)
    return slot
  }
}
