const SLOTS = 8_192
const WORD = 4
const NAME_WORDS = 12
/** A longer name is looked up as text. */
const NAME_BYTES = NAME_WORDS * WORD
const NO_SLOT = -1

/**
 * Codes of names seen lately, found by the names' bytes: most names of a journal line have been on one of the lines before
 * it, and need no string made of them. Of names that fall on one slot the newest stays.
 */
export class NameCodes {
  readonly #names = new Int32Array(SLOTS * NAME_WORDS)
  readonly #lengths = new Uint8Array(SLOTS)
  readonly #columns = new Uint8Array(SLOTS)
  readonly #codes = new Uint16Array(SLOTS)
  /** Where the name belongs that was asked for last. */
  #slot = NO_SLOT

  /** The code of the name at `[start, end)` in a column, or 0 for one that is not remembered. */
  find(column: number, view: DataView, start: number, end: number): number {
    const length = end - start
    this.#slot = NO_SLOT
    if (length === 0 || length > NAME_BYTES) return 0
    const last = lastWord(view, start, end)
    let hash = mixed(column, last)
    for (let at = start; at < end - WORD; at += WORD) hash = mixed(hash, view.getInt32(at, true))
    const slot = hash & (SLOTS - 1)
    this.#slot = slot
    if (this.#lengths[slot] !== length || this.#columns[slot] !== column) return 0
    let word = slot * NAME_WORDS
    for (let at = start; at < end - WORD; at += WORD) if (this.#names[word++] !== view.getInt32(at, true)) return 0
    return this.#names[word] === last ? (this.#codes[slot] as number) : 0
  }

  /** Remembers the code of the name that {@link find} was asked for last. */
  keep(column: number, view: DataView, start: number, end: number, code: number): void {
    const slot = this.#slot
    if (slot === NO_SLOT) return
    let word = slot * NAME_WORDS
    for (let at = start; at < end - WORD; at += WORD) this.#names[word++] = view.getInt32(at, true)
    this.#names[word] = lastWord(view, start, end)
    this.#lengths[slot] = end - start
    this.#columns[slot] = column
    this.#codes[slot] = code
  }
}

/** The last four bytes, which may lie over the word before, or all there are. */
function lastWord(view: DataView, start: number, end: number): number {
  if (end - start >= WORD) return view.getInt32(end - WORD, true)
  let word = 0
  for (let at = start; at < end; at++) word = (word << 8) | view.getUint8(at)
  return word
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1)
  return product ^ (product >>> 15)
}
