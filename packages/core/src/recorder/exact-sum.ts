import { type Exact, normalizeExact } from '../event/index.ts'

/** A sum of non-negative integers that is exact however large it gets, and a plain addition as long as it is small. */
export class ExactSum {
  #low = 0
  #carried = 0n

  add(value: Exact): void {
    if (typeof value === 'bigint') {
      this.#carried += value
      return
    }
    const sum = this.#low + value
    if (sum <= Number.MAX_SAFE_INTEGER) this.#low = sum
    else {
      this.#carried += BigInt(this.#low)
      this.#low = value
    }
  }

  get value(): Exact {
    return this.#carried === 0n ? this.#low : normalizeExact(this.#carried + BigInt(this.#low))
  }
}
