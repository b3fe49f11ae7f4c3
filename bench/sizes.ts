import { statSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'

/** Bytes of a table in the file, its rows, and its name. */
export interface TableSize {
  readonly table: string
  readonly rows: number
  readonly bytes: number
}

const BLOCK_BYTES = 262_144

interface Segment {
  readonly table: string
  readonly block: number
  readonly offset: number
  readonly blocks: number
}

/**
 * Where the bytes of a store file are, the greatest table first. The engine tells where each segment begins but not how long
 * it is: up to the next one in the same block. What is left of the file is free blocks and the catalogue.
 */
export async function tableSizes(connection: DuckDBConnection, path: string): Promise<readonly TableSize[]> {
  const rows = async (sql: string): Promise<unknown[][]> => (await connection.run(sql)).getRowsJson()
  const tables = await rows('SELECT table_name, estimated_size FROM duckdb_tables()')
  const segments: Segment[] = []
  for (const [table] of tables) {
    const stored = await rows(
      `SELECT block_id, block_offset, len(additional_block_ids) FROM pragma_storage_info('${table}') WHERE persistent AND block_id >= 0`,
    )
    for (const [block, offset, blocks] of stored)
      segments.push({
        table: String(table),
        block: Number(block),
        offset: Number(offset),
        blocks: Number(blocks ?? 0),
      })
  }
  segments.sort((a, b) => a.block - b.block || a.offset - b.offset)
  const bytes = new Map<string, number>()
  segments.forEach(({ block, blocks, offset, table }, index) => {
    const next = segments[index + 1]
    const end = next?.block === block ? next.offset : BLOCK_BYTES
    bytes.set(table, (bytes.get(table) ?? 0) + end - offset + blocks * BLOCK_BYTES)
  })
  const sizes = tables.map(([table, count]) => ({
    table: String(table),
    rows: Number(count),
    bytes: bytes.get(String(table)) ?? 0,
  }))
  const used = sizes.reduce((sum, size) => sum + size.bytes, 0)
  return [...sizes.sort((a, b) => b.bytes - a.bytes), { table: 'free', rows: 0, bytes: statSync(path).size - used }]
}
