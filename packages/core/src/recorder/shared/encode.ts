import { EVENT_KINDS } from '../../event/fields.ts'
import type { Draft } from '../draft.ts'
import type { Memory } from './layout.ts'
import {
  COUNT_SHIFT,
  EVENT,
  EVENT_WORDS,
  FAILED,
  FALSE,
  FORMS,
  HAS_ID,
  JSON_TEXT,
  LENGTH_SHIFT,
  LOST,
  MAX_NAME_LENGTH,
  MAX_NAMES,
  NAME,
  NEW_NAME,
  RESET,
  SKIP,
  TEXT,
  TRUE,
  TYPE_BITS,
  WIDE,
} from './records.ts'

/** There is no room up to the limit. */
export const NO_ROOM = -1

/** More values than any event has. */
const MAX_VALUES = 96

/** Members whose text hardly ever comes again, as bits of `Draft.third`: operation, trace and span. */
export const ONE_OFF = (1 << 18) | (1 << 20) | (1 << 21)

/**
 * Writes records in place. One that turns out not to fit is abandoned where it stands: a record counts only when the
 * position behind it is published.
 */
export class Encoder {
  readonly #memory: Memory
  readonly #numbers = new Map<string, number>()
  /** Names below this number are known to the reader ... */
  #known = 0
  /** ... and these have been given by the record at hand: if it is abandoned they are taken back. */
  #given: string[] = []
  /** The name written last as the nth value, and its number: events of one kind need no look-up. */
  readonly #lastNames: string[] = Array.from({ length: MAX_VALUES }, () => '')
  readonly #lastNumbers = new Int32Array(MAX_VALUES).fill(-1)
  /** Which values are written out, though they are short. */
  readonly #oneOff = new Uint8Array(MAX_VALUES)

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** Might the next event need more numbers than there are? Then {@link Encoder.reset} has to be written first. */
  get full(): boolean {
    return this.#numbers.size > MAX_NAMES - MAX_VALUES
  }

  /**
   * @param at where the record starts
   * @param limit where it has to have ended
   * @returns where it ends, or {@link NO_ROOM}
   * @throws when a value cannot be JSON; {@link Encoder.abandon} is then to be called
   */
  event(draft: Draft, at: number, limit: number): number {
    const end = this.#event(draft, at, limit)
    if (end === NO_ROOM) this.abandon()
    else if (this.#given.length > 0) {
      this.#given = []
      this.#known = this.#numbers.size
    }
    return end
  }

  lost(counts: unknown, at: number, limit: number): number {
    if (at >= limit) return NO_ROOM
    const end = this.#text(JSON.stringify(counts), JSON_TEXT, at + 1, limit)
    if (end !== NO_ROOM) this.#header(LOST, at, end)
    return end
  }

  /** Forgets all names, here and at the reader. Takes one word. */
  reset(at: number): void {
    this.#numbers.clear()
    this.#given = []
    this.#lastNumbers.fill(-1)
    this.#known = 0
    this.#header(RESET, at, at + 1)
  }

  skip(at: number, end: number): void {
    this.#header(SKIP, at, end)
  }

  /** Takes back the names given by a record that the reader will not see. */
  abandon(): void {
    if (this.#given.length === 0) return
    for (const name of this.#given) this.#numbers.delete(name)
    this.#given = []
  }

  #event(draft: Draft, at: number, limit: number): number {
    const start = at + EVENT_WORDS
    // Most values take a word; text checks for itself.
    if (start + draft.length > limit) return NO_ROOM
    const { words, headers } = this.#memory
    const { values, length, eventId, third } = draft
    let to = start
    let info = EVENT_KINDS.indexOf(draft.kind) | (length << COUNT_SHIFT)
    if (draft.failed) info |= FAILED
    if (eventId !== undefined) {
      info |= HAS_ID
      to = this.#text(eventId, TEXT, to, limit)
      if (to === NO_ROOM) return NO_ROOM
    }
    const oneOff = (third & ONE_OFF) !== 0
    if (oneOff) this.#markOneOff(draft, 1)
    for (let index = 0; index < length; index++) {
      if (to >= limit) {
        to = NO_ROOM
        break
      }
      const value = values[index]
      if (typeof value === 'number') words[to++] = value
      else if (typeof value === 'string') to = this.#name(value, index, to, limit)
      else if (typeof value === 'boolean') words[to++] = value ? TRUE : FALSE
      else to = this.#text(JSON.stringify(value), JSON_TEXT, to, limit)
      if (to === NO_ROOM) break
    }
    if (oneOff) this.#markOneOff(draft, 0)
    if (to === NO_ROOM) return NO_ROOM

    this.#header(EVENT, at, to)
    const half = 2 * at
    headers[half + 1] = draft.bytes
    headers[half + 2] = draft.first
    headers[half + 3] = draft.second
    headers[half + 4] = third
    headers[half + 5] = info
    words[at + 3] = draft.timestampMs
    return to
  }

  #markOneOff({ first, second, third }: Draft, mark: number): void {
    const before = ones(first) + ones(second)
    for (let rest = third & ONE_OFF; rest !== 0; rest &= rest - 1) {
      this.#oneOff[before + ones(third & ((rest & -rest) - 1))] = mark
    }
  }

  #header(type: number, at: number, end: number): void {
    this.#memory.headers[2 * at] = type | ((end - at) << TYPE_BITS)
  }

  #name(text: string, index: number, to: number, limit: number): number {
    let number = this.#lastNumbers[index] as number
    if (number < 0 || this.#lastNames[index] !== text) {
      if (text.length > MAX_NAME_LENGTH || this.#oneOff[index] === 1) return this.#text(text, TEXT, to, limit)
      const known = this.#numbers.get(text)
      if (known === undefined) return this.#newName(text, to, limit)
      number = known
      // A number that this very record gave may still be taken back.
      if (number < this.#known) {
        this.#lastNames[index] = text
        this.#lastNumbers[index] = number
      }
    }
    this.#memory.words[to] = FORMS - NAME - number * (1 << LENGTH_SHIFT)
    return to + 1
  }

  #newName(text: string, to: number, limit: number): number {
    const end = this.#text(text, NEW_NAME, to, limit)
    if (end !== NO_ROOM) {
      this.#numbers.set(text, this.#numbers.size)
      this.#given.push(text)
    }
    return end
  }

  #text(text: string, form: number, to: number, limit: number): number {
    const { words, bytes, units } = this.#memory
    const { length } = text
    // A byte for each character is what text takes at least: what does not fit even so is not looked at.
    let end = to + 1 + ((length + 7) >>> 3)
    if (end > limit) return NO_ROOM
    let wide = 0
    const first = (to + 1) * 8
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit > 0xff) {
        wide = WIDE
        break
      }
      bytes[first + index] = unit
    }
    if (wide !== 0) {
      end = to + 1 + ((length + 3) >>> 2)
      if (end > limit) return NO_ROOM
      for (let index = 0; index < length; index++) units[first / 2 + index] = text.charCodeAt(index)
    }
    words[to] = FORMS - form - wide - length * (1 << LENGTH_SHIFT)
    return end
  }
}

/** How many bits are set. */
function ones(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}
