const LF = 0x0a

/** Documents of JSON, a line each. */
export class LineReader {
  readonly #data: (bytes: Uint8Array, from: number, to: number) => void
  readonly #line: () => void
  #open = false

  constructor(data: (bytes: Uint8Array, from: number, to: number) => void, line: () => void) {
    this.#data = data
    this.#line = line
  }

  write(bytes: Uint8Array): void {
    let from = 0
    for (;;) {
      const end = bytes.indexOf(LF, from)
      const to = end < 0 ? bytes.length : end
      if (to > from) {
        this.#data(bytes, from, to)
        this.#open = true
      }
      if (end < 0) return
      this.#endLine()
      from = end + 1
    }
  }

  end(): void {
    this.#endLine()
  }

  #endLine(): void {
    if (!this.#open) return
    this.#open = false
    this.#line()
  }
}
