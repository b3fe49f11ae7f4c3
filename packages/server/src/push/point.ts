import { addExact, type Exact } from '@tallystick/core/event'
import type { Instrument } from './instruments.ts'

/** Names of attributes and their values. */
export type PointAttributes = readonly (readonly [name: string, value: string])[]

/** What a point has come to. */
export interface Reading {
  readonly count: number
  readonly sum: Exact
  /** Of a histogram: how many values each bucket has, the last one those above all bounds. */
  readonly buckets: readonly number[]
}

/** The figures of one metric under one set of attributes. */
export class Point {
  readonly instrument: Instrument
  readonly attributes: PointAttributes
  #count = 0
  #sum: Exact = 0
  #buckets: number[]

  constructor(instrument: Instrument, attributes: PointAttributes) {
    this.instrument = instrument
    this.attributes = attributes
    this.#buckets = this.#none()
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  get reading(): Reading {
    return { count: this.#count, sum: this.#sum, buckets: this.#buckets.slice() }
  }

  add(value: number): void {
    const { bounds } = this.instrument
    this.#count++
    this.#sum = addExact(this.#sum, value)
    if (bounds === undefined) return
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1
  }

  /** What it has come to; it begins anew. */
  take(): Reading {
    const reading = { count: this.#count, sum: this.#sum, buckets: this.#buckets }
    this.#count = 0
    this.#sum = 0
    this.#buckets = this.#none()
    return reading
  }

  /** Adds what was taken and reached nobody. */
  putBack({ count, sum, buckets }: Reading): void {
    this.#count += count
    this.#sum = addExact(this.#sum, sum)
    this.#buckets = this.#buckets.map((value, at) => value + (buckets[at] as number))
  }

  #none(): number[] {
    const { bounds } = this.instrument
    return bounds === undefined ? [] : new Array<number>(bounds.length + 1).fill(0)
  }
}
