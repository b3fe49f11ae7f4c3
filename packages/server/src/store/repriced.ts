import type { UsageEvent } from '@tallystick/core/event'

/** What one event comes to at newer prices. */
export interface RepricedEvent {
  readonly ordinal: number
  /** What it comes to less what was billed, or all of it where it was unpriced; nano-USD, -(2^53 - 1) to 2^53 - 1. */
  readonly differenceNanoUsd: number
  readonly priceId: string
}

/** New prices of some events: what one `reprice` record of the journal says. */
export interface Repricing {
  /** Of the record. It is in one order with the events, and all that it names come before it. */
  readonly ordinal: number
  /** Its events lie in `[fromMs, toMs)`. */
  readonly fromMs: number
  readonly toMs: number
  readonly events: readonly RepricedEvent[]
}

/**
 * The event with what it comes to now in place of what a re-pricing before has said. Nothing that was billed changes.
 *
 * @example repriced({ ...event, costNanoUsd: 10 }, { ordinal: 1, differenceNanoUsd: -3, priceId: 'p' })
 * // { ...event, costNanoUsd: 10, repricedDownNanoUsd: 3, repricedPriceId: 'p' }
 */
export function repriced(event: UsageEvent, { differenceNanoUsd, priceId }: RepricedEvent): UsageEvent {
  const { repricedUpNanoUsd: _up, repricedDownNanoUsd: _down, repricedPriceId: _id, ...billed } = event
  const change =
    differenceNanoUsd < 0 ? { repricedDownNanoUsd: -differenceNanoUsd } : { repricedUpNanoUsd: differenceNanoUsd }
  return { ...billed, ...change, repricedPriceId: priceId }
}

/** What several records come to together. */
export interface RepricingNews {
  /** Of the last record. */
  readonly ordinal: number
  readonly fromMs: number
  readonly toMs: number
  /** By ordinal of the event: the last that was said of it. */
  readonly changes: ReadonlyMap<number, RepricedEvent>
}

/** The records behind `appliedOrdinal` as one; undefined if there is none. */
export function newsOf(repricings: readonly Repricing[], appliedOrdinal: number): RepricingNews | undefined {
  const fresh = repricings.filter(({ ordinal }) => ordinal > appliedOrdinal)
  const last = fresh.at(-1)
  if (last === undefined) return undefined
  const changes = new Map<number, RepricedEvent>()
  for (const { events } of fresh) for (const change of events) changes.set(change.ordinal, change)
  return {
    ordinal: last.ordinal,
    fromMs: Math.min(...fresh.map(({ fromMs }) => fromMs)),
    toMs: Math.max(...fresh.map(({ toMs }) => toMs)),
    changes,
  }
}
