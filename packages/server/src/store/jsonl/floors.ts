import type { EventKind } from '@tallystick/core/event'

/** What has expired: everything before one instant, ms since 1970 UTC, and events of some kinds before one of their own. */
export interface Floors {
  readonly floorMs: number
  readonly kinds: ReadonlyMap<EventKind, number>
}

/** `kind` may be undefined where it is known not to matter. */
export function hasExpired({ floorMs, kinds }: Floors, timestampMs: number, kind: EventKind | undefined): boolean {
  return timestampMs < floorMs || (kind !== undefined && timestampMs < (kinds.get(kind) ?? 0))
}

/** Before this instant it matters of which kind an event is. */
export function kindsMatterBefore({ kinds }: Floors): number {
  let latest = 0
  for (const floorMs of kinds.values()) latest = Math.max(latest, floorMs)
  return latest
}

/** The higher of each: what has expired once stays so. */
export function raised(floors: Floors, floorMs: number, kinds: ReadonlyMap<EventKind, number> | undefined): Floors {
  const higher = new Map(floors.kinds)
  for (const [kind, ms] of kinds ?? []) higher.set(kind, Math.max(ms, higher.get(kind) ?? 0))
  return { floorMs: Math.max(floors.floorMs, floorMs), kinds: higher }
}
