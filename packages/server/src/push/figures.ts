import type { UsageEvent } from '@tallystick/core/event'
import { ATTRIBUTES, type Generation } from '@tallystick/core/otel'
import { type FilterValue, TupleMap } from '@tallystick/core/query'
import { INSTRUMENTS, type Instrument, OTHER } from './instruments.ts'
import { Point, type PointAttributes, type Reading } from './point.ts'

const MAX_SERIES = 2_000

/** The attributes that all metrics share, in the order of the tuple that they make. */
const SHARED = [ATTRIBUTES.operation, ATTRIBUTES.provider, ATTRIBUTES.requestModel, ATTRIBUTES.tenant] as const

/** A point and what it came to when it was taken. */
export interface TakenPoint {
  readonly point: Point
  readonly reading: Reading
}

/**
 * Figures of events as points of metrics: at most so many series, whatever names events bring. Requests of what no more series
 * fit for are added to those called `other`, so that sums stay exact; a series that is there stays as it is.
 */
export class Figures {
  readonly #instruments: readonly Instrument[]
  readonly #perSet: number
  readonly #sets = new TupleMap<PointSet>(SHARED.length)
  readonly #other: PointSet
  readonly #all: PointSet[] = []
  #left: number

  constructor(generation: Generation, maxSeries: number = MAX_SERIES) {
    this.#instruments = INSTRUMENTS[generation]
    this.#perSet = this.#instruments.reduce((sum, { reserved }) => sum + reserved.length, 0)
    this.#left = maxSeries
    const tuple = SHARED.map(() => OTHER)
    this.#other = this.#open(tuple)
    // Whoever is called so has the attributes of what was folded, which must not be told twice.
    this.#sets.getOrCreate(tuple, () => this.#other)
  }

  record(event: UsageEvent): void {
    const { operation = null, provider = null, requestModel = null, tenantId = null } = event
    this.#setOf([operation, provider, requestModel, tenantId]).record(event)
  }

  /** Every point that has a value, as it stands. */
  read(): readonly TakenPoint[] {
    return this.#filled().map((point) => ({ point, reading: point.reading }))
  }

  /** The same, and they begin anew. */
  take(): readonly TakenPoint[] {
    return this.#filled().map((point) => ({ point, reading: point.take() }))
  }

  #filled(): readonly Point[] {
    return this.#all.flatMap((set) => set.points()).filter((point) => !point.isEmpty)
  }

  #setOf(tuple: readonly FilterValue[]): PointSet {
    const known = this.#sets.get(tuple)
    if (known !== undefined) return known
    // What does not fit is not remembered: there is no end to it.
    if (this.#left < this.#perSet) return this.#other
    return this.#sets.getOrCreate(tuple, () => this.#open(tuple))
  }

  #open(tuple: readonly FilterValue[]): PointSet {
    this.#left -= this.#perSet
    const attributes = SHARED.flatMap((name, at): PointAttributes => {
      const value = tuple[at]
      return typeof value === 'string' ? [[name, value]] : []
    })
    const set = new PointSet(this.#instruments, attributes, () => {
      if (this.#left === 0) return false
      this.#left--
      return true
    })
    this.#all.push(set)
    return set
  }
}

/** The points of all metrics that share their attributes. */
class PointSet {
  readonly #instruments: readonly Instrument[]
  readonly #attributes: PointAttributes
  /** Takes room for a series that was not reckoned with; false where there is none. */
  readonly #takeRoom: () => boolean
  /** By metric, and by what it is split by. */
  readonly #points: readonly Map<string | undefined, Point>[]

  constructor(instruments: readonly Instrument[], attributes: PointAttributes, takeRoom: () => boolean) {
    this.#instruments = instruments
    this.#attributes = attributes
    this.#takeRoom = takeRoom
    this.#points = instruments.map(() => new Map())
  }

  record(event: UsageEvent): void {
    for (let at = 0; at < this.#instruments.length; at++) {
      const instrument = this.#instruments[at] as Instrument
      instrument.add(event, (value, split) => this.#pointOf(at, instrument, split).add(value))
    }
  }

  points(): readonly Point[] {
    return this.#points.flatMap((points) => [...points.values()])
  }

  #pointOf(at: number, instrument: Instrument, split: string | undefined): Point {
    const points = this.#points[at] as Map<string | undefined, Point>
    const known = points.get(split)
    if (known !== undefined) return known
    const { reserved } = instrument
    if (!reserved.includes(split) && !this.#takeRoom()) return this.#pointOf(at, instrument, reserved.at(-1))
    const own: PointAttributes =
      instrument.split === undefined || split === undefined ? [] : [[instrument.split, split]]
    const point = new Point(instrument, [...this.#attributes, ...own])
    points.set(split, point)
    return point
  }
}
