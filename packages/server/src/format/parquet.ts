import { rm } from 'node:fs/promises'
import { FIELD_NAMES, FIELDS, type FieldName, type FieldSpec, wireName } from '@tallystick/core/event'

/** A column of a Parquet file of events: its name and its type in DuckDB's words. */
export interface ParquetColumn {
  readonly name: string
  readonly type: string
}

/** How members are read from JSON. Maps keep every name as it is; what has no fixed shape stays JSON text. */
const TYPE_OF: { readonly [K in FieldSpec['type']]: string } = {
  string: 'VARCHAR',
  text: 'VARCHAR',
  enum: 'VARCHAR',
  integer: 'BIGINT',
  boolean: 'BOOLEAN',
  ratio: 'DOUBLE',
  strings: 'VARCHAR[]',
  counts: 'MAP(VARCHAR, BIGINT)',
  tags: 'MAP(VARCHAR, VARCHAR)',
  detail: 'JSON',
}

const columnOf = (field: FieldName): ParquetColumn => ({ name: wireName(field), type: TYPE_OF[FIELDS[field].type] })
const MEMBERS: readonly ParquetColumn[] = FIELD_NAMES.map(columnOf)

/**
 * Every member of the wire under its name, in the order of the field table: tokens, money (nano-USD) and instants (ms) as
 * BIGINT. Behind `timestamp_ms` the same instant stands as TIMESTAMP, UTC.
 */
export const PARQUET_COLUMNS: readonly ParquetColumn[] = MEMBERS.flatMap((column) =>
  column.name === 'timestamp_ms' ? [column, { name: 'timestamp', type: 'TIMESTAMP' }] : [column],
)

const MEMORY_LIMIT = '256MB'
const ROW_GROUP = 122_880

/**
 * Makes a Parquet file of a file of events, one a line in the native wire. The lines go through in blocks, so memory does not
 * grow with the file; zstd, row groups of 122,880.
 *
 * @param columns in this order; all of {@link PARQUET_COLUMNS} unless given
 * @returns how many events were written
 */
export async function writeParquet(
  ndjson: string,
  parquet: string,
  columns: readonly ParquetColumn[] = PARQUET_COLUMNS,
): Promise<number> {
  // Who writes no Parquet need not wait for the engine to load.
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY_LIMIT,
    threads: '2',
    temp_directory: `${parquet}.tmp`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  try {
    const connection = await instance.connect()
    const read = MEMBERS.map(({ name, type }) => `${name}: '${type}'`).join(', ')
    const selected = columns.map(({ name }) =>
      name === 'timestamp' ? 'epoch_ms(timestamp_ms) AS "timestamp"' : `"${name}"`,
    )
    const result = await connection.run(`COPY (
      SELECT ${selected.join(', ')}
      FROM read_json(${literal(ndjson)}, format = 'newline_delimited', columns = {${read}})
    ) TO ${literal(parquet)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP})`)
    const [row] = await result.getRows()
    return Number(row?.[0] ?? 0)
  } finally {
    instance.closeSync()
    await rm(`${parquet}.tmp`, { recursive: true, force: true })
  }
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
