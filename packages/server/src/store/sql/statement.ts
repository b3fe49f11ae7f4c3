import type { Measure, Plan, PlannedQuantity, Query } from '@tallystick/core/query'
import { type CellSet, cellTable, counterColumn, type Level, quantityColumn, sketchTable } from './cellsets.ts'
import { quoted } from './columns.ts'
import type { Dialect, GroupDecoder } from './dialect.ts'
import { bucketSql, counterSql, filtersSql, quantitySql, sketchIndexSql } from './expressions.ts'
import type { QueryRoute, Segment } from './plan.ts'

/** A query as SQL. Its columns: bucket number when there is an interval, one for each group, then figures. */
export interface Statement {
  readonly sql: string
  readonly values: readonly string[]
  readonly groups: readonly GroupDecoder[]
}

export interface StatementInput {
  readonly query: Query
  readonly plan: Plan
  readonly route: QueryRoute
  readonly bucketStarts: readonly number[]
  readonly dialect: Dialect
  /** What rows are read from. */
  readonly events: string
  /** Tells rows before the watermark that are in no cell; absent when there are none. */
  readonly late?: string | undefined
  /** What more must be true of a row, or of a cell, to be read. */
  readonly visible?: { readonly row?: string | undefined; readonly cell?: string | undefined } | undefined
}

/** Greatest integer that a DOUBLE, and a JavaScript number, holds exactly together with all below it. */
const SAFE = Number.MAX_SAFE_INTEGER

/** One figure of a cell: how rows make it, how cells keep it, how parts of it merge. */
export interface Figure {
  readonly row: string
  readonly cell: string
  readonly merge: 'sum' | 'min' | 'max'
  /** Can it pass 2^53? Then it takes two columns: DOUBLE while it is safe, HUGEINT beyond. */
  readonly wide: boolean
}

/** Every counter of the plan, then for each quantity sum, count and, if the plan keeps them, minimum and maximum. */
export function figuresOf(plan: Plan, dialect: Dialect): readonly Figure[] {
  return [
    ...plan.counters.map(
      (counter): Figure => ({
        row: dialect.integer(
          counter.where.length === 0 ? dialect.count() : dialect.count(counterSql(dialect, counter)),
          64,
        ),
        cell: dialect.integer(`sum(${quoted(counterColumn(counter.name))})`, 64),
        merge: 'sum',
        wide: false,
      }),
    ),
    ...plan.quantities.flatMap(({ quantity, extremes }): Figure[] => {
      const value = quantitySql(dialect, quantity)
      const figure = (part: 'sum' | 'count' | 'min' | 'max'): Figure => {
        const merge = part === 'min' || part === 'max' ? part : 'sum'
        const cell = `${merge}(${quoted(quantityColumn(quantity.name, part))})`
        const row = part === 'sum' ? dialect.sum(value) : `${part}(${value})`
        return {
          row: part === 'count' ? dialect.integer(row, 64) : row,
          cell: part === 'count' ? dialect.integer(cell, 64) : cell,
          merge,
          wide: part === 'sum',
        }
      }
      return [figure('sum'), figure('count'), ...(extremes ? [figure('min'), figure('max')] : [])]
    }),
  ]
}

/** The expression of a measure over the merged figures, when it is one of them; groups can be ranked by it in the engine. */
export function figureOfMeasure(
  plan: Plan,
  measure: Measure,
): { readonly index: number; readonly zero: boolean } | undefined {
  if (measure.of === 'counter')
    return { index: plan.counters.findIndex(({ name }) => name === measure.counter), zero: true }
  if (measure.of === 'ratio' || measure.of === 'avg' || measure.of === 'quantile') return undefined
  let index = plan.counters.length
  for (const { quantity, extremes } of plan.quantities) {
    if (quantity.name === measure.quantity) {
      const place = { sum: 0, count: 1, min: 2, max: 3 }[measure.of]
      // An unknown sum of money is unknown, of anything else 0.
      const zero = measure.of === 'count' || (measure.of === 'sum' && quantity.unit !== 'nano_usd')
      return { index: index + place, zero }
    }
    index += extremes ? 4 : 2
  }
  return undefined
}

/** Parts of a statement, for those that wrap it. */
export interface FiguresSource {
  /** Columns `b` if there is an interval, `g0`, `g1`, ..., `a0`, `a1`, ...; one row for each (bucket, group). */
  readonly sql: string
  readonly keys: readonly string[]
  readonly figures: readonly Figure[]
  readonly values: readonly string[]
  readonly groups: readonly GroupDecoder[]
}

/** The figures of each (bucket, group): each stretch is grouped where it lies, and one more grouping merges them. */
export function figuresSource(input: StatementInput): FiguresSource {
  const figures = figuresOf(input.plan, input.dialect)
  const keys = keysOf(input.query)
  // By position: an alias could be taken for a column of the table.
  const grouping = keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, index) => index + 1).join(', ')}`
  const select = (of: 'row' | 'cell', names: readonly string[], table: string, where: string): string => {
    const list = figures.map((figure, index) => `${figure[of]} AS a${index}`)
    return `SELECT ${[...names, ...list].join(', ')} FROM ${table} WHERE ${where}${grouping}`
  }
  const { parts, values, groups } = stretches(input, {
    row: (names, where) => select('row', names, input.events, where),
    cells: (names, table, where) => select('cell', names, table, where),
    table: cellTable,
  })
  const merged = figures.map(({ merge }, index) => `${merge}(a${index}) AS a${index}`)
  const sql = `SELECT ${[...keys, ...merged].join(', ')} FROM (${parts.join(' UNION ALL ')})${grouping}`
  return { sql, keys, figures, values, groups }
}

/** The columns that carry merged figures to the reader; see {@link Figure.wide}. */
export function outputColumns(
  dialect: Dialect,
  figures: readonly Figure[],
  column: (figure: Figure, index: number) => string,
): readonly string[] {
  return figures.flatMap((figure, index) => {
    const value = column(figure, index)
    if (!figure.wide) return [dialect.double(value)]
    const safe = `${value} BETWEEN -${SAFE} AND ${SAFE}`
    return [
      `CASE WHEN ${safe} THEN ${dialect.double(value)} END`,
      `CASE WHEN NOT ${safe} THEN ${dialect.wide(value)} END`,
    ]
  })
}

/** All groups with their figures, at most `maxRows` rows. */
export function figuresStatement(input: StatementInput, maxRows: number): Statement {
  const { sql, keys, figures, values, groups } = figuresSource(input)
  const columns = [...keys, ...outputColumns(input.dialect, figures, (_, index) => `a${index}`)].join(', ')
  return { sql: `SELECT ${columns} FROM (${sql}) LIMIT ${maxRows}`, values, groups }
}

/**
 * Bucket counts of one quantity: columns as elsewhere, then a list of sketch indices and one of their counts. A (bucket,
 * group) has any number of rows, to be added up by the reader: there it costs less than grouping by bucket does here.
 */
export function sketchStatement(input: StatementInput, { quantity }: PlannedQuantity): Statement {
  const { dialect } = input
  const value = quantitySql(dialect, quantity)
  const { parts, values, groups } = stretches(input, {
    row: (names, where) => {
      const counted = [...names, `${sketchIndexSql(dialect, value)} AS i`, 'count(*) AS n'].join(', ')
      const lists = [
        ...keysOf(input.query),
        `${dialect.list('i')} AS i`,
        `${dialect.list(dialect.double('n'))} AS n`,
      ].join(', ')
      return `SELECT ${lists} FROM (SELECT ${counted} FROM ${input.events} WHERE ${value} IS NOT NULL AND ${where} GROUP BY ALL) GROUP BY ALL HAVING count(*) > 0`
    },
    cells: (names, table, where) =>
      `SELECT ${[...names, 'i', `${dialect.doubles('n')} AS n`].join(', ')} FROM ${table} WHERE ${where}`,
    table: (cells, level) => sketchTable(cells, quantity, level),
  })
  return { sql: parts.join(' UNION ALL '), values, groups }
}

/** How a statement reads rows, and how it reads cells. Given keys as `expression AS name`. */
interface Shape {
  readonly row: (keys: readonly string[], where: string) => string
  readonly cells: (keys: readonly string[], table: string, where: string) => string
  readonly table: (cells: CellSet, level: Level) => string
}

interface Stretches {
  /** A statement for each, which read nothing twice. */
  readonly parts: readonly string[]
  readonly values: readonly string[]
  readonly groups: readonly GroupDecoder[]
}

function keysOf({ groupBy, interval }: Query): readonly string[] {
  return [...(interval ? ['b'] : []), ...groupBy.map((_, index) => `g${index}`)]
}

function stretches({ query, route, dialect, bucketStarts, late, visible }: StatementInput, shape: Shape): Stretches {
  const parameters = dialect.parameters()
  let groups: readonly GroupDecoder[] = []
  const select = (instant: string): readonly string[] => {
    const expressions = query.groupBy.map((by) => dialect.group(by, parameters))
    groups = expressions.map(({ decode }) => decode)
    return [
      ...(query.interval ? [`${bucketSql(dialect, instant, bucketStarts, query.toMs)} AS b`] : []),
      ...expressions.map(({ sql }, index) => `${sql} AS g${index}`),
    ]
  }
  const within = (
    instant: string,
    { fromMs, toMs }: Pick<Segment, 'fromMs' | 'toMs'>,
    ...more: readonly (string | undefined)[]
  ): string => {
    const filters = filtersSql(dialect, query.filters, parameters)
    return [`${instant} >= ${fromMs}`, `${instant} < ${toMs}`, ...more, filters]
      .filter((part) => part !== undefined)
      .join(' AND ')
  }
  const ofRows = (stretch: Pick<Segment, 'fromMs' | 'toMs'>, more?: string): string =>
    shape.row(select('timestamp_ms'), within('timestamp_ms', stretch, more, visible?.row))
  const ofCells = (segment: Segment, cells: CellSet, level: Level): string =>
    shape.cells(select('t'), quoted(shape.table(cells, level)), within('t', segment, visible?.cell))
  const parts = route.segments.flatMap((segment) => {
    const { level, expired } = segment
    if (level !== 'raw' && route.cells) return [ofCells(segment, route.cells, level)]
    return [ofRows(segment), ...(expired && route.cells ? [ofCells(segment, route.cells, expired)] : [])]
  })
  const celled = route.segments.filter(({ level }) => level !== 'raw')
  const [first] = celled
  const last = celled.at(-1)
  if (late !== undefined && first && last) parts.push(ofRows({ fromMs: first.fromMs, toMs: last.toMs }, late))
  return { parts, values: parameters.values, groups }
}
