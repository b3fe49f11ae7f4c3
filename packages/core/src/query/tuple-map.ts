import type { FilterValue } from './query.ts'

/** A trie node: one level per member of the tuple, the last level holds the values. */
type Level<V> = Map<FilterValue, Level<V> | V>

/**
 * A map whose keys are tuples of one fixed length. Members are never joined into one string, so no two tuples can
 * collide: `1` and `'1'`, or `['a,', 'b']` and `['a', ',b']`, are different keys.
 */
export class TupleMap<V> {
  readonly #length: number
  readonly #root: Level<V> = new Map()
  #size = 0

  /** @param length how many members each key has; 0 makes a map of at most one value */
  constructor(length: number) {
    this.#length = length
  }

  /** How many keys there are. */
  get size(): number {
    return this.#size
  }

  /** The value at `key`; undefined if there is none. */
  get(key: readonly FilterValue[]): V | undefined {
    let level: Level<V> | V | undefined = this.#root
    for (let depth = 0; depth < Math.max(1, this.#length); depth++) {
      level = (level as Level<V> | undefined)?.get(this.#length === 0 ? null : (key[depth] as FilterValue))
    }
    return level as V | undefined
  }

  /** The value at `key`, made with `create` if there is none yet. */
  getOrCreate(key: readonly FilterValue[], create: () => V): V {
    let level = this.#root
    for (let depth = 0; depth < this.#length - 1; depth++) {
      const member = key[depth] as FilterValue
      let next = level.get(member) as Level<V> | undefined
      if (next === undefined) {
        next = new Map()
        level.set(member, next)
      }
      level = next
    }
    const last = this.#length === 0 ? null : (key[this.#length - 1] as FilterValue)
    let value = level.get(last) as V | undefined
    if (value === undefined) {
      value = create()
      level.set(last, value)
      this.#size++
    }
    return value
  }
}
