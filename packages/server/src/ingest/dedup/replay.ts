import {
  type AddedMembers,
  eventFromWire,
  type JsonBytes,
  jsonBytes,
  type SentContent,
  type UsageEvent,
  writeAcceptedEvent,
} from '@tallystick/core/event'
import { type JournalDamage, type JournalEnd, type JournalRecord, readJournal } from '@tallystick/core/journal'
import { ledgersFromJournal, type SourceLedger } from '../source-ledger.ts'
import type { Witness } from './manifest.ts'

/** An event as the journal holds it. */
export interface JournaledEvent {
  readonly ordinal: number
  readonly receivedMs: number
  readonly contentHash: string
  readonly event: UsageEvent
}

/** An event on its way into the journal. */
export interface AcceptedEvent extends AddedMembers {
  readonly event: UsageEvent
  readonly content: SentContent
  readonly contentHash: string
  readonly receivedMs: number
}

const RECEIVED = jsonBytes('"r":')
const HASH = jsonBytes(',"h":')
const EVENT = jsonBytes(',"e":')

/** Writes the journal's body of an event: when it was received, the hash of what was sent, and the event. */
export function writeJournalBody(line: JsonBytes, accepted: AcceptedEvent): void {
  const { event, content, contentHash, receivedMs } = accepted
  line.raw(RECEIVED)
  line.number(receivedMs)
  line.raw(HASH)
  line.text(contentHash)
  line.raw(EVENT)
  writeAcceptedEvent(line, event, content, accepted)
}

/** Reads an event record back; undefined for a record that is none of ours. */
export function fromJournal(ordinal: number, body: Readonly<Record<string, unknown>>): JournaledEvent | undefined {
  const { r: receivedMs, h: contentHash, e: wire } = body
  if (typeof receivedMs !== 'number' || typeof contentHash !== 'string' || typeof wire !== 'object' || wire === null)
    return undefined
  return { ordinal, receivedMs, contentHash, event: eventFromWire(wire as Readonly<Record<string, unknown>>) }
}

/** Records of the journal in order: their ordinals, the events among them, and what senders said of events that will never come. */
export interface ReplayedBatch {
  readonly first: number
  readonly last: number
  readonly events: readonly JournaledEvent[]
  readonly ledgers: readonly SourceLedger[]
}

/** The journal's events behind a place (or from the oldest held), up to its durable end. */
export async function* replay(
  dir: string,
  from: JournalEnd | undefined,
  end: JournalEnd,
  onDamage: (damage: JournalDamage) => void,
): AsyncGenerator<ReplayedBatch> {
  const options = { dir, to: end.position, batchRecords: 1000, onCorrupt: onDamage }
  const reading = readJournal(from ? { ...options, from: from.position, after: from.ordinal } : options)
  for await (const { records } of reading) {
    const events: JournaledEvent[] = []
    const ledgers: SourceLedger[] = []
    for (const { type, ordinal, body } of records) {
      const event = type === 'event' ? fromJournal(ordinal, body) : undefined
      if (event) events.push(event)
      else ledgers.push(...ledgersFromJournal(type, body))
    }
    const [first, last] = [records[0], records.at(-1)] as [JournalRecord, JournalRecord]
    yield { first: first.ordinal, last: last.ordinal, events, ledgers }
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
