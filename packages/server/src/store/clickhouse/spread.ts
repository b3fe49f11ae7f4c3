import { middleRanks } from '../spread.ts'
import { filtersSql, quantitySql } from '../sql/expressions.ts'
import type { Spread, SpreadRequest } from '../store.ts'
import { EVENTS } from './answer.ts'
import type { Connection } from './connection.ts'
import { CLICKHOUSE } from './dialect.ts'
import { type State, visibleSql } from './state.ts'

/**
 * Values by rank: one statement counts them and finds the ends, another sorts the values alone as far as the middle. The engine
 * sorts them in its own memory, 8 bytes each.
 */
export async function readSpread(
  connection: Connection,
  state: State,
  { absentAs, filters, fromMs, quantity, toMs }: SpreadRequest,
  signal?: AbortSignal,
): Promise<Spread | undefined> {
  const parameters = CLICKHOUSE.parameters()
  const known = quantitySql(CLICKHOUSE, quantity)
  const value = absentAs === undefined ? known : `coalesce(${known}, ${absentAs})`
  const where = [
    `timestamp_ms >= ${fromMs}`,
    `timestamp_ms < ${toMs}`,
    absentAs === undefined ? `${known} IS NOT NULL` : undefined,
    visibleSql(state),
    filtersSql(CLICKHOUSE, filters, parameters),
  ].filter((part) => part !== undefined)
  const source = `FROM (SELECT ${value} AS v FROM ${EVENTS} WHERE ${where.join(' AND ')})`
  const ask = (sql: string) => connection.rows(sql, { values: parameters.values, signal })
  const [ends] = await ask(`SELECT count(), min(v), max(v) ${source}`)
  const count = Number(ends?.[0] ?? 0)
  if (ends === undefined || count === 0) return undefined
  const [lower, upper] = middleRanks(count)
  const middle = (await ask(`SELECT v ${source} ORDER BY v LIMIT ${upper - lower + 1} OFFSET ${lower}`)).map(([v]) =>
    Number(v),
  )
  const [low = 0] = middle
  return { count, least: Number(ends[1]), middle: [low, middle.at(-1) ?? low], greatest: Number(ends[2]) }
}
