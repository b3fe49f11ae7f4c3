import type { OrdinalRange } from '@tallystick/core/journal'
import type { Parameters } from '../sql/dialect.ts'
import { filtersSql, leastSql } from '../sql/expressions.ts'
import type { ScanPage, ScanRequest, StoredEvent } from '../store.ts'
import { EVENTS } from './answer.ts'
import type { Connection } from './connection.ts'
import { CLICKHOUSE } from './dialect.ts'
import { isUuid, readingOf } from './rows.ts'
import { EVENT_ID_TEXT, PLACE, PLACES } from './schema.ts'
import { type State, visibleSql } from './state.ts'

/** A page of events. The ordinal of another journal's event is its place: no two events share one. */
export async function scanEvents(connection: Connection, state: State, request: ScanRequest): Promise<ScanPage> {
  const { after, ascending = false, fields, fromMs, limit, toMs } = request
  const parameters = CLICKHOUSE.parameters()
  const [beyond, order] = ascending ? ['>', 'ASC'] : ['<', 'DESC']
  const where = [
    `timestamp_ms >= ${fromMs}`,
    `timestamp_ms < ${toMs}`,
    after && `timestamp_ms ${beyond}= ${after.timestampMs}`,
    after && `(timestamp_ms, ${PLACE}) ${beyond} (${after.timestampMs}, ${after.ordinal})`,
    visibleSql(state),
    request.eventId === undefined ? undefined : idSql(request.eventId, parameters),
    ...leastSql(request.atLeast),
    filtersSql(CLICKHOUSE, request.filters, parameters),
  ].filter((part) => part !== undefined)
  const reading = readingOf(fields)
  const sql = `SELECT ${reading.sql} FROM ${EVENTS} WHERE ${where.join(' AND ')}
    ORDER BY timestamp_ms ${order}, ${PLACE} ${order} LIMIT ${limit + 1}`
  const found = (await connection.rows(sql, { values: parameters.values })).map(reading.event)
  const events = found.slice(0, limit)
  const last = events.at(-1)
  if (found.length <= limit || last === undefined) return { events }
  return { events, next: { timestampMs: last.event.timestampMs, ordinal: last.ordinal } }
}

function idSql(eventId: string, parameters: Parameters): string {
  const bound = parameters.bind(eventId)
  return isUuid(eventId) ? `event_id = toUUID(${bound})` : `${EVENT_ID_TEXT} = ${bound}`
}

/** Events of one journal with ordinals of a range, in that order. */
export async function heldEvents(
  connection: Connection,
  state: State,
  journal: number,
  { first, last }: OrdinalRange,
  limit: number,
): Promise<readonly StoredEvent[]> {
  const base = journal * PLACES
  const reading = readingOf()
  const within = `${PLACE} >= ${base + first} AND ${PLACE} <= ${base + Math.min(last, PLACES - 1)}`
  const where = [within, visibleSql(state)].filter((part) => part !== undefined).join(' AND ')
  const rows = await connection.rows(
    `SELECT ${reading.sql} FROM ${EVENTS} WHERE ${where} ORDER BY ${PLACE} LIMIT ${limit}`,
  )
  return rows.map(reading.event).map((stored) => ({ ...stored, ordinal: stored.ordinal - base }))
}
