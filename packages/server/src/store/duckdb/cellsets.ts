import {
  type CellSet,
  CELL_SETS as COMMON_CELL_SETS,
  SKETCH_SETS as COMMON_SKETCH_SETS,
  withLongCells,
} from '../sql/cellsets.ts'

/** The cells of figures that this engine keeps. */
export const CELL_SETS: readonly CellSet[] = withLongCells(COMMON_CELL_SETS)

/** The same of sketches. */
export const SKETCH_SETS: readonly CellSet[] = withLongCells(COMMON_SKETCH_SETS)
