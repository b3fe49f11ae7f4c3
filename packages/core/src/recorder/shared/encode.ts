import type { Layout } from '../layout.ts'
import type { Draft } from '../read-event.ts'
import type { Memory } from './memory.ts'
import {
  EVENT,
  EVENT_WORDS,
  FALSE,
  FORMS,
  JSON_TEXT,
  LAYOUT,
  LENGTH_SHIFT,
  LOST,
  MAX_LAYOUTS,
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
const MAX_VALUES = 128

/** Members whose text hardly ever comes again. */
const ONE_OFF: ReadonlySet<string> = new Set(['eventId', 'sessionId', 'operationId', 'traceId', 'spanId'])

/** A layout that the reader knows. */
class Known {
  readonly number: number
  /** For each value: is its text written out, though it is short? */
  readonly oneOff: readonly boolean[]
  /** The name that was written there last, and its number: events of one kind mostly need no look-up. */
  readonly names: string[]
  readonly numbers: number[]

  constructor(number: number, layout: Layout) {
    this.number = number
    this.oneOff = layout.members.map(({ name }) => ONE_OFF.has(name))
    this.names = this.oneOff.map(() => '')
    this.numbers = this.oneOff.map(() => -1)
  }
}

/**
 * Writes records in place. One that turns out not to fit is abandoned where it stands: a record counts only when the
 * position behind it is published.
 */
export class Encoder {
  readonly #memory: Memory
  readonly #layouts = new Map<Layout, Known>()
  #latest: Layout | undefined
  #known: Known | undefined
  readonly #numbers = new Map<string, number>()
  /** Names below this number are known to the reader ... */
  #told = 0
  /** ... and these were given a number by the record at hand: if it is abandoned they are taken back. */
  #given: string[] = []

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** Might the next event need more numbers than there are? Then {@link Encoder.reset} has to be written first. */
  get full(): boolean {
    return this.#numbers.size > MAX_NAMES - MAX_VALUES || this.#layouts.size >= MAX_LAYOUTS
  }

  /** Is this the layout of an event that can be written? If not, {@link Encoder.layout} has to be written first. */
  knows(layout: Layout): boolean {
    if (layout !== this.#latest) {
      this.#latest = layout
      this.#known = this.#layouts.get(layout)
    }
    return this.#known !== undefined
  }

  /**
   * Each of these writes a record.
   *
   * @param at where it starts
   * @param limit where it has to have ended
   * @returns where it ends, or {@link NO_ROOM}
   */
  layout(layout: Layout, at: number, limit: number): number {
    const names = layout.members.map(({ name }) => name)
    const end = this.#json(LAYOUT, [layout.kind, ...names], at, limit)
    if (end === NO_ROOM) return NO_ROOM
    this.#known = new Known(this.#layouts.size, layout)
    this.#latest = layout
    this.#layouts.set(layout, this.#known)
    return end
  }

  /** @throws when a value cannot be JSON; {@link Encoder.abandon} is then to be called */
  event(draft: Draft, at: number, limit: number): number {
    const end = this.#event(draft, this.#known as Known, at, limit)
    if (end === NO_ROOM) this.abandon()
    else if (this.#given.length > 0) {
      this.#given = []
      this.#told = this.#numbers.size
    }
    return end
  }

  lost(counts: unknown, at: number, limit: number): number {
    return this.#json(LOST, counts, at, limit)
  }

  /** Forgets all layouts and names, here and at the reader. Takes one word. */
  reset(at: number): void {
    this.#layouts.clear()
    this.#latest = undefined
    this.#known = undefined
    this.#numbers.clear()
    this.#given = []
    this.#told = 0
    this.#header(RESET, 0, at, at + 1)
  }

  skip(at: number, end: number): void {
    this.#header(SKIP, 0, at, end)
  }

  /** Takes back the names given by a record that the reader will not see. */
  abandon(): void {
    if (this.#given.length === 0) return
    for (const name of this.#given) this.#numbers.delete(name)
    this.#given = []
  }

  #event(draft: Draft, known: Known, at: number, limit: number): number {
    const { words } = this.#memory
    const { values } = draft
    const { length } = draft.layout
    let to = at + EVENT_WORDS
    // A word for each value is the least.
    if (to + length > limit) return NO_ROOM
    words[at + 1] = draft.size
    words[at + 2] = draft.timestampMs
    for (let index = 0; index < length; index++) {
      if (to >= limit) return NO_ROOM
      const value = values[index]
      if (typeof value === 'number') words[to++] = value
      else if (typeof value === 'string') {
        if (known.names[index] === value) words[to++] = nameWord(known.numbers[index] as number)
        else to = this.#name(known, index, value, to, limit)
      } else if (typeof value === 'boolean') words[to++] = value ? TRUE : FALSE
      else to = this.#text(JSON.stringify(value), JSON_TEXT, to, limit)
      if (to === NO_ROOM) return NO_ROOM
    }
    this.#header(EVENT, known.number, at, to)
    return to
  }

  #json(type: number, value: unknown, at: number, limit: number): number {
    if (at >= limit) return NO_ROOM
    const end = this.#text(JSON.stringify(value), JSON_TEXT, at + 1, limit)
    if (end !== NO_ROOM) this.#header(type, 0, at, end)
    return end
  }

  #header(type: number, high: number, at: number, end: number): void {
    const { headers } = this.#memory
    headers[2 * at] = type | ((end - at) << TYPE_BITS)
    headers[2 * at + 1] = high
  }

  #name(known: Known, index: number, text: string, to: number, limit: number): number {
    if (known.oneOff[index] || text.length > MAX_NAME_LENGTH) return this.#text(text, TEXT, to, limit)
    const number = this.#numbers.get(text)
    if (number === undefined) {
      const end = this.#text(text, NEW_NAME, to, limit)
      if (end === NO_ROOM) return NO_ROOM
      this.#numbers.set(text, this.#numbers.size)
      this.#given.push(text)
      return end
    }
    // A number that this very record gave may still be taken back.
    if (number < this.#told) {
      known.names[index] = text
      known.numbers[index] = number
    }
    this.#memory.words[to] = nameWord(number)
    return to + 1
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

function nameWord(number: number): number {
  return FORMS - NAME - number * (1 << LENGTH_SHIFT)
}
