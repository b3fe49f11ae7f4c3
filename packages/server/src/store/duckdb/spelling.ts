const encoder = new TextEncoder()
const WORD = 4

/** Known bytes, at least four, to be looked for at a place: compared a word at a time, which engines do in one step. */
export class Spelling {
  readonly length: number
  readonly #words: Int32Array
  /** The last four bytes, which may lie over the word before. */
  readonly #last: number

  constructor(text: string | Uint8Array) {
    const bytes = typeof text === 'string' ? encoder.encode(text) : text
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.length = bytes.length
    this.#words = Int32Array.from({ length: (bytes.length - 1) >> 2 }, (_, word) => view.getInt32(word * WORD, true))
    this.#last = view.getInt32(bytes.length - WORD, true)
  }

  /** Does it stand at `at`? The view must reach to its end. */
  at(view: DataView, at: number): boolean {
    const words = this.#words
    for (let word = 0; word < words.length; word++) {
      if (view.getInt32(at + word * WORD, true) !== words[word]) return false
    }
    return view.getInt32(at + this.length - WORD, true) === this.#last
  }
}
