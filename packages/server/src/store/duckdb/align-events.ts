import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows } from './chunk-reader.ts'
import { createTable, EVENT_TABLE, quoted } from './schema.ts'

/** The columns that the table has in this file, in their order there. */
export async function eventColumns(
  connection: DuckDBConnection,
): Promise<readonly { readonly name: string; readonly type: string }[]> {
  const rows = await readRows(
    connection,
    `SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'events' ORDER BY column_index`,
  )
  return rows.map(([name, type]) => ({ name: name as string, type: type as string }))
}

/**
 * Gives the table the columns of this build, wherever they stand in it. Rows are not written anew for that: with a hundred million
 * of them a start would take many minutes, and twice the disk. They are only where a column has become one of another type.
 */
export async function alignEvents(connection: DuckDBConnection): Promise<void> {
  const existing = await eventColumns(connection)
  const typeOf = new Map(existing.map(({ name, type }) => [name, type]))
  if (EVENT_TABLE.some(({ name, type }) => (typeOf.get(name) ?? type) !== type))
    return rewriteEvents(connection, typeOf)
  for (const { name, type } of EVENT_TABLE)
    if (!typeOf.has(name)) await connection.run(`ALTER TABLE events ADD COLUMN ${quoted(name)} ${type}`)
  for (const { name } of existing)
    if (!EVENT_TABLE.some((column) => column.name === name))
      await connection.run(`ALTER TABLE events DROP COLUMN ${quoted(name)}`)
}

async function rewriteEvents(connection: DuckDBConnection, existing: ReadonlyMap<string, string>): Promise<void> {
  const kept = EVENT_TABLE.filter(({ name }) => existing.has(name)).map(({ name }) => quoted(name))
  await connection.run('ALTER TABLE events RENAME TO events_before')
  await connection.run(createTable('events', EVENT_TABLE))
  await connection.run(`INSERT INTO events (${kept.join(', ')}) SELECT ${kept.join(', ')} FROM events_before`)
  await connection.run('DROP TABLE events_before')
}
