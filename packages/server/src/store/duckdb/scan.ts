import type { DuckDBConnection } from '@duckdb/node-api'
import type { UsageEvent } from '@tallystick/core/event'
import type { OrdinalRange } from '@tallystick/core/journal'
import type { ScanPage, ScanRequest, StoredEvent } from '../store.ts'
import { type ColumnValues, readChunks, readRows } from './chunk-reader.ts'
import { type Dictionary, OVERFLOW_CODE } from './dictionary.ts'
import { filtersSql, Parameters } from './expressions.ts'
import {
  COLUMNS,
  type Column,
  EVENT_ID_TEXT,
  EVENT_TABLE,
  ORDINAL,
  OVERFLOW,
  quoted,
  RECEIVED_MS,
  REST,
} from './schema.ts'

/**
 * A page of events. The places of the page's rows are found first, from the two columns of the order and those of the
 * filters; only then are the rows themselves read, all columns of them.
 */
export async function scanEvents(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  request: ScanRequest,
): Promise<ScanPage> {
  const { ascending = false, after, limit } = request
  const parameters = new Parameters()
  const beyond = after && `(timestamp_ms, ordinal) ${ascending ? '>' : '<'} (${after.timestampMs}, ${after.ordinal})`
  // The tuple comparison does not prune row groups; a plain bound on the instant beside it does.
  const bound = after && `timestamp_ms ${ascending ? '>=' : '<='} ${after.timestampMs}`
  const where = [
    `timestamp_ms >= ${request.fromMs}`,
    `timestamp_ms < ${request.toMs}`,
    bound,
    beyond,
    filtersSql(request.filters, dictionary, parameters),
  ].filter((part) => part !== undefined)
  const order = ascending ? 'ASC' : 'DESC'
  const places = (await readRows(
    connection,
    `SELECT ordinal, timestamp_ms FROM events WHERE ${where.join(' AND ')}
      ORDER BY timestamp_ms ${order}, ordinal ${order} LIMIT ${limit + 1}`,
    parameters.values,
  )) as [number, number][]
  const page = places.slice(0, limit)
  if (page.length === 0) return { events: [] }

  const ordinals = page.map(([ordinal]) => ordinal)
  const instants = page.map(([, instant]) => instant)
  const [least, greatest] = [Math.min(...ordinals), Math.max(...ordinals)]
  // Rows lie in the file in the order of ordinals: the bounds keep the engine from reading the rest of it.
  const sql = `SELECT ${EVENT_COLUMNS_SQL} FROM events WHERE ordinal BETWEEN ${least} AND ${greatest}
    AND timestamp_ms BETWEEN ${Math.min(...instants)} AND ${Math.max(...instants)} AND ordinal IN (${ordinals.join(', ')})`
  const byOrdinal = new Map<number, StoredEvent>()
  for (const stored of await readEvents(connection, sql, dictionary)) byOrdinal.set(stored.ordinal, stored)
  const events = ordinals.flatMap((ordinal) => byOrdinal.get(ordinal) ?? [])
  const last = events.at(-1)
  if (places.length <= limit || last === undefined) return { events }
  return { events, next: { timestampMs: last.event.timestampMs, ordinal: last.ordinal } }
}

/** Events with ordinals of a range, in that order. */
export async function heldEvents(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  { first, last }: OrdinalRange,
  limit: number,
): Promise<readonly StoredEvent[]> {
  const sql = `SELECT ${EVENT_COLUMNS_SQL} FROM events WHERE ordinal BETWEEN ${first} AND ${last}
    ORDER BY ordinal LIMIT ${limit}`
  return readEvents(connection, sql, dictionary)
}

async function readEvents(
  connection: DuckDBConnection,
  sql: string,
  dictionary: Dictionary,
): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = []
  await readChunks(connection, sql, [], (columns, count) => {
    for (let row = 0; row < count; row++) events.push(readEvent(columns, row, dictionary))
  })
  return events
}

/** Every column by name: a file that began with an older build has them in another order. */
const EVENT_COLUMNS_SQL: string = EVENT_TABLE.map(({ name }) => quoted(name)).join(', ')
const INDEX: ReadonlyMap<string, number> = new Map(EVENT_TABLE.map(({ name }, index) => [name, index]))
const STORED = COLUMNS.filter(({ storage }) => storage !== 'rest')

/** One row of all columns, back as an event. */
function readEvent(columns: readonly ColumnValues[], row: number, dictionary: Dictionary): StoredEvent {
  const at = (name: string): unknown => columns[INDEX.get(name) as number]?.[row] ?? null
  const event: Record<string, unknown> = {}
  const overflow = at(OVERFLOW) as string | null
  for (const column of STORED) {
    const value = at(column.name)
    if (value !== null) event[column.field] = memberOf(column, value, dictionary, overflow)
    else if (column.storage === 'id') event[column.field] = at(EVENT_ID_TEXT)
  }
  const rest = at(REST) as string | null
  if (rest !== null) Object.assign(event, JSON.parse(rest))
  return {
    ordinal: at(ORDINAL) as number,
    receivedMs: at(RECEIVED_MS) as number,
    event: event as unknown as UsageEvent,
  }
}

function memberOf(
  { field, name, storage }: Column,
  value: unknown,
  dictionary: Dictionary,
  overflow: string | null,
): unknown {
  switch (storage) {
    case 'code':
      if (value !== OVERFLOW_CODE) return dictionary.value(field, value as number)
      return (JSON.parse(overflow as string) as Record<string, string>)[name]
    case 'json':
      return JSON.parse(value as string)
    default:
      return value
  }
}
