import { isUtf8 } from 'node:buffer'
import { type ErrorCode, TallystickError } from '@tallystick/core'
import { type Decoder, decodeWireEvent } from '@tallystick/core/event'
import type { SourceLedger } from '../ingest/source-ledger.ts'
import { readLedgers } from './ledgers.ts'
import type { BodyFormat } from './media.ts'
import { isDeeperThan, jsonShape } from './shape.ts'

/** Bodies below this cannot become more than some tens of megabytes, so they are parsed without being weighed first. */
const WEIGHED_BYTES = 1024 * 1024
/** Per event allowed in a batch: more than the widest honest event has. */
const CONTAINERS_PER_EVENT = 16
const MEMBERS_PER_EVENT = 200
const NEWLINE = 0x0a

export interface BatchLimits {
  readonly batchEvents: number
  readonly depth: number
}

/** A line of NDJSON that could not be read; it takes the item's place so that the others keep their index. */
class UnreadableItem {
  readonly code: ErrorCode
  readonly message: string

  constructor(code: ErrorCode, message: string) {
    this.code = code
    this.message = message
  }
}

/** What a body holds. */
export interface Batch {
  readonly items: readonly unknown[]
  /** What its sender says of events that will never come; absent where it says nothing. */
  readonly ledgers?: readonly SourceLedger[]
}

/**
 * The items of a body, not yet looked into, and the ledgers beside them.
 *
 * JSON is one event, an array of events, or `{"events":[...]}`, whose `source_id`, `epoch` and `seq` stand in where an item
 * has none of its own (`seq` is that of the first item and rises by one), and whose `ledgers` are read. NDJSON is one event a line; empty lines do not
 * count, and a line that cannot be read becomes an item that {@link doorDecoder} rejects.
 *
 * @throws TallystickError `invalid_json`, `invalid_body`, `too_many_events`
 */
export function readBatch(bytes: Uint8Array, format: BodyFormat, limits: BatchLimits): Batch {
  weigh(bytes, limits)
  const batch = format === 'json' ? jsonBatch(bytes) : { items: lineItems(bytes, limits) }
  const { items } = batch
  if (items.length > limits.batchEvents)
    throw new TallystickError(
      'too_many_events',
      `The body has ${items.length} events; at most ${limits.batchEvents} are taken at once.`,
    )
  return batch
}

/** Decodes what {@link readBatch} made, at most `depth` levels deep; the native wire unless told otherwise. */
export function doorDecoder(depth: number, decode: Decoder = decodeWireEvent): Decoder {
  return (item, context) => {
    if (typeof item === 'object' && item !== null) {
      if (item instanceof UnreadableItem) return { ok: false, code: item.code, message: item.message }
      if (isDeeperThan(item, depth))
        return { ok: false, code: 'too_deep', message: `The event is nested deeper than ${depth} levels.` }
    }
    return decode(item, context)
  }
}

/**
 * Parses JSON in UTF-8, with or without a byte order mark.
 *
 * @throws TallystickError `invalid_json`
 */
export function parseJson(bytes: Uint8Array): unknown {
  if (!isUtf8(bytes)) throw new TallystickError('invalid_json', 'The body is not valid UTF-8.')
  try {
    return JSON.parse(textOf(bytes))
  } catch (cause) {
    throw new TallystickError(
      'invalid_json',
      `The body is not valid JSON: ${(cause as Error).message.slice(0, 200)}.`,
      { cause },
    )
  }
}

function jsonBatch(bytes: Uint8Array): Batch {
  const value = parseJson(bytes)
  if (Array.isArray(value)) return { items: value }
  if (typeof value !== 'object' || value === null)
    throw new TallystickError(
      'invalid_body',
      `The body is ${value === null ? 'null' : `a ${typeof value}`}, not an event or a list of events.`,
    )
  if (!Object.hasOwn(value, 'events')) return { items: [value] }
  const batch = value as { readonly events: unknown; readonly ledgers?: unknown }
  if (!Array.isArray(batch.events))
    throw new TallystickError('invalid_body', '`events` is not an array.', {
      issues: [{ path: 'events', message: 'must be an array' }],
    })
  spread(value as Record<string, unknown>, batch.events)
  const { events: items, ledgers } = batch
  return ledgers === undefined ? { items } : { items, ledgers: readLedgers(ledgers) }
}

/** Gives each item the batch's stamp where it has none; the decoder then judges it like the item's own. */
function spread(batch: Record<string, unknown>, items: readonly unknown[]): void {
  const { source_id: sourceId, epoch, seq } = batch
  if (sourceId === undefined && epoch === undefined && seq === undefined) return
  items.forEach((item, index) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return
    const event = item as Record<string, unknown>
    if (sourceId !== undefined && !Object.hasOwn(event, 'source_id')) event['source_id'] = sourceId
    if (epoch !== undefined && !Object.hasOwn(event, 'epoch')) event['epoch'] = epoch
    if (seq !== undefined && !Object.hasOwn(event, 'seq')) event['seq'] = typeof seq === 'number' ? seq + index : seq
  })
}

function lineItems(bytes: Uint8Array, limits: BatchLimits): readonly unknown[] {
  const wellFormed = isUtf8(bytes)
  const items: unknown[] = []
  for (const line of lines(bytes)) {
    if (!wellFormed && !isUtf8(line)) items.push(new UnreadableItem('invalid_json', 'The line is not valid UTF-8.'))
    else {
      const text = textOf(line)
      if (text.trim() === '') continue
      items.push(parseLine(text))
    }
    if (items.length > limits.batchEvents)
      throw new TallystickError('too_many_events', `The body has more than ${limits.batchEvents} events; split it.`)
  }
  return items
}

function* lines(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline < 0 ? bytes.length : newline
    yield bytes.subarray(start, end)
    start = end + 1
  }
}

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    return new UnreadableItem('invalid_json', `The line is not valid JSON: ${(cause as Error).message.slice(0, 200)}.`)
  }
}

/**
 * Refuses a body that would become more than the events it may hold, before it is parsed.
 *
 * @throws TallystickError `too_many_events`
 */
export function weigh(bytes: Uint8Array, limits: Pick<BatchLimits, 'batchEvents'>): void {
  if (bytes.byteLength <= WEIGHED_BYTES) return
  const { containers, commas } = jsonShape(bytes)
  if (containers > limits.batchEvents * CONTAINERS_PER_EVENT || commas > limits.batchEvents * MEMBERS_PER_EVENT)
    throw new TallystickError(
      'too_many_events',
      `The body has ${containers} objects and arrays with ${commas} commas, which is more than ${limits.batchEvents} events can have.`,
    )
}

/** Text of bytes known to be UTF-8; a byte order mark is no part of JSON. */
function textOf(bytes: Uint8Array): string {
  const marked = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', marked ? 3 : 0)
}
