import type { DuckDBConnection } from '@duckdb/node-api'
import { readRows } from './chunk-reader.ts'
import { APPLIED_COLUMNS, type Applied, type Meta, SEALED_COLUMNS, type Sealed } from './schema.ts'

const JOURNAL_SETTING = 'journal'

const COLUMNS = [...APPLIED_COLUMNS, ...SEALED_COLUMNS]

/** Reads the state; makes it if the file is new. */
export async function loadMeta(connection: DuckDBConnection): Promise<Meta> {
  const existing = await readMeta(connection)
  if (existing) return existing
  for (const [table, columns] of [
    ['applied', APPLIED_COLUMNS],
    ['sealed', SEALED_COLUMNS],
  ] as const) {
    await connection.run(`INSERT INTO ${table} VALUES (${columns.map(() => 0).join(', ')})`)
  }
  return (await readMeta(connection)) as Meta
}

export async function readMeta(connection: DuckDBConnection): Promise<Meta | undefined> {
  const [row] = await readRows(connection, `SELECT ${COLUMNS.join(', ')} FROM applied, sealed`)
  if (row === undefined) return undefined
  return Object.fromEntries(COLUMNS.map((name, index) => [name, row[index]])) as unknown as Meta
}

/** Id of the journal that the rows came from; undefined in a file that was never told. */
export async function readJournalId(connection: DuckDBConnection): Promise<string | undefined> {
  const [row] = await readRows(connection, `SELECT value FROM settings WHERE name = '${JOURNAL_SETTING}'`)
  return row?.[0] as string | undefined
}

/** Keeps it inside the caller's transaction. */
export async function keepJournalId(connection: DuckDBConnection, id: string): Promise<void> {
  await connection.run(`DELETE FROM settings WHERE name = '${JOURNAL_SETTING}'`)
  await connection.run(`INSERT INTO settings VALUES ('${JOURNAL_SETTING}', $1)`, [id])
}

/** Changes the rows' half inside the caller's transaction; the caller keeps them once that has committed. */
export async function updateApplied(connection: DuckDBConnection, changes: Partial<Applied>): Promise<void> {
  await update(connection, 'applied', changes)
}

/** The same for the cells' half. */
export async function updateSealed(connection: DuckDBConnection, changes: Partial<Sealed>): Promise<void> {
  await update(connection, 'sealed', changes)
}

async function update(
  connection: DuckDBConnection,
  table: string,
  changes: Readonly<Record<string, number>>,
): Promise<void> {
  const list = Object.entries(changes).map(([name, value]) => `${name} = ${value}`)
  await connection.run(`UPDATE ${table} SET ${list.join(', ')}`)
}
