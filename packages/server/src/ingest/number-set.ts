/** A set of non-negative integers that mostly arrive in order, kept as intervals. Bounded: past `maxIntervals` the narrowest hole is closed. */
export class NumberSet {
  readonly #maxIntervals: number
  /** first, last, first, last, ... in rising order, never touching. */
  #bounds: number[] = []
  #closed = 0

  constructor(maxIntervals = 256) {
    this.#maxIntervals = maxIntervals
  }

  static from(
    state: { readonly bounds: readonly number[]; readonly closed: number },
    maxIntervals?: number,
  ): NumberSet {
    const set = new NumberSet(maxIntervals)
    set.#bounds = [...state.bounds]
    set.#closed = state.closed
    return set
  }

  toJSON(): { readonly bounds: readonly number[]; readonly closed: number } {
    return { bounds: [...this.#bounds], closed: this.#closed }
  }

  /** -1 when empty. */
  get max(): number {
    return this.#bounds.at(-1) ?? -1
  }

  /** Numbers from 0 to `max` that are not in the set; a lower bound once holes were closed. */
  get missing(): number {
    let present = 0
    for (let at = 0; at < this.#bounds.length; at += 2) present += this.#last(at) - this.#first(at) + 1
    return this.max + 1 - present
  }

  /** Numbers that are in holes closed for want of room: not seen, and no longer counted as missing. */
  get closed(): number {
    return this.#closed
  }

  add(value: number): void {
    const bounds = this.#bounds
    const end = bounds.length
    if (end > 0 && value === (bounds[end - 1] as number) + 1) {
      bounds[end - 1] = value
      return
    }
    // The first interval that ends at or behind value - 1: the only one value can belong or be joined to from the left.
    let low = 0
    let high = end / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#last(middle * 2) < value - 1) low = middle + 1
      else high = middle
    }
    const at = low * 2
    if (at === end || value < this.#first(at) - 1) bounds.splice(at, 0, value, value)
    else if (value === this.#first(at) - 1) bounds[at] = value
    else if (value === this.#last(at) + 1) {
      if (at + 2 < end && this.#first(at + 2) === value + 1) bounds.splice(at + 1, 2)
      else bounds[at + 1] = value
    }
    if (bounds.length > this.#maxIntervals * 2) this.#closeNarrowest()
  }

  #closeNarrowest(): void {
    let narrowest = 0
    let width = Number.POSITIVE_INFINITY
    for (let at = 0; at + 2 < this.#bounds.length; at += 2) {
      const hole = this.#first(at + 2) - this.#last(at) - 1
      if (hole < width) {
        width = hole
        narrowest = at
      }
    }
    this.#bounds.splice(narrowest + 1, 2)
    this.#closed += width
  }

  #first(at: number): number {
    return this.#bounds[at] as number
  }

  #last(at: number): number {
    return this.#bounds[at + 1] as number
  }
}
