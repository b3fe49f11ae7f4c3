import type { EventKind } from '../event/index.ts'
import { utf8Bytes } from '../event/wire/text.ts'

/**
 * Thrown by the readers for what is not an event, and caught by the recorder. One for all: a flood of bad events must not
 * cost a stack each.
 */
export const NOT_AN_EVENT: unique symbol = Symbol('not an event')

/** What an event takes beside its members, and a text beside its characters; see {@link Draft.bytes}. */
const EVENT_BYTES = 128
const MEMBER_BYTES = 8
const TEXT_BYTES = 24

/**
 * One event between the caller's object and the buffer, used again for each: what is counted stands by name, all members
 * that are kept stand in `values`, in the order of the bits that say which they are.
 *
 * Packed values instead of an object: 26 members take half of the memory, nothing is allocated in the steady state, since
 * the buffer swaps its array for the draft's, and the shapes of callers' objects end here.
 */
export class Draft {
  kind: EventKind = 'router_stopped'
  /** The id that the caller brought. */
  eventId: string | undefined = undefined
  /** -1 when the caller brought none. */
  timestampMs = -1
  model = ''
  provider = ''
  failed = false
  inputTokens = 0
  outputTokens = 0
  /** -1 when nobody knows. */
  costNanoUsd = -1
  /**
   * Memory that the event will hold, an estimate that is rather too high: 128 bytes, 8 for each member, and for each text 24
   * and its characters, also of texts that other events share.
   */
  bytes = 0
  values: unknown[] = []
  length = 0
  first = 0
  second = 0
  third = 0

  reset(): void {
    this.eventId = undefined
    this.timestampMs = -1
    this.model = ''
    this.provider = ''
    this.failed = false
    this.inputTokens = 0
    this.outputTokens = 0
    this.costNanoUsd = -1
    this.bytes = EVENT_BYTES
    this.length = 0
  }

  /** Each of these keeps a value of its type and returns its bit; 0 when the value says nothing. */
  text(value: unknown, max: number, bit: number): number {
    if (typeof value !== 'string' || value.length > max) throw NOT_AN_EVENT
    // No character takes more than three bytes, so short text needs no counting.
    if (value.length * 3 > max && utf8Bytes(value) > max) throw NOT_AN_EVENT
    if (value === '') return 0
    this.values[this.length++] = value
    this.bytes += MEMBER_BYTES + TEXT_BYTES + value.length
    return bit
  }

  integer(value: unknown, max: number, bit: number): number {
    if (typeof value !== 'number' || !(value >= 0 && value <= max) || Math.floor(value) !== value) throw NOT_AN_EVENT
    // Adding 0 turns -0 into 0.
    this.values[this.length++] = value + 0
    this.bytes += MEMBER_BYTES
    return bit
  }

  boolean(value: unknown, bit: number): number {
    if (typeof value !== 'boolean') throw NOT_AN_EVENT
    this.values[this.length++] = value
    this.bytes += MEMBER_BYTES
    return bit
  }

  oneOf(value: unknown, values: readonly string[], bit: number): number {
    if (value === '') return 0
    if (!values.includes(value as string)) throw NOT_AN_EVENT
    this.values[this.length++] = value
    this.bytes += MEMBER_BYTES
    return bit
  }

  /** A value that has been checked and copied already. */
  copy(value: unknown, bytes: number, bit: number): number {
    if (value === undefined) return 0
    this.values[this.length++] = value
    this.bytes += MEMBER_BYTES + bytes
    return bit
  }
}
