import type { EventKind } from '@tallystick/core/event'
import type { PruneRequest } from '../store.ts'
import { indexed, secondOf } from './documents.ts'
import type { Part, Removed } from './part.ts'
import { EXPIRY } from './scripts.ts'

/**
 * Documents outlive retention by this much in Redis itself: while a server runs, it drops them, with their places in the
 * indexes and counted; Redis drops them where no server runs any more.
 */
export const TTL_MARGIN_MS = 86_400_000

const STEP_NAMES = 1_000

/** How long Redis keeps a document, ms; 0 for ever. */
export function msToLive(timestampMs: number, nowMs: number, ttlMs: number): number {
  if (ttlMs === Number.POSITIVE_INFINITY) return 0
  return Math.max(TTL_MARGIN_MS, timestampMs + ttlMs + TTL_MARGIN_MS - nowMs)
}

/** What is dropped of each kind, and how far that has been done. */
export class KindFloors {
  readonly #done = new Map<EventKind, number>()

  /** From when on there may be events of a kind that has expired, and until when. */
  range(kindsBeforeMs: ReadonlyMap<EventKind, number>): { readonly fromMs: number; readonly toMs: number } {
    let [fromMs, toMs] = [Number.POSITIVE_INFINITY, 0]
    for (const [kind, before] of kindsBeforeMs) {
      const done = this.#done.get(kind) ?? 0
      if (before <= done) continue
      fromMs = Math.min(fromMs, done)
      toMs = Math.max(toMs, before)
    }
    return { fromMs, toMs }
  }

  pruned(kindsBeforeMs: ReadonlyMap<EventKind, number>): void {
    for (const [kind, before] of kindsBeforeMs) this.#done.set(kind, Math.max(before, this.#done.get(kind) ?? 0))
  }

  /** An event that comes too late is looked for again. */
  appended(kind: EventKind, timestampMs: number): void {
    if (timestampMs < (this.#done.get(kind) ?? 0)) this.#done.set(kind, timestampMs)
  }
}

/**
 * Removes what has expired from a part, with its places in the indexes.
 *
 * @returns how many events, and the names of those that had lost their document: nobody knows which sets they are in
 */
export async function expirePart(
  part: Part,
  { eventsBeforeMs: beforeMs = 0, kindsBeforeMs = new Map() }: PruneRequest,
  kinds: { readonly fromMs: number; readonly toMs: number },
): Promise<{ readonly events: number; readonly nameless: readonly string[] }> {
  const nameless: string[] = []
  let events = 0
  const expireRange = async (fromMs: number, toMs: number, isGone: (kind: EventKind, ms: number) => boolean) => {
    let from: string | number = secondOf(fromMs)
    for (;;) {
      const page = await part.names({ from, to: secondOf(toMs - 1), newestFirst: false, sets: [], count: STEP_NAMES })
      const lost: string[] = []
      const found = await part.events(page.names, (name) => lost.push(name))
      const gone: Removed[] = found
        .filter(({ event: { kind, timestampMs } }) => isGone(kind, timestampMs))
        .map(({ name, event }) => ({ name, ...indexed(event) }))
      if (toMs <= beforeMs) for (const name of lost) gone.push({ name, model: '', endpoint: '' })
      events += await part.remove(gone, { expired: true })
      if (toMs <= beforeMs) nameless.push(...lost)
      if (page.next === undefined) return
      from = page.next
    }
  }
  if (beforeMs > 0) await expireRange(0, beforeMs, (_, ms) => ms < beforeMs)
  const fromMs = Math.max(kinds.fromMs, beforeMs)
  if (fromMs < kinds.toMs) await expireRange(fromMs, kinds.toMs, (kind, ms) => ms < (kindsBeforeMs.get(kind) ?? 0))
  return { events, nameless }
}

/** Sets anew until when Redis keeps the documents of `[fromMs, toMs)` that came through the journal. */
export async function setExpiry(
  part: Part,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  nowMs: number,
  ttlMs: number,
): Promise<void> {
  if (fromMs >= toMs) return
  const { prefix, byTime, byOrdinal } = part.keys
  const beyond = ttlMs === Number.POSITIVE_INFINITY ? '' : ttlMs + TTL_MARGIN_MS + 1000 - nowMs
  const to = Number.isFinite(toMs) ? secondOf(toMs - 1) : '+inf'
  let from: string | number = secondOf(fromMs)
  for (;;) {
    const page = await part.names({ from, to, newestFirst: false, sets: [], count: STEP_NAMES })
    for (let at = 0; at < page.names.length; at += STEP_NAMES) {
      const some = page.names.slice(at, at + STEP_NAMES)
      await part.connection.run(EXPIRY, [byTime, byOrdinal], [prefix, beyond, TTL_MARGIN_MS, ...some])
    }
    if (page.next === undefined) return
    from = page.next
  }
}
