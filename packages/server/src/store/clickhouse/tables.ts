import type { ColumnSpec, TableSpec } from './ddl.ts'
import { CELL_TABLES, EVENT_COLUMNS, EVENT_ID_TEXT, PLACE, SCOPE, SEAL, VERSION, VERSION_FROM } from './schema.ts'

const month = (instant: string): string => `toYYYYMM(toDateTime(intDiv(${instant}, 1000), 'UTC'))`

/** Tokens of insertions that are remembered: what is sent again after a lost answer is at most the latest few. */
const TOKENS = 10_000

/** Rows of one identity share all of these, so they lie in one part of one shard and are merged there. */
const IDENTITY = ['timestamp_ms', 'event_id', SCOPE, EVENT_ID_TEXT] as const

/** Where users stand: what an erasure has replaced is looked for each second, and not half a minute later. */
const SWIFT_CLEANUP = { cleanup_delay_period: 1, max_cleanup_delay_period: 1, cleanup_delay_period_random_add: 0 }

/** One row an event, also while two of one identity await their merge: reading with FINAL shows one. */
const EVENTS: TableSpec = {
  name: 'events',
  columns: [
    ...EVENT_COLUMNS,
    {
      name: VERSION,
      type: 'UInt64',
      expression: `DEFAULT ${VERSION_FROM} - toUnixTimestamp64Micro(now64(6))`,
      codec: 'Delta(8), ZSTD(1)',
    },
  ],
  further: [
    `INDEX by_place ${PLACE} TYPE minmax GRANULARITY 1`,
    `INDEX by_version ${VERSION} TYPE minmax GRANULARITY 1`,
  ],
  engine: 'ReplacingMergeTree',
  engineArguments: [VERSION],
  partitionBy: month('timestamp_ms'),
  primaryKey: ['timestamp_ms'],
  orderBy: IDENTITY,
  tokens: TOKENS,
  settings: { min_age_to_force_merge_seconds: 86_400, min_age_to_force_merge_on_partition_only: 1, ...SWIFT_CLEANUP },
  shardBy: `sipHash64(event_id, ${SCOPE}, ${EVENT_ID_TEXT})`,
}

/** The number of each journal. */
const JOURNALS: TableSpec = {
  name: 'journals',
  columns: columns('number UInt32', 'journal String'),
  engine: 'MergeTree',
  orderBy: ['number'],
  tokens: TOKENS,
}

/** How far each has been applied. */
const APPLIED: TableSpec = {
  name: 'applied',
  columns: columns('number UInt32', 'ordinal Int64'),
  engine: 'ReplacingMergeTree',
  engineArguments: ['ordinal'],
  orderBy: ['number'],
}

/** What is sealed, expired and cleared, a version a row; see `state.ts`. */
const STATE: TableSpec = {
  name: 'state',
  columns: [
    { name: 'version', type: 'UInt64' },
    { name: 'body', type: 'String', codec: 'ZSTD(1)' },
    { name: 'at', type: 'DateTime64(6)', expression: 'DEFAULT now64(6)' },
  ],
  engine: 'MergeTree',
  orderBy: ['version'],
  tokens: TOKENS,
}

/** Whose name is being replaced; empty but for that time. */
const ERASING: TableSpec = {
  name: 'erasing',
  columns: columns('user_id String', 'tenant_id Nullable(String)', 'pseudonym String'),
  engine: 'MergeTree',
  orderBy: [],
}

const CELLS: readonly TableSpec[] = CELL_TABLES.map(({ name, columns: own }) => ({
  name,
  columns: own,
  engine: 'MergeTree',
  partitionBy: month('t'),
  orderBy: ['t'],
  ...(own.some((column) => column.name === 'user_id') ? { settings: SWIFT_CLEANUP } : {}),
  // Cells of one sealing are written once; nothing of them is ever merged.
  shardBy: `sipHash64(t, ${SEAL})`,
}))

/** THE tables of the store. */
export const TABLES: readonly TableSpec[] = [EVENTS, JOURNALS, APPLIED, STATE, ERASING, ...CELLS]

/** `name Type` each. */
function columns(...said: readonly string[]): readonly ColumnSpec[] {
  return said.map((text) => {
    const space = text.indexOf(' ')
    return { name: text.slice(0, space), type: text.slice(space + 1) }
  })
}
