import { compareKeys } from './key-order.ts'

/** Words of an entry: key (4), content hash (2), mark (1). */
export const ENTRY_WORDS = 7
const HASH = 4
const MARK = 6

/** Marks of an entry; any other value is the number of the reservation that holds it. */
export const EMPTY = 0
export const SETTLED = 1
export const FIRST_RESERVATION = 2

const MAX_LOAD = 0.7
/** Most room behind the last home slot: a probe never wraps, so that slots stay in key order cluster by cluster. */
const MAX_SLACK = 64
const MIN_CAPACITY = 16

/**
 * Ids in memory: open addressing over one typed array, 28 bytes a slot, 40 to 80 bytes an id.
 *
 * Keys are uniform, and an entry's home slot is its key's head scaled to the capacity: the table is sorted but for the
 * order inside each run of occupied slots. So it is written out in key order in one pass, and it grows in one pass,
 * without ever being sorted as a whole.
 */
export class HotTable {
  #words: Uint32Array
  #capacity: number
  #size = 0

  constructor(expected = 0) {
    this.#capacity = capacityFor(expected)
    this.#words = newSlots(this.#capacity)
  }

  get size(): number {
    return this.#size
  }

  get byteLength(): number {
    return this.#words.byteLength
  }

  /** The offset of a key's entry, or -1. Valid until the next insert or remove. */
  find(key: Uint32Array): number {
    const words = this.#words
    const k0 = key[0]
    const k1 = key[1]
    const k2 = key[2]
    const k3 = key[3]
    let at = this.#home(k0 as number)
    while (words[at + MARK] !== EMPTY) {
      if (words[at] === k0 && words[at + 1] === k1 && words[at + 2] === k2 && words[at + 3] === k3) return at
      at += ENTRY_WORDS
    }
    return -1
  }

  /** Adds a key that is known to be absent. */
  insert(key: Uint32Array, hash0: number, hash1: number, mark: number): void {
    if (this.#size >= this.#capacity * MAX_LOAD) this.#grow()
    let at = this.#vacancy(key[0] as number)
    while (at < 0) {
      this.#grow()
      at = this.#vacancy(key[0] as number)
    }
    const words = this.#words
    words[at] = key[0] as number
    words[at + 1] = key[1] as number
    words[at + 2] = key[2] as number
    words[at + 3] = key[3] as number
    words[at + HASH] = hash0
    words[at + HASH + 1] = hash1
    words[at + MARK] = mark
    this.#size++
  }

  /** Removes the entry at an offset; the cluster behind it closes the hole, so no tombstones pile up. */
  remove(offset: number): void {
    const words = this.#words
    let hole = offset
    let at = offset + ENTRY_WORDS
    while (words[at + MARK] !== EMPTY) {
      if (this.#home(words[at] as number) <= hole) {
        words.copyWithin(hole, at, at + ENTRY_WORDS)
        hole = at
      }
      at += ENTRY_WORDS
    }
    words.fill(0, hole, hole + ENTRY_WORDS)
    this.#size--
  }

  /** Moves every entry that is reserved to another table. */
  moveReserved(to: HotTable): void {
    const words = this.#words
    const key = new Uint32Array(4)
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      // Removing closes the hole with a later entry of the cluster: look at the same slot again.
      while ((words[at + MARK] as number) >= FIRST_RESERVATION) {
        key.set(words.subarray(at, at + 4))
        to.insert(key, this.hash0(at), this.hash1(at), this.mark(at))
        this.remove(at)
      }
    }
  }

  mark(offset: number): number {
    return this.#words[offset + MARK] as number
  }

  setMark(offset: number, mark: number): void {
    this.#words[offset + MARK] = mark
  }

  hash0(offset: number): number {
    return this.#words[offset + HASH] as number
  }

  hash1(offset: number): number {
    return this.#words[offset + HASH + 1] as number
  }

  /**
   * Entries in key order, in pieces of about `entries`, so that a long walk can give way in between. The table must not
   * change meanwhile.
   */
  *sortedPieces(entries: number): Generator<{ readonly words: Uint32Array; readonly offsets: readonly number[] }> {
    let offsets: number[] = []
    for (const cluster of this.#clusters()) {
      for (const offset of cluster) offsets.push(offset)
      if (offsets.length < entries) continue
      yield { words: this.#words, offsets }
      offsets = []
    }
    if (offsets.length > 0) yield { words: this.#words, offsets }
  }

  *#clusters(): Generator<readonly number[]> {
    const words = this.#words
    const byKey = (a: number, b: number): number => compareKeys(words, a, words, b)
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      if (words[at + MARK] === EMPTY) continue
      const cluster: number[] = []
      for (; words[at + MARK] !== EMPTY; at += ENTRY_WORDS) cluster.push(at)
      if (cluster.length > 1) cluster.sort(byKey)
      yield cluster
    }
  }

  #home(head: number): number {
    return Math.floor((head / 0x1_0000_0000) * this.#capacity) * ENTRY_WORDS
  }

  /** The first empty slot from a key's home on; -1 when the slack is used up (the last slot stays empty to end every probe). */
  #vacancy(head: number): number {
    const words = this.#words
    const last = words.length - ENTRY_WORDS
    let at = this.#home(head)
    while (words[at + MARK] !== EMPTY) at += ENTRY_WORDS
    return at < last ? at : -1
  }

  #grow(): void {
    const old = this.#words
    for (;;) {
      this.#capacity *= 2
      const words = newSlots(this.#capacity)
      this.#words = words
      if (this.#refill(old)) return
    }
  }

  #refill(old: Uint32Array): boolean {
    const words = this.#words
    for (let from = 0; from < old.length; from += ENTRY_WORDS) {
      if (old[from + MARK] === EMPTY) continue
      const at = this.#vacancy(old[from] as number)
      if (at < 0) return false
      for (let word = 0; word < ENTRY_WORDS; word++) words[at + word] = old[from + word] as number
    }
    return true
  }
}

function newSlots(capacity: number): Uint32Array {
  return new Uint32Array((capacity + Math.min(capacity, MAX_SLACK)) * ENTRY_WORDS)
}

function capacityFor(expected: number): number {
  let capacity = MIN_CAPACITY
  while (capacity * MAX_LOAD < expected) capacity *= 2
  return capacity
}
