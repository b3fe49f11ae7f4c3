import { COUNTER_OF, type Counter } from '@tallystick/core/query'
import {
  CELL_ACCUMULATORS,
  CELL_SETS,
  cellTable,
  LEVELS,
  RANKED_QUANTITIES,
  SKETCH_SETS,
  sketchTable,
} from '../sql/cellsets.ts'
import { quoted } from '../sql/columns.ts'
import { counterSql, quantitySql } from '../sql/expressions.ts'
import type { StoreAudit } from '../store.ts'
import { EVENTS } from './answer.ts'
import type { Connection, Row } from './connection.ts'
import { CLICKHOUSE } from './dialect.ts'
import { withinSql } from './places.ts'
import { floorTo } from './seal.ts'
import { type State, sealsSql, visibleSql } from './state.ts'

/** Compares every figure of every cell set at every level, and every sketch, with the rows the cells were made of. */
export async function auditStore(connection: Connection, state: State): Promise<StoreAudit> {
  const wholeMs = Math.max(state.rawFromMs, state.kindsFromMs)
  const ranges = new Map(
    LEVELS.map(({ ms, name }) => [name, [Math.ceil(wholeMs / ms) * ms, floorTo(state.watermarkMs, ms)] as const]),
  )
  const rows = await connection.rows(
    [...ranges]
      .map(([level, [fromMs, toMs]]) => {
        const where = [
          `timestamp_ms >= ${fromMs}`,
          `timestamp_ms < ${toMs}`,
          withinSql(state.sealed),
          visibleSql(state),
        ]
        return `SELECT '${level}', ${[...ROW_FIGURES, ...ROW_COUNTS].join(', ')} FROM ${EVENTS} WHERE ${where.filter((part) => part !== undefined).join(' AND ')}`
      })
      .join(' UNION ALL '),
  )
  const ofRows = new Map(rows.map((row) => [row[0] as string, row.slice(1)]))
  const within = (level: string): string => {
    const [fromMs, toMs] = ranges.get(level as '15m') as readonly [number, number]
    return `t >= ${fromMs} AND t < ${toMs} AND ${sealsSql(state)}`
  }
  const cells = await connection.rows(
    CELL_SETS.flatMap(({ levels, name, ...set }) =>
      levels.map(
        (level) =>
          `SELECT '${name}', '${level.name}', ${CELL_FIGURES.join(', ')} FROM ${quoted(cellTable({ ...set, levels, name }, level))} WHERE ${within(level.name)}`,
      ),
    ).join(' UNION ALL '),
  )
  const sketches = await connection.rows(
    SKETCH_SETS.flatMap((set) =>
      set.levels.flatMap((level) =>
        RANKED_QUANTITIES.map(
          (quantity, index) =>
            `SELECT '${set.name}', '${level.name}', ${index}, toInt64(sum(arraySum(n))) FROM ${quoted(sketchTable(set, quantity, level))} WHERE ${within(level.name)}`,
        ),
      ),
    ).join(' UNION ALL '),
  )
  const differences: string[] = []
  const compare = (what: string, set: unknown, level: unknown, kept: unknown, has: unknown): void => {
    if (String(kept ?? 0) !== String(has ?? 0))
      differences.push(`${what} of the ${set} cells per ${level} is ${kept}; the rows have ${has}.`)
  }
  for (const [set, level, ...kept] of cells) {
    const has = ofRows.get(level as string) as Row
    for (const [index, { column }] of CELL_ACCUMULATORS.entries()) compare(column, set, level, kept[index], has[index])
  }
  for (const [set, level, index, kept] of sketches) {
    const has = ofRows.get(level as string) as Row
    const { name } = RANKED_QUANTITIES[index as number] as (typeof RANKED_QUANTITIES)[number]
    compare(`the sketch of ${name}`, set, level, kept, has[CELL_ACCUMULATORS.length + (index as number)])
  }
  return { differences }
}

const CELL_FIGURES: readonly string[] = CELL_ACCUMULATORS.map(({ column, merge }) => {
  const figure = `${merge}(${quoted(column)})`
  return `toInt128(coalesce(${figure}, 0))`
})

const ROW_FIGURES: readonly string[] = CELL_ACCUMULATORS.map(({ of }) => {
  if ('counter' in of)
    return `toInt128(${CLICKHOUSE.count(counterSql(CLICKHOUSE, COUNTER_OF.get(of.counter) as Counter))})`
  const value = quantitySql(CLICKHOUSE, of.quantity)
  return `toInt128(coalesce(${of.part === 'sum' ? CLICKHOUSE.sum(value) : `${of.part}(${value})`}, 0))`
})

const ROW_COUNTS: readonly string[] = RANKED_QUANTITIES.map(
  (quantity) => `toInt128(count(${quantitySql(CLICKHOUSE, quantity)}))`,
)
