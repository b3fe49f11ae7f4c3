import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows } from './chunk-reader.ts'
import { META_COLUMNS, type Meta } from './schema.ts'

/** Reads the state row; makes it if the file is new. */
export async function loadMeta(connection: DuckDBConnection): Promise<Meta> {
  const existing = await readMeta(connection)
  if (existing) return existing
  await connection.run(`INSERT INTO meta VALUES (${META_COLUMNS.map(() => 0).join(', ')})`)
  return (await readMeta(connection)) as Meta
}

export async function readMeta(connection: DuckDBConnection): Promise<Meta | undefined> {
  const [row] = await readRows(connection, `SELECT ${META_COLUMNS.join(', ')} FROM meta`)
  if (row === undefined) return undefined
  return Object.fromEntries(META_COLUMNS.map((name, index) => [name, row[index]])) as unknown as Meta
}

/** Changes the state inside the caller's transaction; the caller keeps the returned state once that has committed. */
export async function updateMeta(connection: DuckDBConnection, meta: Meta, changes: Partial<Meta>): Promise<Meta> {
  const entries = Object.entries(changes) as [keyof Meta, number][]
  await connection.run(`UPDATE meta SET ${entries.map(([name, value]) => `${name} = ${value}`).join(', ')}`)
  return { ...meta, ...changes }
}
