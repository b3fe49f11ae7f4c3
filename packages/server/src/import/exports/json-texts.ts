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
  #rest = ''
  /** Where in `#rest` to go on. */
  #at = 0
  #depth = 0
  #inString = false
  #start = 0

  /** Tells that there is no more. */
  end(): void {
    if (this.#depth > 0)
      throw new TallystickError('file_unreadable', 'The file ends within a value: it is cut off, or no JSON.')
  }

  /** The objects that are complete with this piece. */
  *write(piece: string): Generator<string> {
    this.#rest += piece
    while (this.#at < this.#rest.length) {
      if (this.#inString) {
        if (!this.#leaveString()) break
        continue
      }
      const code = this.#rest.charCodeAt(this.#at++)
      if (code === QUOTE && this.#depth > 0) this.#inString = true
      else if (code === OPEN) {
        if (this.#depth++ === 0) this.#start = this.#at - 1
      } else if (code === CLOSE && this.#depth > 0 && --this.#depth === 0) {
        yield this.#rest.slice(this.#start, this.#at)
        this.#rest = this.#rest.slice(this.#at)
        this.#at = 0
      }
    }
    if (this.#depth === 0) {
      this.#rest = ''
      this.#at = 0
    } else if (this.#rest.length - this.#start > MAX_VALUE_UNITS)
      throw new TallystickError(
        'file_unreadable',
        'One value has more than 64 Mi characters, or a quote is not closed.',
      )
  }

  /** @returns false when the string goes on in the next piece */
  #leaveString(): boolean {
    const { length } = this.#rest
    while (this.#at < length) {
      const code = this.#rest.charCodeAt(this.#at++)
      if (code === QUOTE) {
        this.#inString = false
        return true
      }
      // A backslash at the end waits for what it escapes.
      if (code === BACKSLASH && this.#at++ >= length) {
        this.#at = length - 1
        return false
      }
    }
    return false
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
