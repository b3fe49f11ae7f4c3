import duckdb, { type Vector } from '@duckdb/node-bindings'

const FIRST_BYTES = 16 * 1024
/** What is kept for the next chunk at the most. */
const KEPT_BYTES = 1024 * 1024
/** The engine's `string_t` of a text that does not stand in it: length, first four bytes, address. */
const STRING_BYTES = 16
const ADDRESS_AT = 8

/** Where a text stands in memory, as the two halves of a 64-bit integer. */
export interface Address {
  readonly low: number
  readonly high: number
}

/**
 * Texts of one column of one chunk, one behind the other. The engine gets them as a single text, and from where it puts that
 * one the places of all of them follow: a call of the engine for each took as long as half of all that is done for a row.
 */
export class LongTexts {
  #bytes = new Uint8Array(FIRST_BYTES)
  #length = 0

  /** Takes the text at `[start, end)`; returns how far behind the first one it stands. */
  add(source: Uint8Array, start: number, end: number): number {
    const at = this.#length
    const length = at + end - start
    if (length > this.#bytes.length) this.#grow(length)
    const bytes = this.#bytes
    for (let index = start, to = at; index < end; index++, to++) bytes[to] = source[index] as number
    this.#length = length
    return at
  }

  /** Hands over what there is, which goes on living with the vector, and begins anew. Row 0 of the vector is written over. */
  handOver(vector: Vector): Address {
    duckdb.vector_assign_string_element_len(vector, 0, this.#bytes.subarray(0, this.#length))
    const { buffer, byteOffset } = duckdb.vector_get_data(vector, STRING_BYTES)
    const string = new DataView(buffer, byteOffset, STRING_BYTES)
    if (string.getUint32(0, true) !== this.#length) throw new Error('The engine keeps texts in another way')
    this.forget()
    return { low: string.getUint32(ADDRESS_AT, true), high: string.getUint32(ADDRESS_AT + 4, true) }
  }

  forget(): void {
    this.#length = 0
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(FIRST_BYTES)
  }

  #grow(length: number): void {
    const bytes = new Uint8Array(Math.max(length, 2 * this.#bytes.length))
    bytes.set(this.#bytes)
    this.#bytes = bytes
  }
}
