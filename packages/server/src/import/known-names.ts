import type { NameMemory } from './record.ts'

/** Names remembered; 8 bytes each. What is older is left to the server, which knows every id for good. */
const MOST_NAMES = 1 << 20

/**
 * Remembers names by 64 bits of hash each: a set that takes the same memory however long the names are, and that is written
 * to a file as it is. Two of a million names fall together once in tens of millions of such sets.
 */
export class KnownNames implements NameMemory {
  /** Pairs of words by open addressing; a pair of zeros is free. */
  #table: Uint32Array<ArrayBuffer>
  #mask: number
  #count = 0
  readonly #most: number
  /** Words of the name that was hashed last. */
  #low = 0
  #high = 0

  constructor(saved: Uint32Array = new Uint32Array(0), most: number = MOST_NAMES) {
    this.#most = most
    let slots = 1024
    while (slots < saved.length) slots *= 2
    this.#table = new Uint32Array(slots * 2)
    this.#mask = slots - 1
    for (let at = 0; at + 1 < saved.length; at += 2) this.#insert(saved[at] as number, saved[at + 1] as number)
  }

  get size(): number {
    return this.#count
  }

  has(name: string): boolean {
    this.#hash(name)
    return this.#find(this.#low, this.#high) < 0
  }

  add(name: string): boolean {
    this.#hash(name)
    return this.#insert(this.#low, this.#high)
  }

  /** All of them, for the constructor. */
  words(): Uint32Array<ArrayBuffer> {
    const words = new Uint32Array(this.#count * 2)
    let next = 0
    for (let at = 0; at < this.#table.length; at += 2) {
      if (this.#table[at] === 0 && this.#table[at + 1] === 0) continue
      words[next++] = this.#table[at] as number
      words[next++] = this.#table[at + 1] as number
    }
    return words
  }

  #insert(low: number, high: number): boolean {
    const slot = this.#find(low, high)
    if (slot < 0) return false
    // Full: what it holds is as likely to be asked for as what comes, and the server decides in the end.
    if (this.#count >= this.#most) return true
    this.#table[slot] = low
    this.#table[slot + 1] = high
    if (++this.#count * 2 > this.#mask) this.#grow()
    return true
  }

  /** Place of a free pair, or -1 if the words are there. */
  #find(low: number, high: number): number {
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * 2
      const [a, b] = [this.#table[at], this.#table[at + 1]]
      if (a === low && b === high) return -1
      if (a === 0 && b === 0) return at
    }
  }

  #grow(): void {
    const old = this.#table
    this.#table = new Uint32Array(old.length * 2)
    this.#mask = this.#mask * 2 + 1
    for (let at = 0; at < old.length; at += 2) {
      const [low, high] = [old[at] as number, old[at + 1] as number]
      if (low === 0 && high === 0) continue
      const slot = this.#find(low, high)
      this.#table[slot] = low
      this.#table[slot + 1] = high
    }
  }

  /** Two multiplicative hashes side by side, mixed into each other at the end. */
  #hash(name: string): void {
    let low = 0xdeadbeef ^ name.length
    let high = 0x41c6ce57 ^ name.length
    for (let at = 0; at < name.length; at++) {
      const unit = name.charCodeAt(at)
      low = Math.imul(low ^ unit, 0x9e3779b1)
      high = Math.imul(high ^ unit, 0x5f356495)
    }
    low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
    high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
    this.#low = (low ^ (low >>> 16)) >>> 0
    this.#high = (high ^ (high >>> 15)) >>> 0 || 1
  }
}
