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
import { COLUMNS, quoted, type Storage } from '../sql/columns.ts'

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

const columnSql = ({ codec, name, type }: Typed): string =>
  `${quoted(name)} ${type}${codec === undefined ? '' : ` CODEC(${codec})`}`

const MONTH = (instant: string): string => `toYYYYMM(toDateTime(intDiv(${instant}, 1000), 'UTC'))`

/** Tokens of insertions that are remembered: what is sent again after a lost answer is at most the latest few. */
const WINDOW = 'non_replicated_deduplication_window = 10000'

/** Where users stand: what an erasure has replaced is looked for each second, and not half a minute later. */
const SWIFT_CLEANUP = 'cleanup_delay_period = 1, max_cleanup_delay_period = 1, cleanup_delay_period_random_add = 0'

const EVENTS = `CREATE TABLE IF NOT EXISTS events (
  ${EVENT_COLUMNS.map(columnSql).join(',\n  ')},
  ${VERSION} UInt64 DEFAULT ${VERSION_FROM} - toUnixTimestamp64Micro(now64(6)) CODEC(Delta(8), ZSTD(1)),
  INDEX by_place ${PLACE} TYPE minmax GRANULARITY 1,
  INDEX by_version ${VERSION} TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(${VERSION})
PARTITION BY ${MONTH('timestamp_ms')}
PRIMARY KEY timestamp_ms
ORDER BY (timestamp_ms, event_id, ${SCOPE}, ${EVENT_ID_TEXT})
SETTINGS ${WINDOW}, min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 1,
  ${SWIFT_CLEANUP}`

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

/**
 * Statements that make the tables, each harmless where its table is there.
 *
 * - `events`: one row an event, also while two of one identity await their merge: reading with FINAL shows one.
 * - `journals`: the number of each journal. `applied`: how far each has been applied.
 * - `state`: what is sealed, expired and cleared, a version a row; see `state.ts`.
 * - `erasing`: whose name is being replaced; empty but for that time.
 */
export const TABLES: readonly string[] = [
  EVENTS,
  `CREATE TABLE IF NOT EXISTS journals (number UInt32, journal String) ENGINE = MergeTree ORDER BY number SETTINGS ${WINDOW}`,
  `CREATE TABLE IF NOT EXISTS applied (number UInt32, ordinal Int64) ENGINE = ReplacingMergeTree(ordinal) ORDER BY number`,
  `CREATE TABLE IF NOT EXISTS state (version UInt64, body String CODEC(ZSTD(1)), at DateTime64(6) DEFAULT now64(6))
    ENGINE = MergeTree ORDER BY version SETTINGS ${WINDOW}`,
  `CREATE TABLE IF NOT EXISTS erasing (user_id String, tenant_id Nullable(String), pseudonym String) ENGINE = MergeTree ORDER BY tuple()`,
  ...CELL_TABLES.map(
    ({ columns, name }) => `CREATE TABLE IF NOT EXISTS ${quoted(name)} (${columns.map(columnSql).join(', ')})
    ENGINE = MergeTree PARTITION BY ${MONTH('t')} ORDER BY t${columns.some((column) => column.name === 'user_id') ? ` SETTINGS ${SWIFT_CLEANUP}` : ''}`,
  ),
]
