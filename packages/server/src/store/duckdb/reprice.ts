import type { DuckDBConnection } from '@duckdb/node-api'
import type { FieldName } from '@tallystick/core/event'
import type { RepricedEvent } from '../repriced.ts'
import { CELL_ACCUMULATORS, type CellSet, cellTable, columnOf, DAY_MS } from '../sql/cellsets.ts'
import { CELL_SETS } from './cellsets.ts'
import { type Dictionary, OVERFLOW_CODE } from './dictionary.ts'
import { quantitySql } from './expressions.ts'
import { COLUMN_OF, type Column, type Meta, OVERFLOW, quoted } from './schema.ts'
import { addDeltas, type Rollup } from './seal.ts'

const columnName = (field: FieldName): string => quoted((COLUMN_OF.get(field) as Column).name)

const UP = columnName('repricedUpNanoUsd')
const DOWN = columnName('repricedDownNanoUsd')
const PRICE = columnName('repricedPriceId')
const AMOUNTS: ReadonlySet<FieldName> = new Set<FieldName>(['repricedUpNanoUsd', 'repricedDownNanoUsd'])

/** The figures of cells that a re-pricing moves: sums and counts, so that a cell moves by a difference. */
const MOVED = CELL_ACCUMULATORS.flatMap(({ column, type, of }) =>
  'quantity' in of && [...of.quantity.plus, ...of.quantity.minus].some((field) => AMOUNTS.has(field))
    ? [
        {
          column,
          type,
          value: quantitySql(of.quantity),
          part: of.part,
          fields: [...of.quantity.plus, ...of.quantity.minus],
        },
      ]
    : [],
)

/**
 * Gives rows their new prices, and the cells made of them what those differ by, inside the caller's transaction. Rows are found
 * by their ordinals; what is not there is passed over. Names new to the dictionary are the caller's to save.
 */
export async function repriceRows(
  connection: DuckDBConnection,
  meta: Meta,
  dictionary: Dictionary,
  changes: ReadonlyMap<number, RepricedEvent>,
): Promise<void> {
  if (changes.size === 0) return
  const { overflowed, within } = await stage(connection, dictionary, changes)
  await moveCells(connection, meta, within)
  const text = `, ${OVERFLOW} = CASE WHEN n.price_text IS NULL THEN ${OVERFLOW}
    ELSE json_merge_patch(coalesce(${OVERFLOW}, '{}'), json_object('${PRICE.slice(1, -1)}', n.price_text)) END`
  await connection.run(
    `UPDATE events SET ${UP} = n.up, ${DOWN} = n.down, ${PRICE} = n.price${overflowed ? text : ''}
      FROM temp.repriced n WHERE events.ordinal = n.ordinal AND ${within}`,
  )
  await connection.run('DROP TABLE temp.repriced')
}

/** Puts the changes into a table of their own; `within` bounds the rows, which lie in the file in the order of ordinals. */
async function stage(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  changes: ReadonlyMap<number, RepricedEvent>,
): Promise<{ readonly overflowed: boolean; readonly within: string }> {
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE repriced (ordinal BIGINT, up BIGINT, down BIGINT, price SMALLINT, price_text VARCHAR)',
  )
  const appender = await connection.createAppender('repriced', 'main', 'temp')
  const amount = (nano: number): void => (nano < 0 ? appender.appendNull() : appender.appendBigInt(BigInt(nano)))
  let first = Number.POSITIVE_INFINITY
  let last = 0
  let overflowed = false
  for (const { ordinal, differenceNanoUsd, priceId } of changes.values()) {
    first = Math.min(first, ordinal)
    last = Math.max(last, ordinal)
    const code = dictionary.code('repricedPriceId', priceId)
    overflowed ||= code === OVERFLOW_CODE
    appender.appendBigInt(BigInt(ordinal))
    amount(differenceNanoUsd)
    amount(differenceNanoUsd < 0 ? -differenceNanoUsd : -1)
    appender.appendSmallInt(code)
    if (code === OVERFLOW_CODE) appender.appendVarchar(priceId)
    else appender.appendNull()
    appender.endRow()
  }
  appender.closeSync()
  return { overflowed, within: `events.ordinal BETWEEN ${first} AND ${last}` }
}

/**
 * Takes from the cells what the sealed rows came to and adds what they will: delta cells, as late rows make them, merged by the
 * next compaction. Cells of what has expired keep what it came to by then.
 */
async function moveCells(connection: DuckDBConnection, meta: Meta, within: string): Promise<void> {
  const fields = [...new Set(MOVED.flatMap((figure) => figure.fields))].map(columnName)
  const dimensions = CELL_SETS.flatMap((set) => set.dimensions.map((dimension) => quoted(columnOf(dimension).name)))
  const kept = ['timestamp_ms', ...new Set([...dimensions, ...fields])].map((name) => `events.${name}`)
  const now = kept.map((name) => {
    if (name === `events.${UP}`) return `n.up AS ${UP}`
    return name === `events.${DOWN}` ? `n.down AS ${DOWN}` : name
  })
  const rows = (columns: readonly string[], weight: number): string =>
    `SELECT ${columns.join(', ')}, ${weight} AS weight FROM events JOIN temp.repriced n ON events.ordinal = n.ordinal
      WHERE ${within} AND events.timestamp_ms < ${meta.watermark_ms} AND events.ordinal <= ${meta.sealed_ordinal}`
  await connection.run(`CREATE OR REPLACE TEMP TABLE moved AS ${rows(kept, -1)} UNION ALL ${rows(now, 1)}`)
  for (const set of CELL_SETS) await addDeltas(connection, moves(set), meta.watermark_ms, 'temp.moved')
  await connection.run(
    `INSERT INTO late_days SELECT timestamp_ms - timestamp_ms % ${DAY_MS}, count(*) FROM temp.moved WHERE weight > 0 GROUP BY 1`,
  )
  await connection.run('DROP TABLE temp.moved')
}

/** Cells that hold nothing but the moves. */
function moves(set: CellSet): Rollup {
  const dimensions = set.dimensions.map((dimension) => quoted(columnOf(dimension).name))
  const select = (time: string, list: readonly string[], source: string): string =>
    `SELECT ${[`${time} AS t`, ...dimensions, ...list].join(', ')} FROM ${source} GROUP BY ALL`
  return {
    set,
    table: (level) => cellTable(set, level),
    fromRows: (time, source) =>
      select(
        time,
        MOVED.map(({ column, type, value, part }) => {
          const figure = part === 'sum' ? `sum(weight * ${value})` : `sum(weight) FILTER (WHERE ${value} IS NOT NULL)`
          return `CAST(${figure} AS ${type}) AS ${quoted(column)}`
        }),
        source,
      ),
    fromCells: (time, source) =>
      select(
        time,
        MOVED.map(({ column, type }) => `CAST(sum(${quoted(column)}) AS ${type}) AS ${quoted(column)}`),
        source,
      ),
  }
}
