import { type Clock, systemClock } from '@tallystick/core/event'
import type { OrdinalRange } from '@tallystick/core/journal'
import { finishQuery, foldCells, type Query, type QueryResult, queryPlan } from '@tallystick/core/query'
import { throwIfAborted } from './abort.ts'
import { isErased } from './erased.ts'
import { newsOf, type Repricing, repriced } from './repriced.ts'
import { scanMatcher } from './scan-matcher.ts'
import { spreadFolder } from './spread.ts'
import type {
  EraseRequest,
  PruneRequest,
  ScanCursor,
  ScanPage,
  ScanRequest,
  Spread,
  SpreadRequest,
  StoreAccounts,
  StoreCapabilities,
  StoredEvent,
  StoreStats,
  UsageStore,
} from './store.ts'

export interface MemoryStoreOptions {
  /** How many events are kept, 1 or more; beyond it the oldest by (timestampMs, ordinal) go. 10,000 unless given. */
  readonly maxEvents?: number
  readonly clock?: Clock
}

export const DEFAULT_MAX_EVENTS = 10_000

/** Events are folded in slices of this many so that a long query leaves the event loop free in between. */
const SLICE_EVENTS = 20_000

/**
 * A store for tests and demos: plain events in order, every query a fold over them. Nothing survives a restart.
 *
 * @example
 * const store = openMemoryStore({ maxEvents: 1_000 })
 * await store.append([{ ordinal: 1, receivedMs: Date.now(), event }])
 */
export function openMemoryStore(options: MemoryStoreOptions = {}): UsageStore {
  return new MemoryStore(options.maxEvents ?? DEFAULT_MAX_EVENTS, options.clock ?? systemClock)
}

class MemoryStore implements UsageStore {
  readonly capabilities: StoreCapabilities
  readonly #maxEvents: number
  readonly #clock: Clock
  /** Sorted by (timestampMs, ordinal). Replaced or appended to, never reordered while a query reads it. */
  #events: StoredEvent[] = []
  #appliedOrdinal = 0
  #expired = 0
  #cleared = 0

  constructor(maxEvents: number, clock: Clock) {
    this.capabilities = { backendType: 'memory', durable: false, cells: false, maxEvents }
    this.#maxEvents = maxEvents
    this.#clock = clock
  }

  async append(events: readonly StoredEvent[]): Promise<void> {
    const fresh = events.filter(({ ordinal }) => ordinal > this.#appliedOrdinal)
    const last = fresh.at(-1)
    if (last === undefined) return
    this.#appliedOrdinal = last.ordinal
    const sorted = fresh.sort(compareStored)
    const from = lowerBound(this.#events, cursorOf(sorted[0] as StoredEvent))
    // Only what lies behind the batch's oldest event can move; in the common case that is nothing.
    const merged = from === this.#events.length ? sorted : [...this.#events.slice(from), ...sorted].sort(compareStored)
    const kept = from === 0 ? merged : this.#events.slice(0, from).concat(merged)
    const over = Math.max(0, kept.length - this.#maxEvents)
    this.#events = over > 0 ? kept.slice(over) : kept
    this.#expired += over
  }

  async reprice(repricings: readonly Repricing[]): Promise<void> {
    const news = newsOf(repricings, this.#appliedOrdinal)
    if (news === undefined) return
    this.#appliedOrdinal = news.ordinal
    const from = lowerBound(this.#events, { timestampMs: news.fromMs, ordinal: 0 })
    const to = lowerBound(this.#events, { timestampMs: news.toMs, ordinal: 0 })
    // Not in place: a query may be reading.
    const events = this.#events.slice()
    for (let at = from; at < to; at++) {
      const stored = events[at] as StoredEvent
      const change = news.changes.get(stored.ordinal)
      if (change) events[at] = { ...stored, event: repriced(stored.event, change) }
    }
    this.#events = events
  }

  async query(query: Query, options: { readonly signal?: AbortSignal } = {}): Promise<QueryResult> {
    const events = this.#events
    const completeToMs = this.#clock.now()
    const plan = queryPlan(query)
    const end = lowerBound(events, { timestampMs: query.toMs, ordinal: 0 })
    const cells = []
    for (let at = lowerBound(events, { timestampMs: query.fromMs, ordinal: 0 }); at < end; at += SLICE_EVENTS) {
      throwIfAborted(options.signal)
      const slice = events.slice(at, Math.min(end, at + SLICE_EVENTS))
      for (const cell of foldCells(
        query,
        plan,
        slice.map(({ event }) => event),
      ))
        cells.push(cell)
      if (at + SLICE_EVENTS < end) await new Promise<void>((resolve) => setImmediate(resolve))
    }
    return finishQuery(query, plan, cells, { completeToMs, answeredFrom: 'fold' })
  }

  async scan(request: ScanRequest): Promise<ScanPage> {
    const events = this.#events
    const { ascending = false, after, limit } = request
    let low = lowerBound(events, { timestampMs: request.fromMs, ordinal: 0 })
    let high = lowerBound(events, { timestampMs: request.toMs, ordinal: 0 })
    if (after && ascending) low = Math.max(low, lowerBound(events, { ...after, ordinal: after.ordinal + 1 }))
    if (after && !ascending) high = Math.min(high, lowerBound(events, after))
    const matches = scanMatcher(request)
    const found: StoredEvent[] = []
    const step = ascending ? 1 : -1
    for (let at = ascending ? low : high - 1; at >= low && at < high; at += step) {
      const stored = events[at] as StoredEvent
      if (!matches(stored.event)) continue
      if (found.length === limit) return { events: found, next: cursorOf(found[limit - 1] as StoredEvent) }
      found.push(stored)
    }
    return { events: found }
  }

  async spread(request: SpreadRequest): Promise<Spread | undefined> {
    const folder = spreadFolder(request)
    for (const { event } of this.#events) folder.add(event)
    return folder.result()
  }

  async held({ first, last }: OrdinalRange, limit: number): Promise<readonly StoredEvent[]> {
    const events = this.#events.filter(({ ordinal }) => ordinal >= first && ordinal <= last)
    return events.sort((a, b) => a.ordinal - b.ordinal).slice(0, limit)
  }

  async takeOver({ appliedOrdinal, expired, cleared }: StoreAccounts): Promise<void> {
    this.#appliedOrdinal = Math.max(this.#appliedOrdinal, appliedOrdinal)
    this.#expired = expired
    this.#cleared = cleared
  }

  async stats(): Promise<StoreStats> {
    return {
      events: this.#events.length,
      expired: this.#expired,
      cleared: this.#cleared,
      appliedOrdinal: this.#appliedOrdinal,
      oldestMs: this.#events[0]?.event.timestampMs ?? null,
      newestMs: this.#events.at(-1)?.event.timestampMs ?? null,
      bytes: 0,
    }
  }

  async prune({ kindsBeforeMs, eventsBeforeMs = 0 }: PruneRequest): Promise<{ readonly eventsDropped: number }> {
    const before = this.#events
    const isKept = ({ event: { kind, timestampMs } }: StoredEvent): boolean =>
      timestampMs >= eventsBeforeMs && timestampMs >= (kindsBeforeMs?.get(kind) ?? 0)
    const kept = before.filter(isKept)
    const eventsDropped = before.length - kept.length
    if (eventsDropped > 0) this.#events = kept
    this.#expired += eventsDropped
    return { eventsDropped }
  }

  async erase(request: EraseRequest): Promise<{ readonly events: number }> {
    let events = 0
    this.#events = this.#events.map((stored) => {
      if (!isErased(stored, request)) return stored
      events++
      return { ...stored, event: { ...stored.event, userId: request.pseudonym } }
    })
    return { events }
  }

  async clear(): Promise<void> {
    this.#cleared += this.#events.length + this.#expired
    this.#expired = 0
    this.#events = []
  }

  async close(): Promise<void> {
    this.#events = []
  }
}

const cursorOf = (stored: StoredEvent): ScanCursor => ({
  timestampMs: stored.event.timestampMs,
  ordinal: stored.ordinal,
})

function compareStored(a: StoredEvent, b: StoredEvent): number {
  return a.event.timestampMs - b.event.timestampMs || a.ordinal - b.ordinal
}

/** Position of the first event at or after `place`. */
function lowerBound(events: readonly StoredEvent[], place: ScanCursor): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const { event, ordinal } = events[middle] as StoredEvent
    if ((event.timestampMs - place.timestampMs || ordinal - place.ordinal) < 0) low = middle + 1
    else high = middle
  }
  return low
}
