import type { Sent } from './attempts.ts'

/** Of either end; what lies between the two of a longer body is not kept. */
const END_BYTES = 32 * 1024

/**
 * What is kept of a body that passes in pieces until it is known whether it may be sent again: how long it is, and its first and
 * last 32 KiB. Pieces are kept as they are, not copied, so they must not change; no more than a piece beyond both ends.
 *
 * Two requests that are as long, begin and end alike and differ between are taken for one, which of large requests to a model are
 * hardly any: they grow at their end.
 */
export class KeptBody implements Sent {
  /** Of all of it. */
  length = 0
  readonly #first: Uint8Array[] = []
  readonly #last: Uint8Array[] = []
  #firstBytes = 0
  #lastBytes = 0

  /** How many bytes are held. */
  get held(): number {
    return this.#firstBytes + this.#lastBytes
  }

  write(piece: Uint8Array): void {
    this.length += piece.length
    const room = END_BYTES - this.#firstBytes
    if (room > 0) {
      const part = piece.length <= room ? piece : piece.subarray(0, room)
      this.#first.push(part)
      this.#firstBytes += part.length
      if (part === piece) return
      piece = piece.subarray(room)
    }
    this.#last.push(piece)
    this.#lastBytes += piece.length
    for (let [oldest] = this.#last; oldest !== undefined; [oldest] = this.#last) {
      if (this.#lastBytes - oldest.length < END_BYTES) return
      this.#last.shift()
      this.#lastBytes -= oldest.length
    }
  }

  *pieces(): Generator<Uint8Array> {
    yield* this.#first
    let beyond = Math.max(0, this.#lastBytes - END_BYTES)
    for (const piece of this.#last) {
      yield beyond > 0 ? piece.subarray(beyond) : piece
      beyond = Math.max(0, beyond - piece.length)
    }
  }
}
