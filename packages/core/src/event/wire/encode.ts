import type { JsonValue, UsageEvent } from '../event.ts'
import { FIELD_NAMES, wireName } from '../fields.ts'
import { jsonOfMembers, quote } from './members.ts'

const WIRE_NAMES = FIELD_NAMES.map((field) => [field, wireName(field)] as const)

/**
 * The event as an object of the native wire, members in the order of the field table.
 *
 * @example encodeWireEvent({ eventId: 'a', timestampMs: 1, kind: 'llm_request_completed', requestModel: 'm' })
 * // { event_id: 'a', timestamp_ms: 1, kind: 'llm_request_completed', request_model: 'm' }
 */
export function encodeWireEvent(event: UsageEvent): Record<string, JsonValue> {
  const item: Record<string, JsonValue> = {}
  for (const [field, name] of WIRE_NAMES) {
    const value = event[field]
    if (value !== undefined) item[name] = value
  }
  return item
}

/**
 * JSON text of {@link encodeWireEvent}'s object. The event must have passed a door: a number that is not finite would
 * give text that is not JSON.
 *
 * @complexity one pass; about a microsecond for 26 members
 */
export function wireJson(event: UsageEvent): string {
  return `{"event_id":${quote(event.eventId)},"timestamp_ms":${event.timestampMs},"kind":"${event.kind}"${jsonOfDelivery(event)}${jsonOfMembers(event, JSON.stringify)}}`
}

function jsonOfDelivery(event: UsageEvent): string {
  let json = ''
  if (event.sourceId !== undefined) json += `,"source_id":${quote(event.sourceId)}`
  if (event.epoch !== undefined) json += `,"epoch":${event.epoch}`
  if (event.seq !== undefined) json += `,"seq":${event.seq}`
  return json
}
