import type { DuckDBType } from '@duckdb/node-api'
import duckdb, { type DataChunk, type Vector } from '@duckdb/node-bindings'
import type { FieldName } from '@tallystick/core/event'
import { LongTexts } from './long-texts.ts'
import { BIGINT, BOOLEAN, INTEGER, SMALLINT, UUID, VARCHAR } from './node-api.ts'
import {
  COLUMN_OF,
  EVENT_ID_TEXT,
  EVENT_TABLE,
  ORDINAL,
  OVERFLOW,
  RECEIVED_MS,
  REST,
  type SqlType,
  type Storage,
} from './schema.ts'

/** Rows of one chunk; the engine takes no more. */
export const CHUNK_ROWS = 2048

/** How the engine lays a column of each type out. */
const LAYOUT = {
  BIGINT: { type: BIGINT, bytes: 8 },
  BOOLEAN: { type: BOOLEAN, bytes: 1 },
  INTEGER: { type: INTEGER, bytes: 4 },
  SMALLINT: { type: SMALLINT, bytes: 2 },
  UUID: { type: UUID, bytes: 16 },
  VARCHAR: { type: VARCHAR, bytes: 16 },
} as const satisfies { readonly [name in SqlType]: { readonly type: DuckDBType; readonly bytes: number } }

const OWN_ORDER: readonly string[] = EVENT_TABLE.map(({ name }) => name)

/** The engine's `string_t` is a length of four bytes and up to twelve of text; longer text stands elsewhere, but for its beginning. */
const INLINE_BYTES = 12
const PREFIX_BYTES = 4

/** The bytes of one column of one chunk, as the engine lays them out. */
export class ColumnBuffer {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly shorts: Int16Array
  /** One bit a row; set where the row has a value. */
  readonly #valid = new Uint8Array(CHUNK_ROWS / 8)
  /** Rows whose text is too long to stand in the column itself, and where in {@link #texts} it does. */
  #longRows: number[] = []
  #longPlaces: number[] = []
  readonly #texts = new LongTexts()
  /** Does any row of the chunk have a value? */
  #used = false
  #vector: Vector | undefined

  constructor(bytesPerRow: number) {
    const buffer = new ArrayBuffer(bytesPerRow * CHUNK_ROWS)
    this.bytes = new Uint8Array(buffer)
    this.words = new Int32Array(buffer, 0, bytesPerRow < 4 ? 0 : undefined)
    this.shorts = new Int16Array(buffer, 0, bytesPerRow < 2 ? 0 : undefined)
  }

  begin(vector: Vector): void {
    if (this.#used) this.#valid.fill(0)
    this.#used = false
    this.#vector = vector
    // A chunk that was given up leaves some behind.
    this.#longRows = []
    this.#longPlaces = []
    this.#texts.forget()
  }

  finish(): void {
    const vector = this.#vector as Vector
    if (this.#longRows.length > 0) this.#address(vector)
    if (this.#used) duckdb.copy_data_to_vector(vector, 0, this.bytes.buffer as ArrayBuffer, 0, this.bytes.byteLength)
    // A row without a value in the next chunk must not seem to have a text elsewhere.
    for (const row of this.#longRows) this.words[row * 4] = 0
    duckdb.vector_ensure_validity_writable(vector)
    duckdb.copy_data_to_vector_validity(vector, 0, this.#valid.buffer, 0, this.#valid.byteLength)
    this.#vector = undefined
  }

  /** The row has a value. */
  mark(row: number): void {
    const index = row >> 3
    this.#valid[index] = (this.#valid[index] as number) | (1 << (row & 7))
    this.#used = true
  }

  has(row: number): boolean {
    return ((this.#valid[row >> 3] as number) & (1 << (row & 7))) !== 0
  }

  /** Takes back what the newest row was given. */
  clear(row: number): void {
    const index = row >> 3
    this.#valid[index] = (this.#valid[index] as number) & ~(1 << (row & 7))
    while (this.#longRows.at(-1) === row) {
      this.#longRows.pop()
      this.#longPlaces.pop()
      this.words[row * 4] = 0
    }
  }

  /** `value` is an integer from 0 to 2^53 - 1. */
  setInteger(row: number, value: number): void {
    this.words[row * 2] = value | 0
    // `| 0` above keeps the low 32 bits of any safe integer; what is left of it fits 21 bits.
    this.words[row * 2 + 1] = value < 0x80000000 ? 0 : Math.floor(value / 0x100000000)
    this.mark(row)
  }

  /** What {@link setInteger} wrote. */
  integer(row: number): number {
    return ((this.words[row * 2] as number) >>> 0) + (this.words[row * 2 + 1] as number) * 0x100000000
  }

  setText(row: number, text: string): void {
    const bytes = Buffer.from(text)
    this.setBytes(row, bytes, 0, bytes.length)
  }

  /** Text given as bytes of UTF-8. */
  setBytes(row: number, source: Uint8Array, start: number, end: number): void {
    const length = end - start
    const word = row * 4
    this.words[word] = length
    // The engine compares all twelve bytes.
    this.words[word + 1] = 0
    this.words[word + 2] = 0
    this.words[word + 3] = 0
    const shown = length > INLINE_BYTES ? PREFIX_BYTES : length
    const to = word * 4 + 4
    for (let index = 0; index < shown; index++) this.bytes[to + index] = source[start + index] as number
    if (length > INLINE_BYTES) {
      this.#longRows.push(row)
      this.#longPlaces.push(this.#texts.add(source, start, end))
    }
    this.mark(row)
  }

  /** Writes down where the long texts stand. */
  #address(vector: Vector): void {
    const { low, high } = this.#texts.handOver(vector)
    for (let index = 0; index < this.#longRows.length; index++) {
      const word = (this.#longRows[index] as number) * 4
      const place = low + (this.#longPlaces[index] as number)
      this.words[word + 2] = place
      this.words[word + 3] = place < 0x100000000 ? high : high + 1
    }
  }
}

export interface FieldColumn {
  readonly field: FieldName
  readonly storage: Storage
  readonly buffer: ColumnBuffer
  /** As the wire and the table call it. */
  readonly name: string
}

/** The columns of one chunk of the `events` table, used again for the next. */
export class ChunkColumns {
  /** Types of the chunk's columns, in the order they have in the file. */
  readonly types: readonly DuckDBType[]
  /** Where each of our columns stands there. */
  readonly #places: readonly number[]
  readonly #buffers = EVENT_TABLE.map(({ type }) => new ColumnBuffer(LAYOUT[type].bytes))
  readonly ordinals = this.#named(ORDINAL)
  readonly received = this.#named(RECEIVED_MS)
  readonly idText = this.#named(EVENT_ID_TEXT)
  readonly overflow = this.#named(OVERFLOW)
  readonly rest = this.#named(REST)
  /** In the order of the field table. */
  readonly fields: readonly FieldColumn[] = [...COLUMN_OF.values()].map(({ field, storage, name }) => ({
    field,
    storage,
    name,
    buffer: this.#named(storage === 'rest' ? REST : name),
  }))

  /** @param order names of the file's columns: those of this build, not always in its order */
  constructor(order: readonly string[] = OWN_ORDER) {
    this.#places = OWN_ORDER.map((name) => order.indexOf(name))
    this.types = order.map((name) => {
      const { type } = EVENT_TABLE[OWN_ORDER.indexOf(name)] as (typeof EVENT_TABLE)[number]
      return LAYOUT[type].type
    })
  }

  begin(chunk: DataChunk): void {
    this.#buffers.forEach((buffer, index) => {
      buffer.begin(duckdb.data_chunk_get_vector(chunk, this.#places[index] as number))
    })
  }

  finish(): void {
    for (const buffer of this.#buffers) buffer.finish()
  }

  /** Takes back what the newest row was given. */
  clear(row: number): void {
    for (const buffer of this.#buffers) buffer.clear(row)
  }

  #named(name: string): ColumnBuffer {
    return this.#buffers[EVENT_TABLE.findIndex((column) => column.name === name)] as ColumnBuffer
  }
}
