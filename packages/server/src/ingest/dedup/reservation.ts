import type { DayBucket } from './day-bucket.ts'
import { SETTLED } from './hot-table.ts'

/**
 * The ids one delivery has claimed while its events are on their way into the journal. Until it ends, whoever sends one
 * of them again waits for the outcome; then they are taken (`settle`) or free again (`release`).
 */
export class Reservation {
  readonly number: number
  readonly #keys: Uint32Array
  readonly #buckets: DayBucket[] = []
  readonly #onEnd: (reservation: Reservation) => void
  #ended = false
  #done: Promise<void> | undefined
  #resolve: (() => void) | undefined

  constructor(number: number, capacity: number, onEnd: (reservation: Reservation) => void) {
    this.number = number
    this.#keys = new Uint32Array(capacity * 4)
    this.#onEnd = onEnd
  }

  get size(): number {
    return this.#buckets.length
  }

  /** Resolves when the outcome is known, whatever it is. */
  get done(): Promise<void> {
    if (this.#ended) return Promise.resolve()
    this.#done ??= new Promise((resolve) => {
      this.#resolve = resolve
    })
    return this.#done
  }

  hold(key: Uint32Array, bucket: DayBucket): void {
    this.#keys.set(key, this.#buckets.length * 4)
    this.#buckets.push(bucket)
  }

  /** The events are durable: their ids are taken for good. */
  settle(): void {
    this.#forEach((bucket, at) => bucket.active.setMark(at, SETTLED))
    this.#end()
  }

  /** The events are not and never will be in the journal: their ids are free. */
  release(): void {
    this.#forEach((bucket, at) => bucket.active.remove(at))
    this.#end()
  }

  #forEach(visit: (bucket: DayBucket, at: number) => void): void {
    if (this.#ended) return
    for (const [index, bucket] of this.#buckets.entries()) {
      visit(bucket, bucket.active.find(this.#keys.subarray(index * 4, index * 4 + 4)))
    }
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd(this)
    this.#resolve?.()
  }
}
