const SLOTS = 8_192
/** A longer name is looked up as text. */
const NAME_BYTES = 48

/**
 * Codes of names seen lately, found by the names' bytes: most names of a journal line have been on one of the lines before
 * it, and need no string made of them. Of names that fall on one slot the newest stays.
 */
export class NameCodes {
  readonly #names = new Uint8Array(SLOTS * NAME_BYTES)
  readonly #lengths = new Uint8Array(SLOTS)
  readonly #columns = new Uint8Array(SLOTS)
  readonly #codes = new Uint16Array(SLOTS)

  /** The code of the name at `[start, end)` in a column, or 0 for one that is not remembered. */
  find(column: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const slot = slotOf(hash)
    const length = end - start
    if (this.#lengths[slot] !== length || this.#columns[slot] !== column) return 0
    const from = slot * NAME_BYTES
    for (let index = 0; index < length; index++) if (this.#names[from + index] !== bytes[start + index]) return 0
    return this.#codes[slot] as number
  }

  keep(column: number, hash: number, bytes: Uint8Array, start: number, end: number, code: number): void {
    const length = end - start
    if (length > NAME_BYTES) return
    const slot = slotOf(hash)
    for (let index = 0; index < length; index++) this.#names[slot * NAME_BYTES + index] = bytes[start + index] as number
    this.#lengths[slot] = length
    this.#columns[slot] = column
    this.#codes[slot] = code
  }
}

const slotOf = (hash: number): number => (hash ^ (hash >>> 15)) & (SLOTS - 1)
