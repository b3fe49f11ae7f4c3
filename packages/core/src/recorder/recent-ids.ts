/**
 * The last ids that callers brought, at least `limit` and at most twice as many: two generations, of which the older is
 * forgotten as a whole, so that remembering costs no bookkeeping for each id.
 */
export class RecentIds {
  readonly #limit: number
  #young = new Set<string>()
  #old = new Set<string>()

  constructor(limit: number) {
    this.#limit = limit
  }

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id)
  }

  delete(id: string): void {
    this.#young.delete(id)
    this.#old.delete(id)
  }

  add(id: string): void {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young
      this.#young = new Set()
    }
    this.#young.add(id)
  }
}
