import { DIMENSIONS, FIELD_NAMES, FIELDS, type FieldName, wireName } from '@tallystick/core/event'
import { COUNTERS, QUANTITIES } from '@tallystick/core/query'

/**
 * How a member of the event is stored.
 *
 * - `code`: an integer that the dictionary turns into a string; 0 says that the string stands in the row's `overflow`.
 * - `id`: 16 bytes when it is a canonical UUID, or else as text in a second column.
 * - `small`: an integer below 2^31.
 * - `json`: a map as JSON text.
 * - `rest`: no query asks for it by name; it stands with its like in one JSON text. Columns cost even where they are empty:
 *   the engine's log writes every cell of a batch.
 */
export type Storage = 'code' | 'integer' | 'small' | 'boolean' | 'text' | 'json' | 'id' | 'rest'

export interface Column {
  readonly name: string
  readonly field: FieldName
  readonly storage: Storage
}

const CODED: ReadonlySet<FieldName> = new Set([
  ...DIMENSIONS.filter(({ type, cardinality }) => type === 'string' && cardinality === 'low').map(({ field }) => field),
  'usageConvention',
])

/** What queries, counters and the journal's order need a column of. */
const ASKED: ReadonlySet<FieldName> = new Set<FieldName>([
  'timestampMs',
  'epoch',
  'seq',
  ...DIMENSIONS.map(({ field }) => field),
  ...COUNTERS.flatMap(({ where }) => where.map(({ field }) => field)),
  // Ratios are asked for now and then, and read out of the rest.
  ...QUANTITIES.flatMap(({ plus, minus, per, millionths }) =>
    millionths ? [] : [...plus, ...minus, ...(per ? [per] : [])],
  ),
])

function storageOf(field: FieldName): Storage {
  if (field === 'eventId') return 'id'
  if (field === 'tags') return 'json'
  if (CODED.has(field)) return 'code'
  if (!ASKED.has(field)) return 'rest'
  const spec = FIELDS[field]
  if (spec.type === 'boolean') return 'boolean'
  if (spec.type === 'integer') return spec.max < 2 ** 31 ? 'small' : 'integer'
  return 'text'
}

/** How each member of the event is stored, in the order of the field table. */
export const COLUMNS: readonly Column[] = FIELD_NAMES.map((field) => ({
  name: wireName(field),
  field,
  storage: storageOf(field),
}))

export const COLUMN_OF: ReadonlyMap<FieldName, Column> = new Map(COLUMNS.map((column) => [column.field, column]))

/** An identifier in SQL. All of ours come from tables in the code; the quotes keep words like `method` out of the grammar. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
