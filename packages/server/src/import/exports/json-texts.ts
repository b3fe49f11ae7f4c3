import { TallystickError } from '@tallystick/core'

/** The longest single value of a file: with bodies exported along, a row may well be megabytes. */
const MAX_VALUE_UNITS = 64 * 1024 * 1024

/**
 * Splits text that comes in pieces into its JSON objects, without holding more than one: the elements of an array, JSON
 * Lines, objects one after the other however they are spread over lines. What stands between objects (brackets of the
 * array, commas, also commas too many or too few, as one exporter writes them) does not matter.
 *
 * @throws TallystickError `file_unreadable` for an object that does not end, or one of more than 64 Mi characters
 * @example [...new JsonTexts().write('[{"a":1},{"b":')] // ['{"a":1}']
 */
export class JsonTexts {
  /** What came so far of the object that is open. */
  #parts: string[] = []
  #units = 0
  #depth = 0
  #inString = false
  /** The next character is one that a backslash escapes. */
  #escaped = false

  /** Tells that there is no more. */
  end(): void {
    if (this.#depth > 0)
      throw new TallystickError('file_unreadable', 'The file ends within a value: it is cut off, or no JSON.')
  }

  /** The objects that are complete with this piece. */
  *write(piece: string): Generator<string> {
    let start = 0
    for (let at = 0; at < piece.length; ) {
      if (this.#inString) {
        at = this.#withinString(piece, at)
        continue
      }
      const code = piece.charCodeAt(at++)
      if (code === QUOTE && this.#depth > 0) this.#inString = true
      else if (code === OPEN) {
        if (this.#depth++ === 0) start = at - 1
      } else if (code === CLOSE && this.#depth > 0 && --this.#depth === 0) yield this.#whole(piece.slice(start, at))
    }
    if (this.#depth > 0) this.#keep(piece.slice(start))
  }

  /** Where to go on: behind the quote that ends the string, or at the end of the piece. */
  #withinString(piece: string, from: number): number {
    for (let at = from; at < piece.length; at++) {
      const code = piece.charCodeAt(at)
      if (this.#escaped) this.#escaped = false
      else if (code === BACKSLASH) this.#escaped = true
      else if (code === QUOTE) {
        this.#inString = false
        return at + 1
      }
    }
    return piece.length
  }

  #whole(last: string): string {
    if (this.#parts.length === 0) return last
    const text = this.#parts.join('') + last
    this.#parts = []
    this.#units = 0
    return text
  }

  #keep(part: string): void {
    this.#parts.push(part)
    this.#units += part.length
    if (this.#units > MAX_VALUE_UNITS)
      throw new TallystickError(
        'file_unreadable',
        'One value has more than 64 Mi characters, or a quote is not closed.',
      )
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
