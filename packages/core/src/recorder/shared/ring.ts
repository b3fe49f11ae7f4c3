import type { Draft } from '../draft.ts'
import { Decoder, type RecordReader } from './decode.ts'
import { Encoder, NO_ROOM } from './encode.ts'
import { HEAD, type Memory, WAKE } from './layout.ts'

/**
 * The records between one writer and one reader.
 *
 * Positions count words and wrap at 2^32; `position & mask` is the place. A record never wraps: one that would is written
 * at the beginning, behind a SKIP that fills the rest. No record is longer than half the ring, so what fits at all fits into
 * an empty ring wherever the position stands, and into any ring that is half empty.
 */
export class RingWriter {
  /** Behind the records written so far; visible to the reader once it is published. */
  position: number
  readonly #memory: Memory
  readonly #encoder: Encoder
  readonly #size: number
  readonly #half: number
  /** HEAD as it was last looked at: so much has been read at least. */
  #head: number
  #woken = false
  /** The reader knows names of the thread before. */
  #fresh = true

  constructor(memory: Memory, position: number) {
    this.position = position
    this.#memory = memory
    this.#encoder = new Encoder(memory)
    this.#size = memory.mask + 1
    this.#half = this.#size / 2
    this.#head = Atomics.load(memory.ints, HEAD)
  }

  /** Is at least half of the ring free, as far as this side knows? */
  get roomy(): boolean {
    return this.#free() >= this.#half
  }

  event(draft: Draft): 'written' | 'queue_full' | 'too_large' {
    const encoder = this.#encoder
    if ((this.#fresh || encoder.full) && !this.#reset()) return 'queue_full'
    const free = this.#free()
    const place = this.position & this.#memory.mask
    const limit = Math.min(place + free, place + this.#half, this.#size)
    const end = encoder.event(draft, place, limit)
    if (end !== NO_ROOM) {
      this.position = (this.position + end - place) | 0
      return 'written'
    }
    if (limit === place + this.#half) return 'too_large'
    if (limit === place + free) return 'queue_full'

    const rest = this.#size - place
    const again = Math.min(free - rest, this.#half)
    const wrapped = encoder.event(draft, 0, again)
    if (wrapped === NO_ROOM) return again === this.#half ? 'too_large' : 'queue_full'
    encoder.skip(place, this.#size)
    this.position = (this.position + rest + wrapped) | 0
    return 'written'
  }

  /** @returns whether there was room */
  lost(counts: unknown): boolean {
    const place = this.position & this.#memory.mask
    const limit = Math.min(place + this.#free(), this.#size)
    const end = this.#encoder.lost(counts, place, limit)
    if (end === NO_ROOM) return false
    this.position = (this.position + end - place) | 0
    return true
  }

  /** Something threw while an event was being written. */
  abandon(): void {
    this.#encoder.abandon()
  }

  #reset(): boolean {
    if (this.#free() < 1) return false
    this.#encoder.reset(this.position & this.#memory.mask)
    this.position = (this.position + 1) | 0
    this.#fresh = false
    return true
  }

  #free(): number {
    let free = this.#size - ((this.position - this.#head) | 0)
    if (free >= this.#half) {
      this.#woken = false
      return free
    }
    const { ints } = this.#memory
    this.#head = Atomics.load(ints, HEAD)
    free = this.#size - ((this.position - this.#head) | 0)
    if (free < this.#half && !this.#woken) {
      this.#woken = true
      Atomics.add(ints, WAKE, 1)
      Atomics.notify(ints, WAKE)
    }
    return free
  }
}

/** After so many words the writer may have them back, while the reader is still at the rest. */
const RELEASE_WORDS = 2048

export class RingReader {
  readonly #memory: Memory
  readonly #decoder: Decoder
  #head = 0

  constructor(memory: Memory, draft: Draft) {
    this.#memory = memory
    this.#decoder = new Decoder(memory, draft)
  }

  /**
   * Reads every record up to `position` once.
   *
   * @returns whether all of them could be read; the rest is left out
   */
  drain(position: number, reader: RecordReader): boolean {
    const { ints, mask } = this.#memory
    let head = this.#head
    let released = head
    let readable = true
    while (head !== position && readable) {
      const length = this.#decoder.read(head & mask, reader)
      readable = length > 0
      head = (head + length) | 0
      if (((head - released) | 0) < RELEASE_WORDS) continue
      released = head
      Atomics.store(ints, HEAD, head)
    }
    this.#head = position
    Atomics.store(ints, HEAD, position)
    return readable
  }
}
