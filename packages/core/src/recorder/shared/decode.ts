import { type Layout, Layouts } from '../layout.ts'
import { type Draft, frozen, type UsualDefaults } from '../read-event.ts'
import type { Memory } from './memory.ts'
import {
  EVENT,
  EVENT_WORDS,
  FORM_MASK,
  FORMS,
  JSON_TEXT,
  LAYOUT,
  LENGTH_SHIFT,
  LOST,
  NAME,
  NEW_NAME,
  RESET,
  SKIP,
  TRUE,
  TYPE_BITS,
  TYPE_MASK,
  WIDE,
} from './records.ts'

/** Who is told what the records say. */
export interface RecordReader {
  /** An event in the draft that was handed in; it may be kept by swapping its array for another. */
  event(draft: Draft): void
  lost(counts: unknown): void
}

/** What no record is as long as. */
export const NOT_A_RECORD = 0

/**
 * Reads what an `Encoder` wrote; it has to see every record, in order.
 *
 * Nothing but a stray hand in the shared memory can write what is no record. After one, layouts and names may be missing,
 * so that no event is read before the next RESET.
 */
export class Decoder {
  readonly #memory: Memory
  readonly #draft: Draft
  readonly #defaults: UsualDefaults
  #layouts: Layout[] | undefined = []
  #names: string[] = []
  #tree = new Layouts()
  /** Where the words behind the text that was read last start. */
  #behind = 0
  /** Of a plain array the engine makes text faster than of typed memory. */
  readonly #characters: number[] = []

  constructor(memory: Memory, draft: Draft, defaults: UsualDefaults) {
    this.#memory = memory
    this.#draft = draft
    this.#defaults = defaults
  }

  /** @returns the length in words of the record at a place of the ring, or {@link NOT_A_RECORD} */
  read(at: number, reader: RecordReader): number {
    const { headers, mask } = this.#memory
    const header = headers[2 * at] as number
    const length = header >>> TYPE_BITS
    const type = header & TYPE_MASK
    if (type === RESET) {
      this.#layouts = []
      this.#names = []
      this.#tree = new Layouts()
    } else if (length === 0 || at + length > mask + 1 || !this.#read(type, at, reader)) {
      this.#layouts = undefined
      return NOT_A_RECORD
    }
    return length
  }

  #read(type: number, at: number, reader: RecordReader): boolean {
    try {
      if (type === EVENT) {
        this.#event(at)
        reader.event(this.#draft)
      } else if (type === LOST) reader.lost(this.#value(at + 1))
      else if (type === LAYOUT) this.#layouts?.push(this.#layoutOf(this.#value(at + 1) as string[]))
      return type <= SKIP
    } catch {
      // How far it was read is not known.
      this.#draft.used = this.#draft.values.length
      return false
    }
  }

  #layoutOf([kind, ...names]: readonly string[]): Layout {
    let layout = this.#tree.rootOf(kind)
    for (const name of names) layout = layout?.after(name)
    if (layout === undefined) throw new Error('a layout of no event')
    return layout
  }

  #event(at: number): void {
    const { headers, words } = this.#memory
    const draft = this.#draft
    const { values } = draft
    // Without layouts this throws, and the event is given up.
    const layout = (this.#layouts as Layout[])[headers[2 * at + 1] as number] as Layout
    const { length } = layout
    let from = at + EVENT_WORDS
    for (let index = 0; index < length; index++) {
      const word = words[from] as number
      if (word >= 0) {
        values[index] = word
        from++
      } else {
        values[index] = this.#value(from)
        from = this.#behind
      }
    }
    draft.restore(layout, words[at + 1] as number, words[at + 2] as number, this.#defaults)
  }

  /** A value that is not a number; what comes behind it starts at `#behind`. */
  #value(at: number): unknown {
    const word = this.#memory.words[at] as number
    this.#behind = at + 1
    if (word > FORMS) return word === TRUE
    const code = FORMS - word
    const length = code >>> LENGTH_SHIFT
    const form = code & FORM_MASK
    if (form === NAME) return this.#names[length]
    const text = this.#text(at + 1, length, (code & WIDE) !== 0)
    if (form === NEW_NAME) this.#names.push(text)
    return form === JSON_TEXT ? frozen(JSON.parse(text)) : text
  }

  #text(at: number, length: number, wide: boolean): string {
    const { bytes, units } = this.#memory
    this.#behind = at + ((length + (wide ? 3 : 7)) >>> (wide ? 2 : 3))
    const first = at * (wide ? 4 : 8)
    const codes = wide ? units : bytes
    const characters = this.#characters
    let text = ''
    for (let from = 0; from < length; from += SLICE) {
      characters.length = Math.min(length - from, SLICE)
      for (let index = 0; index < characters.length; index++) characters[index] = codes[first + from + index] as number
      text += String.fromCharCode.apply(null, characters)
    }
    return text
  }
}

/** As many as can safely be handed to a function at once. */
const SLICE = 4096
