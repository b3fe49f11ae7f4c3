import { exactToJson, normalizeExact } from '@tallystick/core/event'
import { TupleMap, zoneOffsetMs } from '@tallystick/core/query'

/** One event as the comparison sees it; nano-USD, absent where it has no price. */
export interface Compared {
  readonly billed: number | undefined
  /** As it stands after this run. */
  readonly repriced: number | undefined
  /** This run gives it another figure than it had. */
  readonly changed: boolean
}

interface Sums {
  events: number
  changed: number
  unpricedBefore: number
  unpricedNow: number
  billed: bigint
  repriced: bigint
}

const newSums = (): Sums => ({ events: 0, changed: 0, unpricedBefore: 0, unpricedNow: 0, billed: 0n, repriced: 0n })

interface Group extends Sums {
  readonly dayMs: number
  readonly model: string | null
}

/** What was billed beside what it comes to now, by day and model. Exact. */
export class Comparison {
  readonly #timeZone: string
  readonly #groups: Group[] = []
  readonly #byKey = new TupleMap<Group>(2)
  readonly #totals = newSums()

  constructor(timeZone: string) {
    this.#timeZone = timeZone
  }

  add(dayMs: number, model: string | null, event: Compared): void {
    const group = this.#byKey.getOrCreate([dayMs, model], () => {
      const made: Group = { dayMs, model, ...newSums() }
      this.#groups.push(made)
      return made
    })
    count(group, event)
    count(this.#totals, event)
  }

  get changed(): number {
    return this.#totals.changed
  }

  get events(): number {
    return this.#totals.events
  }

  totals(): object {
    return figures(this.#totals)
  }

  /** By day, then by name of the model. */
  rows(): readonly object[] {
    const ordered = [...this.#groups].sort(
      (a, b) => a.dayMs - b.dayMs || ((a.model ?? '') < (b.model ?? '') ? -1 : a.model === b.model ? 0 : 1),
    )
    return ordered.map(({ dayMs, model, ...sums }) => ({ day: this.#day(dayMs), model, ...figures(sums) }))
  }

  #day(dayMs: number): string {
    return new Date(dayMs + zoneOffsetMs(this.#timeZone, dayMs)).toISOString().slice(0, 10)
  }
}

function count(sums: Sums, { billed, repriced, changed }: Compared): void {
  sums.events++
  if (changed) sums.changed++
  if (billed === undefined) sums.unpricedBefore++
  else sums.billed += BigInt(billed)
  if (repriced === undefined) sums.unpricedNow++
  else sums.repriced += BigInt(repriced)
}

/** A sum over unpriced events only is unknown, not zero. */
function figures({ events, changed, unpricedBefore, unpricedNow, billed, repriced }: Sums): object {
  const money = (sum: bigint, unpriced: number): number | string | null =>
    unpriced === events ? null : exactToJson(normalizeExact(sum))
  return {
    events,
    changed,
    unpriced_before: unpricedBefore,
    unpriced_now: unpricedNow,
    billed_nano_usd: money(billed, unpricedBefore),
    repriced_nano_usd: money(repriced, unpricedNow),
    difference_nano_usd: exactToJson(normalizeExact(repriced - billed)),
  }
}
