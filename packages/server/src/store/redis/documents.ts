import { createHash } from 'node:crypto'
import { encodeRoutiium, NO_MODEL, type UsageEvent } from '@tallystick/core/event'
import { encodeDocument, readDocument, stampText } from '../jsonl/document-line.ts'
import type { StoredEvent } from '../store.ts'
import type { Argument } from './connection.ts'

/** An event as it stands in Redis. */
export interface PlacedEvent extends StoredEvent {
  readonly name: string
  /** It came through the journal. */
  readonly own: boolean
}

/** In which sets the event stands; empty: in none. Those are the rules of Routiium, which knows no model as null. */
export function indexed({ requestModel, endpoint }: UsageEvent): { readonly model: string; readonly endpoint: string } {
  return { model: requestModel === NO_MODEL ? '' : (requestModel ?? ''), endpoint: endpoint ?? '' }
}

export const secondOf = (ms: number): number => Math.floor(ms / 1000)

/** The event as arguments of the script that takes it in; see `APPLY`. */
export function applyArguments(stored: StoredEvent, msToLive: number): readonly Argument[] {
  const { ordinal, event } = stored
  const { model, endpoint } = indexed(event)
  const second = secondOf(event.timestampMs)
  return [ordinal, event.eventId, second, msToLive, model, endpoint, stampText(stored), encodeDocument(stored)]
}

/** Reads a document under its name, whoever wrote it; undefined if it is none. */
export function placedEvent(name: string, text: string): PlacedEvent | undefined {
  const document = readDocument(text)
  if (document === undefined) return undefined
  const { event, stamp } = document
  if (stamp !== undefined) return { name, own: true, ordinal: stamp.ordinal, receivedMs: stamp.receivedMs, event }
  return { name, own: false, ordinal: foreignOrdinal(name), receivedMs: event.timestampMs, event }
}

/** What stands under its name: ours tell their place in the journal. */
export function documentOf(placed: PlacedEvent): string {
  return placed.own ? encodeDocument(placed) : JSON.stringify(encodeRoutiium(placed.event))
}

/** Negative, where no ordinal of the journal is, and always the same for the same name. */
function foreignOrdinal(name: string): number {
  return -1 - createHash('sha1').update(name).digest().readUIntBE(0, 6)
}
