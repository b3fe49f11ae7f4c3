const QUOTE = 0x22
const BACKSLASH = 0x5c
const ZERO = 0x30
const LETTER_A = 0x61
const BILLION = 1_000_000_000
const encoder = new TextEncoder()

/** JSON text that is copied as it stands, e.g. the name of a member, as the bytes that {@link JsonBytes.raw} takes. */
export function jsonBytes(text: string): Uint8Array {
  return encoder.encode(text)
}

const TRUE = jsonBytes('true')
const FALSE = jsonBytes('false')

/**
 * JSON written straight into bytes of UTF-8, in a buffer that grows and is used again.
 *
 * Joining strings makes a dozen short-lived objects for each member, whose collection costs more than the writing. The
 * text is that of `JSON.stringify`; line breaks and other control characters in values are always escaped.
 *
 * @example
 * const json = new JsonBytes()
 * json.raw(jsonBytes('{"model":'))
 * json.text('gpt-4o')
 * json.raw(jsonBytes('}'))
 * new TextDecoder().decode(json.bytes.subarray(0, json.length)) // '{"model":"gpt-4o"}'
 */
export class JsonBytes {
  /** Valid up to `length`; another array once more room is needed. */
  bytes: Uint8Array
  length = 0

  constructor(capacity: number = 4096) {
    this.bytes = new Uint8Array(capacity)
  }

  /** Makes room for so many bytes more. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }

  /** Short bytes that are JSON already. */
  raw(json: Uint8Array): void {
    const length = json.length
    this.reserve(length)
    const { bytes } = this
    let at = this.length
    // A loop: for a dozen bytes `set` takes longer to be called than this takes to be done.
    for (let index = 0; index < length; index++) bytes[at++] = json[index] as number
    this.length = at
  }

  /** Any number of bytes that are JSON already. */
  copy(json: Uint8Array): void {
    this.reserve(json.length)
    this.bytes.set(json, this.length)
    this.length += json.length
  }

  /** Text that is JSON already. */
  put(json: string): void {
    this.reserve(json.length * 3)
    this.length += encoder.encodeInto(json, this.bytes.subarray(this.length)).written
  }

  /** A string. Most of what events carry is plain ASCII, which needs no escapes. */
  text(value: string): void {
    const length = value.length
    this.reserve(length + 2)
    const { bytes } = this
    let at = this.length
    bytes[at++] = QUOTE
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
        this.put(JSON.stringify(value))
        return
      }
      bytes[at++] = code
    }
    bytes[at++] = QUOTE
    this.length = at
  }

  boolean(value: boolean): void {
    this.raw(value ? TRUE : FALSE)
  }

  /** A finite number. */
  number(value: number): void {
    const small = value | 0
    if (small === value && small >= 0) {
      this.#digits(small, digitsOf(small))
      return
    }
    const head = Math.floor(value / BILLION)
    if (!(head >= 0 && value <= Number.MAX_SAFE_INTEGER && Math.floor(value) === value)) {
      this.put(String(value))
      return
    }
    this.#digits(head, digitsOf(head))
    this.#digits(value - head * BILLION, 9)
  }

  /** 32 bits as eight hex digits, without quotes. */
  hex32(value: number): void {
    this.reserve(8)
    for (let shift = 28; shift >= 0; shift -= 4) {
      const digit = (value >>> shift) & 15
      this.bytes[this.length++] = digit < 10 ? ZERO + digit : LETTER_A + digit - 10
    }
  }

  #digits(value: number, count: number): void {
    this.reserve(count)
    const { bytes } = this
    const end = this.length + count
    let rest = value | 0
    for (let at = end - 1; at >= this.length; at--) {
      const tenth = (rest / 10) | 0
      bytes[at] = ZERO + rest - tenth * 10
      rest = tenth
    }
    this.length = end
  }
}

/** Decimal digits of an integer from 0 to 2^31 - 1. */
function digitsOf(value: number): number {
  if (value < 1_000) return value < 10 ? 1 : value < 100 ? 2 : 3
  if (value < 1_000_000) return value < 10_000 ? 4 : value < 100_000 ? 5 : 6
  return value < 10_000_000 ? 7 : value < 100_000_000 ? 8 : value < BILLION ? 9 : 10
}
