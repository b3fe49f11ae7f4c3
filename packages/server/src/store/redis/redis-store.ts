import { TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { OrdinalRange } from '@tallystick/core/journal'
import { cellFolder, finishQuery, type Query, type QueryResult, queryPlan } from '@tallystick/core/query'
import { throwIfAborted } from '../abort.ts'
import { Mutex } from '../mutex.ts'
import { newsOf, type Repricing } from '../repriced.ts'
import { spreadFolder } from '../spread.ts'
import type {
  AppendOptions,
  EraseRequest,
  PruneRequest,
  QueryOptions,
  ScanPage,
  ScanRequest,
  Spread,
  SpreadRequest,
  StoreAudit,
  StoredEvent,
  StoreStats,
  UsageStore,
} from '../store.ts'
import { auditParts } from './audit.ts'
import { clearParts } from './clear.ts'
import type { Connection } from './connection.ts'
import type { PlacedEvent } from './documents.ts'
import { erasePart } from './erase.ts'
import { expirePart, KindFloors, msToLive, setExpiry, TTL_MARGIN_MS } from './expire.ts'
import { readHeld } from './held.ts'
import type { Applied, Part } from './part.ts'
import { readPages } from './read.ts'
import { repricePart } from './reprice.ts'
import { readScan } from './scan.ts'
import { dropFromSets } from './scan-keys.ts'
import type { ServerCheck } from './server-check.ts'

export interface RedisSettings {
  readonly prefix: string
  readonly ttlMs: number
  readonly clock: Clock
  /** Told of what is wrong with Redis and works nevertheless, once for each. */
  readonly onWarning: (warning: string) => void
}

/** The port over one {@link Part}, or over those of a cluster. */
export class RedisStore implements UsageStore {
  readonly capabilities = { backendType: 'redis', durable: true, cells: false, remote: true } as const
  readonly #connection: Connection
  readonly #parts: readonly Part[]
  readonly #check: ServerCheck
  readonly #settings: RedisSettings
  /** What changes something, one after the other. */
  readonly #mutex = new Mutex()
  readonly #kinds = new KindFloors()
  readonly #warned = new Set<string>()
  #journalId: string | undefined
  /** The id of another journal whose events stand here. */
  #foreign: string | undefined
  #latest: StoreStats | undefined
  #expiryIsSet = false
  /** Until where documents that have expired are kept, since something holds them. */
  #heldToMs = 0

  constructor(connection: Connection, parts: readonly Part[], check: ServerCheck, settings: RedisSettings) {
    this.#connection = connection
    this.#parts = parts
    this.#check = check
    this.#settings = settings
  }

  append(events: readonly StoredEvent[], { after = 0 }: AppendOptions = {}): Promise<void> {
    return this.#mutex.run(async () => {
      await this.#check.look()
      await this.#apply(events, after, events.at(-1)?.ordinal ?? after)
      for (const { event } of events) this.#kinds.appended(event.kind, event.timestampMs)
      if (!this.#expiryIsSet) await this.#settleExpiry()
      this.#warn()
    })
  }

  reprice(repricings: readonly Repricing[], { after = 0 }: AppendOptions = {}): Promise<void> {
    return this.#mutex.run(async () => {
      await this.#apply([], after, after)
      const { appliedOrdinal } = await this.#look()
      const news = newsOf(repricings, appliedOrdinal)
      if (news === undefined) return
      await Promise.all(this.#parts.map((part) => repricePart(part, news)))
      await this.#apply([], appliedOrdinal, news.ordinal)
    })
  }

  async query(query: Query, options: QueryOptions = {}): Promise<QueryResult> {
    const plan = queryPlan(query)
    const folder = cellFolder(query, plan)
    const completeToMs = this.#settings.clock.now()
    const floorMs = await this.#read(query, options, ({ event }) => folder.add(event))
    return finishQuery(query, plan, folder.cells, {
      completeToMs,
      answeredFrom: 'fold',
      ...(floorMs > query.fromMs ? { rawFromMs: floorMs } : {}),
    })
  }

  async spread(request: SpreadRequest, options: QueryOptions = {}): Promise<Spread | undefined> {
    const folder = spreadFolder(request)
    await this.#read(request, options, ({ event }) => folder.add(event))
    return folder.result()
  }

  async scan(request: ScanRequest): Promise<ScanPage> {
    this.#assertOwn()
    return readScan(this.#parts, request, this.#floorMs())
  }

  async held(range: OrdinalRange, limit: number): Promise<readonly StoredEvent[]> {
    this.#assertOwn()
    return readHeld(this.#parts, range, limit, this.#floorMs())
  }

  async belongTo(journalId: string): Promise<void> {
    this.#journalId = journalId
    try {
      await this.append([])
    } catch (error) {
      // It is told with the first events, once Redis is there.
      if (this.#foreign !== undefined) throw error
    }
  }

  /** While Redis is away, what there was the last time. */
  async stats(): Promise<StoreStats> {
    try {
      this.#latest = await this.#look()
    } catch (error) {
      if (this.#latest === undefined) throw error
    }
    return this.#latest
  }

  audit(): Promise<StoreAudit> {
    return this.#mutex.run(() => auditParts(this.#parts))
  }

  prune(request: PruneRequest): Promise<{ readonly eventsDropped: number }> {
    return this.#mutex.run(async () => {
      const { kindsBeforeMs = new Map() } = request
      const kinds = this.#kinds.range(kindsBeforeMs)
      const dropped = await Promise.all(this.#parts.map((part) => expirePart(part, request, kinds)))
      this.#kinds.pruned(kindsBeforeMs)
      const nameless = dropped.flatMap(({ nameless }) => nameless)
      await dropFromSets(this.#connection, this.#settings.prefix, this.#parts, nameless)
      await this.#hold(request.eventsBeforeMs)
      return { eventsDropped: dropped.reduce((sum, { events }) => sum + events, 0) }
    })
  }

  erase(request: EraseRequest): Promise<{ readonly events: number }> {
    return this.#mutex.run(async () => {
      const erased = await Promise.all(this.#parts.map((part) => erasePart(part, request)))
      return { events: erased.reduce((sum, events) => sum + events, 0) }
    })
  }

  clear(): Promise<void> {
    return this.#mutex.run(() => clearParts(this.#connection, this.#settings.prefix, this.#parts))
  }

  close(): Promise<void> {
    return this.#mutex.run(() => this.#connection.close())
  }

  /** Hands over the events of a range, and answers before which instant they have expired. */
  async #read(
    range: Pick<Query, 'fromMs' | 'toMs' | 'filters'>,
    { signal, journaled = false }: QueryOptions,
    take: (event: PlacedEvent) => void,
  ): Promise<number> {
    throwIfAborted(signal)
    this.#assertOwn()
    const floorMs = this.#floorMs()
    const { fromMs, toMs, filters } = range
    await Promise.all(
      this.#parts.map(async (part) => {
        for await (const page of readPages(part, { fromMs: Math.max(fromMs, floorMs), toMs, filters, signal }))
          for (const event of page) if (event.own || !journaled) take(event)
      }),
    )
    return floorMs
  }

  async #look(): Promise<StoreStats> {
    const parts = await Promise.all(this.#parts.map((part) => part.stats()))
    const sum = (of: (part: (typeof parts)[number]) => number): number =>
      parts.reduce((total, part) => total + of(part), 0)
    const [events, own] = [sum((part) => part.events), sum((part) => part.own)]
    const journalId = parts.find((part) => part.journalId !== undefined)?.journalId
    const instants = (of: (part: (typeof parts)[number]) => number | null): number[] =>
      parts.flatMap((part) => of(part) ?? [])
    const [oldest, newest] = [instants(({ oldestMs }) => oldestMs), instants(({ newestMs }) => newestMs)]
    const warnings = this.#warnings()
    return {
      events,
      foreign: events - own,
      expired: sum(({ expired }) => expired),
      cleared: sum(({ cleared }) => cleared),
      appliedOrdinal: Math.min(...parts.map(({ appliedOrdinal }) => appliedOrdinal)),
      ...(journalId === undefined ? {} : { journalId }),
      oldestMs: oldest.length === 0 ? null : Math.min(...oldest),
      newestMs: newest.length === 0 ? null : Math.max(...newest),
      bytes: 0,
      ...(warnings.length === 0 ? {} : { warnings }),
    }
  }

  async #apply(events: readonly StoredEvent[], after: number, through: number): Promise<void> {
    const { ttlMs, clock } = this.#settings
    const nowMs = clock.now()
    const parts = this.#parts
    const applied = await Promise.all(
      parts.map((part, index) =>
        part.apply(
          parts.length === 1 ? events : events.filter(({ ordinal }) => ordinal % parts.length === index),
          { journalId: this.#journalId, after, through },
          ({ event }) => msToLive(event.timestampMs, nowMs, ttlMs),
        ),
      ),
    )
    for (const result of applied) this.#accept(result, after)
    this.#foreign = undefined
  }

  #accept(result: Applied, after: number): void {
    if (result.kind === 'foreign') {
      this.#foreign = result.journalId
      this.#assertOwn()
    }
    if (result.kind !== 'behind') return
    throw new TallystickError(
      'store_unavailable',
      `Redis at ${this.#connection.place} has lost what it had applied after record ${result.appliedOrdinal} ` +
        `(of ${after}); it is taken from the journal again.`,
    )
  }

  #assertOwn(): void {
    if (this.#foreign === undefined) return
    throw new TallystickError(
      'store_corrupt',
      `The keys ${this.#settings.prefix}* in Redis at ${this.#connection.place} belong to another journal than the one in the ` +
        'data directory. Give each server a prefix of its own, or run `tallystick rebuild`.',
    )
  }

  #floorMs(): number {
    const { clock, ttlMs } = this.#settings
    return clock.now() - ttlMs
  }

  /** Retention that was changed holds for what is there too. */
  async #settleExpiry(): Promise<void> {
    const { ttlMs, clock } = this.#settings
    const nowMs = clock.now()
    const kept = Number.isFinite(ttlMs) ? ttlMs : 0
    for (const part of this.#parts) {
      const found = await part.stats()
      if (found.ttlMs === kept) continue
      if (found.own > 0) await setExpiry(part, { fromMs: 0, toMs: Number.POSITIVE_INFINITY }, nowMs, ttlMs)
      await this.#connection.command('HSET', part.keys.state, 'ttl', kept)
    }
    this.#expiryIsSet = true
  }

  /** Events that should have expired and are not dropped are held: Redis must not drop them either. */
  async #hold(eventsBeforeMs: number | undefined): Promise<void> {
    const { clock, ttlMs } = this.#settings
    const dueMs = clock.now() - ttlMs
    if (eventsBeforeMs === undefined || !Number.isFinite(ttlMs) || eventsBeforeMs >= dueMs - 1000) return
    const range = { fromMs: Math.max(eventsBeforeMs, this.#heldToMs), toMs: dueMs + TTL_MARGIN_MS }
    for (const part of this.#parts) await setExpiry(part, range, clock.now(), Number.POSITIVE_INFINITY)
    this.#heldToMs = dueMs
  }

  #warnings(): readonly string[] {
    const lost = this.#parts.reduce((sum, { lostDocuments }) => sum + lostDocuments, 0)
    if (lost === 0) return this.#check.warnings
    const warning =
      `${lost} events have lost their document in Redis: it was evicted, or removed by others. Figures lack them until ` +
      '`tallystick rebuild`.'
    return [...this.#check.warnings, warning]
  }

  #warn(): void {
    for (const warning of this.#warnings()) {
      if (this.#warned.has(warning)) continue
      this.#warned.add(warning)
      this.#settings.onWarning(warning)
    }
  }
}
