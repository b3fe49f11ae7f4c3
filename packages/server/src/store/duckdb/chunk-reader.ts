import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult, DuckDBTypeId as TypeId } from '@duckdb/node-api'
import duckdb, { type Vector } from '@duckdb/node-bindings'
import { DuckDBTypeId } from './node-api.ts'

/**
 * Columns of answers as JavaScript values, null where there is none: BIGINT, INTEGER, SMALLINT and DOUBLE as numbers (ours
 * are safe integers), HUGEINT as bigint, UUID as text.
 *
 * The engine's own getters test validity with arithmetic on bigints for each item, which costs more than the rest of
 * reading an answer, and their text decoder drops a leading U+FEFF.
 */
export type ColumnValues = readonly unknown[]

/** Runs a statement and hands its chunks to `take`, as columns. */
export async function readChunks(
  connection: DuckDBConnection,
  sql: string,
  values: readonly string[],
  take: (columns: readonly ColumnValues[], rows: number) => void,
): Promise<void> {
  const result = await connection.run(sql, [...values])
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    take(readColumns(result, chunk), chunk.rowCount)
  }
}

/** All rows of a small answer. */
export async function readRows(
  connection: DuckDBConnection,
  sql: string,
  values: readonly string[] = [],
): Promise<unknown[][]> {
  const rows: unknown[][] = []
  await readChunks(connection, sql, values, (columns, count) => {
    for (let row = 0; row < count; row++) rows.push(columns.map((column) => column[row]))
  })
  return rows
}

function readColumns(result: DuckDBResult, chunk: DuckDBDataChunk): readonly ColumnValues[] {
  const rows = chunk.rowCount
  return Array.from({ length: chunk.columnCount }, (_, column) => {
    const vector = duckdb.data_chunk_get_vector(chunk.chunk, column)
    const read = READERS.get(result.columnTypeId(column))
    if (read === undefined) return chunk.getColumnValues(column)
    const valid = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) as Uint8Array | null
    const item = read(vector, rows)
    const values: unknown[] = new Array(rows)
    for (let row = 0; row < rows; row++) {
      const known = !valid || ((valid[row >> 3] as number) & (1 << (row & 7))) !== 0
      values[row] = known ? item(row) : null
    }
    return values
  })
}

type Item = (row: number) => unknown

const READERS: ReadonlyMap<TypeId, (vector: Vector, rows: number) => Item> = new Map([
  [
    DuckDBTypeId.BOOLEAN,
    (vector, rows) => {
      const bytes = duckdb.vector_get_data(vector, rows)
      return (row) => bytes[row] !== 0
    },
  ],
  [DuckDBTypeId.SMALLINT, (vector, rows) => fixed(Int16Array, vector, rows)],
  [DuckDBTypeId.INTEGER, (vector, rows) => fixed(Int32Array, vector, rows)],
  [DuckDBTypeId.DOUBLE, (vector, rows) => fixed(Float64Array, vector, rows)],
  [
    DuckDBTypeId.BIGINT,
    (vector, rows) => {
      const data = duckdb.vector_get_data(vector, rows * 8)
      const low = new Uint32Array(data.buffer, data.byteOffset, rows * 2)
      const high = new Int32Array(data.buffer, data.byteOffset, rows * 2)
      return (row) => (high[row * 2 + 1] as number) * 0x100000000 + (low[row * 2] as number)
    },
  ],
  [
    DuckDBTypeId.HUGEINT,
    (vector, rows) => {
      const data = duckdb.vector_get_data(vector, rows * 16)
      const low = new BigUint64Array(data.buffer, data.byteOffset, rows * 2)
      const high = new BigInt64Array(data.buffer, data.byteOffset, rows * 2)
      return (row) => ((high[row * 2 + 1] as bigint) << 64n) + (low[row * 2] as bigint)
    },
  ],
  [DuckDBTypeId.VARCHAR, texts],
  [DuckDBTypeId.UUID, uuids],
  [DuckDBTypeId.LIST, lists],
] as const)

type FixedArray = Int16ArrayConstructor | Int32ArrayConstructor | Float64ArrayConstructor

function fixed(type: FixedArray, vector: Vector, rows: number): Item {
  const items = view(type, vector, rows)
  return (row) => items[row]
}

function view(type: FixedArray, vector: Vector, rows: number): Int16Array | Int32Array | Float64Array {
  const data = duckdb.vector_get_data(vector, rows * type.BYTES_PER_ELEMENT)
  return new type(data.buffer as ArrayBuffer, data.byteOffset, rows)
}

/** Texts up to this many bytes stand in the vector itself, longer ones behind a pointer. */
const INLINE_BYTES = 12
const TEXT_BYTES = 16

function texts(vector: Vector, rows: number): Item {
  const data = duckdb.vector_get_data(vector, rows * TEXT_BYTES)
  const buffer = Buffer.from(data.buffer, data.byteOffset, rows * TEXT_BYTES)
  return (row) => {
    const at = row * TEXT_BYTES
    const length = buffer.readUInt32LE(at)
    if (length <= INLINE_BYTES) return buffer.toString('utf8', at + 4, at + 4 + length)
    const bytes = duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + at + 8, length)
    return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('utf8')
  }
}

/** Lists of SMALLINT or DOUBLE, as views that live as long as the chunk. */
function lists(vector: Vector, rows: number): Item {
  const places = duckdb.vector_get_data(vector, rows * 16)
  const entries = new Uint32Array(places.buffer, places.byteOffset, rows * 4)
  const child = duckdb.list_vector_get_child(vector)
  const size = duckdb.list_vector_get_size(vector)
  const double = (duckdb.get_type_id(duckdb.vector_get_column_type(child)) as unknown) === DuckDBTypeId.DOUBLE
  const items = double ? view(Float64Array, child, size) : view(Int16Array, child, size)
  return (row) => {
    const start = entries[row * 4] as number
    return items.subarray(start, start + (entries[row * 4 + 2] as number))
  }
}

/** A UUID is a 128-bit integer, low word first, with the top bit flipped. */
function uuids(vector: Vector, rows: number): Item {
  const data = duckdb.vector_get_data(vector, rows * 16)
  const words = new Uint32Array(data.buffer, data.byteOffset, rows * 4)
  const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')
  return (row) => {
    const at = row * 4
    const a = hex((words[at + 3] as number) ^ 0x80000000)
    const b = hex(words[at + 2] as number)
    const c = hex(words[at + 1] as number)
    return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${hex(words[at] as number)}`
  }
}
