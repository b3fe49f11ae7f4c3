import {
  CELL_ACCUMULATORS,
  CELL_SETS,
  type CellSet,
  cellTable,
  columnOf,
  RANKED_QUANTITIES,
  SKETCH_SETS,
  sketchTable,
  storedLevels,
} from '../sql/cellsets.ts'
import { COLUMNS, type Storage } from '../sql/columns.ts'

/** Most ordinals of a journal: a place is `number of the journal x PLACES + ordinal`, and stays below 2^53. */
export const PLACES = 2 ** 40

/** What a row has beside the event. */
export const PLACE = 'place'
export const RECEIVED_MS = 'received_ms'
export const EVENT_ID_TEXT = 'event_id_text'
/** Tenant, then agent or source, each with its length: with the id of the event, its identity. */
export const SCOPE = 'scope'
export const REST = 'rest'
/** Of two rows of one identity the one with the greater version counts: the one that was inserted first. */
export const VERSION = 'version'
/** Microseconds since 1970 that a version is counted down from. */
export const VERSION_FROM = 9_000_000_000_000_000

type Typed = { readonly name: string; readonly type: string; readonly codec?: string }

/** Type and codec by storage; docs/stores.md has what they come to. */
const TYPES: { readonly [K in Exclude<Storage, 'rest'>]: Omit<Typed, 'name'> } = {
  code: { type: 'LowCardinality(Nullable(String))' },
  integer: { type: 'Nullable(Int64)', codec: 'T64, ZSTD(1)' },
  small: { type: 'Nullable(Int32)', codec: 'T64, ZSTD(1)' },
  boolean: { type: 'Nullable(Bool)' },
  text: { type: 'Nullable(String)', codec: 'ZSTD(1)' },
  json: { type: 'Map(LowCardinality(String), String)', codec: 'ZSTD(1)' },
  id: { type: 'UUID', codec: 'ZSTD(1)' },
}

const OWN_TYPES: ReadonlyMap<string, Omit<Typed, 'name'>> = new Map([
  ['timestamp_ms', { type: 'Int64', codec: 'Delta(8), ZSTD(1)' }],
  ['kind', { type: 'LowCardinality(String)' }],
  // Rises with time, so its neighbours differ little.
  ['seq', { type: 'Nullable(Int64)', codec: 'Delta(8), ZSTD(1)' }],
])

/** The columns of table `events` that are written. */
export const EVENT_COLUMNS: readonly Typed[] = [
  { name: PLACE, type: 'Int64', codec: 'Delta(8), ZSTD(1)' },
  { name: RECEIVED_MS, type: 'Int64', codec: 'Delta(8), ZSTD(1)' },
  ...COLUMNS.flatMap(({ name, storage }) =>
    storage === 'rest' ? [] : [{ name, ...(OWN_TYPES.get(name) ?? TYPES[storage]) }],
  ),
  { name: EVENT_ID_TEXT, type: 'String', codec: 'ZSTD(1)' },
  { name: SCOPE, type: 'LowCardinality(String)' },
  { name: REST, type: 'String', codec: 'ZSTD(1)' },
]

function dimensionColumns(cells: CellSet): readonly Typed[] {
  return cells.dimensions.map((dimension) => {
    const { name, storage } = columnOf(dimension)
    return { name, ...(OWN_TYPES.get(name) ?? TYPES[storage as Exclude<Storage, 'rest'>]) }
  })
}

/** A table of cells. */
export interface CellTable {
  readonly name: string
  readonly columns: readonly Typed[]
}

/** Which sealing made the cell; one that was not the first to commit does not count. */
export const SEAL = 'seal'

const KEYS: readonly Typed[] = [
  { name: SEAL, type: 'UInt64', codec: 'Delta(8), ZSTD(1)' },
  { name: 't', type: 'Int64', codec: 'Delta(8), ZSTD(1)' },
]

/** Every table that holds cells. Of a sketch, `i` are the buckets and `n` how many values fell into each. */
export const CELL_TABLES: readonly CellTable[] = [
  ...CELL_SETS.flatMap((cells) =>
    storedLevels(cells).map((level) => ({
      name: cellTable(cells, level),
      columns: [
        ...KEYS,
        ...dimensionColumns(cells),
        ...CELL_ACCUMULATORS.map(({ column, type }) => ({
          name: column,
          type: `Nullable(${type === 'HUGEINT' ? 'Int128' : 'Int64'})`,
          codec: 'ZSTD(1)',
        })),
      ],
    })),
  ),
  ...SKETCH_SETS.flatMap((cells) =>
    storedLevels(cells).flatMap((level) =>
      RANKED_QUANTITIES.map((quantity) => ({
        name: sketchTable(cells, quantity, level),
        columns: [
          ...KEYS,
          ...dimensionColumns(cells),
          { name: 'i', type: 'Array(Int16)', codec: 'ZSTD(1)' },
          { name: 'n', type: 'Array(Int64)', codec: 'ZSTD(1)' },
        ],
      })),
    ),
  ),
]
