import { DIMENSION_OF, type Dimension } from '@tallystick/core/event'
import { COUNTERS, QUANTITIES, type Quantity } from '@tallystick/core/query'
import { COLUMN_OF, type Column } from './columns.ts'

/** Length of the buckets that cells are kept in. UTC; every zone's days are made of quarter-hours, so any assemble exactly. */
export interface Level {
  readonly name: '15m' | '1h' | '1d' | '16d'
  readonly ms: number
}

export const QUARTER_MS = 900_000
/** A day in milliseconds. */
export const DAY_MS = 86_400_000

export const QUARTER: Level = { name: '15m', ms: QUARTER_MS }

export const DAY: Level = { name: '1d', ms: DAY_MS }

/** Finest first. */
export const LEVELS: readonly Level[] = [QUARTER, { name: '1h', ms: 3_600_000 }, DAY]

/**
 * Sixteen days, counted from 1970. A year is some 23 of them and the days at its ends: ten times fewer cells than days, where
 * names are many. Of two engines only one makes cells from cells, and has these.
 */
const LONG: Level = { name: '16d', ms: 16 * DAY_MS }

/** What is kept per bucket for each combination of some dimensions. A query over a subset of them reads cells, not rows. */
export interface CellSet {
  readonly name: string
  readonly dimensions: readonly Dimension[]
  /** Those made when rows are sealed, finest first. */
  readonly levels: readonly Level[]
  /**
   * One made only when rows expire, and then exactly of the rows that have: until then those answer what is finer than
   * `levels`. With many names and few events to a quarter-hour such cells are as many as the rows, and take more room.
   */
  readonly expiredLevel?: Level
}

const set = (name: string, dimensions: readonly string[], more: Partial<CellSet> = {}): CellSet => ({
  name,
  dimensions: dimensions.map((dimension) => DIMENSION_OF.get(dimension) as Dimension),
  levels: LEVELS,
  ...more,
})

const HOURS: Partial<CellSet> = { levels: LEVELS.slice(1), expiredLevel: QUARTER }
const DAYS: Partial<CellSet> = { levels: LEVELS.slice(2) }
const TOTAL = ['tenant_id']
const MODEL = [...TOTAL, 'provider', 'model', 'status_code', 'success']

/**
 * THE table of cells that hold figures, the smallest first: a query is answered by the first that can. Small sets rather
 * than one cube, which would have as many cells as there are events; and where names multiply, only days. The kind of event
 * follows from the others as a rule, so that to tell kinds apart, as every query of Protocol 012 does, takes few more cells.
 */
export const CELL_SETS: readonly CellSet[] = [
  set('total', [...TOTAL, 'kind']),
  set('model', [...MODEL, 'kind']),
  set('credential', [...TOTAL, 'kind', 'provider', 'model', 'provider_id'], DAYS),
  set('key', [...TOTAL, 'api_key_id'], HOURS),
  set('agent', [...TOTAL, 'kind', 'agent_id'], HOURS),
  set('user', [...TOTAL, 'user_id'], DAYS),
  set('key_provider', [...TOTAL, 'api_key_id', 'provider', 'success'], DAYS),
  set('agent_provider', [...TOTAL, 'kind', 'agent_id', 'provider', 'success'], DAYS),
]

/** The same of sketches: one cell holds all bucket counts of a quantity, and there is a table for each quantity. */
export const SKETCH_SETS: readonly CellSet[] = [set('total', TOTAL), set('model', MODEL, HOURS)]

/** The same sets with the longest cells. */
export function withLongCells(sets: readonly CellSet[]): readonly CellSet[] {
  return sets.map((set) => ({ ...set, levels: [...set.levels, LONG] }))
}

/** Quantities whose sum and count every cell has. */
export const CELL_QUANTITIES: readonly Quantity[] = QUANTITIES.filter(({ cells }) => cells !== 'none')
/** Those that also have minimum, maximum and a sketch. */
export const RANKED_QUANTITIES: readonly Quantity[] = QUANTITIES.filter(({ cells }) => cells === 'sketch')

/** One stored figure of a cell. Cells of one bucket merge by `merge`, in any order. */
export interface Accumulator {
  readonly column: string
  readonly type: 'BIGINT' | 'HUGEINT'
  readonly merge: 'sum' | 'min' | 'max'
  readonly of:
    | { readonly counter: string }
    | { readonly quantity: Quantity; readonly part: 'sum' | 'count' | 'min' | 'max' }
}

export const CELL_ACCUMULATORS: readonly Accumulator[] = [
  ...COUNTERS.map(
    ({ name }): Accumulator => ({ column: counterColumn(name), type: 'BIGINT', merge: 'sum', of: { counter: name } }),
  ),
  ...CELL_QUANTITIES.flatMap((quantity) => {
    const parts = quantity.cells === 'sketch' ? (['sum', 'count', 'min', 'max'] as const) : (['sum', 'count'] as const)
    return parts.map(
      (part): Accumulator => ({
        column: quantityColumn(quantity.name, part),
        // 2^53 a row and any number of rows: the sum of a cell can pass 63 bits.
        type: part === 'sum' ? 'HUGEINT' : 'BIGINT',
        merge: part === 'sum' || part === 'count' ? 'sum' : part,
        of: { quantity, part },
      }),
    )
  }),
]

export function counterColumn(counter: string): string {
  return `c_${counter}`
}

export function quantityColumn(quantity: string, part: 'sum' | 'count' | 'min' | 'max'): string {
  return `q_${quantity}_${part}`
}

export function cellTable(cells: CellSet, level: Level): string {
  return `cell_${cells.name}_${level.name}`
}

export function sketchTable(cells: CellSet, quantity: Quantity, level: Level): string {
  return `sketches_${cells.name}_${quantity.name}_${level.name}`
}

/** Finest first. */
export function storedLevels({ expiredLevel, levels }: CellSet): readonly Level[] {
  return expiredLevel ? [expiredLevel, ...levels] : levels
}

/** Column of a dimension: cells use the names and codes of the rows. */
export function columnOf(dimension: Dimension): Column {
  return COLUMN_OF.get(dimension.field) as Column
}
