/** Which names a scrape shows: of llm-edge-monitoring, the conventional ones, or both. */
export type MetricNames = 'seed' | 'standard' | 'both'

/** Which names a registry has figures for. `either`: one scrape may show these and the next those, never both at once. */
export type HeldNames = MetricNames | 'either'

/** Lines of a scrape that a series takes. */
export interface Lines {
  readonly seed: number
  readonly standard: number
  /** Beside either set of names. */
  readonly always: number
}

/**
 * How many series there may still be, in lines of the largest scrape. It only ever gets smaller: what did not fit once never
 * fits again, so no figure moves from one series to another.
 */
export class SeriesBudget {
  readonly names: HeldNames
  readonly #max: number
  #taken: Lines = { seed: 0, standard: 0, always: 0 }
  #full = false

  constructor(max: number, names: HeldNames) {
    this.#max = max
    this.names = names
  }

  /** Something did not fit. */
  get full(): boolean {
    return this.#full
  }

  /** Lines of the largest scrape. */
  get used(): number {
    return this.sizeOf(this.#taken)
  }

  /** In lines of the largest scrape; 0 for what no scrape shows. */
  sizeOf({ seed, standard, always }: Lines): number {
    switch (this.names) {
      case 'seed':
        return seed + always
      case 'standard':
        return standard + always
      case 'both':
        return seed + standard + always
      case 'either':
        return Math.max(seed, standard) + always
    }
  }

  /** Takes room for a series, unless there is too little. */
  take(lines: Lines): boolean {
    const sum = plus(this.#taken, lines)
    if (this.sizeOf(sum) > this.#max) {
      this.#full = true
      return false
    }
    this.#taken = sum
    return true
  }

  /** Takes room that must be there. */
  reserve(lines: Lines): void {
    this.#taken = plus(this.#taken, lines)
  }
}

const plus = (a: Lines, b: Lines): Lines => ({
  seed: a.seed + b.seed,
  standard: a.standard + b.standard,
  always: a.always + b.always,
})
