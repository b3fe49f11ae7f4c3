import type { Part } from './tables.ts'

/** Where a cumulative group stood when it was last counted. Plain JSON. */
export interface Standing {
  /** When its sender began to count, and the moment of the values; decimal ns since 1970 UTC. */
  readonly startNanos: string
  readonly timeNanos: string
  readonly values: Readonly<Partial<Record<Part, number>>>
}

/** What has come since, or why nothing has. */
export type Growth =
  | { readonly kind: 'grown'; readonly values: ReadonlyMap<Part, number>; readonly fromNanos: bigint }
  /** The very values that were counted last, sent again. */
  | { readonly kind: 'same' }
  /** Older ones: what they say is part of what was counted. */
  | { readonly kind: 'old' }

interface Point {
  readonly startNanos: bigint
  readonly timeNanos: bigint
  readonly values: ReadonlyMap<Part, number>
}

/**
 * What a cumulative group has grown by since it was last counted. A sender that has begun anew, which its start or a value
 * that has fallen tells, has used all that it says.
 *
 * @param last undefined: never counted, so all of it is new
 */
export function growthSince(last: Standing | undefined, { startNanos, timeNanos, values }: Point): Growth {
  if (last === undefined) return { kind: 'grown', values, fromNanos: startNanos }
  const lastTime = BigInt(last.timeNanos)
  if (timeNanos === lastTime) return { kind: 'same' }
  if (timeNanos < lastTime) return { kind: 'old' }
  const begunAnew = startNanos > lastTime || [...values].some(([part, value]) => value < (last.values[part] ?? 0))
  if (begunAnew) return { kind: 'grown', values, fromNanos: startNanos }
  const grown = [...values].map(([part, value]): [Part, number] => [part, value - (last.values[part] ?? 0)])
  return { kind: 'grown', values: new Map(grown), fromNanos: lastTime }
}

/** To be kept until the next values come. */
export function standingOf({ startNanos, timeNanos, values }: Point, last: Standing | undefined): Standing {
  // A part that is not reported this time has not changed.
  const kept = growthKeeps(last, startNanos) ? last?.values : {}
  return {
    startNanos: String(startNanos),
    timeNanos: String(timeNanos),
    values: { ...kept, ...Object.fromEntries(values) },
  }
}

const growthKeeps = (last: Standing | undefined, startNanos: bigint): boolean =>
  last !== undefined && startNanos <= BigInt(last.timeNanos)
