import type { StoredEvent } from '../store.ts'
import type { Connection } from './connection.ts'
import { EVENT_ID_TEXT, PLACE, PLACES, SCOPE, VERSION } from './schema.ts'

/** A sender that hears nothing from one server tries the next within this time. */
const RETRIED_WITHIN_MS = 15 * 60_000

const IDENTITY = `(event_id, ${EVENT_ID_TEXT}, ${SCOPE})`

/**
 * Removes from a batch that has just been inserted what another server has inserted before under another instant. An event that
 * says when it was has one instant wherever it is sent, and the engine finds the two; one that does not gets the instant of its
 * arrival, at each server another. No cell holds the batch yet: it is not noted as applied.
 */
export async function dropRepeated(
  connection: Connection,
  journal: number,
  events: readonly StoredEvent[],
): Promise<void> {
  const minted = events.filter(({ event, receivedMs }) => event.timestampMs === receivedMs)
  const [first, last] = [events[0], events.at(-1)]
  if (minted.length === 0 || first === undefined || last === undefined) return
  const [journals] = await connection.rows('SELECT count() FROM journals')
  if (Number(journals?.[0]) < 2) return
  const instants = minted.map(({ event }) => event.timestampMs)
  const [fromMs, toMs] = [Math.min(...instants), Math.max(...instants)]
  const base = journal * PLACES
  const own = `${PLACE} >= ${base + first.ordinal} AND ${PLACE} <= ${base + last.ordinal}
    AND timestamp_ms >= ${fromMs} AND timestamp_ms <= ${toMs} AND timestamp_ms = received_ms`
  const found = await connection.rows(
    `SELECT toInt64(mine.place) FROM (SELECT ${IDENTITY} AS id, ${PLACE} AS place, timestamp_ms AS at, ${VERSION} AS version FROM events WHERE ${own}) AS mine
     JOIN (SELECT ${IDENTITY} AS id, ${PLACE} AS place, timestamp_ms AS at, ${VERSION} AS version FROM events
       WHERE timestamp_ms >= ${fromMs - RETRIED_WITHIN_MS} AND timestamp_ms <= ${toMs + RETRIED_WITHIN_MS}
       AND event_id IN (SELECT event_id FROM events WHERE ${own})) AS other
     ON mine.id = other.id
     WHERE mine.at != other.at AND (other.version > mine.version OR (other.version = mine.version AND other.place < mine.place))`,
  )
  if (found.length === 0) return
  const places = found.map(([place]) => Number(place)).join(', ')
  await connection.run(
    `DELETE FROM events WHERE ${PLACE} IN (${places}) AND timestamp_ms >= ${fromMs} AND timestamp_ms <= ${toMs}`,
  )
}
