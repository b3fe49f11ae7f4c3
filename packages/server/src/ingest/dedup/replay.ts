import {
  eventFromWire,
  type JsonBytes,
  jsonBytes,
  type SentContent,
  type UsageEvent,
  writeAcceptedEvent,
} from '@tallystick/core/event'
import { type JournalEnd, type JournalPosition, readJournal } from '@tallystick/core/journal'
import type { Witness } from './manifest.ts'

/** An event as the journal holds it. */
export interface JournaledEvent {
  readonly ordinal: number
  readonly receivedMs: number
  readonly contentHash: string
  readonly event: UsageEvent
}

/** An event on its way into the journal. */
export interface AcceptedEvent {
  readonly event: UsageEvent
  readonly content: SentContent
  readonly contentHash: string
  readonly receivedMs: number
  readonly timestampMinted: boolean
}

const RECEIVED = jsonBytes('"r":')
const HASH = jsonBytes(',"h":')
const EVENT = jsonBytes(',"e":')

/** Writes the journal's body of an event: when it was received, the hash of what was sent, and the event. */
export function writeJournalBody(
  line: JsonBytes,
  { event, content, contentHash, receivedMs, timestampMinted }: AcceptedEvent,
): void {
  line.raw(RECEIVED)
  line.number(receivedMs)
  line.raw(HASH)
  line.text(contentHash)
  line.raw(EVENT)
  writeAcceptedEvent(line, event, content, timestampMinted)
}

/** Reads an event record back; undefined for a record that is none of ours. */
export function fromJournal(ordinal: number, body: Readonly<Record<string, unknown>>): JournaledEvent | undefined {
  const { r: receivedMs, h: contentHash, e: wire } = body
  if (typeof receivedMs !== 'number' || typeof contentHash !== 'string' || typeof wire !== 'object' || wire === null)
    return undefined
  return { ordinal, receivedMs, contentHash, event: eventFromWire(wire as Readonly<Record<string, unknown>>) }
}

/** The journal's events from a place on (or from the oldest held), up to its durable end. */
export async function* replay(
  dir: string,
  from: JournalPosition | undefined,
  end: JournalEnd,
): AsyncGenerator<readonly JournaledEvent[]> {
  const options = { dir, to: end.position, batchRecords: 1000 }
  for await (const { records } of readJournal(from ? { ...options, from } : options)) {
    const events: JournaledEvent[] = []
    for (const { type, ordinal, body } of records) {
      const event = type === 'event' ? fromJournal(ordinal, body) : undefined
      if (event) events.push(event)
    }
    if (events.length > 0) yield events
  }
}

/** The first record at or behind the start of a place's segment: enough to tell one journal from another. */
export async function witnessOf(dir: string, end: JournalEnd): Promise<Witness | null> {
  const from = { segment: end.position.segment, offset: 0 }
  for await (const { records } of readJournal({ dir, from, to: end.position, batchRecords: 1 })) {
    const [first] = records
    if (first) return { ordinal: first.ordinal, content: String(first.body['c']) }
  }
  return null
}
