import type { Draft, UsualDefaults } from '../read-event.ts'
import { Decoder, type RecordReader } from './decode.ts'
import { Encoder, NO_ROOM } from './encode.ts'
import { HEAD, type Memory, WAKE } from './memory.ts'
import { EVENT, LAYOUT, LOST } from './records.ts'

export type Outcome = 'written' | 'queue_full' | 'too_large'

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

  event(draft: Draft): Outcome {
    if ((this.#fresh || this.#encoder.full) && !this.#reset()) return 'queue_full'
    if (!this.#encoder.knows(draft.layout)) {
      // A record of its own: it stays, also if the event then does not fit.
      const outcome = this.#put(LAYOUT, draft)
      if (outcome !== 'written') return outcome
    }
    return this.#put(EVENT, draft)
  }

  /** What events counted that found the ring full. */
  lost(counts: unknown): Outcome {
    return this.#put(LOST, counts)
  }

  /** Something threw while an event was being written. */
  abandon(): void {
    this.#encoder.abandon()
  }

  #put(type: number, what: unknown): Outcome {
    const free = this.#free()
    const outcome = this.#putInto(free, type, what)
    if (outcome !== 'queue_full') return outcome
    // So much was free when it was last looked at.
    const now = this.#look()
    return now === free ? outcome : this.#putInto(now, type, what)
  }

  #putInto(free: number, type: number, what: unknown): Outcome {
    const half = this.#half
    const place = this.position & this.#memory.mask
    const limit = Math.min(place + free, place + half, this.#size)
    const end = this.#encode(type, what, place, limit)
    if (end !== NO_ROOM) {
      this.position = (this.position + end - place) | 0
      return 'written'
    }
    if (limit === place + half) return 'too_large'
    if (limit === place + free) return 'queue_full'

    const rest = this.#size - place
    const again = Math.min(free - rest, half)
    const wrapped = this.#encode(type, what, 0, again)
    if (wrapped === NO_ROOM) return again === half ? 'too_large' : 'queue_full'
    this.#encoder.skip(place, this.#size)
    this.position = (this.position + rest + wrapped) | 0
    return 'written'
  }

  #encode(type: number, what: unknown, at: number, limit: number): number {
    const encoder = this.#encoder
    if (type === EVENT) return encoder.event(what as Draft, at, limit)
    return type === LAYOUT ? encoder.layout((what as Draft).layout, at, limit) : encoder.lost(what, at, limit)
  }

  /** Forgets all names on both sides: the writer may be another one, or there are no more numbers. */
  #reset(): boolean {
    if (this.#free() < 1) return false
    this.#encoder.reset(this.position & this.#memory.mask)
    this.position = (this.position + 1) | 0
    this.#fresh = false
    return true
  }

  /** At least so much is free. Looks only when it matters: HEAD is on a cache line that the reader writes. */
  #free(): number {
    const free = this.#size - ((this.position - this.#head) | 0)
    if (free < this.#half) return this.#look()
    this.#woken = false
    return free
  }

  /** So much is free. The reader is woken once each time that it is less than half. */
  #look(): number {
    const { ints } = this.#memory
    this.#head = Atomics.load(ints, HEAD)
    const free = this.#size - ((this.position - this.#head) | 0)
    if (free >= this.#half) this.#woken = false
    else if (!this.#woken) {
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

  constructor(memory: Memory, draft: Draft, defaults: UsualDefaults) {
    this.#memory = memory
    this.#decoder = new Decoder(memory, draft, defaults)
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
