import type { OrdinalRange } from '@tallystick/core/journal'
import type { StoredEvent } from '../store.ts'
import type { Part } from './part.ts'

/** The events with ordinals of a range, in that order, at most `limit`. */
export async function readHeld(
  parts: readonly Part[],
  { first, last }: OrdinalRange,
  limit: number,
  floorMs: number,
): Promise<readonly StoredEvent[]> {
  const found = await Promise.all(parts.map((part) => heldBy(part, first, last, limit, floorMs)))
  return found
    .flat()
    .sort((a, b) => a.ordinal - b.ordinal)
    .slice(0, limit)
}

async function heldBy(
  part: Part,
  first: number,
  last: number,
  limit: number,
  floorMs: number,
): Promise<readonly StoredEvent[]> {
  const found: StoredEvent[] = []
  let from: string | number = first
  while (found.length < limit) {
    const names = (await part.connection.command(
      'ZRANGEBYSCORE',
      part.keys.byOrdinal,
      from,
      last,
      'WITHSCORES',
      'LIMIT',
      0,
      limit,
    )) as string[]
    const events = await part.events(names.filter((_, index) => index % 2 === 0))
    for (const { ordinal, receivedMs, event } of events)
      if (event.timestampMs >= floorMs) found.push({ ordinal, receivedMs, event })
    if (names.length < 2 * limit) break
    // Ordinals are told apart, so none is divided by the border of two pages.
    from = `(${names.at(-1)}`
  }
  return found
}
