/**
 * Which members of a document are looked at: all of a member, some below it, or of an array how many elements it has. `[]` is an
 * array's first element. Where members below are wanted and there is text, that there is any is kept as `true`, not the text.
 */
export type Wanted = true | 'length' | { readonly [name: string]: Wanted }

/** What is wanted of a document's members. */
export type WantedMembers = Exclude<Wanted, true | 'length'>

/** Members longer than this are left out: no figure and no name is as long. */
const MAX_MEMBER_BYTES = 65_536
const MAX_NAME_BYTES = 256
/** Deeper than any provider's answer; what is deeper is no answer of one. */
const MAX_DEPTH = 256

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

type Members = Record<string, unknown>

/** A container that the scan is in, with what is wanted of it. */
interface Frame {
  readonly array: boolean
  /** Undefined: nothing, so its members are passed over. */
  readonly wanted: WantedMembers | 'length' | undefined
  /** Where wanted members go. */
  readonly into: Members | unknown[] | undefined
  /** The member's name (object), or how many elements came before (array). */
  name: string | undefined
  index: number
  /** What may come next in it. */
  expects: 'name' | 'colon' | 'value' | 'comma'
}

/**
 * Reads JSON as it comes, in pieces of any size, and keeps of it only what is wanted. Text that is not wanted is passed over
 * byte by byte and never held, so that an answer of any length takes the same memory, and nothing that a model wrote can look
 * like a figure: what counts is where a member stands, not how it reads.
 *
 * The check of syntax is that of structure; a document that breaks it is given up (`broken`), nothing of it is believed.
 *
 * @example
 * const pruner = new Pruner({ usage: true }, (document) => console.log(document)) // { usage: { n: 1 } }
 * pruner.write(new TextEncoder().encode('{"text":"\\"usage\\":{\\"n\\":9}","usage":{"n":1}}'))
 */
export class Pruner {
  /** Something came that is no JSON; nothing more is read until `reset`. */
  broken = false
  /** A wanted member was longer than what is kept of one. */
  truncated = false

  readonly #wanted: WantedMembers
  readonly #onDocument: (document: Members) => void
  /** Each element of an array at the top is a document. */
  readonly #elements: boolean
  readonly #frames: Frame[] = []
  /** Containers below the last frame, inside a member that is passed over or kept whole. */
  #below: number[] = []
  #inText = false
  #escaped = false
  /** Text begins where members were wanted. */
  #marking = false
  /** A number, true, false or null is being read. */
  #inWord = false
  #document: Members | undefined
  #done = false
  /** Bytes of the member that is kept, or of a name. */
  #kept: Uint8Array<ArrayBuffer> = new Uint8Array(256)
  #length = 0
  #keeping: 'value' | 'name' | undefined

  constructor(wanted: WantedMembers, onDocument: (document: Members) => void, elements = false) {
    this.#wanted = wanted
    this.#onDocument = onDocument
    this.#elements = elements
  }

  /** Ready for another document, whatever became of the last. */
  reset(): void {
    this.broken = false
    this.#frames.length = 0
    this.#below.length = 0
    this.#inText = this.#escaped = this.#marking = this.#inWord = this.#done = false
    this.#document = undefined
    this.#length = 0
    this.#keeping = undefined
  }

  /** @returns false once the document is broken */
  write(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
    for (let at = from; at < to && !this.broken; ) at = this.#step(bytes, at, to)
    return !this.broken
  }

  /** The text ends here: a document that has not is broken. */
  end(): boolean {
    if (this.#inWord) this.#endValue()
    if (!this.#done) this.broken = true
    return !this.broken
  }

  #step(bytes: Uint8Array, at: number, to: number): number {
    if (this.#inText) return this.#text(bytes, at, to)
    const byte = bytes[at] as number
    if (this.#inWord) {
      if (isWord(byte)) {
        if (this.#keeping !== undefined) this.#keep(byte)
        return at + 1
      }
      this.#inWord = false
      if (this.#below.length === 0) this.#endValue()
      return this.broken ? to : at
    }
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return at + 1
    if (this.#below.length > 0) return this.#inside(byte, at)
    const frame = this.#frames[this.#frames.length - 1]
    if (frame === undefined) return this.#top(byte, at)
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) return this.#close(frame, byte, at)
    switch (frame.expects) {
      case 'name':
        if (byte !== QUOTE || frame.array) return this.#break(at)
        this.#inText = true
        this.#keeping = 'name'
        this.#length = 0
        this.#keep(byte)
        return at + 1
      case 'colon':
        if (byte !== COLON) return this.#break(at)
        frame.expects = 'value'
        return at + 1
      case 'comma':
        if (byte !== COMMA) return this.#break(at)
        frame.expects = frame.array ? 'value' : 'name'
        return at + 1
      default:
        return this.#value(frame, byte, at)
    }
  }

  #top(byte: number, at: number): number {
    if (this.#done) return this.#break(at)
    if (byte === OPEN_OBJECT) {
      this.#document = Object.create(null) as Members
      this.#frames.push(frameOf(false, this.#wanted, this.#document))
      return at + 1
    }
    if (byte === OPEN_ARRAY && this.#elements) {
      this.#frames.push(frameOf(true, undefined, undefined))
      return at + 1
    }
    return this.#break(at)
  }

  /** A value begins in a frame. */
  #value(frame: Frame, byte: number, at: number): number {
    const element = this.#elements && frame.array && this.#frames.length === 1
    const wanted = element ? this.#wanted : wantedOf(frame)
    if (wanted === 'length' && byte === OPEN_ARRAY) {
      if (this.#frames.length >= MAX_DEPTH) return this.#break(at)
      this.#frames.push(frameOf(true, wanted, undefined))
      return at + 1
    }
    if (typeof wanted === 'object' && (byte === OPEN_OBJECT || byte === OPEN_ARRAY)) {
      if (this.#frames.length >= MAX_DEPTH) return this.#break(at)
      const array = byte === OPEN_ARRAY
      const into: Members | unknown[] = array ? [] : (Object.create(null) as Members)
      if (element) this.#document = into as Members
      else put(frame, into)
      this.#frames.push(frameOf(array, wanted, into))
      return at + 1
    }
    if (wanted === true) {
      this.#keeping = 'value'
      this.#length = 0
    }
    this.#marking = typeof wanted === 'object' && byte === QUOTE
    return this.#beginPassed(byte, at)
  }

  /** The first byte of a value that is passed over or kept whole. */
  #beginPassed(byte: number, at: number): number {
    if (this.#keeping !== undefined) this.#keep(byte)
    if (byte === QUOTE) this.#inText = true
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#below.push(byte)
    else if (isWord(byte)) this.#inWord = true
    else return this.#break(at)
    return at + 1
  }

  /** Inside a member that is passed over or kept whole: only how deep it goes is followed. */
  #inside(byte: number, at: number): number {
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (this.#keeping !== undefined) this.#keep(byte)
      if (this.#below.pop() !== (byte === CLOSE_OBJECT ? OPEN_OBJECT : OPEN_ARRAY)) return this.#break(at)
      if (this.#below.length === 0) this.#endValue()
      return at + 1
    }
    if (byte === COMMA || byte === COLON) {
      if (this.#keeping !== undefined) this.#keep(byte)
      return at + 1
    }
    if (this.#below.length >= MAX_DEPTH) return this.#break(at)
    return this.#beginPassed(byte, at)
  }

  #text(bytes: Uint8Array, at: number, to: number): number {
    if (this.#marking) {
      this.#marking = false
      if (bytes[at] !== QUOTE) put(this.#frames[this.#frames.length - 1] as Frame, true)
    }
    let index = at
    let closed = false
    for (; index < to && !closed; index++) {
      const byte = bytes[index] as number
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) closed = true
      else if (byte < 0x20) return this.#break(index)
    }
    if (this.#keeping !== undefined) this.#keepAll(bytes, at, index)
    if (!closed) return index
    this.#inText = false
    if (this.#keeping === 'name') this.#endName()
    else if (this.#below.length === 0) this.#endValue()
    return index
  }

  #endName(): void {
    const frame = this.#frames[this.#frames.length - 1] as Frame
    frame.name = this.#parsed() as string | undefined
    frame.expects = 'colon'
    this.#keeping = undefined
  }

  /** A value that was passed over or kept whole has ended. */
  #endValue(): void {
    this.#inWord = false
    const frame = this.#frames[this.#frames.length - 1]
    if (frame === undefined) return
    if (this.#keeping === 'value') {
      const value = this.#parsed()
      if (value !== undefined) put(frame, value)
      this.#keeping = undefined
    }
    after(frame)
  }

  #close(frame: Frame, byte: number, at: number): number {
    const closes = byte === (frame.array ? CLOSE_ARRAY : CLOSE_OBJECT)
    const empty = frame.index === 0
    const allowed = frame.expects === 'comma' || (empty && frame.expects === (frame.array ? 'value' : 'name'))
    if (!closes || !allowed) return this.#break(at)
    this.#frames.pop()
    const parent = this.#frames[this.#frames.length - 1]
    if (parent !== undefined) {
      if (frame.wanted === 'length') put(parent, frame.index)
      after(parent)
    }
    const outer = this.#frames.length === (this.#elements && parent?.array === true ? 1 : 0)
    if (outer && !(frame.array && parent === undefined)) this.#tell()
    if (parent === undefined) this.#done = true
    return at + 1
  }

  #tell(): void {
    const document = this.#document
    this.#document = undefined
    if (document !== undefined) this.#onDocument(document)
  }

  #keep(byte: number): void {
    const limit = this.#keeping === 'name' ? MAX_NAME_BYTES : MAX_MEMBER_BYTES
    if (this.#length >= limit) {
      // One more than fits marks what is left out.
      this.#length = limit + 1
      return
    }
    if (this.#length === this.#kept.length) {
      const larger = new Uint8Array(Math.min(MAX_MEMBER_BYTES, this.#kept.length * 4))
      larger.set(this.#kept)
      this.#kept = larger
    }
    this.#kept[this.#length++] = byte
  }

  #keepAll(bytes: Uint8Array, from: number, to: number): void {
    const { length } = this.#kept
    if (this.#length + to - from > length || (this.#keeping === 'name' && this.#length + to - from > MAX_NAME_BYTES)) {
      for (let at = from; at < to; at++) this.#keep(bytes[at] as number)
      return
    }
    for (let at = from; at < to; at++) this.#kept[this.#length++] = bytes[at] as number
  }

  /** What was kept; undefined when it was too long. */
  #parsed(): unknown {
    const limit = this.#keeping === 'name' ? MAX_NAME_BYTES : MAX_MEMBER_BYTES
    if (this.#length > limit) {
      if (this.#keeping === 'value') this.truncated = true
      return undefined
    }
    try {
      return this.#length <= MAX_SEEN_BYTES
        ? seenBefore(this.#kept, this.#length)
        : JSON.parse(DECODER.decode(this.#kept.subarray(0, this.#length)))
    } catch {
      this.broken = true
      return undefined
    }
  }

  #break(at: number): number {
    this.broken = true
    return at
  }
}

const DECODER = new TextDecoder()

/** Longer ones are rare, and none that comes with every piece of a stream. */
const MAX_SEEN_BYTES = 64
const SEEN_SLOTS = 256

interface Seen {
  readonly bytes: Uint8Array
  readonly value: string
}

/**
 * Texts that were read last, each in the one place that its bytes give it: the pieces of a stream have the same names and the
 * same id, and to decode them anew each time is most of what reading a stream costs.
 */
const SEEN: (Seen | undefined)[] = new Array<Seen | undefined>(SEEN_SLOTS).fill(undefined)

/** The JSON value of the first `length` bytes. @throws SyntaxError */
function seenBefore(kept: Uint8Array, length: number): unknown {
  if (kept[0] !== QUOTE) return JSON.parse(DECODER.decode(kept.subarray(0, length)))
  let hash = length
  for (let at = 1; at < length; at++) hash = (Math.imul(hash, 31) + (kept[at] as number)) | 0
  const slot = (hash ^ (hash >>> 13)) & (SEEN_SLOTS - 1)
  const seen = SEEN[slot]
  if (seen !== undefined && isSame(seen.bytes, kept, length)) return seen.value
  const bytes = kept.slice(0, length)
  const value = JSON.parse(DECODER.decode(bytes)) as string
  SEEN[slot] = { bytes, value }
  return value
}

function isSame(bytes: Uint8Array, kept: Uint8Array, length: number): boolean {
  if (bytes.length !== length) return false
  for (let at = 0; at < length; at++) if (bytes[at] !== kept[at]) return false
  return true
}

function frameOf(array: boolean, wanted: Frame['wanted'], into: Frame['into']): Frame {
  return { array, wanted, into, name: undefined, index: 0, expects: array ? 'value' : 'name' }
}

/** What is wanted of the value that begins in this frame. */
function wantedOf({ array, wanted, name, index }: Frame): Wanted | undefined {
  if (wanted === undefined || wanted === 'length') return undefined
  if (array) return index === 0 ? wanted['[]'] : undefined
  return name !== undefined && Object.hasOwn(wanted, name) ? wanted[name] : undefined
}

function put(frame: Frame, value: unknown): void {
  if (Array.isArray(frame.into)) frame.into.push(value)
  else if (frame.into !== undefined && frame.name !== undefined) frame.into[frame.name] = value
}

function after(frame: Frame): void {
  frame.index++
  frame.name = undefined
  frame.expects = 'comma'
}

/** Bytes of numbers and of `true`, `false` and `null`; also of Python's `NaN` and `Infinity`, which are passed over like the rest. */
function isWord(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x45 ||
    byte === 0x49 ||
    byte === 0x4e
  )
}
