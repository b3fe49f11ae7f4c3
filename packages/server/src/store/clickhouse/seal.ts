import { COUNTER_OF, type Counter } from '@tallystick/core/query'
import {
  CELL_ACCUMULATORS,
  CELL_SETS,
  type CellSet,
  cellTable,
  columnOf,
  type Level,
  QUARTER_MS,
  RANKED_QUANTITIES,
  SKETCH_SETS,
  sketchTable,
} from '../sql/cellsets.ts'
import { quoted } from '../sql/columns.ts'
import { counterSql, quantitySql, sketchIndexSql } from '../sql/expressions.ts'
import type { Connection } from './connection.ts'
import { CLICKHOUSE } from './dialect.ts'
import { readApplied } from './journals.ts'
import { beyondSql, type Through, withinSql } from './places.ts'
import { VERSION, VERSION_FROM } from './schema.ts'
import { commitState, currentSql, lateSql, type State, sealOf, visibleSql } from './state.ts'

/**
 * Sealing: rows become cells, by the rule of the embedded store. What always holds, for each level with buckets of length L
 * and `W = floor(watermark, L)`: the level's cells are the aggregate of the rows before W up to the sealed ordinals. Rows that
 * come later are read as rows until the next sealing adds cells for them.
 */

/** Cells of one kind: figures, or one quantity's sketches. */
export interface Rollup {
  readonly set: CellSet
  readonly table: (level: Level) => string
  /** What makes cells of rows, given the start of a row's bucket and a condition. */
  readonly fromRows: (seal: number, time: string, where: string) => string
}

const dimensionsOf = (set: CellSet): readonly string[] =>
  set.dimensions.map((dimension) => quoted(columnOf(dimension).name))

function figures(set: CellSet): Rollup {
  const dimensions = dimensionsOf(set)
  const list = CELL_ACCUMULATORS.map(({ of }) => {
    if ('counter' in of) return CLICKHOUSE.count(counterSql(CLICKHOUSE, COUNTER_OF.get(of.counter) as Counter))
    const value = quantitySql(CLICKHOUSE, of.quantity)
    return of.part === 'sum' ? CLICKHOUSE.sum(value) : `${of.part}(${value})`
  })
  const order = ['t', ...dimensions].join(', ')
  return {
    set,
    table: (level) => cellTable(set, level),
    fromRows: (seal, time, where) =>
      `SELECT ${[`toUInt64(${seal})`, `${time} AS t`, ...dimensions, ...list].join(', ')}
       FROM events FINAL WHERE ${where} GROUP BY ${order} ORDER BY ${order}`,
  }
}

function sketches(set: CellSet): readonly Rollup[] {
  const dimensions = dimensionsOf(set)
  const keys = ['t', ...dimensions].join(', ')
  return RANKED_QUANTITIES.map((quantity) => {
    const value = quantitySql(CLICKHOUSE, quantity)
    return {
      set,
      table: (level) => sketchTable(set, quantity, level),
      fromRows: (seal, time, where) =>
        `SELECT toUInt64(${seal}), ${keys}, groupArray(i), groupArray(n) FROM (
           SELECT ${[`${time} AS t`, ...dimensions, `${sketchIndexSql(CLICKHOUSE, value)} AS i`, 'toInt64(count()) AS n'].join(', ')}
           FROM events FINAL WHERE ${value} IS NOT NULL AND ${where} GROUP BY ${keys}, i ORDER BY ${keys}, i
         ) GROUP BY ${keys} ORDER BY ${keys}`,
    }
  })
}

/** All kinds of cells, the figures first. */
export const ROLLUPS: readonly Rollup[] = [...CELL_SETS.map(figures), ...SKETCH_SETS.flatMap(sketches)]

export const floorSql = (instant: string, { ms }: Level): string => `(${instant} - ${instant} % ${ms})`
export const floorTo = (instantMs: number, ms: number): number => Math.floor(instantMs / ms) * ms
export const floorToQuarter = (instantMs: number): number => floorTo(instantMs, QUARTER_MS)

/** An insertion that was under way when a sealing looked is over by then, microseconds. */
const SLOWEST_INSERT = 900_000_000

/**
 * Seals everything before `toMs` (a quarter-hour, not before the watermark), and all late rows. False when another server did
 * something first: there is a newer state to begin from.
 */
export async function sealTo(connection: Connection, state: State, toMs: number, nonce: number): Promise<boolean> {
  const [clock] = await connection.rows('SELECT toUnixTimestamp64Micro(now64(6))')
  const applied = await readApplied(connection)
  const seal = sealOf(state, nonce)
  const late = await countLate(connection, state)
  let written = false
  for (const rollup of ROLLUPS) {
    for (const level of rollup.set.levels) {
      const fromMs = floorTo(state.watermarkMs, level.ms)
      const endMs = floorTo(toMs, level.ms)
      const due = [
        ...(fromMs < endMs ? [`(timestamp_ms >= ${fromMs} AND timestamp_ms < ${endMs})`] : []),
        ...(late > 0 ? [`(timestamp_ms < ${fromMs} AND ${lateSql(state)})`] : []),
      ]
      if (due.length === 0) continue
      const where = [`(${due.join(' OR ')})`, withinSql(applied), visibleSql(state), currentSql(state)]
      await insertCells(connection, rollup, level, seal, where)
      written = true
    }
  }
  return commitState(connection, state, nonce, {
    watermarkMs: toMs,
    sealed: applied,
    lateVersion: await lateVersionOf(connection, state, toMs, applied, Number(clock?.[0])),
    seals: written ? [...state.seals, seal] : state.seals,
  })
}

/** Makes the cells of one level from the rows of a condition. */
export async function insertCells(
  connection: Connection,
  { fromRows, table }: Rollup,
  level: Level,
  seal: number,
  where: readonly (string | undefined)[],
): Promise<void> {
  const condition = where.filter((part) => part !== undefined).join(' AND ')
  await connection.run(
    `INSERT INTO ${quoted(table(level))} ${fromRows(seal, floorSql('timestamp_ms', level), condition)}`,
  )
}

/** Rows before the watermark that no cell holds. */
export async function countLate(connection: Connection, state: State): Promise<number> {
  if (state.watermarkMs === 0) return 0
  const where = [`timestamp_ms < ${state.watermarkMs}`, lateSql(state), visibleSql(state)]
  const [row] = await connection.rows(
    `SELECT count() FROM events FINAL WHERE ${where.filter((part) => part !== undefined).join(' AND ')}`,
  )
  return Number(row?.[0] ?? 0)
}

/** From where on rows can be late: the first inserted of those that have been left out, and all that come from now on. */
async function lateVersionOf(
  connection: Connection,
  state: State,
  toMs: number,
  sealed: Through,
  nowMicros: number,
): Promise<number> {
  const [row] = await connection.rows(
    `SELECT max(${VERSION}) FROM events WHERE timestamp_ms < ${toMs} AND ${beyondSql(sealed)}
     AND (timestamp_ms >= ${state.watermarkMs} OR ${VERSION} <= ${state.lateVersion})`,
  )
  return Math.max(Number(row?.[0] ?? 0), VERSION_FROM - (nowMicros - SLOWEST_INSERT))
}
