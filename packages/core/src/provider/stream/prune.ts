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
/** Of a text: to look for the end of a shorter one takes longer than to come to it. */
const NEAR_BYTES = 24
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

/** What a byte is outside of text; commas and colons are `BETWEEN`. */
const NONE = 0
const SPACE = 1
const BETWEEN = 2
const WORD = 3
const TEXT = 4
const OPEN = 5
const CLOSE = 6
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return SPACE
  if (byte === COMMA || byte === COLON) return BETWEEN
  if (byte === QUOTE) return TEXT
  if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return OPEN
  if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) return CLOSE
  return isWord(byte) ? WORD : NONE
})
const NOTHING = new Uint8Array()
const FIRST_CARRIED_BYTES = 256

type Members = Record<string, unknown>

/** A container that the scan is in, with what is wanted of it. */
interface Frame {
  readonly array: boolean
  /** Of an array: is it wanted how many elements it has? */
  readonly counted: boolean
  /** Undefined: nothing, so its members are passed over. */
  readonly wanted: WantedNames | undefined
  /** Where wanted members go. */
  readonly into: Members | unknown[] | undefined
  /** Of an object: the member that is read, where it is wanted. */
  member: WantedName | undefined
  /** How many members or elements came before. */
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

  readonly #wanted: WantedNames
  readonly #onDocument: (document: Members) => void
  /** Each element of an array at the top is a document. */
  readonly #elements: boolean
  readonly #frames: Frame[] = []
  /** Containers below the last frame, inside a member that is passed over or kept whole. */
  readonly #below: number[] = []
  #inText = false
  #escaped = false
  /** Text begins where members were wanted. */
  #marking = false
  /** A number, true, false or null is being read. */
  #inWord = false
  #document: Members | undefined
  #done = false
  /** A name, or a member that is kept, is being read; in the piece at hand it begins here. */
  #keeping: 'value' | 'name' | undefined
  #from = 0
  /** What of it stood in the pieces before. */
  #carried: Uint8Array<ArrayBuffer> = NOTHING
  #carriedLength = 0

  constructor(wanted: WantedMembers, onDocument: (document: Members) => void, elements = false) {
    this.#wanted = namesOf(wanted)
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
    this.#keeping = undefined
    this.#carriedLength = 0
  }

  /** @returns false once the document is broken */
  write(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
    this.#from = from
    for (let at = from; at < to && !this.broken; ) at = this.#step(bytes, at, to)
    if (this.#keeping !== undefined && !this.broken) this.#carry(bytes, to)
    return !this.broken
  }

  /** The text ends here: a document that has not is broken. */
  end(): boolean {
    this.#from = 0
    if (this.#inWord) this.#endValue(NOTHING, 0)
    if (!this.#done) this.broken = true
    return !this.broken
  }

  #step(bytes: Uint8Array, at: number, to: number): number {
    if (this.#inText) return this.#text(bytes, at, to)
    if (this.#inWord) return this.#word(bytes, at, to)
    if (this.#below.length > 0) return this.#inside(bytes, at, to)
    const byte = bytes[at] as number
    if (KINDS[byte] === SPACE) return at + 1
    const frame = this.#frames[this.#frames.length - 1]
    if (frame === undefined) return this.#top(byte, at)
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) return this.#close(frame, byte, at)
    switch (frame.expects) {
      case 'name':
        if (byte !== QUOTE || frame.array) return this.#break(at)
        this.#inText = true
        this.#keep('name', at)
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
    const opens = byte === OPEN_OBJECT || byte === OPEN_ARRAY
    if (opens && (typeof wanted === 'object' || (wanted === 'length' && byte === OPEN_ARRAY))) {
      if (this.#frames.length >= MAX_DEPTH) return this.#break(at)
      const array = byte === OPEN_ARRAY
      if (wanted === 'length') this.#frames.push(frameOf(true, undefined, undefined, true))
      else {
        const into: Members | unknown[] = array ? [] : (Object.create(null) as Members)
        if (element) this.#document = into as Members
        else put(frame, into)
        this.#frames.push(frameOf(array, wanted, into))
      }
      return at + 1
    }
    if (wanted === true) this.#keep('value', at)
    // The first byte of a value that is passed over or kept whole.
    if (byte === QUOTE) {
      this.#marking = typeof wanted === 'object'
      this.#inText = true
    } else if (opens) this.#below.push(byte)
    else if (KINDS[byte] === WORD) this.#inWord = true
    else return this.#break(at)
    return at + 1
  }

  /** Inside a member that is passed over or kept whole: only how deep it goes is followed. */
  #inside(bytes: Uint8Array, at: number, to: number): number {
    const below = this.#below
    for (let index = at; index < to; index++) {
      const byte = bytes[index] as number
      switch (KINDS[byte]) {
        case TEXT:
          this.#inText = true
          return index + 1
        case OPEN:
          if (below.length >= MAX_DEPTH) return this.#break(index)
          below.push(byte)
          break
        case CLOSE:
          if (below.pop() !== (byte === CLOSE_OBJECT ? OPEN_OBJECT : OPEN_ARRAY)) return this.#break(index)
          if (below.length > 0) break
          this.#endValue(bytes, index + 1)
          return index + 1
        case NONE:
          return this.#break(index)
      }
    }
    return to
  }

  #text(bytes: Uint8Array, at: number, to: number): number {
    if (this.#marking) {
      this.#marking = false
      if (bytes[at] !== QUOTE) put(this.#frames[this.#frames.length - 1] as Frame, true)
    }
    let index = at
    if (this.#escaped) {
      this.#escaped = false
      index++
    }
    const near = this.#keeping === undefined ? Math.min(to, index + NEAR_BYTES) : to
    for (; index < near; index++) {
      const byte = bytes[index] as number
      if (byte > BACKSLASH) continue
      if (byte === QUOTE) return this.#endText(bytes, index)
      if (byte === BACKSLASH) {
        index++
        this.#escaped = index === to
      } else if (byte < 0x20) return this.#break(index)
    }
    return index < to ? this.#farText(bytes, index, to) : to
  }

  /**
   * The rest of a text that is passed over: its end is searched for by the runtime, many bytes at once, and it is not looked at. Most
   * of what goes by is such, and a prompt may have megabytes.
   */
  #farText(bytes: Uint8Array, at: number, to: number): number {
    for (let from = at; ; ) {
      const quote = bytes.indexOf(QUOTE, from)
      const end = quote < 0 || quote > to ? to : quote
      let slash = end
      while (slash > at && bytes[slash - 1] === BACKSLASH) slash--
      const escaped = ((end - slash) & 1) === 1
      if (end === to) {
        this.#escaped = escaped
        return to
      }
      if (!escaped) return this.#endText(bytes, end)
      from = end + 1
    }
  }

  #endText(bytes: Uint8Array, quote: number): number {
    this.#inText = false
    if (this.#keeping === 'name') this.#endName(bytes, quote + 1)
    else if (this.#below.length === 0) this.#endValue(bytes, quote + 1)
    return quote + 1
  }

  #word(bytes: Uint8Array, at: number, to: number): number {
    let index = at
    while (index < to && KINDS[bytes[index] as number] === WORD) index++
    if (index < to) this.#endValue(bytes, index)
    return index
  }

  /** What begins here is a name, or a member to be kept. */
  #keep(what: 'name' | 'value', at: number): void {
    this.#keeping = what
    this.#from = at
    this.#carriedLength = 0
  }

  /** A name ends before `end`. */
  #endName(bytes: Uint8Array, end: number): void {
    const frame = this.#frames[this.#frames.length - 1] as Frame
    frame.expects = 'colon'
    const whole = this.#whole(bytes, end)
    const last = whole === bytes ? end : this.#carriedLength
    this.#keeping = undefined
    if (last - this.#from > MAX_NAME_BYTES) return
    try {
      frame.member = frame.wanted?.find(whole, this.#from, last)
    } catch {
      this.broken = true
    }
  }

  /** A value that was passed over or kept whole ends before `end`. */
  #endValue(bytes: Uint8Array, end: number): void {
    this.#inWord = false
    const frame = this.#frames[this.#frames.length - 1]
    if (frame === undefined) return
    if (this.#keeping === 'value') {
      const whole = this.#whole(bytes, end)
      const last = whole === bytes ? end : this.#carriedLength
      this.#keeping = undefined
      if (last - this.#from > MAX_MEMBER_BYTES) this.truncated = true
      else this.#putValue(frame, whole, last)
    }
    after(frame)
  }

  #putValue(frame: Frame, bytes: Uint8Array, end: number): void {
    try {
      put(frame, valueAt(bytes, this.#from, end))
    } catch {
      this.broken = true
    }
  }

  /** Where all of what is kept stands, from `#from` on: in the piece at hand, unless it began in one before. */
  #whole(bytes: Uint8Array, end: number): Uint8Array {
    if (this.#carriedLength === 0) return bytes
    this.#carry(bytes, end)
    this.#from = 0
    return this.#carried
  }

  /** Holds on to what is kept of a piece that ends here. */
  #carry(bytes: Uint8Array, end: number): void {
    const limit = this.#keeping === 'name' ? MAX_NAME_BYTES : MAX_MEMBER_BYTES
    const length = this.#carriedLength + end - this.#from
    if (length > limit) {
      // One more than fits marks what is left out.
      this.#carriedLength = limit + 1
      return
    }
    if (length > this.#carried.length) {
      const larger = new Uint8Array(Math.max(FIRST_CARRIED_BYTES, length * 2))
      larger.set(this.#carried.subarray(0, this.#carriedLength))
      this.#carried = larger
    }
    this.#carried.set(bytes.subarray(this.#from, end), this.#carriedLength)
    this.#carriedLength = length
  }

  #close(frame: Frame, byte: number, at: number): number {
    const closes = byte === (frame.array ? CLOSE_ARRAY : CLOSE_OBJECT)
    const empty = frame.index === 0
    const allowed = frame.expects === 'comma' || (empty && frame.expects === (frame.array ? 'value' : 'name'))
    if (!closes || !allowed) return this.#break(at)
    this.#frames.pop()
    const parent = this.#frames[this.#frames.length - 1]
    if (parent !== undefined) {
      if (frame.counted) put(parent, frame.index)
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

  #break(at: number): number {
    this.broken = true
    return at
  }
}

/** A name and what is wanted of its member. */
interface WantedName {
  readonly name: string
  readonly bytes: Uint8Array
  readonly wanted: true | 'length' | WantedNames
}

/** What is wanted of an object's members or an array's first element, found by the bytes of its name: few are, and no other is decoded. */
class WantedNames {
  readonly element: WantedName['wanted'] | undefined
  readonly #names: ReadonlyMap<string, WantedName>
  readonly #ofLength: WantedName[][] = []

  constructor(wanted: WantedMembers) {
    const encoder = new TextEncoder()
    this.#names = new Map(
      Object.entries(wanted).map(([name, below]) => [
        name,
        { name, bytes: encoder.encode(name), wanted: typeof below === 'object' ? new WantedNames(below) : below },
      ]),
    )
    this.element = this.#names.get('[]')?.wanted
    for (const one of this.#names.values()) {
      this.#ofLength[one.bytes.length] ??= []
      this.#ofLength[one.bytes.length]?.push(one)
    }
  }

  /**
   * The name at `[from, to)`, quotes included, if it is wanted.
   *
   * @throws SyntaxError when it is none
   */
  find(bytes: Uint8Array, from: number, to: number): WantedName | undefined {
    const first = from + 1
    const likely = this.#ofLength[to - first - 1]
    if (likely !== undefined) for (const one of likely) if (stands(one.bytes, bytes, first)) return one
    // Escapes spell a name otherwise.
    for (let at = first; at < to; at++)
      if (bytes[at] === BACKSLASH)
        return this.#names.get(JSON.parse(DECODER.decode(bytes.subarray(from, to))) as string)
    return undefined
  }
}

const COMPILED = new WeakMap<WantedMembers, WantedNames>()

function namesOf(wanted: WantedMembers): WantedNames {
  const compiled = COMPILED.get(wanted) ?? new WantedNames(wanted)
  COMPILED.set(wanted, compiled)
  return compiled
}

const DECODER = new TextDecoder()

/** Longer ones are rare, and none that comes with every piece of a stream. */
const MAX_SEEN_BYTES = 64
const SEEN_SLOTS = 256

interface Seen {
  readonly bytes: Uint8Array
  readonly value: unknown
}

/**
 * Texts and numbers that were read last, each in the one place that its bytes give it: the pieces of a stream have the same id and
 * the same model, and to decode them anew each time is most of what reading a stream costs.
 */
const SEEN: (Seen | undefined)[] = new Array<Seen | undefined>(SEEN_SLOTS).fill(undefined)

/** The JSON value at `[from, to)`. @throws SyntaxError */
function valueAt(bytes: Uint8Array, from: number, to: number): unknown {
  if (to - from > MAX_SEEN_BYTES || KINDS[bytes[from] as number] === OPEN)
    return JSON.parse(DECODER.decode(bytes.subarray(from, to)))
  let hash = to - from
  for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0
  const slot = (hash ^ (hash >>> 13)) & (SEEN_SLOTS - 1)
  const seen = SEEN[slot]
  if (seen !== undefined && seen.bytes.length === to - from && stands(seen.bytes, bytes, from)) return seen.value
  // A copy: what `slice` gives of a Buffer is the Buffer's own memory.
  const own = new Uint8Array(bytes.subarray(from, to))
  const value: unknown = JSON.parse(DECODER.decode(own))
  SEEN[slot] = { bytes: own, value }
  return value
}

/** Do these bytes stand there? */
function stands(sought: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < sought.length; at++) if (sought[at] !== bytes[from + at]) return false
  return true
}

function frameOf(array: boolean, wanted: Frame['wanted'], into: Frame['into'], counted = false): Frame {
  return { array, counted, wanted, into, member: undefined, index: 0, expects: array ? 'value' : 'name' }
}

/** What is wanted of the value that begins in this frame. */
function wantedOf({ array, wanted, member, index }: Frame): WantedName['wanted'] | undefined {
  if (array) return index === 0 ? wanted?.element : undefined
  return member?.wanted
}

function put(frame: Frame, value: unknown): void {
  if (Array.isArray(frame.into)) frame.into.push(value)
  else if (frame.into !== undefined && frame.member !== undefined) frame.into[frame.member.name] = value
}

function after(frame: Frame): void {
  frame.index++
  frame.member = undefined
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
