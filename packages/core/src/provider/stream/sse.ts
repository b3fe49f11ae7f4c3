/** Longer names of events and fields are no provider's. */
const MAX_TEXT = 128

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20

/** What a stream of server-sent events is told to. */
export interface SseListener {
  /** A piece of the current event's data; lines of it are told apart by a line feed. */
  data(bytes: Uint8Array, from: number, to: number): void
  /** The current event ends. `name` is empty where the stream gave none. Not told of events without data. */
  event(name: string): void
}

/**
 * Takes server-sent events apart, in pieces of any size, without holding their data: fields, comments, lines that end in LF,
 * CRLF or CR, a byte order mark.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class SseReader {
  readonly #to: SseListener
  /** Where in a line: its name, the space after the colon, its value. */
  #part: 'name' | 'space' | 'value' = 'name'
  #field: 'data' | 'event' | 'other' = 'other'
  #text = ''
  #name = ''
  #lines = 0
  #afterCr = false
  #first = 0

  constructor(to: SseListener) {
    this.#to = to
  }

  write(bytes: Uint8Array): void {
    for (let at = this.#skipMark(bytes); at < bytes.length; ) at = this.#step(bytes, at)
  }

  /** A stream that ends within an event leaves that event out, as browsers do; an open line is no event. */
  end(): void {
    this.#lines = 0
  }

  #step(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number
    if (this.#afterCr) {
      this.#afterCr = false
      if (byte === LF) return at + 1
    }
    if (byte === LF || byte === CR) {
      this.#afterCr = byte === CR
      this.#endLine()
      return at + 1
    }
    if (this.#part === 'name') {
      if (byte === COLON) {
        this.#beginValue()
        this.#part = 'space'
      } else if (this.#text.length < MAX_TEXT) this.#text += String.fromCharCode(byte)
      return at + 1
    }
    if (this.#part === 'space') {
      this.#part = 'value'
      if (byte === SPACE) return at + 1
    }
    return this.#value(bytes, at)
  }

  #value(bytes: Uint8Array, at: number): number {
    let end = at
    while (end < bytes.length && bytes[end] !== LF && bytes[end] !== CR) end++
    if (this.#field === 'data') this.#to.data(bytes, at, end)
    else if (this.#field === 'event' && this.#text.length < MAX_TEXT) {
      for (let index = at; index < end && this.#text.length < MAX_TEXT; index++)
        this.#text += String.fromCharCode(bytes[index] as number)
    }
    return end
  }

  /** The name of the field is known. */
  #beginValue(): void {
    this.#field = this.#text === 'data' ? 'data' : this.#text === 'event' ? 'event' : 'other'
    this.#text = ''
    if (this.#field === 'data' && this.#lines++ > 0) this.#to.data(LINE_FEED, 0, 1)
  }

  #endLine(): void {
    if (this.#part === 'name') {
      if (this.#text === '') {
        this.#dispatch()
        return
      }
      // A name alone: its value is empty.
      this.#beginValue()
    }
    if (this.#field === 'event') this.#name = this.#text
    this.#part = 'name'
    this.#text = ''
    this.#field = 'other'
  }

  #dispatch(): void {
    const name = this.#name
    const any = this.#lines > 0
    this.#name = ''
    this.#lines = 0
    if (any) this.#to.event(name)
  }

  /** @returns how many bytes of a mark at the very beginning are passed over */
  #skipMark(bytes: Uint8Array): number {
    let at = 0
    while (this.#first < MARK.length && at < bytes.length) {
      if (bytes[at] !== MARK[this.#first]) {
        // What looked like a mark was not one; nothing that begins so is a field.
        this.#first = MARK.length
        return at
      }
      this.#first++
      at++
    }
    return at
  }
}

const MARK = [0xef, 0xbb, 0xbf]
const LINE_FEED = new Uint8Array([LF])
