import { TallystickError } from '../errors.ts'
import type { UsageEvent } from '../event/index.ts'
import { MintedIds } from './minted-ids.ts'
import { Observers, type RecordingObserver } from './observer.ts'
import { type EventStoreOptions, settingsOf } from './options.ts'
import type { DropReason, Ledger, PendingEvents, RecorderDropReason } from './pending.ts'
import type { Draft } from './read-event.ts'
import { EventReceiver } from './receiver.ts'
import { RecentIds } from './recent-ids.ts'
import type { EventDefaults } from './recordable.ts'
import { Recording } from './recording.ts'
import type { Collected } from './shared/inbox.ts'
import type { SharedWriters, WritersOptions } from './shared/writers.ts'
import { NONE, Slots } from './slots.ts'
import type { ComputedStats, Figures } from './stats.ts'
import { type SeriesRow, Tally } from './tally.ts'
import { WaitingListeners } from './waiting-listeners.ts'
import { ownIdOf, type StoredEvent, writeEvent } from './write-event.ts'

/** A store and the far end of its stream, as a pair or by name. */
export type StreamingStore = readonly [store: EventStore, receiver: EventReceiver] & {
  readonly store: EventStore
  readonly receiver: EventReceiver
}

/** A store that other threads record into; see {@link EventStore.shared}. */
export type SharedEventStore = EventStore & SharedWriters

/** What a store with writers in other threads is made of: their number and memory, and every option of a store. */
export type SharedStoreOptions = EventStoreOptions & WritersOptions

/** What holds events of other threads. */
interface CollectedWriters {
  collect(): void
  /** What was counted of events that will not come, and has not been told by model. */
  untold(): readonly SeriesRow[]
}

let openShared: ((options: SharedStoreOptions) => SharedEventStore) | undefined

/** Called by `shared/open.ts` as it loads; so this module does not need it, nor does a bundle that has no use for it. */
export function registerShared(open: (options: SharedStoreOptions) => SharedEventStore): void {
  openShared = open
}

/**
 * Records events inside a process: counts them, keeps them in a bounded buffer, and hands them to whoever sends them on.
 *
 * Recording never throws, never waits and calls no code of yours but the getters of what you hand over. Whatever it can't
 * take is dropped and counted by reason ({@link EventStore.dropped}); figures ({@link EventStore.stats}) include events
 * that the buffer then had no room for. A repeated id that you brought is the same event: it is counted once, and one that
 * was left out for want of room is taken in when it is brought again and there is some.
 *
 * Every event taken in is copied, so what you do to it afterwards changes nothing. Events leave the buffer when a server
 * has answered ({@link EventStore.settle}, {@link EventStore.markSynced}) or you take them out ({@link EventStore.drainAll}).
 * At every moment `recorded = acked + pending + dropped` in {@link EventStore.ledgers}.
 *
 * @example
 * const store = new EventStore({ capacity: 10_000 })
 * store.recordEvent({ kind: 'llm_request_completed', provider: 'openai', model: 'gpt-4', inputTokens: 100, outputTokens: 50,
 *   costMicros: 6_000 }, { agentId: 'agent_7' })
 * store.length // 1
 * store.stats().totalCostMicros // 6_000
 */
export class EventStore extends Recording implements PendingEvents {
  readonly capacity: number
  readonly sourceId: string
  readonly epoch: number
  /** What is added to events that do not say. */
  readonly defaults: EventDefaults | undefined
  readonly #maxBytes: number
  readonly #dropOldest: boolean
  readonly #slots: Slots
  readonly #tally = new Tally()
  readonly #minted: MintedIds
  readonly #recent: RecentIds | undefined
  /** Of those, events that were counted and found no room: when there is some, they may be brought again. */
  readonly #leftOut: RecentIds | undefined
  /** Plain members, for recording counts them by name. */
  readonly #dropped: Record<RecorderDropReason, number> = {
    queue_full: 0,
    evicted: 0,
    too_large: 0,
    invalid: 0,
    rejected: 0,
    worker_exit: 0,
    drained: 0,
  }

  readonly #listeners = new WaitingListeners()
  readonly #observers = new Observers()
  /** Taken events by `seq`. */
  readonly #taken = new Map<number, number>()
  #receiver: EventReceiver | undefined
  #writers: CollectedWriters | undefined
  #recorded = 0
  #acked = 0
  #duplicates = 0

  /** @throws TallystickError `invalid_config` with every option that is wrong */
  constructor(options: EventStoreOptions = {}) {
    const settings = settingsOf(options)
    super(settings.enabled, settings.defaults, settings.clock)
    this.capacity = settings.capacity
    this.sourceId = settings.sourceId
    this.epoch = settings.epoch
    this.#maxBytes = settings.maxBytes
    this.#dropOldest = settings.overflow === 'drop-oldest'
    this.defaults = Object.keys(settings.defaults).length > 0 ? settings.defaults : undefined
    this.#slots = new Slots(settings.enabled ? settings.capacity : 0)
    this.#minted = new MintedIds(settings.random)
    this.#recent = settings.deduplicate > 0 ? new RecentIds(settings.deduplicate) : undefined
    this.#leftOut = settings.deduplicate > 0 ? new RecentIds(settings.deduplicate) : undefined
  }

  static withCapacity(capacity: number): EventStore {
    return new EventStore({ capacity })
  }

  /**
   * A store whose events can be received as they are recorded.
   *
   * @param channelSize events that wait for a reader at most; more are lost to the stream and counted there
   * @example const [store, receiver] = EventStore.withStreaming(10_000, 100)
   */
  static withStreaming(
    capacity: number,
    channelSize: number,
    options: Omit<EventStoreOptions, 'capacity'> = {},
  ): StreamingStore {
    const store = new EventStore({ ...options, capacity })
    const receiver = new EventReceiver(channelSize)
    store.#receiver = receiver
    return Object.assign([store, receiver] as const, { store, receiver })
  }

  /**
   * A store that other threads record into as well, each through a ring in shared memory that it alone writes.
   *
   * Hand each thread a handle of its own; there `attachWriter` makes of it what it records with. Ids, `seq`, buffer,
   * statistics and sync are this store's. It collects from the rings every 50 ms, when one is half full, and whenever
   * something is asked of it; what a thread had recorded when it ended is collected too.
   *
   * Bundlers leave the rings out of applications that use nothing else of them, for a static method alone tells them
   * nothing: in a bundle call `openSharedStore`, which does the same.
   *
   * @throws TallystickError `invalid_config` with what is wrong with the options, or in a bundle without the rings
   * @example
   * const store = EventStore.shared({ writers: 2 })
   * const worker = new Worker('./worker.js', { workerData: store.handle(0) }) // there: attachWriter(workerData)
   * worker.once('exit', () => store.writerExited(0))
   */
  static shared(options: SharedStoreOptions): SharedEventStore {
    if (openShared === undefined)
      throw new TallystickError('invalid_config', 'In a bundle call openSharedStore(options)')
    return openShared(options)
  }

  /** A store that records nothing, of the same class: what an application holds while recording is switched off. */
  static disabled(): EventStore {
    return new EventStore({ capacity: 1, enabled: false })
  }

  /** All that was counted since the store was made. Costs time for each model and provider, not for each event. */
  stats(): ComputedStats {
    this.#collect()
    return this.#tally.stats(this.#writers?.untold())
  }

  /** Same as {@link EventStore.stats}. */
  computeStats(): ComputedStats {
    return this.stats()
  }

  /** Events in the buffer, those on their way to a server included. */
  get length(): number {
    return this.#held.size
  }

  get isEmpty(): boolean {
    return this.#held.size === 0
  }

  /** Events that no server has answered yet. Acknowledged events leave, so these are all that are stored. */
  get unsyncedCount(): number {
    return this.#held.size
  }

  get pendingCount(): number {
    return this.#held.size
  }

  /** Estimated memory of the events in the buffer; see `maxBytes`. */
  get bytes(): number {
    return this.#held.bytes
  }

  /** Events that nobody will see: {@link EventStore.dropped} without those that the application drained itself. */
  get droppedCount(): number {
    let count = 0
    for (const [reason, events] of this.dropped) if (reason !== 'drained') count += events
    return count
  }

  /** Events that will never reach a server, by reason. A snapshot. */
  get dropped(): ReadonlyMap<DropReason, number> {
    this.#collect()
    const counts = Object.entries(this.#dropped) as [DropReason, number][]
    return new Map(counts.filter(([, count]) => count > 0))
  }

  /** Events that repeated an id which their caller had brought before. They were counted the first time. */
  get duplicateCount(): number {
    this.#collect()
    return this.#duplicates
  }

  /** Events that the stream had no room for; 0 without a stream. */
  get streamLostCount(): number {
    return this.#receiver?.lostCount ?? 0
  }

  /** Copies of all events in the buffer, oldest first. They stay. */
  snapshotEvents(): UsageEvent[] {
    const events: UsageEvent[] = []
    const slots = this.#held
    for (let at = slots.head; at !== NONE; at = slots.next(at)) events.push(this.#eventAt(at))
    return events
  }

  /** Same as {@link EventStore.snapshotEvents}: what a server has answered is no longer in the buffer. */
  unsyncedEvents(): UsageEvent[] {
    return this.snapshotEvents()
  }

  /**
   * Takes all events out, oldest first, those on their way to a server too: what is answered for them afterwards is not
   * counted any more.
   */
  drainAll(): UsageEvent[] {
    const events = this.snapshotEvents()
    while (this.#slots.head !== NONE) this.#slots.remove(this.#slots.head)
    this.#taken.clear()
    this.#drop('drained', events.length)
    this.#listeners.fell(0)
    return events
  }

  /**
   * The server has these events: they leave. Ids that are unknown or have been marked already change nothing.
   *
   * @returns how many left
   * @complexity one pass over the buffer, however many ids
   */
  markSynced(ids: Iterable<string>): number {
    const brought = new Set<string>()
    const minted = new Map<number, Set<string>>()
    for (const id of ids) {
      brought.add(id)
      const low = typeof id === 'string' ? this.#minted.seqOf(id) : undefined
      if (low === undefined) continue
      const same = minted.get(low)
      if (same === undefined) minted.set(low, new Set([id]))
      else same.add(id)
    }
    let marked = 0
    const slots = this.#slots
    let at = brought.size === 0 ? NONE : slots.head
    while (at !== NONE) {
      const next = slots.next(at)
      const seq = slots.seq(at)
      const eventId = ownIdOf(slots.event(at))
      const known =
        eventId === undefined
          ? minted.get(seq % MintedIds.seqRange)?.has(this.#minted.idOf(slots.timestampMs(at), seq))
          : brought.has(eventId)
      if (known) {
        this.#taken.delete(seq)
        slots.remove(at)
        marked++
      }
      at = next
    }
    this.#acked += marked
    if (marked > 0) this.#listeners.fell(slots.waiting)
    return marked
  }

  take(limit: number, wanted?: (event: UsageEvent) => boolean): readonly UsageEvent[] {
    const events: UsageEvent[] = []
    const slots = this.#held
    let at = slots.firstWaiting
    while (at !== NONE && events.length < limit) {
      const next = slots.next(at)
      if (!slots.isTaken(at)) {
        const event = this.#eventAt(at)
        if (wanted === undefined || wanted(event)) {
          slots.take(at)
          this.#taken.set(slots.seq(at), at)
          events.push(event)
        }
      }
      at = next
    }
    if (events.length > 0) this.#listeners.fell(slots.waiting)
    return events
  }

  settle(events: readonly UsageEvent[], outcome: 'acked' | 'rejected'): void {
    let settled = 0
    for (const event of events) {
      const at = this.#takenAt(event)
      if (at === undefined) continue
      this.#slots.remove(at)
      settled++
    }
    if (outcome === 'acked') this.#acked += settled
    else this.#drop('rejected', settled)
  }

  release(events: readonly UsageEvent[]): void {
    for (const event of events) {
      const at = this.#takenAt(event)
      if (at !== undefined) this.#slots.release(at)
    }
  }

  onWaiting(threshold: number, listener: () => void): () => void {
    return this.#listeners.add(threshold, listener, this.#slots.waiting)
  }

  ledgers(): readonly Ledger[] {
    this.#collect()
    if (this.#recorded === 0) return []
    return [
      {
        sourceId: this.sourceId,
        epoch: this.epoch,
        recorded: this.#recorded,
        acked: this.#acked,
        pending: this.#slots.size,
        dropped: this.dropped,
      },
    ]
  }

  /** The buffer, with what other threads have recorded up to now. */
  get #held(): Slots {
    this.#collect()
    return this.#slots
  }

  #collect(): void {
    this.#writers?.collect()
  }

  /**
   * Collects from the writers that `make` makes whenever something is asked of this store.
   *
   * @internal
   */
  collectFrom<T extends CollectedWriters>(make: (collected: Collected) => T): T {
    const writers = make({
      admit: (draft) => this.admit(draft),
      dropped: (reason, count) => {
        this.#recorded += count
        this.#drop(reason, count)
      },
      merge: (row) => {
        this.#tally.merge(row)
        this.#observers.tell((observer) => observer.totals(row))
      },
    })
    this.#writers = writers
    return writers
  }

  /**
   * Tells of each request as it is counted, within the recording: an observer is quick, and is told once however often it
   * is added.
   *
   * @internal
   * @returns ends it
   */
  observe(observer: RecordingObserver): () => void {
    return this.#observers.add(observer)
  }

  /** @internal */
  protected counted(): Figures {
    this.#collect()
    return this.#tally.total(this.#writers?.untold())
  }

  /** @internal */
  protected admit(draft: Draft): boolean {
    const { eventId, layout } = draft
    let again = false
    if (eventId !== undefined && this.#recent !== undefined) {
      again = this.#recent.has(eventId)
      if (again && !this.#leftOut?.has(eventId)) {
        this.#duplicates++
        return false
      }
      if (!again) this.#recent.add(eventId)
    }
    const seq = this.#recorded++
    if (!again) {
      if (layout.isRequest) {
        this.#tally.add(draft)
        if (this.#observers.count > 0) this.#observers.tell((observer) => observer.request(draft, this.defaults))
      }
      if (this.#receiver !== undefined) this.#stream(this.#receiver, draft, seq)
    }
    const slots = this.#slots
    const { bytes } = draft
    if ((slots.size >= this.capacity || slots.bytes + bytes > this.#maxBytes) && !this.#makeRoom(bytes)) {
      if (eventId !== undefined) this.#leftOut?.add(eventId)
      return false
    }
    if (again) this.#leftOut?.delete(eventId as string)
    slots.push(draft, seq)
    if (slots.size - slots.taken >= this.#listeners.next) this.#listeners.reached(slots.waiting)
    return true
  }

  #stream(receiver: EventReceiver, draft: Draft, seq: number): void {
    receiver.offer(() => this.#eventOf(draft, draft.timestampMs, seq))
  }

  /** Lets the oldest go, where that is allowed and helps; otherwise the new event is dropped. */
  #makeRoom(bytes: number): boolean {
    const slots = this.#slots
    if (bytes > this.#maxBytes) {
      this.#dropped.too_large++
      return false
    }
    while (slots.size >= this.capacity || slots.bytes + bytes > this.#maxBytes) {
      if (!this.#dropOldest || slots.firstWaiting === NONE) {
        this.#dropped.queue_full++
        return false
      }
      slots.evict()
      this.#dropped.evicted++
    }
    return true
  }

  /**
   * What could not be read is an event too: it takes a `seq`, so that its loss shows.
   *
   * @internal
   */
  protected refuse(): false {
    this.#recorded++
    this.#dropped.invalid++
    return false
  }

  #drop(reason: RecorderDropReason, count: number): void {
    this.#dropped[reason] += count
  }

  #takenAt({ sourceId, epoch, seq }: UsageEvent): number | undefined {
    if (seq === undefined || sourceId !== this.sourceId || epoch !== this.epoch) return undefined
    const at = this.#taken.get(seq)
    if (at !== undefined) this.#taken.delete(seq)
    return at
  }

  #eventAt(at: number): UsageEvent {
    const slots = this.#slots
    return this.#eventOf(slots.event(at), slots.timestampMs(at), slots.seq(at))
  }

  #eventOf(stored: StoredEvent, timestampMs: number, seq: number): UsageEvent {
    const { sourceId, epoch } = this
    const eventId = ownIdOf(stored) ?? this.#minted.idOf(timestampMs, seq)
    return writeEvent(stored, { eventId, timestampMs, sourceId, epoch, seq }, this.defaults)
  }
}
