const DAY_MS = 86_400_000
/** How far an id's own time may stand from the event's before it is not believed. */
const MAX_SKEW_MS = 48 * 3_600_000
/** Ids older than this at their arrival share the day of arrival, so that a flood of invented days stays bounded. */
const MAX_AGE_DAYS = 35

/**
 * Three families of days, so that a lookup reads no more than it must:
 *
 * - `v7`: UUIDv7 ids under the day they were minted. A retry meets its own day, however late it comes.
 * - `late`: UUIDv7 ids whose time is not believed, under the day of arrival.
 * - `other`: all other ids, under the day of arrival.
 */
export type DayFamily = 'v7' | 'late' | 'other'

export const DAY_FAMILIES: readonly DayFamily[] = ['v7', 'late', 'other']

export interface Placement {
  readonly family: DayFamily
  /** Days since 1970 UTC. */
  readonly day: number
}

/** Days since 1970 UTC. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}

/**
 * Where a new id is kept. `idMs` is the time a UUIDv7 names, undefined for any other id. `strayDays` is the width of a
 * bucket of the last two families, in days: they are all searched, so where events are kept for years their buckets are
 * wider than a day.
 */
export function placementOf(
  idMs: number | undefined,
  eventMs: number,
  receivedMs: number,
  strayDays: number,
): Placement {
  const arrival = dayOf(receivedMs)
  const stray = arrival - (arrival % strayDays)
  if (idMs === undefined) return { family: 'other', day: stray }
  const day = dayOf(idMs)
  const believed = Math.abs(idMs - eventMs) <= MAX_SKEW_MS && day >= arrival - MAX_AGE_DAYS && day <= arrival + 2
  return believed ? { family: 'v7', day } : { family: 'late', day: stray }
}

/** Width of a stray bucket for events kept `retainMs` (Infinity for ever): never more than about 40 buckets for a finite retention of years. */
export function strayDaysFor(retainMs: number): number {
  const days = retainMs / DAY_MS
  return days <= 40 ? 1 : Math.min(31, Math.ceil(days / 40))
}
