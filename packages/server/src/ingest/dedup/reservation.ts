import type { DayBucket } from './day-bucket.ts'
import { SETTLED } from './hot-table.ts'

/** Scratch of the one reservation that is being ended. */
const KEY = new Uint32Array(4)

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
    const at = this.#buckets.length * 4
    for (let word = 0; word < 4; word++) this.#keys[at + word] = key[word] as number
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
    const keys = this.#keys
    for (let index = 0; index < this.#buckets.length; index++) {
      for (let word = 0; word < 4; word++) KEY[word] = keys[index * 4 + word] as number
      const bucket = this.#buckets[index] as DayBucket
      visit(bucket, bucket.active.find(KEY))
    }
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd(this)
    this.#resolve?.()
  }
}
