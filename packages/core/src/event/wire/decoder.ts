import type { ErrorCode } from '../../errors.ts'
import type { Mutable, UsageEvent } from '../event.ts'
import { isText } from './text.ts'

/** What a decoder is told beside the item itself. */
export interface DecodeContext {
  /** The wall clock: stamps items without an instant and bounds those with one. */
  readonly nowMs: number
  /** Called once for an accepted item without an id. */
  readonly mintId: () => string
  /** Members for items that lack them, e.g. a batch's `sourceId`; not id and instant. Trusted: not validated again. */
  readonly defaults?: Readonly<Partial<UsageEvent>>
}

/** An item that is an event. */
export interface DecodedEvent {
  readonly ok: true
  /** Owned by the caller, who may go on to fill in what the server knows. */
  readonly event: Mutable<UsageEvent>
  readonly idMinted: boolean
  readonly timestampMinted: boolean
}

/** An item that is none: where, and why. */
export interface RefusedItem {
  readonly ok: false
  readonly code: ErrorCode
  /** Name of the offending member as the sender spells it; absent when the item as a whole is wrong. */
  readonly field?: string
  readonly message: string
  /** The item's own id, where it has a usable one. */
  readonly eventId?: string
}

/** What became of one item of a batch. */
export type Decoded = DecodedEvent | RefusedItem

/** Reads one item of a batch. Never throws, whatever the item is. */
export type Decoder = (item: unknown, context: DecodeContext) => Decoded

/**
 * Why an item is refused; thrown between the readers and their decoder, never out of it. Not an `Error`: collecting a
 * stack for each bad item would make a flood of them the most expensive traffic there is.
 */
export class Refusal {
  readonly code: ErrorCode
  readonly field: string
  readonly message: string

  constructor(code: ErrorCode, field: string, message: string) {
    this.code = code
    this.field = field
    this.message = message
  }
}

/** Runs a decoder's body and turns what it throws into a refused item. */
export function guarded(item: unknown, decode: (item: Readonly<Record<string, unknown>>) => Decoded): Decoded {
  try {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      return { ok: false, code: 'not_an_object', message: `an event must be a JSON object, not ${describe(item)}` }
    }
    return decode(item as Readonly<Record<string, unknown>>)
  } catch (thrown) {
    if (thrown instanceof Refusal) return refusedItem(thrown, item)
    // Only objects that are not plain JSON get here: a getter or a proxy trap of theirs threw.
    return { ok: false, code: 'not_an_object', message: 'the members of the event cannot be read' }
  }
}

function refusedItem({ code, field, message }: Refusal, item: unknown): RefusedItem {
  const eventId = idOf(item)
  return eventId === undefined ? { ok: false, code, field, message } : { ok: false, code, field, message, eventId }
}

/** The item's own id, if it is one. */
function idOf(item: unknown): string | undefined {
  try {
    const { event_id: eventId } = item as { readonly event_id?: unknown }
    return typeof eventId === 'string' && eventId !== '' && eventId.length <= 128 && isText(eventId)
      ? eventId
      : undefined
  } catch {
    return undefined
  }
}

/** The answer of another wire's decoder, speaking of the members as they are called there. */
export function renamed(decoded: Decoded, names: ReadonlyMap<string, string>): Decoded {
  if (decoded.ok || decoded.field === undefined) return decoded
  const { field, message } = decoded
  const name = names.get(field)
  if (name === undefined) return decoded
  return { ...decoded, field: name, message: message.startsWith(field) ? name + message.slice(field.length) : message }
}

/** A short, safe account of a value for a message: never more than a few dozen characters of it. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length > 32 ? `a string of ${value.length} characters` : `the string ${JSON.stringify(value)}`
    case 'number':
    case 'boolean':
      return String(value)
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object'
    default:
      return `a ${typeof value}`
  }
}
