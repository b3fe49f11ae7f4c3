import { COUNTERS } from '@tallystick/core/query'
import {
  CELL_ACCUMULATORS,
  CELL_QUANTITIES,
  type CellSet,
  cellTable,
  columnOf,
  RANKED_QUANTITIES,
  sketchTable,
  storedLevels,
} from '../sql/cellsets.ts'
import { CELL_SETS, SKETCH_SETS } from './cellsets.ts'
import { SQL_TYPE } from './schema.ts'

function dimensionColumns(cells: CellSet): { readonly name: string; readonly type: string }[] {
  return cells.dimensions.map((dimension) => {
    const { name, storage } = columnOf(dimension)
    return { name, type: SQL_TYPE[storage as keyof typeof SQL_TYPE] }
  })
}

/** A table of cells and its columns. */
export interface CellTable {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

const TIME = { name: 't', type: 'BIGINT' }

/** Every table that holds cells. Of a sketch, `i` are the buckets, rising, and `n` how many values fell into each. */
export const CELL_TABLES: readonly CellTable[] = [
  ...CELL_SETS.flatMap((cells) =>
    storedLevels(cells).map((level) => ({
      name: cellTable(cells, level),
      columns: [
        TIME,
        ...dimensionColumns(cells),
        ...CELL_ACCUMULATORS.map(({ column, type }) => ({ name: column, type })),
      ],
    })),
  ),
  ...SKETCH_SETS.flatMap((cells) =>
    storedLevels(cells).flatMap((level) =>
      RANKED_QUANTITIES.map((quantity) => ({
        name: sketchTable(cells, quantity, level),
        columns: [TIME, ...dimensionColumns(cells), { name: 'i', type: 'SMALLINT[]' }, { name: 'n', type: 'BIGINT[]' }],
      })),
    ),
  ),
]

/** Changes whenever cells of an older build can no longer be read; they are then made anew from the rows. */
export const CELLS_FINGERPRINT: string = JSON.stringify([
  CELL_TABLES,
  COUNTERS.map(({ name, where }) => [name, where]),
  CELL_QUANTITIES.map(({ name, plus, minus }) => [name, plus, minus]),
])
