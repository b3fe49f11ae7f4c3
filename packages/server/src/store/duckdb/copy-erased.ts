import type { DuckDBConnection } from '@duckdb/node-api'
import { type GroupBy, groupByOf } from '@tallystick/core/query'
import { cellTable, storedLevels } from '../sql/cellsets.ts'
import type { EraseRequest } from '../store.ts'
import { CELL_SETS } from './cellsets.ts'
import { readRows } from './chunk-reader.ts'
import { literal, STORAGE_VERSION } from './database.ts'
import type { Dictionary } from './dictionary.ts'
import { filtersSql, Parameters } from './expressions.ts'
import { ORDINAL, quoted } from './schema.ts'

const USER = groupByOf('user_id') as GroupBy
const TENANT = groupByOf('tenant_id') as GroupBy

/** The tables of cells that tell users apart. */
const USER_CELLS: readonly string[] = CELL_SETS.filter(({ dimensions }) =>
  dimensions.some(({ name }) => name === 'user_id'),
).flatMap((cells) => storedLevels(cells).map((level) => cellTable(cells, level)))

/**
 * Copies the database of the connection to the file `path`, the user replaced. An update in place would leave the old values in
 * freed blocks and in the log, where those of rows that have expired stand as well: also a file without rows of the user is copied.
 *
 * @returns how many rows had the user
 */
export async function copyErased(
  connection: DuckDBConnection,
  path: string,
  request: EraseRequest,
  dictionary: Dictionary,
): Promise<number> {
  const counted = new Parameters()
  const where = conditionOf('events', request, dictionary, counted)
  const [found] = await readRows(connection, `SELECT count(*) FROM events WHERE ${where}`, counted.values)
  const [database] = await readRows(connection, 'SELECT current_database()')
  await connection.run(`ATTACH ${literal(path)} AS fresh (STORAGE_VERSION ${literal(STORAGE_VERSION)})`)
  try {
    await connection.run(`COPY FROM DATABASE ${quoted(database?.[0] as string)} TO fresh (SCHEMA)`)
    for (const [table] of await readRows(
      connection,
      'SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND NOT temporary',
    )) {
      const { sql, values } = copyStatement(table as string, request, dictionary)
      await connection.run(sql, values)
    }
    await connection.run('CHECKPOINT fresh')
  } finally {
    await connection.run('DETACH fresh')
  }
  return found?.[0] as number
}

function copyStatement(
  table: string,
  request: EraseRequest,
  dictionary: Dictionary,
): { readonly sql: string; readonly values: string[] } {
  const parameters = new Parameters()
  const into = `INSERT INTO fresh.${quoted(table)}`
  if (table !== 'events' && !USER_CELLS.includes(table))
    return { sql: `${into} FROM ${quoted(table)}`, values: parameters.values }
  const where = conditionOf(table, request, dictionary, parameters)
  const user = `CASE WHEN ${where} THEN ${parameters.bind(request.pseudonym)} ELSE user_id END`
  return { sql: `${into} SELECT * REPLACE (${user} AS user_id) FROM ${quoted(table)}`, values: parameters.values }
}

function conditionOf(
  table: string,
  { tenantId, throughOrdinal, userId }: EraseRequest,
  dictionary: Dictionary,
  parameters: Parameters,
): string {
  const filters = [
    { by: USER, values: [userId], negate: false },
    ...(tenantId === undefined ? [] : [{ by: TENANT, values: [tenantId], negate: false }]),
  ]
  // Cells know no ordinals: no later event has been applied.
  const before = table === 'events' ? ` AND ${ORDINAL} <= ${throughOrdinal}` : ''
  return `coalesce(${filtersSql(filters, dictionary, parameters)}, false)${before}`
}
