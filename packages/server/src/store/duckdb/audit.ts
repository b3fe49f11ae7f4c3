import type { DuckDBConnection } from '@duckdb/node-api'
import { COUNTER_OF, type Counter } from '@tallystick/core/query'
import {
  type Accumulator,
  CELL_ACCUMULATORS,
  CELL_SETS,
  type CellSet,
  cellTable,
  type Level,
  RANKED_QUANTITIES,
  sketchTable,
} from './cellsets.ts'
import { readRows } from './chunk-reader.ts'
import type { Dictionary } from './dictionary.ts'
import { counterSql, quantitySql } from './expressions.ts'
import { lateEvents, type Meta, quoted } from './schema.ts'

/** What {@link auditStore} found. */
export interface AuditReport {
  /** Rows in the store, and rows that have expired since the last clear. */
  readonly events: number
  readonly expiredEvents: number
  readonly appliedOrdinal: number
  /** Cells hold everything before this instant, ms since 1970 UTC. */
  readonly watermarkMs: number
  /** Sentences, one for each thing that does not agree; empty when all is well. */
  readonly differences: readonly string[]
}

/**
 * Compares, within one snapshot, every figure of every cell set at every level, and every sketch, with the same figure of
 * the rows the cells were made of; and the rows with the state beside them. Only what still has its rows is compared.
 */
export async function auditStore(
  connection: DuckDBConnection,
  meta: Meta,
  dictionary: Dictionary,
): Promise<AuditReport> {
  const differences: string[] = []
  const [events, ordinals, greatest, late] = await integers(
    connection,
    `SELECT count(*), count(DISTINCT ordinal), coalesce(max(ordinal), 0),
      count(*) FILTER (WHERE timestamp_ms < ${meta.watermark_ms} AND ordinal > ${meta.sealed_ordinal}) FROM events`,
  )
  if (events !== ordinals) differences.push(`${events} rows have ${ordinals} different ordinals.`)
  if ((greatest as bigint) > BigInt(meta.applied_ordinal)) {
    differences.push(`A row has ordinal ${greatest}, but only ${meta.applied_ordinal} is said to be applied.`)
  }
  if ((late as bigint) > BigInt(lateEvents(meta)))
    differences.push(`${late} rows are late, but only ${lateEvents(meta)} are said to be.`)
  for (const cells of CELL_SETS) {
    for (const level of cells.levels)
      differences.push(...(await compareLevel(connection, meta, dictionary, cells, level)))
  }
  return {
    events: Number(events),
    expiredEvents: meta.expired_events,
    appliedOrdinal: meta.applied_ordinal,
    watermarkMs: meta.watermark_ms,
    differences,
  }
}

async function compareLevel(
  connection: DuckDBConnection,
  meta: Meta,
  dictionary: Dictionary,
  cells: CellSet,
  level: Level,
): Promise<readonly string[]> {
  // A bucket that has lost rows to expiry can't be compared.
  const fromMs = Math.ceil(meta.raw_from_ms / level.ms) * level.ms
  const toMs = Math.floor(meta.watermark_ms / level.ms) * level.ms
  const inRows = `timestamp_ms >= ${fromMs} AND timestamp_ms < ${toMs} AND ordinal <= ${meta.sealed_ordinal}`
  const inCells = `t >= ${fromMs} AND t < ${toMs}`
  const differences: string[] = []
  const check = (name: string, rows: bigint | undefined, kept: bigint | undefined): void => {
    if (rows !== kept)
      differences.push(`${name} of the ${cells.name} cells per ${level.name} is ${kept}; the rows have ${rows}.`)
  }

  const rowFigures = CELL_ACCUMULATORS.map((figure) => rowSql(figure, dictionary))
  const fromRows = await integers(connection, `SELECT ${rowFigures.join(', ')} FROM events WHERE ${inRows}`)
  const cellFigures = CELL_ACCUMULATORS.map(({ merge, column }) => `coalesce(${merge}(${quoted(column)}), 0)`)
  const fromCells = await integers(
    connection,
    `SELECT ${cellFigures.join(', ')} FROM ${quoted(cellTable(cells, level))} WHERE ${inCells}`,
  )
  for (const [index, { column }] of CELL_ACCUMULATORS.entries()) check(column, fromRows[index], fromCells[index])

  for (const quantity of cells.sketches ? RANKED_QUANTITIES : []) {
    const [rows] = await integers(connection, `SELECT count(${quantitySql(quantity)}) FROM events WHERE ${inRows}`)
    const [kept] = await integers(
      connection,
      `SELECT coalesce(sum(n), 0) FROM ${quoted(sketchTable(cells, quantity, level))} WHERE ${inCells}`,
    )
    check(`the sketch of ${quantity.name}`, rows, kept)
  }
  return differences
}

function rowSql({ of }: Accumulator, dictionary: Dictionary): string {
  if ('counter' in of) return `count(*) FILTER (WHERE ${counterSql(COUNTER_OF.get(of.counter) as Counter, dictionary)})`
  return `coalesce(${of.part}(${quantitySql(of.quantity)}), 0)`
}

async function integers(connection: DuckDBConnection, sql: string): Promise<readonly bigint[]> {
  const [row = []] = await readRows(connection, sql)
  return row.map((value) => BigInt(value as bigint | number))
}
