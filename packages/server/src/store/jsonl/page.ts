import { setImmediate as turn } from 'node:timers/promises'
import { scanMatcher } from '../scan-matcher.ts'
import type { ScanCursor, ScanPage, ScanRequest, StoredEvent } from '../store.ts'
import type { Floors } from './floors.ts'
import { documentsOf, readBlock, type Wanted } from './read-block.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * One page in the order of (timestampMs, ordinal), though the files are in the order of arrival: blocks are read by their
 * newest (or oldest) event until no other can hold anything that belongs on the page. With few late events those are few.
 */
export async function readPage(request: ScanRequest, snapshot: Snapshot, floors: Floors): Promise<ScanPage> {
  const { limit, after, ascending = false } = request
  const sign = ascending ? 1 : -1
  const matches = scanMatcher(request)
  const blocks = [...snapshot.blocks].sort(({ block: a }, { block: b }) =>
    ascending ? a.minMs - b.minMs : b.maxMs - a.maxMs,
  )
  const spelled = request.eventId === undefined ? undefined : JSON.stringify(request.eventId).slice(1, -1)
  /** The best so far, in order; one more than the page, to know whether there is another. */
  let best: StoredEvent[] = []
  const worst = (): ScanCursor | undefined => (best.length > limit ? placeOf(best[limit] as StoredEvent) : undefined)

  for (const { block, handle, fileNumber } of blocks) {
    const last = worst()
    if (last !== undefined && (ascending ? block.minMs > last.timestampMs : block.maxMs < last.timestampMs)) break
    if (after !== undefined && (ascending ? block.maxMs < after.timestampMs : block.minMs > after.timestampMs)) continue
    const bytes = await readBlock(handle, block)
    // Lines of ours spell an id in one way; to look for it is much cheaper than to read them.
    if (bytes === undefined || (spelled !== undefined && block.trusted && !bytes.includes(spelled))) continue
    const wanted: Wanted = (timestampMs, ordinal) => {
      if (timestampMs < request.fromMs || timestampMs >= request.toMs) return false
      const place = { timestampMs, ordinal }
      if (after !== undefined && compare(place, after) * sign <= 0) return false
      return last === undefined || compare(place, last) * sign < 0
    }
    for (const { stored } of documentsOf(bytes, block, fileNumber, floors, wanted))
      if (matches(stored.event)) best.push(stored)
    best = best.sort((a, b) => compare(placeOf(a), placeOf(b)) * sign).slice(0, limit + 1)
    await turn()
  }
  if (best.length <= limit) return { events: best }
  return { events: best.slice(0, limit), next: placeOf(best[limit - 1] as StoredEvent) }
}

const placeOf = ({ event, ordinal }: StoredEvent): ScanCursor => ({ timestampMs: event.timestampMs, ordinal })

const compare = (a: ScanCursor, b: ScanCursor): number => a.timestampMs - b.timestampMs || a.ordinal - b.ordinal
