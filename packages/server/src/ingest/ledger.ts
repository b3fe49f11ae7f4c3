import type { JsonValue } from '@tallystick/core/event'
import type { JournalEnd, OrdinalRange } from '@tallystick/core/journal'
import type { Companion } from './dedup/keeper.ts'
import type { JournaledEvent } from './dedup/replay.ts'

/** A run of ordinals without gaps, all of them events. */
interface Range {
  readonly first: number
  last: number
  /** Events before `first`. */
  readonly before: number
}

/** Ordinals that were given out and whose fate is not known yet. */
export interface Pledge {
  readonly first: number
  readonly last: number
  state: 'open' | 'kept' | 'dropped'
}

interface SavedLedger {
  readonly complete: boolean
  readonly knownFrom: number
  readonly before: number
  readonly ranges: readonly (readonly [number, number])[]
}

/** Ranges are broken by records that are no events; the journal holds few of those. */
const MAX_RANGES = 4096

/**
 * How many events the journal holds up to any ordinal, since it began: the figure every store must agree with. Ordinals
 * number all records, so they cannot be counted by subtracting.
 */
export class OrdinalLedger implements Companion {
  readonly name = 'ledger'
  #ranges: Range[] = []
  /** In the order the ordinals were given out. */
  readonly #pledges: Pledge[] = []
  /** Below this ordinal the count is no longer known for each ordinal. */
  #knownFrom = 0
  #complete = true
  #loaded = false

  /** False when events of the journal's beginning may be missing from the count. */
  get complete(): boolean {
    return this.#complete
  }

  /** After recovery: tells where the journal begins now. What lies before is known only if it was remembered. */
  journalBegins(oldestOrdinal: number): void {
    if (oldestOrdinal <= 1 || this.#loaded) return
    this.#complete = false
    this.#knownFrom = oldestOrdinal
  }

  /** Notes ordinals as they are given out; `settle` must follow. */
  pledge(first: number, count: number): Pledge {
    const pledge: Pledge = { first, last: first + count - 1, state: 'open' }
    this.#pledges.push(pledge)
    return pledge
  }

  /** The events of a pledge are durable, or never will be. */
  settle(pledge: Pledge, kept: boolean): void {
    pledge.state = kept ? 'kept' : 'dropped'
    let done = 0
    for (; done < this.#pledges.length && (this.#pledges[done] as Pledge).state !== 'open'; done++) {
      const { first, last, state } = this.#pledges[done] as Pledge
      if (state === 'kept') this.#append(first, last)
    }
    if (done > 0) this.#pledges.splice(0, done)
  }

  /** Events with an ordinal up to `ordinal`; undefined where that lies too far back. */
  countUpTo(ordinal: number): number | undefined {
    if (ordinal < this.#knownFrom - 1) return undefined
    let count = countInRanges(this.#ranges, ordinal)
    for (const { first, last, state } of this.#pledges) {
      if (state !== 'dropped' && first <= ordinal) count += Math.min(last, ordinal) - first + 1
    }
    return count
  }

  save = (end: JournalEnd): JsonValue => {
    const ranges = [...this.#ranges.map(({ first, last }) => [first, last] as const), ...this.#pledged()]
    return {
      complete: this.#complete,
      knownFrom: this.#knownFrom,
      before: this.#ranges[0]?.before ?? 0,
      ranges: ranges
        .filter(([first]) => first <= end.ordinal)
        .map(([first, last]) => [first, Math.min(last, end.ordinal)]),
    }
  }

  load = (state: JsonValue): void => {
    const { complete, knownFrom, before, ranges } = state as unknown as SavedLedger
    this.#complete = complete
    this.#loaded = true
    this.#knownFrom = knownFrom
    this.#ranges = []
    for (const [first, last] of ranges) {
      if (this.#ranges.length === 0) this.#ranges.push({ first, last, before })
      else this.#append(first, last)
    }
  }

  replay = (events: readonly JournaledEvent[]): void => {
    for (const { ordinal } of events) if (ordinal > (this.#ranges.at(-1)?.last ?? 0)) this.#append(ordinal, ordinal)
  }

  /** Records that cannot be read any more count as events: nearly all are. */
  missed = (lost: readonly OrdinalRange[]): void => {
    const before = this.#ranges[0]?.before ?? 0
    const known = lost.filter(({ first }) => first >= this.#knownFrom)
    const ranges = [...this.#ranges, ...known].sort((a, b) => a.first - b.first)
    this.#ranges = []
    for (const { first, last } of ranges) {
      const tail = this.#ranges.at(-1)
      if (!tail) this.#ranges.push({ first, last, before })
      else if (last > tail.last) this.#append(Math.max(first, tail.last + 1), last)
    }
  };

  *#pledged(): Generator<readonly [number, number]> {
    for (const { first, last, state } of this.#pledges) if (state !== 'dropped') yield [first, last]
  }

  #append(first: number, last: number): void {
    const tail = this.#ranges.at(-1)
    if (tail && tail.last + 1 === first) {
      tail.last = last
      return
    }
    this.#ranges.push({ first, last, before: tail ? tail.before + tail.last - tail.first + 1 : 0 })
    if (this.#ranges.length > MAX_RANGES) {
      this.#ranges.splice(0, MAX_RANGES / 2)
      this.#knownFrom = (this.#ranges[0] as Range).first
    }
  }
}

function countInRanges(ranges: readonly Range[], ordinal: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle] as Range).first <= ordinal) low = middle + 1
    else high = middle
  }
  const range = ranges[low - 1]
  return range ? range.before + Math.min(range.last, ordinal) - range.first + 1 : 0
}
