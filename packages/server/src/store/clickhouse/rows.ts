import { FIELD_NAMES, type FieldName, type UsageEvent } from '@tallystick/core/event'
import { COLUMNS, type Column, quoted } from '../sql/columns.ts'
import { CANONICAL_UUID } from '../sql/expressions.ts'
import type { StoredEvent } from '../store.ts'
import type { Row } from './connection.ts'
import { EVENT_COLUMNS, EVENT_ID_TEXT, PLACE, PLACES, RECEIVED_MS, REST, SCOPE } from './schema.ts'

/** Stands where the id is text. No event has it as its id: it would be text then. */
const NO_UUID = '00000000-0000-0000-0000-000000000000'

const NAMES: readonly string[] = EVENT_COLUMNS.map(({ name }) => name)
const MEMBERS: ReadonlyMap<string, Column> = new Map(COLUMNS.map((column) => [column.name, column]))

/** Tenant, then agent or source: what an event's id is unique in, no two spelled the same. */
export function scopeOf({ agentId, sourceId, tenantId }: UsageEvent): string {
  const tenant = tenantId === undefined ? '-' : `t${tenantId.length}:${tenantId}`
  if (agentId !== undefined) return `${tenant}a${agentId}`
  return sourceId === undefined ? `${tenant}-` : `${tenant}s${sourceId}`
}

/** Does the id stand in a row as 16 bytes, or as text? */
export const isUuid = (eventId: string): boolean => CANONICAL_UUID.test(eventId) && eventId !== NO_UUID

/** An event as a row, its values in the order of {@link EVENT_COLUMNS}. */
export function rowOf({ event, ordinal, receivedMs }: StoredEvent, journal: number): Row {
  const record = event as unknown as Readonly<Record<string, unknown>>
  const asUuid = isUuid(event.eventId)
  return NAMES.map((name) => {
    switch (name) {
      case PLACE:
        return journal * PLACES + ordinal
      case RECEIVED_MS:
        return receivedMs
      case EVENT_ID_TEXT:
        return asUuid ? '' : event.eventId
      case SCOPE:
        return scopeOf(event)
      case REST:
        return restOf(record)
      case 'event_id':
        return asUuid ? event.eventId : NO_UUID
      case 'tags':
        return event.tags ?? {}
      default:
        return record[(MEMBERS.get(name) as Column).field] ?? null
    }
  })
}

const REST_FIELDS: readonly FieldName[] = COLUMNS.filter(({ storage }) => storage === 'rest').map(({ field }) => field)

/** What no query asks for by name, as one JSON text. A map without entries looks like none, and is told here. */
function restOf(record: Readonly<Record<string, unknown>>): string {
  let rest: Record<string, unknown> | undefined
  for (const field of REST_FIELDS) {
    const value = record[field]
    if (value === undefined) continue
    rest ??= {}
    rest[field] = value
  }
  const tags = record['tags'] as object | undefined
  if (tags !== undefined && Object.keys(tags).length === 0) rest = { ...rest, tags }
  return rest === undefined ? '' : JSON.stringify(rest)
}

/** Which columns are read, and how events are made of them. */
export interface Reading {
  readonly sql: string
  readonly event: (row: Row) => StoredEvent
}

/** Every event has these, whatever is wanted. */
const REQUIRED: readonly FieldName[] = ['eventId', 'timestampMs', 'kind']

export function readingOf(fields: readonly FieldName[] = FIELD_NAMES): Reading {
  const wanted = new Set([...REQUIRED, ...fields])
  const members = COLUMNS.filter(({ field, storage }) => storage !== 'rest' && wanted.has(field))
  const withRest = REST_FIELDS.some((field) => wanted.has(field)) || wanted.has('tags')
  const names = [PLACE, RECEIVED_MS, EVENT_ID_TEXT, ...(withRest ? [REST] : []), ...members.map(({ name }) => name)]
  const first = names.length - members.length
  return {
    sql: names.map(quoted).join(', '),
    event(row) {
      const event: Record<string, unknown> = {}
      for (const [index, { field, storage }] of members.entries()) {
        const value = row[first + index]
        if (value === null) continue
        if (storage === 'id') event[field] = value === NO_UUID ? row[2] : value
        else if (storage === 'integer') event[field] = Number(value)
        else if (storage !== 'json' || Object.keys(value as object).length > 0) event[field] = value
      }
      if (withRest && row[3] !== '') Object.assign(event, JSON.parse(row[3] as string))
      return { ordinal: Number(row[0]), receivedMs: Number(row[1]), event: event as unknown as UsageEvent }
    },
  }
}
