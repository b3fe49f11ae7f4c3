/** Functions that are told something. One that throws disturbs neither the others nor the teller. */
export class Listeners<Value> {
  readonly #listeners = new Set<(value: Value) => void>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Returns what removes it again. */
  add(listener: (value: Value) => void): () => void {
    // A wrapper of its own, so that the same function added twice is told twice and removed once.
    const entry = (value: Value): void => listener(value)
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  tell(value: Value): void {
    for (const listener of this.#listeners) {
      try {
        listener(value)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
