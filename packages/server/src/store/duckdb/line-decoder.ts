import type { ChunkColumns, FieldColumn } from './chunk-columns.ts'
import { type Dictionary, OVERFLOW_CODE } from './dictionary.ts'
import { NameCodes } from './name-codes.ts'
import { Spelling } from './spelling.ts'
import { setUuid } from './uuid.ts'

const HEAD = new Spelling('{"t":"event","n":')
const RECEIVED = new Spelling(',"r":')
const HASH = new Spelling(',"h":"')
const EVENT = new Spelling(',"e":{')
const TRUE = new Spelling('true')
const FALSE = new Spelling('false')
/** `,"c":"1a2b3c4d"}` ends the line. */
const SEAL_BYTES = 16

const QUOTE = 0x22
const COMMA = 0x2c
const ZERO = 0x30
const NINE = 0x39
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_MAP = 0x7b
const CLOSE_MAP = 0x7d
const WORD = 4
/** In place of a code: JSON that comes out of reading and writing it as it went in. */
const AS_IT_STANDS = 1
/** So many digits are a safe integer, whatever they are. */
const MAX_DIGITS = 15

/** What a byte means inside a string: text as it stands, text of several bytes, or the end of what is read here. */
const PLAIN = 0
const WIDE = 1
const IN_STRING = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 2 : byte < 0x80 ? PLAIN : WIDE,
)

interface Member extends FieldColumn {
  /** `"input_tokens":` */
  readonly spelled: Spelling
}

/**
 * Writes the event of a journal line into a row of a chunk, straight from the line's bytes.
 *
 * It reads the lines that this program writes: each member once, integers as digits, strings without escapes. Whatever is otherwise is left to who parses JSON; what is read here comes out the same as there.
 */
export class LineDecoder {
  readonly #columns: ChunkColumns
  readonly #dictionary: Dictionary
  readonly #codes = new NameCodes()
  readonly #members: readonly Member[]
  /** Which member came behind each one the last time, by its place plus one: lines of one sender have the same members. */
  readonly #followers: Uint8Array
  /** The line in which each member was met last: of a member that comes twice, JSON's own rule says which one counts. */
  readonly #met: Uint32Array
  #line = 0
  /** The buffer that is read, by bytes and by words. */
  #bytes: Buffer = Buffer.alloc(0)
  #view: DataView = new DataView(new ArrayBuffer(0))
  /** Where the line ends that is read. */
  #end = 0
  /** What the scan that ended last has found beside where it ended. */
  #number = 0
  #wide = false

  constructor(columns: ChunkColumns, dictionary: Dictionary) {
    this.#columns = columns
    this.#dictionary = dictionary
    this.#members = columns.fields.map(({ field, storage, name, buffer }) => ({
      field,
      storage,
      name,
      buffer,
      spelled: new Spelling(`"${name}":`),
    }))
    this.#followers = Uint8Array.from({ length: this.#members.length + 1 }, (_, place) => place)
    this.#met = new Uint32Array(this.#members.length)
  }

  /** Writes the line at `[start, end)` of `bytes`; leaves the row empty and says false if it is not of the kind read here. */
  decode(bytes: Buffer, start: number, end: number, ordinal: number, row: number): boolean {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.#end = end
    if (this.#decode(bytes, start, end, row)) {
      this.#columns.ordinals.setInteger(row, ordinal)
      return true
    }
    this.#columns.clear(row)
    return false
  }

  #decode(bytes: Buffer, start: number, end: number, row: number): boolean {
    if (!this.#stands(HEAD, start)) return false
    let at = this.#integer(bytes, start + HEAD.length)
    if (at === -1 || !this.#stands(RECEIVED, at)) return false
    at = this.#integer(bytes, at + RECEIVED.length)
    if (at === -1 || !this.#stands(HASH, at)) return false
    this.#columns.received.setInteger(row, this.#number)
    at = this.#string(bytes, at + HASH.length)
    if (at === -1 || !this.#stands(EVENT, at)) return false
    at = this.#event(bytes, at + EVENT.length, end, row)
    return at === end - SEAL_BYTES
  }

  /** Reads the members of the event from the first quote on. Returns what is behind its closing brace, or -1. */
  #event(bytes: Buffer, from: number, end: number, row: number): number {
    let overflow: Record<string, string> | undefined
    let rest: Record<string, unknown> | undefined
    let at = from
    let place = -1
    this.#line = (this.#line + 1) >>> 0 || 1
    for (;;) {
      place = this.#member(at, place + 1)
      if (place === -1 || this.#met[place] === this.#line) return -1
      this.#met[place] = this.#line
      const { storage, buffer, spelled, name, field } = this.#members[place] as Member
      at += spelled.length
      switch (storage) {
        case 'integer':
          at = this.#integer(bytes, at)
          if (at === -1) return -1
          buffer.setInteger(row, this.#number)
          break
        case 'small':
          at = this.#integer(bytes, at)
          if (at === -1) return -1
          buffer.words[row] = this.#number
          buffer.mark(row)
          break
        case 'boolean': {
          const yes = this.#stands(TRUE, at)
          if (!yes && !this.#stands(FALSE, at)) return -1
          at += yes ? TRUE.length : FALSE.length
          buffer.bytes[row] = yes ? 1 : 0
          buffer.mark(row)
          break
        }
        case 'code': {
          const first = at + 1
          if (bytes[at] !== QUOTE) return -1
          at = this.#string(bytes, first)
          if (at === -1) return -1
          let code = this.#codes.find(place, this.#view, first, at - 1)
          if (code === 0) {
            const value = bytes.toString('utf8', first, at - 1)
            code = this.#dictionary.code(field, value)
            if (code === OVERFLOW_CODE) {
              overflow ??= {}
              overflow[name] = value
            } else this.#codes.keep(place, this.#view, first, at - 1, code)
          }
          buffer.shorts[row] = code
          buffer.mark(row)
          break
        }
        case 'text':
        case 'id': {
          const first = at + 1
          if (bytes[at] !== QUOTE) return -1
          at = this.#string(bytes, first)
          if (at === -1) return -1
          const last = at - 1
          if (storage === 'id' && setUuid(buffer, row, bytes, first, last)) break
          const text = storage === 'id' ? this.#columns.idText : buffer
          if (this.#wide) text.setText(row, bytes.toString('utf8', first, last))
          else text.setBytes(row, bytes, first, last)
          break
        }
        case 'json':
        case 'rest': {
          const behind = endOfValue(bytes, at, end)
          if (storage === 'json' && this.#codes.find(place, this.#view, at, behind) === AS_IT_STANDS) {
            buffer.setBytes(row, bytes, at, behind)
            at = behind
            break
          }
          const value = parsed(bytes, at, behind)
          if (value === undefined) return -1
          if (storage === 'json') {
            const text = Buffer.from(JSON.stringify(value))
            buffer.setBytes(row, text, 0, text.length)
            if (bytes.compare(text, 0, text.length, at, behind) === 0)
              this.#codes.keep(place, this.#view, at, behind, AS_IT_STANDS)
          } else {
            rest ??= {}
            rest[field] = value
          }
          at = behind
          break
        }
      }
      const byte = bytes[at++]
      if (byte === CLOSE_MAP) break
      if (byte !== COMMA) return -1
    }
    if (overflow) this.#columns.overflow.setText(row, JSON.stringify(overflow))
    if (rest) this.#columns.rest.setText(row, JSON.stringify(rest))
    return at
  }

  /** The place of the member whose name stands at `at`, or -1. `behind` is one more than the place of the one before it. */
  #member(at: number, behind: number): number {
    const members = this.#members
    const likely = this.#followers[behind] as number
    if (likely < members.length && this.#stands((members[likely] as Member).spelled, at)) return likely
    for (let place = 0; place < members.length; place++) {
      if (!this.#stands((members[place] as Member).spelled, at)) continue
      this.#followers[behind] = place
      return place
    }
    return -1
  }

  #stands(spelling: Spelling, at: number): boolean {
    return at + spelling.length <= this.#end && spelling.at(this.#view, at)
  }

  /** Reads digits; returns what is behind them, or -1. */
  #integer(bytes: Buffer, from: number): number {
    let at = from
    let value = 0
    for (;;) {
      const byte = bytes[at] as number
      if (byte < ZERO || byte > NINE) break
      value = value * 10 + (byte - ZERO)
      at++
    }
    const digits = at - from
    if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && bytes[from] === ZERO)) return -1
    this.#number = value
    return at
  }

  /** Reads a string from behind its opening quote; returns what is behind the closing one, or -1. */
  #string(bytes: Buffer, from: number): number {
    const view = this.#view
    const lastWord = this.#end - WORD
    let at = from
    // Four bytes at a time, as far as all are plain.
    while (at <= lastWord && !isSpecial(view.getInt32(at, true))) at += WORD
    let wide = 0
    for (;;) {
      const kind = IN_STRING[bytes[at] as number] as number
      if (kind > WIDE) break
      wide |= kind
      at++
    }
    this.#wide = wide !== 0
    return bytes[at] === QUOTE ? at + 1 : -1
  }
}

/** Is one of these four bytes a quote, a backslash, below a space, or no ASCII? */
function isSpecial(word: number): boolean {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  const found = (quote - 0x01010101) | (backslash - 0x01010101) | (word - 0x20202020) | word
  return (found & 0x80808080) !== 0
}

/** What is behind the JSON value that begins at `from`, were it one; JSON itself is checked by whoever parses it. */
function endOfValue(bytes: Uint8Array, from: number, end: number): number {
  let depth = 0
  for (let at = from; at < end; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      for (at++; at < end && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    } else if (byte === OPEN_MAP || byte === OPEN_LIST) depth++
    else if (depth === 0 && (byte === COMMA || byte === CLOSE_MAP)) return at
    else if (byte === CLOSE_MAP || byte === CLOSE_LIST) depth--
  }
  return end
}

function parsed(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end))
  } catch {
    return undefined
  }
}
