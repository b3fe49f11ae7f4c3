import type { JsonValue, UsageEvent } from '../event.ts'
import { FIELD_NAMES, wireName } from '../fields.ts'
import { JsonBytes, jsonBytes } from '../json-bytes.ts'
import type { SentContent } from './content.ts'
import { boolean, NAME, number, text, writeAfterMoney, writeBeforeMoney, writeMoney } from './members.ts'

const WIRE_NAMES = FIELD_NAMES.map((field) => [field, wireName(field)] as const)
// Marked pure, so that an application that writes no journal does not carry what writes one.
const EVENT_ID = /* @__PURE__ */ jsonBytes('{"event_id":')
const END = /* @__PURE__ */ jsonBytes('}')

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
 */
export function wireJson(event: UsageEvent): string {
  const out = new JsonBytes()
  writeWireEvent(out, event)
  return new TextDecoder().decode(out.bytes.subarray(0, out.length))
}

/** As {@link wireJson}, behind what `out` holds already. */
export function writeWireEvent(out: JsonBytes, event: UsageEvent): void {
  out.raw(EVENT_ID)
  out.text(event.eventId)
  number(out, NAME.timestampMs, event.timestampMs)
  text(out, NAME.kind, event.kind)
  text(out, NAME.sourceId, event.sourceId)
  number(out, NAME.epoch, event.epoch)
  number(out, NAME.seq, event.seq)
  writeBeforeMoney(out, event, JSON.stringify)
  writeMoney(out, event)
  writeAfterMoney(out, event, JSON.stringify)
  out.raw(END)
}

/** What a door puts into an event beside what its sender said. */
export interface AddedMembers {
  /** The door stamped the event: its content does not have the instant. */
  readonly timestampMinted: boolean
  /** What the door saw of the sender where that said nothing. */
  readonly observed?: Readonly<Pick<UsageEvent, 'apiKeyId' | 'authMethod' | 'authenticated' | 'clientIp'>>
}

/**
 * Writes an accepted event as `eventFromWire` reads it: what its sender said, byte for byte as it was hashed, then what
 * the server added. Of the members about money those that `event` has now count.
 *
 * @param added - what the door put into the event that its content does not have
 */
export function writeAcceptedEvent(
  out: JsonBytes,
  event: UsageEvent,
  { bytes, moneyStart, moneyEnd }: SentContent,
  added: AddedMembers,
): void {
  if (moneyStart === moneyEnd) out.copy(bytes)
  else {
    out.copy(bytes.subarray(0, moneyStart))
    out.copy(bytes.subarray(moneyEnd))
  }
  // The members that follow go inside the content's brace.
  out.length--
  text(out, NAME.eventId, event.eventId)
  if (added.timestampMinted) number(out, NAME.timestampMs, event.timestampMs)
  number(out, NAME.epoch, event.epoch)
  number(out, NAME.seq, event.seq)
  if (added.observed) {
    const { apiKeyId, authMethod, authenticated, clientIp } = added.observed
    text(out, NAME.apiKeyId, apiKeyId)
    text(out, NAME.authMethod, authMethod)
    boolean(out, NAME.authenticated, authenticated)
    text(out, NAME.clientIp, clientIp)
  }
  writeMoney(out, event)
  out.raw(END)
}
