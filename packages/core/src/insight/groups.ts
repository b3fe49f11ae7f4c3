import { TupleMap } from '../query/index.ts'

/** What everything beyond the limit is counted under, in each part of the name. */
export const OTHER = 'other'

export interface Group<Value> {
  readonly name: readonly string[]
  readonly value: Value
}

/**
 * Values by names that come from outside: at most so many, so that no flood of names fills the memory. A name that comes
 * when all places are taken is counted under {@link OTHER}, so that sums over all groups stay exact.
 */
export class BoundedGroups<Value> {
  readonly #index: TupleMap<Value>
  readonly #groups: Group<Value>[] = []
  readonly #parts: number
  readonly #limit: number
  readonly #create: () => Value

  /**
   * @param parts of how many texts a name consists, at least 1
   * @param limit most names beside `other`
   */
  constructor(parts: number, limit: number, create: () => Value) {
    this.#index = new TupleMap(parts)
    this.#parts = parts
    this.#limit = limit
    this.#create = create
  }

  /** The value of that name, or of `other`. */
  at(name: readonly string[]): Value {
    const known = this.#index.get(name)
    if (known !== undefined) return known
    const full = this.#groups.length >= this.#limit
    const place = full ? new Array<string>(this.#parts).fill(OTHER) : name
    return this.#index.getOrCreate(place, () => {
      const value = this.#create()
      this.#groups.push({ name: place, value })
      return value
    })
  }

  /** In the order in which they came. */
  get groups(): readonly Group<Value>[] {
    return this.#groups
  }
}
