import type { DuckDBConnection } from '@duckdb/node-api'
import { COUNTER_OF, type Counter, type Quantity } from '@tallystick/core/query'
import {
  CELL_ACCUMULATORS,
  type CellSet,
  cellTable,
  columnOf,
  DAY_MS,
  type Level,
  QUARTER_MS,
  RANKED_QUANTITIES,
  sketchTable,
  storedLevels,
} from '../sql/cellsets.ts'
import { CELL_SETS, SKETCH_SETS } from './cellsets.ts'
import { readRows } from './chunk-reader.ts'
import type { Dictionary } from './dictionary.ts'
import { counterSql, quantitySql, sketchIndexSql } from './expressions.ts'
import { lateEvents, type Meta, quoted, type Sealed } from './schema.ts'

/**
 * Sealing: rows become cells.
 *
 * What always holds, for each level with buckets of length L and `W = floor(watermark, L)`: the level's cells are the
 * aggregate of the rows before W with an ordinal up to `sealed_ordinal`. A row that comes late (before the watermark) is
 * read as a row, found by its ordinal, until the next sealing adds a delta cell for it; compaction merges deltas.
 *
 * Cells of an `expiredLevel` are the aggregate of exactly the rows that have been deleted for their age.
 */

/** Cells of one kind at all their levels: figures, or one quantity's sketches. */
export interface Rollup {
  readonly set: CellSet
  readonly table: (level: Level) => string
  /** What makes cells of rows. */
  readonly fromRows: (time: string, source: string) => string
  /** What merges cells. */
  readonly fromCells: (time: string, source: string) => string
}

/** All kinds of cells, the figures first. */
export function rollups(dictionary: Dictionary): readonly Rollup[] {
  return [
    ...CELL_SETS.map((set) => figures(set, dictionary)),
    ...SKETCH_SETS.flatMap((set) => RANKED_QUANTITIES.map((quantity) => sketches(set, quantity))),
  ]
}

const dimensionsOf = (set: CellSet): readonly string[] =>
  set.dimensions.map((dimension) => quoted(columnOf(dimension).name))

function figures(set: CellSet, dictionary: Dictionary): Rollup {
  const dimensions = dimensionsOf(set)
  const fromRow = CELL_ACCUMULATORS.map(({ of, column, type }) => {
    const figure =
      'counter' in of
        ? `count(*) FILTER (WHERE ${counterSql(COUNTER_OF.get(of.counter) as Counter, dictionary)})`
        : `${of.part}(${quantitySql(of.quantity)})`
    return `CAST(${figure} AS ${type}) AS ${quoted(column)}`
  })
  const fromCell = CELL_ACCUMULATORS.map(
    ({ merge, column, type }) => `CAST(${merge}(${quoted(column)}) AS ${type}) AS ${quoted(column)}`,
  )
  const order = ['t', ...dimensions].join(', ')
  const select = (time: string, list: readonly string[], source: string): string =>
    `SELECT ${[`${time} AS t`, ...dimensions, ...list].join(', ')} FROM ${source} GROUP BY ALL ORDER BY ${order}`
  return {
    set,
    table: (level) => cellTable(set, level),
    fromRows: (time, source) => select(time, fromRow, source),
    fromCells: (time, source) => select(time, fromCell, source),
  }
}

function sketches(set: CellSet, quantity: Quantity): Rollup {
  const dimensions = dimensionsOf(set).join(', ')
  const value = quantitySql(quantity)
  // Sorted before they are gathered: the engine's own ordered lists take several times as long.
  const gather = (counts: string): string =>
    `SELECT t, ${dimensions}, list(i) AS i, list(n) AS n FROM (${counts} GROUP BY ALL ORDER BY ALL) GROUP BY ALL ORDER BY ALL`
  return {
    set,
    table: (level) => sketchTable(set, quantity, level),
    fromRows: (time, source) =>
      gather(
        `SELECT ${time} AS t, ${dimensions}, ${sketchIndexSql(value)} AS i, count(*) AS n FROM ${source} WHERE ${value} IS NOT NULL`,
      ),
    fromCells: (time, source) =>
      gather(
        `SELECT t, ${dimensions}, i, CAST(sum(n) AS BIGINT) AS n FROM (SELECT ${time} AS t, ${dimensions}, unnest(i) AS i, unnest(n) AS n FROM ${source})`,
      ),
  }
}

export const floorSql = (instant: string, level: Level): string => `(${instant} - ${instant} % ${level.ms})`
export const floorTo = (instantMs: number, ms: number): number => Math.floor(instantMs / ms) * ms

/** What is sealed after one {@link SealStep}. */
export type SealedNow = Pick<Sealed, 'watermark_ms' | 'sealed_ordinal' | 'late_sealed'>

/**
 * Takes one step: the watermark moves to `toMs` (a quarter-hour, not before it stands now) and late rows are taken in. Runs
 * inside the caller's transaction, which must also store what is returned.
 *
 * @param meta as that transaction reads it: rows that are appended meanwhile are in neither
 */
export async function sealStep(
  connection: DuckDBConnection,
  meta: Meta,
  dictionary: Dictionary,
  { toMs, toOrdinal = meta.applied_ordinal }: SealStep,
): Promise<SealedNow> {
  const fromMs = meta.watermark_ms
  const lateRows = `ordinal > ${meta.sealed_ordinal} AND ordinal <= ${toOrdinal} AND timestamp_ms < ${fromMs}`
  const late = lateEvents(meta) > 0
  for (const rollup of rollups(dictionary)) {
    if (late) await addDeltas(connection, rollup, fromMs, `(FROM events WHERE ${lateRows})`)
    await sealNew(connection, rollup, fromMs, toMs)
  }
  await connection.run('DROP TABLE IF EXISTS temp.deltas')
  if (!late) return { watermark_ms: toMs, sealed_ordinal: toOrdinal, late_sealed: meta.late_total }
  await connection.run(
    `INSERT INTO late_days SELECT timestamp_ms - timestamp_ms % ${DAY_MS}, count(*) FROM events WHERE ${lateRows} GROUP BY 1`,
  )
  if (toOrdinal === meta.applied_ordinal) {
    return { watermark_ms: toMs, sealed_ordinal: toOrdinal, late_sealed: meta.late_total }
  }
  const [taken] = await readRows(connection, `SELECT count(*) FROM events WHERE ${lateRows}`)
  return { watermark_ms: toMs, sealed_ordinal: toOrdinal, late_sealed: meta.late_sealed + (taken?.[0] as number) }
}

/** Delta cells of rows, late ones for example, in buckets that were sealed before. */
export async function addDeltas(
  connection: DuckDBConnection,
  { fromCells, fromRows, set, table }: Rollup,
  watermarkMs: number,
  rows: string,
): Promise<void> {
  const [finest] = set.levels
  if (finest === undefined) return
  const deltas = fromRows(floorSql('timestamp_ms', finest), rows)
  await connection.run(`CREATE OR REPLACE TEMP TABLE deltas AS ${deltas}`)
  for (const level of set.levels) {
    const sealed = `(FROM temp.deltas WHERE t < ${floorTo(watermarkMs, level.ms)})`
    const cells = level === finest ? sealed : fromCells(floorSql('t', level), sealed)
    await connection.run(`INSERT INTO ${quoted(table(level))} BY NAME ${cells}`)
  }
}

/**
 * Cells of the buckets that end with the watermark's move. Those of a coarser level are merged from the level below, which
 * by then holds the late rows of all its buckets.
 */
async function sealNew(
  connection: DuckDBConnection,
  { fromCells, fromRows, set, table }: Rollup,
  fromMs: number,
  toMs: number,
): Promise<void> {
  let below: Level | undefined
  for (const level of set.levels) {
    const startMs = floorTo(fromMs, level.ms)
    const endMs = floorTo(toMs, level.ms)
    if (startMs < endMs) {
      const cells =
        below === undefined
          ? fromRows(
              floorSql('timestamp_ms', level),
              `(FROM events WHERE timestamp_ms >= ${startMs} AND timestamp_ms < ${endMs})`,
            )
          : fromCells(floorSql('t', level), `(FROM ${quoted(table(below))} WHERE t >= ${startMs} AND t < ${endMs})`)
      await connection.run(`INSERT INTO ${quoted(table(level))} BY NAME ${cells}`)
    }
    below = level
  }
}
/** Makes the cells of rows that are about to be deleted, inside the transaction that does that. */
export async function keepExpired(connection: DuckDBConnection, dictionary: Dictionary, where: string): Promise<void> {
  for (const { table, set, fromRows } of rollups(dictionary)) {
    const { expiredLevel: level } = set
    if (level === undefined) continue
    const cells = fromRows(floorSql('timestamp_ms', level), `(FROM events WHERE ${where})`)
    await connection.run(`INSERT INTO ${quoted(table(level))} BY NAME ${cells}`)
  }
}

/** Days merged in one transaction: each commit ends with the engine rewriting every table that it has touched. */
const MOST_DAYS = 100
/** Cells merged in one transaction, about: some 300 bytes each, of which several times as many as are memory would go through the disk. */
const MOST_CELLS = 200_000

/** UTC days whose delta cells are due to be merged, those of one transaction together. */
export async function compactionBatches(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  leastEvents: number,
  leastSteps: number,
): Promise<readonly (readonly number[])[]> {
  const due = `HAVING sum(events) >= ${leastEvents} AND count(*) >= ${leastSteps}`
  const sql = `SELECT day_ms FROM late_days GROUP BY 1 ${due} ORDER BY 1`
  const days = ((await readRows(connection, sql)) as [number][]).map(([day]) => day)
  const [first, last] = [days[0], days.at(-1)]
  if (first === undefined || last === undefined) return []
  const counts = rollups(dictionary).flatMap(({ set, table }) =>
    storedLevels(set)
      .filter(({ ms }) => ms <= DAY_MS)
      .map((level) => `SELECT t FROM ${quoted(table(level))} WHERE t >= ${first} AND t < ${last + DAY_MS}`),
  )
  const perDay = `SELECT t - t % ${DAY_MS} AS day, count(*) FROM (${counts.join(' UNION ALL ')}) GROUP BY 1`
  const cells = new Map((await readRows(connection, perDay)) as [number, number][])
  const batches: number[][] = []
  let [batch, room]: [number[], number] = [[], 0]
  for (const day of days) {
    const count = cells.get(day) ?? 0
    if (batches.length === 0 || room < count || batch.length === MOST_DAYS) {
      batch = []
      batches.push(batch)
      room = MOST_CELLS
    }
    batch.push(day)
    room -= count
  }
  return batches
}

/** Merges the delta cells of some UTC days, inside the caller's transaction. */
export async function compactDays(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  days: readonly number[],
): Promise<void> {
  const within = days.map((dayMs) => `(t >= ${dayMs} AND t < ${dayMs + DAY_MS})`).join(' OR ')
  for (const { table, set, fromCells } of rollups(dictionary)) {
    for (const level of storedLevels(set)) {
      const target = quoted(table(level))
      const where = level.ms > DAY_MS ? `t IN (${bucketsOf(days, level).join(', ')})` : within
      await connection.run(
        `CREATE OR REPLACE TEMP TABLE compacted AS ${fromCells('t', `(FROM ${target} WHERE ${where})`)}`,
      )
      await connection.run(`DELETE FROM ${target} WHERE ${where}`)
      await connection.run(`INSERT INTO ${target} BY NAME FROM temp.compacted`)
    }
  }
  await connection.run('DROP TABLE IF EXISTS temp.compacted')
  await connection.run(`DELETE FROM late_days WHERE day_ms IN (${days.join(', ')})`)
}

const bucketsOf = (days: readonly number[], { ms }: Level): readonly number[] => [
  ...new Set(days.map((dayMs) => floorTo(dayMs, ms))),
]

/** Rows sealed in one transaction, about; a quarter-hour is never split. */
const SLICE_ROWS = 100_000

/** One step of sealing; each is a transaction of its own. */
export interface SealStep {
  /** Where the watermark comes to stand. */
  readonly toMs: number
  /** Only late rows up to this ordinal; then the watermark stays where it is. */
  readonly toOrdinal?: number
}

/**
 * The steps from the watermark to `toMs`, so that sealing a long import needs little memory: late rows first, in the order
 * they came, then forward in time. The last goes to `toMs` and takes in all that is late by then.
 */
export async function sealSteps(
  connection: DuckDBConnection,
  meta: Meta,
  toMs: number,
  sliceRows: number = SLICE_ROWS,
): Promise<readonly SealStep[]> {
  const { watermark_ms: watermarkMs, sealed_ordinal: sealedOrdinal } = meta
  const counts = async (key: string, where: string): Promise<readonly number[]> => {
    const sql = `SELECT ${key} AS k, count(*) AS n FROM events WHERE ${where} GROUP BY 1 ORDER BY 1`
    return ends((await readRows(connection, sql)) as [number, number][], sliceRows)
  }
  const late =
    lateEvents(meta) < sliceRows
      ? []
      : await counts(`ordinal // ${sliceRows}`, `timestamp_ms < ${watermarkMs} AND ordinal > ${sealedOrdinal}`)
  const quarters = await counts(
    `timestamp_ms // ${QUARTER_MS}`,
    `timestamp_ms >= ${watermarkMs} AND timestamp_ms < ${toMs}`,
  )
  return [
    ...late.map((end) => ({ toMs: watermarkMs, toOrdinal: Math.min(end * sliceRows - 1, meta.applied_ordinal) })),
    ...quarters.map((end) => ({ toMs: end * QUARTER_MS })).filter((step) => step.toMs < toMs),
    { toMs },
  ]
}

/** The keys behind which enough rows have come together. */
export function ends(counted: readonly (readonly [key: number, rows: number])[], sliceRows: number): readonly number[] {
  let rows = 0
  return counted.flatMap(([key, count]) => {
    rows += count
    if (rows < sliceRows) return []
    rows = 0
    return [key + 1]
  })
}

export const floorToQuarter = (instantMs: number): number => floorTo(instantMs, QUARTER_MS)
