import { BIGINT, BOOLEAN, DuckDBDataChunk, type DuckDBType, INTEGER, SMALLINT, UUID, VARCHAR } from '@duckdb/node-api'
import duckdb, { type DataChunk, type Vector } from '@duckdb/node-bindings'
import type { UsageEvent } from '@tallystick/core/event'
import type { StoredEvent } from '../store.ts'
import { type Dictionary, OVERFLOW_CODE } from './dictionary.ts'
import { COLUMN_OF, EVENT_ID_TEXT, EVENT_TABLE, OVERFLOW, REST, type SqlType, type Storage } from './schema.ts'

/** Rows of one chunk; the engine takes no more. */
export const CHUNK_ROWS = 2048

/** How the engine lays a column of each type out. */
const LAYOUT = {
  BIGINT: { type: BIGINT, bytes: 8 },
  BOOLEAN: { type: BOOLEAN, bytes: 1 },
  INTEGER: { type: INTEGER, bytes: 4 },
  SMALLINT: { type: SMALLINT, bytes: 2 },
  UUID: { type: UUID, bytes: 16 },
  VARCHAR: { type: VARCHAR, bytes: 0 },
} as const satisfies { readonly [name in SqlType]: { readonly type: DuckDBType; readonly bytes: number } }

/** The bytes of one column of one chunk, as the engine lays them out. */
class ColumnBuffer {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly shorts: Int16Array
  /** One bit a row; set where the row has a value. */
  readonly valid = new Uint8Array(CHUNK_ROWS / 8)
  /** Does any row of the chunk have a value? */
  used = false
  vector: Vector | undefined

  constructor(bytesPerRow: number) {
    const buffer = new ArrayBuffer(bytesPerRow * CHUNK_ROWS)
    this.bytes = new Uint8Array(buffer)
    this.words = new Int32Array(buffer, 0, bytesPerRow < 4 ? 0 : undefined)
    this.shorts = new Int16Array(buffer, 0, bytesPerRow < 2 ? 0 : undefined)
  }
}

/**
 * Turns events into chunks of the `events` table, column by column and without a value object for any cell: the engine's
 * own setters cost a bigint and a bit operation on bigints a cell, several times all of this.
 */
export class ChunkWriter {
  readonly #dictionary: Dictionary
  readonly #types = EVENT_TABLE.map(({ type }) => LAYOUT[type].type)
  readonly #buffers = EVENT_TABLE.map(({ type }) => new ColumnBuffer(LAYOUT[type].bytes))
  readonly #ofField: ReadonlyMap<
    string,
    { readonly storage: Storage; readonly buffer: ColumnBuffer; readonly name: string }
  >
  readonly #idText: ColumnBuffer
  readonly #overflow: ColumnBuffer
  readonly #rest: ColumnBuffer

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
    const at = (name: string): ColumnBuffer =>
      this.#buffers[EVENT_TABLE.findIndex((column) => column.name === name)] as ColumnBuffer
    this.#ofField = new Map(
      [...COLUMN_OF].map(([field, { storage, name }]) => [
        field,
        { storage, name, buffer: at(storage === 'rest' ? REST : name) },
      ]),
    )
    this.#idText = at(EVENT_ID_TEXT)
    this.#overflow = at(OVERFLOW)
    this.#rest = at(REST)
  }

  /** A chunk of `events[from, to)`, at most {@link CHUNK_ROWS} of them. */
  write(events: readonly StoredEvent[], from: number, to: number): DuckDBDataChunk {
    const chunk = DuckDBDataChunk.create(this.#types, to - from)
    this.#begin(chunk.chunk)
    const [ordinals, received] = this.#buffers as [ColumnBuffer, ColumnBuffer]
    for (let row = 0; row < to - from; row++) {
      const { ordinal, receivedMs, event } = events[from + row] as StoredEvent
      setInteger(ordinals, row, ordinal)
      setInteger(received, row, receivedMs)
      this.#writeEvent(row, event)
    }
    this.#finish()
    return chunk
  }

  #begin(chunk: DataChunk): void {
    this.#buffers.forEach((buffer, index) => {
      if (buffer.used) buffer.valid.fill(0)
      buffer.used = false
      buffer.vector = duckdb.data_chunk_get_vector(chunk, index)
    })
  }

  #writeEvent(row: number, event: UsageEvent): void {
    let overflow: Record<string, string> | undefined
    let rest: Record<string, unknown> | undefined
    const record = event as unknown as Readonly<Record<string, unknown>>
    for (const field in record) {
      const value = record[field]
      if (value === undefined) continue
      const column = this.#ofField.get(field)
      if (column === undefined) continue
      const { buffer } = column
      switch (column.storage) {
        case 'integer':
          setInteger(buffer, row, value as number)
          break
        case 'code': {
          const code = this.#dictionary.code(field as keyof UsageEvent, value as string)
          buffer.shorts[row] = code
          mark(buffer, row)
          if (code === OVERFLOW_CODE) {
            overflow ??= {}
            overflow[column.name] = value as string
          }
          break
        }
        case 'boolean':
          buffer.bytes[row] = value ? 1 : 0
          mark(buffer, row)
          break
        case 'small':
          buffer.words[row] = value as number
          mark(buffer, row)
          break
        case 'rest':
          rest ??= {}
          rest[field] = value
          break
        case 'text':
          setText(buffer, row, value as string)
          break
        case 'json':
          setText(buffer, row, JSON.stringify(value))
          break
        case 'id':
          if (!setUuid(buffer, row, value as string)) setText(this.#idText, row, value as string)
          break
      }
    }
    if (overflow) setText(this.#overflow, row, JSON.stringify(overflow))
    if (rest) setText(this.#rest, row, JSON.stringify(rest))
  }

  #finish(): void {
    for (const buffer of this.#buffers) {
      const vector = buffer.vector as Vector
      if (buffer.used && buffer.bytes.byteLength > 0) {
        duckdb.copy_data_to_vector(vector, 0, buffer.bytes.buffer as ArrayBuffer, 0, buffer.bytes.byteLength)
      }
      duckdb.vector_ensure_validity_writable(vector)
      duckdb.copy_data_to_vector_validity(vector, 0, buffer.valid.buffer, 0, buffer.valid.byteLength)
      buffer.vector = undefined
    }
  }
}

function mark(buffer: ColumnBuffer, row: number): void {
  const index = row >> 3
  buffer.valid[index] = (buffer.valid[index] as number) | (1 << (row & 7))
  buffer.used = true
}

/** `value` is an integer from 0 to 2^53 - 1. */
function setInteger(buffer: ColumnBuffer, row: number, value: number): void {
  buffer.words[row * 2] = value | 0
  // `| 0` above keeps the low 32 bits of any safe integer; what is left of it fits 21 bits.
  buffer.words[row * 2 + 1] = value < 0x80000000 ? 0 : Math.floor(value / 0x100000000)
  mark(buffer, row)
}

function setText(buffer: ColumnBuffer, row: number, value: string): void {
  duckdb.vector_assign_string_element(buffer.vector as Vector, row, value)
  mark(buffer, row)
}

/** Hexadecimal digit of a character code, or 255. Lower case only: other spellings must come back as they were. */
const DIGIT = Uint8Array.from({ length: 256 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code))
  return digit < 0 ? 255 : digit
})
const UUID_WORDS: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7],
  [9, 10, 11, 12, 14, 15, 16, 17],
  [19, 20, 21, 22, 24, 25, 26, 27],
  [28, 29, 30, 31, 32, 33, 34, 35],
]
const HYPHEN = 45

/** Writes a canonical lower-case UUID and says true; leaves the row empty and says false for any other id. */
function setUuid(buffer: ColumnBuffer, row: number, id: string): boolean {
  if (id.length !== 36) return false
  for (const place of [8, 13, 18, 23]) if (id.charCodeAt(place) !== HYPHEN) return false
  for (let word = 0; word < 4; word++) {
    let value = 0
    for (const place of UUID_WORDS[word] as readonly number[]) {
      const code = id.charCodeAt(place)
      const digit = code < 256 ? (DIGIT[code] as number) : 255
      if (digit === 255) return false
      value = (value << 4) | digit
    }
    // The engine keeps a UUID as a signed 128-bit integer, low word first, with the top bit flipped so that order agrees.
    buffer.words[row * 4 + 3 - word] = word === 0 ? value ^ 0x80000000 : value
  }
  mark(buffer, row)
  return true
}
