import type { Floors } from '../jsonl/floors.ts'
import { scanMatcher } from '../scan-matcher.ts'
import type { ScanCursor, ScanPage, ScanRequest, StoredEvent } from '../store.ts'
import type { Part } from './part.ts'
import { readPages } from './read.ts'

const LEAST_STEP = 50
const MOST_STEP = 500

/** One page in the order of (timestampMs, ordinal): the parts are merged as far as the page needs them. */
export async function readScan(parts: readonly Part[], request: ScanRequest, floors: Floors): Promise<ScanPage> {
  const { limit, ascending = false } = request
  const sign = ascending ? 1 : -1
  const sources = parts.map((part) => ordered(part, request, floors))
  const found: StoredEvent[] = []
  try {
    const heads = await Promise.all(sources.map(async (source) => ({ source, head: (await source.next()).value })))
    while (found.length <= limit) {
      let best: (typeof heads)[number] | undefined
      for (const candidate of heads) {
        if (!candidate.head) continue
        if (!best?.head || compare(placeOf(candidate.head), placeOf(best.head)) * sign < 0) best = candidate
      }
      if (!best?.head) break
      found.push(best.head)
      best.head = (await best.source.next()).value
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)))
  }
  if (found.length <= limit) return { events: found }
  return { events: found.slice(0, limit), next: placeOf(found[limit - 1] as StoredEvent) }
}

/** The events of one part in order: a page holds whole seconds. */
async function* ordered(part: Part, request: ScanRequest, floors: Floors): AsyncGenerator<StoredEvent, undefined> {
  const { filters, after, ascending = false, limit } = request
  const sign = ascending ? 1 : -1
  const matches = scanMatcher(request)
  const from = after !== undefined && ascending ? Math.max(request.fromMs, after.timestampMs) : request.fromMs
  const to = after !== undefined && !ascending ? Math.min(request.toMs, after.timestampMs + 1) : request.toMs
  const step = Math.min(MOST_STEP, Math.max(LEAST_STEP, limit + 1))
  const range = { fromMs: from, toMs: to, floors, filters, newestFirst: !ascending, step }
  for await (const page of readPages(part, range)) {
    const events = page.filter(
      (stored) => matches(stored.event) && (after === undefined || compare(placeOf(stored), after) * sign > 0),
    )
    events.sort((a, b) => compare(placeOf(a), placeOf(b)) * sign)
    for (const { ordinal, receivedMs, event } of events) yield { ordinal, receivedMs, event }
  }
  return undefined
}

const placeOf = ({ event, ordinal }: StoredEvent): ScanCursor => ({ timestampMs: event.timestampMs, ordinal })

const compare = (a: ScanCursor, b: ScanCursor): number => a.timestampMs - b.timestampMs || a.ordinal - b.ordinal
