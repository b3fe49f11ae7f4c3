import type { DuckDBConnection } from '@duckdb/node-api'
import { FIELD_NAMES, type FieldName, type UsageEvent } from '@tallystick/core/event'
import type { OrdinalRange } from '@tallystick/core/journal'
import { CANONICAL_UUID, leastSql } from '../sql/expressions.ts'
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

/** A page of events. */
export async function scanEvents(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  request: ScanRequest,
  visible?: string,
): Promise<ScanPage> {
  const parameters = new Parameters()
  const source = pageSql(request, dictionary, parameters, visible)
  const found = request.fields
    ? await readPage(connection, dictionary, readingOf(request.fields), source, parameters)
    : await readPlaces(connection, dictionary, source, parameters)
  const events = found.slice(0, request.limit)
  const last = events.at(-1)
  if (found.length <= request.limit || last === undefined) return { events }
  return { events, next: { timestampMs: last.event.timestampMs, ordinal: last.ordinal } }
}

/** The rows of the page and one more, in order: what follows the columns of a SELECT. */
function pageSql(
  request: ScanRequest,
  dictionary: Dictionary,
  parameters: Parameters,
  visible: string | undefined,
): string {
  const { ascending = false, after, limit } = request
  const beyond = after && `(timestamp_ms, ordinal) ${ascending ? '>' : '<'} (${after.timestampMs}, ${after.ordinal})`
  // The tuple comparison does not prune row groups; a plain bound on the instant beside it does.
  const bound = after && `timestamp_ms ${ascending ? '>=' : '<='} ${after.timestampMs}`
  const where = [
    `timestamp_ms >= ${request.fromMs}`,
    `timestamp_ms < ${request.toMs}`,
    bound,
    beyond,
    visible,
    idSql(request.eventId, parameters),
    ...leastSql(request.atLeast),
    filtersSql(request.filters, dictionary, parameters),
  ].filter((part) => part !== undefined)
  const order = ascending ? 'ASC' : 'DESC'
  return `FROM events WHERE ${where.join(' AND ')}
    ORDER BY timestamp_ms ${order}, ordinal ${order} LIMIT ${limit + 1}`
}

function idSql(eventId: string | undefined, parameters: Parameters): string | undefined {
  if (eventId === undefined) return undefined
  const bound = parameters.bind(eventId)
  return CANONICAL_UUID.test(eventId)
    ? `${quoted('event_id')} = CAST(${bound} AS UUID)`
    : `${quoted(EVENT_ID_TEXT)} = ${bound}`
}

/** A few columns are read in the order of the page at once. */
async function readPage(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  reading: Reading,
  source: string,
  parameters: Parameters,
): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = []
  await readChunks(connection, `SELECT ${reading.sql} ${source}`, parameters.values, (columns, count) => {
    for (let row = 0; row < count; row++) events.push(readEvent(reading, columns, row, dictionary))
  })
  return events
}

/**
 * Where all columns are wanted, the places of the page's rows are found first, from the two columns of the order and those
 * of the filters; only then are the rows themselves read.
 */
async function readPlaces(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  source: string,
  parameters: Parameters,
): Promise<readonly StoredEvent[]> {
  const page = (await readRows(connection, `SELECT ordinal, timestamp_ms ${source}`, parameters.values)) as [
    number,
    number,
  ][]
  if (page.length === 0) return []
  const ordinals = page.map(([ordinal]) => ordinal)
  const instants = page.map(([, instant]) => instant)
  const [least, greatest] = [Math.min(...ordinals), Math.max(...ordinals)]
  // Rows lie in the file in the order of ordinals: the bounds keep the engine from reading the rest of it.
  const sql = `SELECT ${WHOLE.sql} FROM events WHERE ordinal BETWEEN ${least} AND ${greatest}
    AND timestamp_ms BETWEEN ${Math.min(...instants)} AND ${Math.max(...instants)} AND ordinal IN (${ordinals.join(', ')})`
  const byOrdinal = new Map<number, StoredEvent>()
  for (const stored of await readEvents(connection, sql, dictionary)) byOrdinal.set(stored.ordinal, stored)
  return ordinals.flatMap((ordinal) => byOrdinal.get(ordinal) ?? [])
}

/** Events with ordinals of a range, in that order. */
export async function heldEvents(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  { first, last }: OrdinalRange,
  limit: number,
): Promise<readonly StoredEvent[]> {
  const sql = `SELECT ${WHOLE.sql} FROM events WHERE ordinal BETWEEN ${first} AND ${last}
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
    for (let row = 0; row < count; row++) events.push(readEvent(WHOLE, columns, row, dictionary))
  })
  return events
}

/** Which columns of the table are read, and how events are made of them. */
interface Reading {
  /** Columns by name: a file that began with an older build has them in another order. */
  readonly sql: string
  readonly index: ReadonlyMap<string, number>
  readonly members: readonly Column[]
}

/** Every event has these, whatever is wanted. */
const REQUIRED: readonly FieldName[] = ['eventId', 'timestampMs', 'kind']

function readingOf(fields: readonly FieldName[]): Reading {
  const wanted = new Set([...REQUIRED, ...fields])
  const members = COLUMNS.filter(({ field, storage }) => storage !== 'rest' && wanted.has(field))
  const beside = new Set([ORDINAL, RECEIVED_MS, EVENT_ID_TEXT, OVERFLOW])
  if (COLUMNS.some(({ field, storage }) => storage === 'rest' && wanted.has(field))) beside.add(REST)
  const names = EVENT_TABLE.map(({ name }) => name).filter(
    (name) => beside.has(name) || members.some((member) => member.name === name),
  )
  return {
    sql: names.map(quoted).join(', '),
    index: new Map(names.map((name, index) => [name, index])),
    members,
  }
}

const WHOLE = readingOf(FIELD_NAMES)

/** One row, back as an event. */
function readEvent(
  { index, members }: Reading,
  columns: readonly ColumnValues[],
  row: number,
  dictionary: Dictionary,
): StoredEvent {
  const at = (name: string): unknown => columns[index.get(name) ?? -1]?.[row] ?? null
  const event: Record<string, unknown> = {}
  const overflow = at(OVERFLOW) as string | null
  for (const column of members) {
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
