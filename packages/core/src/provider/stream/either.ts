/** Takes an answer apart into its pieces. */
export interface Framing {
  write(bytes: Uint8Array): void
  end(): void
}

const MARK = [0xef, 0xbb, 0xbf]
const OPEN = new Set(Array.from('{[', (character) => character.charCodeAt(0)))
/** How lines of server-sent events begin: `data`, `event`, `id`, `retry`, or a comment. No JSON does. */
const LINE = new Set(Array.from('deir:', (character) => character.charCodeAt(0)))
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])

/**
 * Server-sent events or one document: by the first byte that is neither space nor part of a byte order mark, whatever was
 * promised. Where that byte is neither's, the promise counts.
 */
export class EitherReader implements Framing {
  readonly #promised: boolean
  readonly #open: (events: boolean) => Framing
  #framing: Framing | undefined
  #mark = 0

  constructor(eventsPromised: boolean, open: (events: boolean) => Framing) {
    this.#promised = eventsPromised
    this.#open = open
  }

  write(bytes: Uint8Array): void {
    // What comes before the first byte that tells says nothing in either.
    const from = this.#framing === undefined ? this.#decide(bytes) : 0
    this.#framing?.write(from === 0 ? bytes : bytes.subarray(from))
  }

  #decide(bytes: Uint8Array): number {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (byte === MARK[this.#mark]) {
        this.#mark++
        continue
      }
      this.#mark = MARK.length
      if (SPACE.has(byte)) continue
      this.#framing = this.#open(LINE.has(byte) || (this.#promised && !OPEN.has(byte)))
      return at
    }
    return bytes.length
  }

  end(): void {
    this.#framing?.end()
  }
}
