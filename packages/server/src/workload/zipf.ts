/**
 * Ranks drawn by Zipf's law: the weight of rank k is `1 / (k + 1) ** exponent`. What few do often and many seldom, as models,
 * agents and users of a service are.
 *
 * @example new Zipf(3, 1).rank(0) // 0
 */
export class Zipf {
  readonly #upTo: Float64Array

  constructor(ranks: number, exponent: number) {
    this.#upTo = new Float64Array(ranks)
    let sum = 0
    for (let rank = 0; rank < ranks; rank++) {
      sum += 1 / (rank + 1) ** exponent
      this.#upTo[rank] = sum
    }
  }

  /** The rank of a number in [0, 1): 0 is the commonest. */
  rank(uniform: number): number {
    const upTo = this.#upTo
    const target = uniform * (upTo.at(-1) as number)
    let low = 0
    let high = upTo.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((upTo[middle] as number) > target) high = middle
      else low = middle + 1
    }
    return low
  }
}
