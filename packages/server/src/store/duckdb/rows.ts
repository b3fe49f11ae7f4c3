import { eventFromWire } from '@tallystick/core/event'
import {
  type JournalDamage,
  type JournalLines,
  type JournalRecord,
  lineDamage,
  parseLine,
} from '@tallystick/core/journal'
import type { StoredEvent } from '../store.ts'
import type { EventWriter } from './event-writer.ts'
import type { LineDecoder } from './line-decoder.ts'

/** Whoever can write into the rows of a chunk. */
export interface RowWriters {
  readonly events: Pick<EventWriter, 'write'>
  readonly lines: Pick<LineDecoder, 'decode'>
}

/** What is to be appended, in ordinal order, in whichever form it came. */
export interface Rows {
  readonly length: number
  ordinal(index: number): number
  /** Writes one of them into a row; false if it is no event, and the row is left empty. */
  write(index: number, writers: RowWriters, row: number): boolean
}

/** Events that were handed in. */
export class EventRows implements Rows {
  readonly #events: readonly StoredEvent[]

  constructor(events: readonly StoredEvent[]) {
    this.#events = events
  }

  get length(): number {
    return this.#events.length
  }

  ordinal(index: number): number {
    return (this.#events[index] as StoredEvent).ordinal
  }

  write(index: number, { events }: RowWriters, row: number): boolean {
    events.write(this.#events[index] as StoredEvent, row)
    return true
  }
}

/** Lines of the journal that say they are events. */
export class LineRows implements Rows {
  readonly #blocks: JournalLines[] = []
  readonly #indexes: number[] = []
  readonly #onDamage: (damage: JournalDamage) => void

  constructor(onDamage: (damage: JournalDamage) => void) {
    this.#onDamage = onDamage
  }

  add(lines: JournalLines, index: number): void {
    this.#blocks.push(lines)
    this.#indexes.push(index)
  }

  get length(): number {
    return this.#indexes.length
  }

  ordinal(index: number): number {
    return (this.#blocks[index] as JournalLines).ordinals[this.#indexes[index] as number] as number
  }

  write(index: number, { events, lines }: RowWriters, row: number): boolean {
    const block = this.#blocks[index] as JournalLines
    const line = this.#indexes[index] as number
    const ordinal = block.ordinals[line] as number
    if (lines.decode(block.buffer, block.starts[line] as number, block.ends[line] as number, ordinal, row)) return true
    const record = parseLine(block, line)
    if (typeof record === 'string') this.#onDamage(lineDamage(block, line, record))
    const stored = typeof record === 'string' ? undefined : storedOf(record)
    if (stored === undefined) return false
    events.write(stored, row)
    return true
  }
}

/** The event of a record; undefined for one that is none of ours. */
function storedOf({ type, ordinal, body }: JournalRecord): StoredEvent | undefined {
  const { r: receivedMs, e: wire } = body
  if (type !== 'event' || typeof receivedMs !== 'number' || typeof wire !== 'object' || wire === null) return undefined
  return { ordinal, receivedMs, event: eventFromWire(wire as Readonly<Record<string, unknown>>) }
}
