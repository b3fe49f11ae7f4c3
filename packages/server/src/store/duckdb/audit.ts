import type { DuckDBConnection } from '@duckdb/node-api'
import { COUNTER_OF, type Counter } from '@tallystick/core/query'
import {
  type Accumulator,
  CELL_ACCUMULATORS,
  type CellSet,
  cellTable,
  type Level,
  RANKED_QUANTITIES,
  sketchTable,
} from '../sql/cellsets.ts'
import { CELL_SETS, SKETCH_SETS } from './cellsets.ts'
import { readRows } from './chunk-reader.ts'
import type { Dictionary } from './dictionary.ts'
import { counterSql, quantitySql } from './expressions.ts'
import { lateEvents, type Meta, quoted, wholeFromMs } from './schema.ts'

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
  for (const [sets, compare] of [
    [CELL_SETS, compareFigures],
    [SKETCH_SETS, compareSketches],
  ] as const) {
    for (const cells of sets)
      for (const level of cells.levels) {
        const { inRows, inCells } = comparable(meta, level)
        for (const { name, rows, kept } of await compare(connection, dictionary, { cells, level, inRows, inCells }))
          if (rows !== kept)
            differences.push(`${name} of the ${cells.name} cells per ${level.name} is ${kept}; the rows have ${rows}.`)
      }
  }
  return {
    events: Number(events),
    expiredEvents: meta.expired_events,
    appliedOrdinal: meta.applied_ordinal,
    watermarkMs: meta.watermark_ms,
    differences,
  }
}

/** The cells of a level, and the rows they were made of, as conditions. */
interface Comparison {
  readonly cells: CellSet
  readonly level: Level
  readonly inRows: string
  readonly inCells: string
}

interface Compared {
  readonly name: string
  readonly rows: bigint | undefined
  readonly kept: bigint | undefined
}

function comparable(meta: Meta, level: Level): Pick<Comparison, 'inRows' | 'inCells'> {
  // A bucket that has lost rows to expiry can't be compared.
  const fromMs = Math.ceil(wholeFromMs(meta) / level.ms) * level.ms
  const toMs = Math.floor(meta.watermark_ms / level.ms) * level.ms
  return {
    inRows: `timestamp_ms >= ${fromMs} AND timestamp_ms < ${toMs} AND ordinal <= ${meta.sealed_ordinal}`,
    inCells: `t >= ${fromMs} AND t < ${toMs}`,
  }
}

async function compareFigures(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  { cells, inCells, inRows, level }: Comparison,
): Promise<readonly Compared[]> {
  const rowFigures = CELL_ACCUMULATORS.map((figure) => rowSql(figure, dictionary))
  const rows = await integers(connection, `SELECT ${rowFigures.join(', ')} FROM events WHERE ${inRows}`)
  const cellFigures = CELL_ACCUMULATORS.map(({ merge, column }) => `coalesce(${merge}(${quoted(column)}), 0)`)
  const table = quoted(cellTable(cells, level))
  const kept = await integers(connection, `SELECT ${cellFigures.join(', ')} FROM ${table} WHERE ${inCells}`)
  return CELL_ACCUMULATORS.map(({ column }, index) => ({ name: column, rows: rows[index], kept: kept[index] }))
}

async function compareSketches(
  connection: DuckDBConnection,
  _dictionary: Dictionary,
  { cells, inCells, inRows, level }: Comparison,
): Promise<readonly Compared[]> {
  return Promise.all(
    RANKED_QUANTITIES.map(async (quantity) => {
      const [rows] = await integers(connection, `SELECT count(${quantitySql(quantity)}) FROM events WHERE ${inRows}`)
      const table = quoted(sketchTable(cells, quantity, level))
      const sum = `SELECT coalesce(sum(list_sum(n)), 0) FROM ${table} WHERE ${inCells}`
      const [kept] = await integers(connection, sum)
      return { name: `the sketch of ${quantity.name}`, rows, kept }
    }),
  )
}

function rowSql({ of }: Accumulator, dictionary: Dictionary): string {
  if ('counter' in of) return `count(*) FILTER (WHERE ${counterSql(COUNTER_OF.get(of.counter) as Counter, dictionary)})`
  return `coalesce(${of.part}(${quantitySql(of.quantity)}), 0)`
}

async function integers(connection: DuckDBConnection, sql: string): Promise<readonly bigint[]> {
  const [row = []] = await readRows(connection, sql)
  return row.map((value) => BigInt(value as bigint | number))
}
