import { TallystickError } from '@tallystick/core'
import { Pruner } from '@tallystick/core/provider'
import { LITELLM_MEMBERS } from '../../format/litellm/wanted.ts'

const NEWLINE = 0x0a
const OPEN_ARRAY = 0x5b

/**
 * Reads the payloads of a callback out of its body as that comes: a JSON array (`json_array`), a payload (`single`), or one
 * a line (`ndjson`, which LiteLLM sends as `application/json` too). The text of prompts and answers, which is nearly all of it,
 * is passed over byte by byte and never held.
 */
export class LitellmReader {
  readonly payloads: unknown[] = []
  readonly #limit: number
  readonly #pruner: Pruner
  /** What the document in hand begins with. */
  #begins: number | undefined
  #whole = false

  /** @param limit payloads at most */
  constructor(limit: number) {
    this.#limit = limit
    this.#pruner = new Pruner(
      LITELLM_MEMBERS,
      (payload) => {
        this.#whole = true
        if (this.payloads.length >= this.#limit)
          throw new TallystickError('too_many_events', `The body has more than ${this.#limit} payloads; split it.`)
        this.payloads.push(payload)
      },
      true,
    )
  }

  /** @throws TallystickError `invalid_json`, `too_many_events` */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const newline = bytes.indexOf(NEWLINE, at)
      const end = newline < 0 ? bytes.length : newline
      this.#document(bytes, at, end)
      at = end + 1
      // A payload that is whole at the end of its line is not the only one.
      if (newline >= 0 && this.#whole && this.#begins !== OPEN_ARRAY) this.#next()
    }
  }

  /** @throws TallystickError `invalid_json` where the body breaks off */
  end(): readonly unknown[] {
    if (this.#begins !== undefined && !this.#pruner.end()) throw notJson()
    if (this.#begins === undefined && this.payloads.length === 0) throw notJson()
    return this.payloads
  }

  #document(bytes: Uint8Array, from: number, to: number): void {
    let at = from
    if (this.#begins === undefined) {
      while (at < to && isSpace(bytes[at] as number)) at++
      if (at === to) return
      this.#begins = bytes[at] as number
    }
    if (!this.#pruner.write(bytes, at, to)) throw notJson()
  }

  #next(): void {
    this.#pruner.reset()
    this.#begins = undefined
    this.#whole = false
  }
}

/** Without a word of the body: it may be a piece of a prompt. */
function notJson(): TallystickError {
  return new TallystickError(
    'invalid_json',
    'The body is not a payload of LiteLLM, an array of them, or one a line; nothing of it was kept.',
  )
}

/** White space of JSON, and the bytes of a byte order mark. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0xef || byte === 0xbb || byte === 0xbf
}
