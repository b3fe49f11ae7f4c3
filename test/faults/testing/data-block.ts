import { readRows } from '../../../packages/server/src/store/duckdb/chunk-reader.ts'
import { openDatabase } from '../../../packages/server/src/store/duckdb/database.ts'

/** Of DuckDB's file format: three headers, then blocks of one size. */
const HEADERS_BYTES = 3 * 4096
const BLOCK_BYTES = 262_144

/** Bytes at the start of a block that its first segment occupies for certain. */
const INSIDE_SEGMENT = 512

/**
 * A place in a store file, which nobody has open, that holds values of a column and nothing else: the engine reads it, and
 * checks it, when a query first asks for that column.
 */
export async function dataPlace(path: string, column: string): Promise<number> {
  const instance = await openDatabase({ path, memoryLimitMb: 64, threads: 1, checkpointMb: 64 })
  try {
    const connection = await instance.connect()
    const rows = await readRows(
      connection,
      `SELECT block_id, block_offset FROM pragma_storage_info('events')
        WHERE column_name = '${column}' AND segment_type <> 'VALIDITY' AND block_id >= 0 ORDER BY 1, 2`,
    )
    connection.disconnectSync()
    const [block, offset] = rows[0] as [number, number]
    return HEADERS_BYTES + Number(block) * BLOCK_BYTES + Number(offset) + INSIDE_SEGMENT
  } finally {
    instance.closeSync()
  }
}
