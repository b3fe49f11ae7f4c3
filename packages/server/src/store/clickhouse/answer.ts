import { normalizeExact } from '@tallystick/core/event'
import {
  type Aggregate,
  addCounts,
  bucketStarts,
  type Cell,
  emptyAggregate,
  finishQuery,
  MAX_CELLS,
  type Plan,
  type PlannedQuantity,
  type QuantityTotal,
  type Query,
  type QueryResult,
  queryPlan,
  type Sketch,
  TupleMap,
  tooManyGroups,
} from '@tallystick/core/query'
import { CELL_SETS, SKETCH_SETS } from '../sql/cellsets.ts'
import type { GroupDecoder } from '../sql/dialect.ts'
import { type RouteInput, routeQuery, routeSketch, type Segment } from '../sql/plan.ts'
import { figuresSource, type Statement, type StatementInput, sketchStatement } from '../sql/statement.ts'
import type { Connection, Row } from './connection.ts'
import { CLICKHOUSE } from './dialect.ts'
import { lateSql, type State, sealsSql, visibleSql } from './state.ts'

/** What a query sees. */
export interface View {
  readonly connection: Connection
  readonly state: State
  readonly completeToMs: number
  readonly signal: AbortSignal | undefined
}

/** Rows as they are once duplicates are merged, whether they have been or not. */
export const EVENTS = 'events FINAL'

export async function answerQuery(query: Query, view: View): Promise<QueryResult> {
  const { state } = view
  const plan = queryPlan(query)
  const starts = query.interval ? bucketStarts(query.fromMs, query.toMs, query.interval, query.timeZone) : []
  const wholeFromMs = Math.max(state.rawFromMs, state.kindsFromMs)
  const routing: RouteInput = {
    sets: { cells: CELL_SETS, sketches: SKETCH_SETS },
    query,
    plan,
    bucketStarts: starts,
    watermarkMs: state.watermarkMs,
    rawFromMs: wholeFromMs,
    overflowed: () => false,
  }
  const route = routeQuery(routing)
  const routes = [route]
  const input: StatementInput = {
    query,
    plan,
    route,
    bucketStarts: starts,
    dialect: CLICKHOUSE,
    events: EVENTS,
    late: lateSql(state),
    visible: { row: visibleSql(state), cell: sealsSql(state) },
  }
  const reader = new Reader(query, plan, starts)
  const ask = ({
    sql,
    values,
  }: {
    readonly sql: string
    readonly values: readonly string[]
  }): Promise<readonly Row[]> => view.connection.rows(sql, { values, signal: view.signal })
  const figures = figuresSource(input)
  const columns = [...figures.keys, ...figures.figures.map((_, index) => `a${index}`)].join(', ')
  const sql = `SELECT ${columns === '' ? '1' : columns} FROM (${figures.sql}) LIMIT ${MAX_CELLS + 1}`
  reader.addFigures(await ask({ sql, values: figures.values }), figures.groups)
  for (const [index, planned] of plan.quantities.entries()) {
    if (!planned.sketch) continue
    const sketched = routeSketch(planned.quantity, routing)
    routes.push(sketched)
    const statement = mergedSketches({ ...input, route: sketched }, planned, figures.keys)
    reader.addSketches(await ask(statement), statement.groups, index)
  }
  const segments = routes.flatMap((of) => of.segments)
  const expired = segments.some(({ level, expired, fromMs }) => level === 'raw' && !expired && fromMs < wholeFromMs)
  return finishQuery(query, plan, reader.cells, {
    completeToMs: view.completeToMs,
    answeredFrom: answeredFrom(segments),
    ...(expired ? { rawFromMs: wholeFromMs } : {}),
  })
}

/** One row for each (bucket, group): what many cells have is added up by the engine, not sent. */
function mergedSketches(input: StatementInput, planned: PlannedQuantity, keys: readonly string[]): Statement {
  const { groups, sql, values } = sketchStatement(input, planned)
  const grouping = keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, index) => index + 1).join(', ')}`
  const merged = `SELECT ${[...keys, 'sumMappedArrays(i, n) AS s'].join(', ')} FROM (${sql})${grouping}`
  return { groups, values, sql: `SELECT ${[...keys, 's.1', 's.2'].join(', ')} FROM (${merged})` }
}

function answeredFrom(segments: readonly Segment[]): QueryResult['answered_from'] {
  const raw = segments.some(({ level }) => level === 'raw')
  const cells = segments.some(({ level, expired }) => level !== 'raw' || expired !== undefined)
  return cells ? (raw ? 'cells+raw' : 'cells') : 'raw'
}

/** Sketch entries of all groups together; each takes ten bytes here, or twenty while its sketch grows. */
const MAX_SKETCH_ENTRIES = 4_000_000

/** Collects cells from rows. */
class Reader {
  readonly #query: Query
  readonly #plan: Plan
  readonly #starts: readonly number[]
  readonly #byKey: TupleMap<Cell>
  /** How many columns stand before the figures. */
  readonly #keys: number
  readonly cells: Cell[] = []

  constructor(query: Query, plan: Plan, starts: readonly number[]) {
    this.#query = query
    this.#plan = plan
    this.#starts = starts
    this.#keys = (query.interval ? 1 : 0) + query.groupBy.length
    this.#byKey = new TupleMap(query.groupBy.length + 1)
  }

  addFigures(rows: readonly Row[], groups: readonly GroupDecoder[]): void {
    for (const row of rows) this.#setFigures(this.#cell(row, groups).aggregate, row)
    if (this.cells.length > MAX_CELLS) throw tooManyGroups()
  }

  addSketches(rows: readonly Row[], groups: readonly GroupDecoder[], quantity: number): void {
    let entries = 0
    for (const row of rows) {
      const [indices, counts] = [row[this.#keys], row[this.#keys + 1]] as [number[], (number | string)[]]
      const { sketch } = this.#cell(row, groups).aggregate.quantities[quantity] as { sketch: Sketch }
      addCounts(sketch, Int16Array.from(indices), Float64Array.from(counts, Number))
      entries += indices.length
      if (entries > MAX_SKETCH_ENTRIES) throw tooManyGroups()
    }
  }

  #setFigures(aggregate: Aggregate, row: Row): void {
    const { counters, quantities } = this.#plan
    let at = this.#keys
    const next = (): number => Number(row[at++] ?? 0)
    for (let index = 0; index < counters.length; index++) aggregate.counters[index] = next()
    for (let index = 0; index < quantities.length; index++) {
      const total = aggregate.quantities[index] as QuantityTotal
      const sum = row[at++]
      total.sum = sum === null ? 0 : exact(String(sum))
      total.count = next()
      if (!quantities[index]?.extremes) continue
      total.min = next()
      total.max = next()
    }
  }

  #cell(row: Row, groups: readonly GroupDecoder[]): Cell {
    const offset = this.#query.interval ? 1 : 0
    const bucketMs = this.#query.interval ? (this.#starts[Number(row[0])] as number) : null
    const values = groups.map((decode, index) => decode(row[index + offset]))
    return this.#byKey.getOrCreate([bucketMs, ...values], () => {
      const cell: Cell = { bucketMs, values, aggregate: emptyAggregate(this.#plan) }
      this.cells.push(cell)
      return cell
    })
  }
}

/** An integer of any size from its digits. */
function exact(digits: string): ReturnType<typeof normalizeExact> {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : normalizeExact(BigInt(digits))
}
