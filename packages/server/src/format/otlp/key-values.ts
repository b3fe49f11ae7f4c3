import { fromBinary } from '@bufbuild/protobuf'
import { type AnyValue, AnyValueSchema, KeyValueSchema, type Scalar } from './generated/otlp_pb.ts'
import type { Attributes, AttributeValue } from './model.ts'

/**
 * Attributes are most of what a span is, and most of them are short texts and small integers. Those are taken out of their
 * bytes here; made into messages first they would cost more than everything else of a span.
 */

/** A longer text is what somebody wrote, and is not even decoded. */
const MAX_TEXT_BYTES = 16 * 1024
/** A longer list, or whatever else it is, could become more objects than it is worth. */
const MAX_LIST_BYTES = 64 * 1024
const READ_OPTIONS = { readUnknownFields: false }
/** Field number and wire type, as one byte. */
const KEY = 0x0a
const VALUE = 0x12
const STRING = 0x0a
const BOOL = 0x10
const INT = 0x18
/** Seven bits a byte: so many are exact in a number. */
const MAX_EXACT_BYTES = 7

/**
 * The attributes of messages `KeyValue` that are still bytes.
 *
 * @throws at bytes that are none
 */
export function attributesOf(pairs: readonly Uint8Array[]): Attributes {
  const attributes = new Map<string, AttributeValue>()
  const cursor = new Cursor()
  for (const pair of pairs) {
    cursor.open(pair)
    let key = ''
    let value: AttributeValue | undefined
    while (cursor.at < cursor.end) {
      const tag = cursor.bytes[cursor.at++]
      if (tag === KEY) key = cursor.text(cursor.length())
      else if (tag === VALUE) value = cursor.value(cursor.length())
      else {
        const message = fromBinary(KeyValueSchema, pair, READ_OPTIONS)
        key = message.key
        value = plainValue(message.value)
        break
      }
    }
    if (value !== undefined) attributes.set(key, value)
  }
  return attributes
}

/** What an `AnyValue` that is still bytes holds. @throws at bytes that are none */
export function valueOfBytes(bytes: Uint8Array): AttributeValue | undefined {
  const cursor = new Cursor()
  cursor.open(bytes)
  return cursor.value(bytes.byteLength)
}

/** A place in some bytes. */
class Cursor {
  bytes: Buffer = NOTHING
  at = 0
  end = 0

  open(bytes: Uint8Array): void {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = 0
    this.end = bytes.byteLength
  }

  /** How many bytes the member has that begins here. */
  length(): number {
    let length = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++]
      if (byte === undefined || factor > 2 ** 28) throw new Error('a length breaks off')
      length += (byte & 0x7f) * factor
      if (byte < 0x80) break
    }
    if (this.at + length > this.end) throw new Error('a length goes past the end')
    return length
  }

  text(length: number): string {
    const start = this.at
    this.at += length
    return this.bytes.toString('utf8', start, this.at)
  }

  /** The value whose message has so many bytes from here on. */
  value(length: number): AttributeValue | undefined {
    const start = this.at
    const end = start + length
    if (length === 0) return undefined
    const short = this.#shortValue(end)
    const whole = this.at === end
    this.at = end
    if (!whole && length > MAX_LIST_BYTES) return undefined
    return whole ? short : plainValue(fromBinary(AnyValueSchema, this.bytes.subarray(start, end), READ_OPTIONS))
  }

  /** A text, a flag or a small integer that is all of the message; otherwise it stops before the end. */
  #shortValue(end: number): AttributeValue | undefined {
    const { bytes } = this
    const tag = bytes[this.at++]
    if (tag === STRING) {
      const length = this.length()
      if (this.at + length !== end) return undefined
      if (length <= MAX_TEXT_BYTES) return this.text(length)
      this.at = end
      return undefined
    }
    if ((tag !== INT && tag !== BOOL) || end - this.at > MAX_EXACT_BYTES) return undefined
    let value = 0
    for (let factor = 1, at = this.at; at < end; factor *= 128) {
      const byte = bytes[at++] as number
      value += (byte & 0x7f) * factor
      if (byte >= 0x80) continue
      this.at = at
      return tag === INT ? value : value !== 0
    }
    return undefined
  }
}

const NOTHING = Buffer.alloc(0)

/** What a value holds, where it is nothing that nests. */
function plainValue(message: AnyValue | undefined): AttributeValue | undefined {
  const value = message?.value
  switch (value?.case) {
    case undefined:
      return undefined
    case 'arrayValue':
      return value.value.values.map(scalarOf).filter((scalar) => scalar !== undefined)
    case 'intValue':
      return Number(value.value)
    default:
      return value?.value
  }
}

function scalarOf({ value }: Scalar): string | number | boolean | undefined {
  return value.case === 'intValue' ? Number(value.value) : value.value
}
