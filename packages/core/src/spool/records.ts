import { JsonBytes, jsonBytes, type UsageEvent, writeWireEvent } from '../event/index.ts'
import type { JournalEntry, JournalRecord } from '../journal/index.ts'
import { droppedFrom, type Life, type Outcome, type SavedLife, type Told } from './life.ts'
import type { SavedMarks } from './marks.ts'

/** Ordinals, both ends included. */
export type Range = readonly [first: number, last: number]

/** Events that have left, in the order in which they did. Ordinals that are no events, or have left before, do not count. */
export interface Leaving {
  readonly outcome: Outcome
  readonly ranges: Range[]
}

/** All that is known when it is written: what was before need not be read any more. */
export interface SavedState {
  readonly version: 1
  readonly source_id: string
  /** The last that was given to a life. */
  readonly epoch: number
  readonly lives: readonly SavedLife[]
  readonly marks: readonly SavedMarks[]
}

const VERSION = 1
const EVENT = jsonBytes('"e":')
/** An event is written as one line of the journal, which holds 16 MiB. */
const MAX_EVENT_BYTES = 15 * 1024 * 1024

/** What a recorder said, just before so many of its events. */
export function ledgerEntry({ sourceId, epoch, told }: Life, events: number): JournalEntry {
  const { recorded, acked, dropped } = told
  const ledger = { source_id: sourceId, epoch, recorded, acked, dropped: Object.fromEntries(dropped), events }
  return { type: 'meta', body: `"ledger":${JSON.stringify(ledger)}` }
}

export function leavingEntry({ outcome, ranges }: Leaving): JournalEntry {
  return { type: 'meta', body: `"left":${JSON.stringify({ as: outcome, ordinals: ranges })}` }
}

export function stateEntry(state: SavedState): JournalEntry {
  return { type: 'meta', body: `"state":${JSON.stringify(state)}` }
}

/** Bodies of event records, one behind the other in one buffer. */
export class EncodedEvents {
  readonly #out = new JsonBytes(16 * 1024)
  readonly #ends: number[] = []

  /** False for one that cannot be written down. */
  add(event: UsageEvent): boolean {
    const start = this.#out.length
    try {
      this.#out.raw(EVENT)
      writeWireEvent(this.#out, event)
      if (this.#out.length - start <= MAX_EVENT_BYTES) {
        this.#ends.push(this.#out.length)
        return true
      }
    } catch {
      // Counted by whoever asked.
    }
    this.#out.length = start
    return false
  }

  /** The body at this place. */
  body(index: number): Uint8Array {
    return this.#out.bytes.subarray(index === 0 ? 0 : this.#ends[index - 1], this.#ends[index])
  }
}

/** A record read back. */
export type SpoolRecord =
  | { readonly kind: 'event'; readonly wire: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'ledger'
      readonly sourceId: string
      readonly epoch: number
      readonly told: Told
      readonly events: number
    }
  | { readonly kind: 'left'; readonly leaving: Leaving }
  | { readonly kind: 'state'; readonly state: SavedState }

/** What a record says; undefined for one of a form that is not ours. */
export function readRecord({ type, body }: JournalRecord): SpoolRecord | undefined {
  if (type === 'event') {
    const wire = body['e']
    return isObject(wire) ? { kind: 'event', wire } : undefined
  }
  const { ledger, left, state } = body as { readonly [name: string]: unknown }
  if (isObject(ledger)) {
    const { source_id: sourceId, epoch, recorded, acked, dropped, events } = ledger as unknown as SavedLedger
    return { kind: 'ledger', sourceId, epoch, told: { recorded, acked, dropped: droppedFrom(dropped) }, events }
  }
  if (isObject(left)) {
    const { as: outcome, ordinals } = left as unknown as { as: Outcome; ordinals: Range[] }
    return { kind: 'left', leaving: { outcome, ranges: ordinals } }
  }
  if (isObject(state) && state['version'] === VERSION) return { kind: 'state', state: state as unknown as SavedState }
  return undefined
}

interface SavedLedger {
  readonly source_id: string
  readonly epoch: number
  readonly recorded: number
  readonly acked: number
  readonly dropped: Readonly<Record<string, number>>
  readonly events: number
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
