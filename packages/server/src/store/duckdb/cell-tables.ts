import type { DuckDBConnection } from '@duckdb/node-api'
import { CELL_ACCUMULATORS, DAY, DAY_MS, quantityColumn, RANKED_QUANTITIES, storedLevels } from '../sql/cellsets.ts'
import { CELL_TABLES, CELLS_FINGERPRINT, type CellTable } from './cell-columns.ts'
import { readRows } from './chunk-reader.ts'
import { Dictionary } from './dictionary.ts'
import { createTable, quoted } from './schema.ts'
import { floorSql, floorTo, rollups } from './seal.ts'

/**
 * Makes the tables of cells. Cells of another make are dropped, to be sealed again from the rows; once rows have expired,
 * the cells they left are merged into those of this make. True if cells were dropped.
 */
export async function prepareCells(connection: DuckDBConnection): Promise<boolean> {
  const [made] = await readRows(connection, `SELECT value FROM settings WHERE name = 'cells'`)
  if (made?.[0] === CELLS_FINGERPRINT) return false
  const before = await existingCells(connection)
  const [expired] = await readRows(
    connection,
    'SELECT greatest(raw_from_ms, kinds_from_ms), watermark_ms FROM sealed WHERE expired_events > 0',
  )
  const keeps = made !== undefined && expired !== undefined
  for (const { name } of before)
    await connection.run(`ALTER TABLE ${quoted(name)} RENAME TO ${quoted(`before_${name}`)}`)
  for (const { name, columns } of CELL_TABLES) await connection.run(createTable(name, columns))
  if (keeps) await carryOver(connection, before, expired[0] as number, expired[1] as number)
  for (const { name } of before) await connection.run(`DROP TABLE ${quoted(`before_${name}`)}`)
  await connection.run(`DELETE FROM settings WHERE name = 'cells'`)
  await connection.run(`INSERT INTO settings VALUES ('cells', $1)`, [CELLS_FINGERPRINT])
  return made !== undefined && !keeps
}

async function existingCells(connection: DuckDBConnection): Promise<readonly CellTable[]> {
  const rows = await readRows(
    connection,
    `SELECT table_name, column_name, data_type FROM duckdb_columns()
      WHERE regexp_matches(table_name, '^(cell|sketch|sketches)_') ORDER BY table_name, column_index`,
  )
  const tables = new Map<string, { name: string; type: string }[]>()
  for (const [table, name, type] of rows as [string, string, string][]) {
    const columns = tables.get(table) ?? []
    tables.set(table, columns)
    columns.push({ name, type })
  }
  return [...tables].map(([name, columns]) => ({ name, columns }))
}

/**
 * Fills each table from the one of before that tells apart all that it does. What none of them does stays without the
 * events that have expired, and a figure that none of them kept is unknown of them unless it was the same as another by then.
 */
async function carryOver(
  connection: DuckDBConnection,
  before: readonly CellTable[],
  rawFromMs: number,
  watermarkMs: number,
): Promise<void> {
  for (const { fromCells, set, table } of rollups(new Dictionary())) {
    for (const level of storedLevels(set)) {
      if (level.ms > DAY_MS) {
        // Of days, which stand there by now: a build that kept none as long has those of what has expired too.
        const days = `(FROM ${quoted(table(DAY))} WHERE t < ${floorTo(watermarkMs, level.ms)})`
        await connection.run(`INSERT INTO ${quoted(table(level))} BY NAME ${fromCells(floorSql('t', level), days)}`)
        continue
      }
      const columns = (CELL_TABLES.find(({ name }) => name === table(level)) as CellTable).columns
      const donor = await donorOf(connection, table(level), keyColumns(columns), before)
      if (donor === undefined) continue
      for (const { name, type } of columns)
        await connection.run(
          `ALTER TABLE ${quoted(`before_${donor.name}`)} ADD COLUMN IF NOT EXISTS ${quoted(name)} ${type}`,
        )
      // Those of every row may have been kept before, where now only those of expired ones are.
      const where = level === set.expiredLevel ? `WHERE t < ${rawFromMs}` : ''
      const list = columns.map(({ name, type }) =>
        isPart(donor, name, type) ? `[${name}] AS ${name}` : `${quoted(keptAs(donor, name))} AS ${quoted(name)}`,
      )
      const source = `(SELECT ${list.join(', ')} FROM ${quoted(`before_${donor.name}`)} ${where})`
      await connection.run(`INSERT INTO ${quoted(table(level))} BY NAME ${fromCells('t', source)}`)
    }
  }
}

/** The column that had the figures of this one while it was none of its own; see `before` of `Quantity`. */
function keptAs({ columns }: CellTable, name: string): string {
  if (columns.some((own) => own.name === name)) return name
  const of = CELL_ACCUMULATORS.find(({ column }) => column === name)?.of
  if (of === undefined || !('quantity' in of) || of.quantity.before === undefined) return name
  return quantityColumn(of.quantity.before, of.part)
}

/** Columns without which a table of before is of no use: all but figures. */
function keyColumns(columns: CellTable['columns']): CellTable['columns'] {
  return columns.filter(({ name }) => !CELL_ACCUMULATORS.some(({ column }) => column === name))
}

/** Sketches once had a row for each of their buckets: a sketch with one. */
function isPart({ columns }: CellTable, name: string, type: string): boolean {
  return columns.some((own) => own.name === name && `${own.type}[]` === type)
}

/** The table of the same name, or else the one that counts most: some may have been kept of expired rows only. */
async function donorOf(
  connection: DuckDBConnection,
  name: string,
  keys: CellTable['columns'],
  before: readonly CellTable[],
): Promise<CellTable | undefined> {
  const [kind, ending] = endsOf(name)
  let best: { readonly table: CellTable; readonly counted: number } | undefined
  for (const table of before) {
    const { columns } = table
    const fits = keys.every(
      (key) =>
        columns.some((own) => own.name === key.name && own.type === key.type) || isPart(table, key.name, key.type),
    )
    if (!fits || endsOf(table.name)[0] !== kind || !table.name.endsWith(ending)) continue
    if (table.name === name) return table
    const counts = kind === 'cell' ? 'sum(c_events)' : 'count(*)'
    const [row] = await readRows(
      connection,
      `SELECT CAST(coalesce(${counts}, 0) AS BIGINT) FROM ${quoted(`before_${table.name}`)}`,
    )
    const counted = row?.[0] as number
    if (best === undefined || counted > best.counted) best = { table, counted }
  }
  return best?.table
}

/** `cell` or `sketch`, and what follows the name of the set: `_1h`, or `_duration_ms_1h`. */
function endsOf(table: string): readonly [kind: string, ending: string] {
  const level = table.slice(table.lastIndexOf('_'))
  if (table.startsWith('cell_')) return ['cell', level]
  const quantity = RANKED_QUANTITIES.find(({ name }) => table.endsWith(`_${name}${level}`))
  return ['sketch', `_${quantity?.name}${level}`]
}
