import type { OrdinalRange } from '@tallystick/core/journal'

/** Which ordinals a reading of the journal should have met and did not. */
export class OrdinalGaps {
  readonly all: OrdinalRange[] = []
  #first: number | undefined
  #last: number | undefined
  #taken = 0

  readonly #after: number | undefined

  /** @param after the last ordinal before the place where reading begins; undefined at the journal's beginning */
  constructor(after: number | undefined) {
    this.#after = after
    this.#last = after
  }

  read({ first, last }: OrdinalRange): void {
    this.#met(first, last)
  }

  missing(range: OrdinalRange): void {
    this.all.push(range)
    this.#met(range.first, range.last)
  }

  /** Reading has come to the end of the journal, and `ordinal` had been acknowledged by then. */
  end(ordinal: number): void {
    if (this.#last === undefined) this.#met(ordinal + 1, ordinal)
    else if (this.#last < ordinal) this.missing({ first: this.#last + 1, last: ordinal })
  }

  /** The last ordinal before everything that was met: what stood there has been dropped, or its files are gone. */
  get before(): number {
    return this.#after === undefined ? (this.#first ?? 1) - 1 : 0
  }

  /** Missing ranges up to `ordinal` that were not taken before: damage is told somewhat ahead of the records around it. */
  takeUpTo(ordinal: number): readonly OrdinalRange[] {
    const from = this.#taken
    while ((this.all[this.#taken]?.last ?? Number.POSITIVE_INFINITY) <= ordinal) this.#taken++
    return this.all.slice(from, this.#taken)
  }

  #met(first: number, last: number): void {
    this.#first = Math.min(this.#first ?? first, first)
    this.#last = Math.max(this.#last ?? last, last)
  }
}
