import type { FieldName } from '@tallystick/core/event'
import type { RepricingNews } from '../repriced.ts'
import { CELL_ACCUMULATORS, CELL_SETS, type CellSet, cellTable, columnOf, type Level } from '../sql/cellsets.ts'
import { quoted } from '../sql/columns.ts'
import { columnSql, quantitySql } from '../sql/expressions.ts'
import { EVENTS } from './answer.ts'
import type { Connection } from './connection.ts'
import { CLICKHOUSE, literal } from './dialect.ts'
import { withinSql } from './places.ts'
import { PLACE, PLACES, SEAL } from './schema.ts'
import { floorSql, floorTo } from './seal.ts'
import { commitState, currentSql, readState, type State, sealOf, visibleSql } from './state.ts'

const UP = columnSql('repricedUpNanoUsd')
const DOWN = columnSql('repricedDownNanoUsd')
const PRICE = columnSql('repricedPriceId')
const AMOUNTS: ReadonlySet<FieldName> = new Set<FieldName>(['repricedUpNanoUsd', 'repricedDownNanoUsd'])

/** The figures of cells that a re-pricing moves: sums and counts, so that a cell moves by a difference. */
const MOVED = CELL_ACCUMULATORS.flatMap(({ column, of }) => {
  if (!('quantity' in of)) return []
  const fields = [...of.quantity.plus, ...of.quantity.minus]
  if (!fields.some((field) => AMOUNTS.has(field))) return []
  const value = quantitySql(CLICKHOUSE, of.quantity)
  const moved = of.part === 'sum' ? `sum(weight * toInt128(${value}))` : `sumIf(weight, ${value} IS NOT NULL)`
  return [{ column, fields, moved }]
})

/** The new prices of one re-pricing, by place; named after its sealing, so that none meets another's. */
const pricesOf = (seal: number): string => `repricing_${seal}`

/** What a row is to come to, by its place: an expression for a column of the prices. */
type NewPrice = (column: 'up' | 'down' | 'price') => string

/** The database is named: rows are changed by the engine itself, which has none of its own. */
async function newPrices(connection: Connection, seal: number): Promise<NewPrice> {
  const [row] = await connection.rows('SELECT currentDatabase()')
  const table = literal(`${row?.[0]}.${pricesOf(seal)}`)
  return (column) => `joinGet(${table}, '${column}', ${PLACE})`
}

/**
 * Keeps what rows come to now, and moves the cells made of them by what that differs. First the cells, together with the note
 * that rows are to follow; then the rows. Whoever comes after a crash in between, or from another server, finishes that first.
 *
 * @returns false when another server did something first
 */
export async function beginRepricing(
  connection: Connection,
  state: State,
  journal: number,
  { changes, fromMs, ordinal, toMs }: RepricingNews,
  nonce: number,
): Promise<boolean> {
  const seal = sealOf(state, nonce)
  const prices = pricesOf(seal)
  await connection.run(
    `CREATE TABLE IF NOT EXISTS ${prices} (${PLACE} Int64, up Nullable(Int64), down Nullable(Int64), price Nullable(String)) ENGINE = Join(ANY, LEFT, ${PLACE})`,
  )
  const rows = [...changes.values()].map(({ differenceNanoUsd: nano, ordinal: at, priceId }) => [
    journal * PLACES + at,
    nano < 0 ? null : nano,
    nano < 0 ? -nano : null,
    priceId,
  ])
  if (rows.length > 0) await connection.insert(prices, [PLACE, 'up', 'down', 'price'], rows)
  const where = [
    `timestamp_ms >= ${fromMs}`,
    `${PLACE} IN (SELECT ${PLACE} FROM ${prices})`,
    withinSql(state.sealed),
    visibleSql(state),
    currentSql(state),
  ].filter((part) => part !== undefined)
  const price = await newPrices(connection, seal)
  for (const set of CELL_SETS) {
    for (const level of set.levels) {
      const sealedMs = Math.min(toMs, floorTo(state.watermarkMs, level.ms))
      if (sealedMs > fromMs)
        await connection.run(moveCells(set, level, seal, price, [...where, `timestamp_ms < ${sealedMs}`].join(' AND ')))
    }
  }
  const repriced = [...state.repriced.filter(([of]) => of !== journal), [journal, ordinal] as const]
  const done = await commitState(connection, state, nonce, {
    seals: [...state.seals, seal],
    repricing: { seal, fromMs, toMs },
    repriced,
  })
  if (!done) await connection.run(`DROP TABLE IF EXISTS ${prices} SYNC`)
  return done
}

/** Takes from the cells what the sealed rows came to and adds what they will. */
function moveCells(set: CellSet, level: Level, seal: number, price: NewPrice, where: string): string {
  const dimensions = set.dimensions.map((dimension) => quoted(columnOf(dimension).name))
  const fields = [...new Set(MOVED.flatMap((figure) => figure.fields))].map(columnSql)
  const rows = (values: readonly string[], weight: number): string =>
    `SELECT ${[`${floorSql('timestamp_ms', level)} AS t`, ...dimensions, ...values].join(', ')}, toInt64(${weight}) AS weight FROM ${EVENTS} WHERE ${where}`
  const now = fields.map((field) => {
    if (field === UP) return `${price('up')} AS ${UP}`
    return field === DOWN ? `${price('down')} AS ${DOWN}` : field
  })
  const keys = ['t', ...dimensions].join(', ')
  const columns = [SEAL, 't', ...dimensions, ...MOVED.map(({ column }) => quoted(column))].join(', ')
  return `INSERT INTO ${quoted(cellTable(set, level))} (${columns})
    SELECT toUInt64(${seal}), ${keys}, ${MOVED.map(({ moved }) => moved).join(', ')}
    FROM (${rows(fields, -1)} UNION ALL ${rows(now, 1)}) GROUP BY ${keys}`
}

/** The state with no rows that await their new prices: gives those to them that do. */
export async function settledState(connection: Connection, nonce: () => number): Promise<State> {
  for (;;) {
    const state = await readState(connection)
    if (state.repricing === undefined) return state
    const { fromMs, seal, toMs } = state.repricing
    const prices = pricesOf(seal)
    const [there] = await connection.rows(
      'SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = {p1:String}',
      { values: [prices] },
    )
    // Another server has finished it, and is about to say so.
    if (Number(there?.[0]) > 0) {
      const [rows] = await connection.rows(`SELECT count() FROM ${prices}`)
      const price = await newPrices(connection, seal)
      if (Number(rows?.[0]) > 0)
        await connection.run(
          `ALTER TABLE events UPDATE ${UP} = ${price('up')}, ${DOWN} = ${price('down')}, ${PRICE} = ${price('price')}
           WHERE timestamp_ms >= ${fromMs} AND timestamp_ms < ${toMs} AND ${PLACE} IN (SELECT ${PLACE} FROM ${prices})`,
          { settings: { allow_nondeterministic_mutations: 1 } },
        )
    }
    await commitState(connection, state, nonce(), { repricing: undefined })
    await connection.run(`DROP TABLE IF EXISTS ${prices} SYNC`)
  }
}
