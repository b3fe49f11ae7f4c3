import type { DuckDBConnection } from '@duckdb/node-api'
import { normalizeExact } from '@tallystick/core/event'
import {
  type Aggregate,
  addCounts,
  bucketStarts,
  type Cell,
  emptyAggregate,
  type FilterValue,
  finishQuery,
  MAX_CELLS,
  type Plan,
  type QuantityTotal,
  type Query,
  type QueryResult,
  queryPlan,
  type Sketch,
  TupleMap,
  tooManyGroups,
} from '@tallystick/core/query'
import type { GroupDecoder } from '../sql/dialect.ts'
import { type RouteInput, routeQuery, routeSketch, type Segment } from '../sql/plan.ts'
import { figuresStatement, type Statement, type StatementInput, sketchStatement } from '../sql/statement.ts'
import { CELL_SETS, SKETCH_SETS } from './cellsets.ts'
import { type ColumnValues, readChunks } from './chunk-reader.ts'
import type { Dictionary } from './dictionary.ts'
import { duckdbDialect } from './expressions.ts'
import { lateEvents, type Meta, wholeFromMs } from './schema.ts'
import { topStatement } from './top.ts'

/** What a query sees: one snapshot of the file and what decodes it. */
export interface Snapshot {
  readonly connection: DuckDBConnection
  readonly meta: Meta
  readonly dictionary: Dictionary
  readonly completeToMs: number
}

/** Answers a query inside the snapshot's transaction. */
export async function answerQuery(query: Query, snapshot: Snapshot): Promise<QueryResult> {
  const { meta, dictionary } = snapshot
  const plan = queryPlan(query)
  const starts = query.interval ? bucketStarts(query.fromMs, query.toMs, query.interval, query.timeZone) : []
  const routing: RouteInput = {
    sets: { cells: CELL_SETS, sketches: SKETCH_SETS },
    query,
    plan,
    bucketStarts: starts,
    watermarkMs: meta.watermark_ms,
    rawFromMs: wholeFromMs(meta),
    cellsFromMs: meta.cells_from_ms,
    overflowed: (field) => dictionary.overflowed(field),
  }
  const late = lateEvents(meta) > 0
  const route = routeQuery(routing)
  const routes = [route]
  const input: StatementInput = {
    query,
    plan,
    route,
    bucketStarts: starts,
    dialect: duckdbDialect(dictionary),
    events: 'events',
    late: late ? `ordinal > ${meta.sealed_ordinal}` : undefined,
  }
  const reader = new CellReader(query, plan, starts)
  const top = topStatement(input, dictionary)
  if (top) await reader.readTop(snapshot.connection, top)
  else await reader.readFigures(snapshot.connection, figuresStatement(input, MAX_CELLS + 1))
  for (const [index, planned] of plan.quantities.entries()) {
    if (!planned.sketch) continue
    const sketched = routeSketch(planned.quantity, routing)
    routes.push(sketched)
    await reader.readSketch(snapshot.connection, sketchStatement({ ...input, route: sketched }, planned), index)
  }
  const segments = routes.flatMap((of) => of.segments)
  const expired = segments.some(
    ({ level, expired, fromMs }) => level === 'raw' && !expired && fromMs < wholeFromMs(meta),
  )
  return finishQuery(query, plan, reader.cells, {
    completeToMs: snapshot.completeToMs,
    answeredFrom: answeredFrom(segments, late),
    ...(expired ? { rawFromMs: wholeFromMs(meta) } : {}),
    otherGroups: reader.foldedGroups,
  })
}

function answeredFrom(segments: readonly Segment[], late: boolean): QueryResult['answered_from'] {
  const raw = segments.some(({ level }) => level === 'raw')
  const cells = segments.some(({ level, expired }) => level !== 'raw' || expired !== undefined)
  return cells ? (raw || late ? 'cells+raw' : 'cells') : 'raw'
}

/** Sketch entries of all groups together; each takes ten bytes here, or twenty while its sketch grows. */
const MAX_SKETCH_ENTRIES = 4_000_000

/** Collects cells from the columns of statements. */
class CellReader {
  readonly #query: Query
  readonly #plan: Plan
  readonly #starts: readonly number[]
  readonly #byKey: TupleMap<Cell>
  /** How many columns stand before the figures. */
  readonly #keys: number
  readonly cells: Cell[] = []
  /** How many groups the engine has folded into cells of the rest. */
  foldedGroups = 0

  constructor(query: Query, plan: Plan, starts: readonly number[]) {
    this.#query = query
    this.#plan = plan
    this.#starts = starts
    this.#keys = (query.interval ? 1 : 0) + query.groupBy.length
    this.#byKey = new TupleMap(query.groupBy.length + 1)
  }

  async readFigures(connection: DuckDBConnection, { sql, values, groups }: Statement): Promise<void> {
    await readChunks(connection, sql, values, (columns, rows) => {
      for (let row = 0; row < rows; row++) this.#setFigures(this.#cell(columns, row, groups).aggregate, columns, row)
    })
    if (this.cells.length > MAX_CELLS) throw tooManyGroups()
  }

  /** As {@link readFigures}, with the folded rest apart. */
  async readTop(connection: DuckDBConnection, { sql, values, groups }: Statement): Promise<void> {
    await readChunks(connection, sql, values, (columns, rows) => {
      const isRest = columns.at(-2) as ColumnValues
      const total = columns.at(-1) as ColumnValues
      for (let row = 0; row < rows; row++) {
        const cell = isRest[row] ? this.#restCell(columns, row) : this.#cell(columns, row, groups)
        this.#setFigures(cell.aggregate, columns, row)
        if (isRest[row]) this.foldedGroups = (total[row] as number) - this.#query.limit
      }
    })
    if (this.cells.length > MAX_CELLS) throw tooManyGroups()
  }

  async readSketch(connection: DuckDBConnection, { sql, values, groups }: Statement, quantity: number): Promise<void> {
    let entries = 0
    await readChunks(connection, sql, values, (columns, rows) => {
      for (let row = 0; row < rows; row++) {
        const indices = columns[this.#keys]?.[row] as Int16Array
        const counts = columns[this.#keys + 1]?.[row] as Float64Array
        const { sketch } = this.#cell(columns, row, groups).aggregate.quantities[quantity] as { sketch: Sketch }
        const before = sketch.size
        addCounts(sketch, indices, counts)
        entries += sketch.size - before
        if (entries > MAX_SKETCH_ENTRIES) throw tooManyGroups()
      }
    })
  }

  #setFigures(aggregate: Aggregate, columns: readonly ColumnValues[], row: number): void {
    const { counters, quantities } = this.#plan
    let at = this.#keys
    const next = (): number => (columns[at++]?.[row] as number | null) ?? 0
    for (let index = 0; index < counters.length; index++) aggregate.counters[index] = next()
    for (let index = 0; index < quantities.length; index++) {
      const total = aggregate.quantities[index] as QuantityTotal
      const safe = columns[at++]?.[row] as number | null
      const wide = columns[at++]?.[row] as bigint | null
      total.sum = safe ?? (wide === null ? 0 : normalizeExact(wide))
      total.count = next()
      if (!quantities[index]?.extremes) continue
      total.min = next()
      total.max = next()
    }
  }

  #bucket(columns: readonly ColumnValues[], row: number): number | null {
    return this.#query.interval ? (this.#starts[columns[0]?.[row] as number] as number) : null
  }

  #restCell(columns: readonly ColumnValues[], row: number): Cell {
    const aggregate = emptyAggregate(this.#plan)
    const cell: Cell = { bucketMs: this.#bucket(columns, row), values: [], aggregate, other: true }
    this.cells.push(cell)
    return cell
  }

  #cell(columns: readonly ColumnValues[], row: number, groups: readonly GroupDecoder[]): Cell {
    const offset = this.#query.interval ? 1 : 0
    const bucketMs = this.#bucket(columns, row)
    const values: FilterValue[] = groups.map((decode, index) => decode(columns[index + offset]?.[row]))
    return this.#byKey.getOrCreate([bucketMs, ...values], () => {
      const cell: Cell = { bucketMs, values, aggregate: emptyAggregate(this.#plan) }
      this.cells.push(cell)
      return cell
    })
  }
}
