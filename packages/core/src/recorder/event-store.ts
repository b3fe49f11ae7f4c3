import type { Clock, EventPayload, Mutable, UsageEvent } from '../event/index.ts'
import { fillGaps } from '../event/wire/defaults.ts'
import type { PriceBook } from '../pricing/price-book.ts'
import { inferProvider } from '../provider/infer.ts'
import { Draft } from './draft.ts'
import { MintedIds } from './minted-ids.ts'
import { type EventStoreOptions, settingsOf } from './options.ts'
import type { DropReason, Ledger, PendingEvents } from './pending.ts'
import { readEvent } from './read-event.ts'
import { EventReceiver } from './receiver.ts'
import { RecentIds } from './recent-ids.ts'
import type { EventDefaults, RecordableEvent } from './recordable.ts'
import { NONE, Slots } from './slots.ts'
import type { ComputedStats } from './stats.ts'
import { Tally } from './tally.ts'
import { WaitingListeners } from './waiting-listeners.ts'
import { mended, type PackedMembers, writeMembers } from './write-event.ts'

/** Where a cost comes from: a price book, or anything that prices events as it does. */
export type Prices = Pick<PriceBook, 'price'>

/** Whose request, and through which credential. */
export interface RecordOptions {
  readonly agentId?: string | undefined
  readonly providerId?: string | undefined
}

export interface RecordFailureOptions extends RecordOptions {
  readonly errorCode?: string | undefined
  readonly errorMessage?: string | undefined
}

/** A store and the far end of its stream, as a pair or by name. */
export type StreamingStore = readonly [store: EventStore, receiver: EventReceiver] & {
  readonly store: EventStore
  readonly receiver: EventReceiver
}

/**
 * Records events inside a process: counts them, keeps them in a bounded buffer, and hands them to whoever sends them on.
 *
 * Recording never throws, never waits and calls no code of yours but the getters of what you hand over. Whatever it can't
 * take is dropped and counted by reason ({@link EventStore.dropped}); figures ({@link EventStore.stats}) include events
 * that the buffer then had no room for. A repeated id that you brought is the same event: it is counted once.
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
export class EventStore implements PendingEvents {
  readonly capacity: number
  readonly sourceId: string
  readonly epoch: number
  readonly enabled: boolean
  readonly #maxBytes: number
  readonly #dropOldest: boolean
  readonly #defaults: EventDefaults | undefined
  readonly #usualDefaults: EventDefaults
  readonly #clock: Clock
  readonly #slots: Slots
  readonly #tally = new Tally()
  readonly #minted: MintedIds
  readonly #recent: RecentIds | undefined
  #draft: Draft | undefined = new Draft()
  readonly #dropped = new Map<DropReason, number>()
  readonly #listeners = new WaitingListeners()
  /** Taken events by `seq`. */
  readonly #taken = new Map<number, number>()
  #receiver: EventReceiver | undefined
  #recorded = 0
  #acked = 0
  #duplicates = 0

  /** @throws TallystickError `invalid_config` with every option that is wrong */
  constructor(options: EventStoreOptions = {}) {
    const settings = settingsOf(options)
    this.capacity = settings.capacity
    this.sourceId = settings.sourceId
    this.epoch = settings.epoch
    this.enabled = settings.enabled
    this.#maxBytes = settings.maxBytes
    this.#dropOldest = settings.overflow === 'drop-oldest'
    this.#usualDefaults = settings.defaults
    this.#defaults = Object.keys(settings.defaults).length > 0 ? settings.defaults : undefined
    this.#clock = settings.clock
    this.#slots = new Slots(settings.enabled ? settings.capacity : 0)
    this.#minted = new MintedIds(settings.random)
    this.#recent = settings.deduplicate > 0 ? new RecentIds(settings.deduplicate) : undefined
    if (!settings.enabled) silence(this)
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

  /** A store that records nothing, of the same class: what an application holds while recording is switched off. */
  static disabled(): EventStore {
    return new EventStore({ capacity: 1, enabled: false })
  }

  /**
   * Records an event: canonical, or in the view of the systems replaced; id and instant are minted where absent.
   *
   * @returns whether it is in the buffer now; false for what was dropped, refused or known already
   * @throws never
   */
  record(event: RecordableEvent): boolean {
    return this.#record(event, undefined)
  }

  /**
   * Records what happened just now.
   *
   * @param options `agentId` is for a payload that names none
   * @returns whether it is in the buffer now
   * @throws never
   */
  recordEvent(payload: EventPayload | RecordableEvent, options?: Pick<RecordOptions, 'agentId'>): boolean {
    return this.#record(payload, options)
  }

  /**
   * Records a completed request of a provider that its model's name tells, at the cost that `prices` finds. A model that
   * nobody has a price for is recorded unpriced: 0 in the figures in micro-USD.
   *
   * @example store.recordLlmCompleted(createPriceBook(), 'gpt-4', 100, 50, { agentId: 'agent_7' }) // costs $0.006
   */
  recordLlmCompleted(
    prices: Prices,
    model: string,
    inputTokens: number,
    outputTokens: number,
    options?: RecordOptions,
  ): boolean {
    return this.#recordCompleted(prices, model, undefined, inputTokens, outputTokens, options)
  }

  /** {@link EventStore.recordLlmCompleted} of a provider that the caller knows. */
  recordLlmCompletedWithProvider(
    prices: Prices,
    model: string,
    provider: string,
    inputTokens: number,
    outputTokens: number,
    options?: RecordOptions,
  ): boolean {
    return this.#recordCompleted(prices, model, provider, inputTokens, outputTokens, options)
  }

  #recordCompleted(
    prices: Prices,
    model: string,
    provider: string | undefined,
    inputTokens: number,
    outputTokens: number,
    options: RecordOptions = {},
  ): boolean {
    try {
      const event: RecordableEvent = {
        kind: 'llm_request_completed',
        timestampMs: this.#now(),
        provider: provider ?? inferProvider(model),
        requestModel: model,
        inputTokens,
        outputTokens,
        ...given(options),
      }
      return this.record({ ...event, ...prices.price({ eventId: '', timestampMs: 0, ...event }) })
    } catch {
      return this.#refuse()
    }
  }

  /** Records a failed request: no tokens, no cost. */
  recordLlmFailed(model: string, options: RecordFailureOptions = {}): boolean {
    try {
      const { errorCode, errorMessage } = options
      return this.record({
        kind: 'llm_request_failed',
        provider: inferProvider(model),
        requestModel: model,
        ...given(options),
        ...(errorCode !== undefined && { errorCode }),
        ...(errorMessage !== undefined && { errorMessage }),
      })
    } catch {
      return this.#refuse()
    }
  }

  /** @param percent 0 to 255; amounts are integer micro-USD */
  recordBudgetThreshold(percent: number, currentMicros: number, budgetMicros: number, agentId?: string): boolean {
    return this.recordEvent(
      {
        kind: 'budget_threshold_reached',
        thresholdPercent: percent,
        currentSpendMicros: currentMicros,
        budgetMicros,
      },
      { agentId },
    )
  }

  recordRouterStarted(port: number): boolean {
    return this.recordEvent({ kind: 'router_started', port })
  }

  /** Records that a router stopped, with the requests and the cost counted so far. */
  recordRouterStopped(): boolean {
    const { totalRequests, totalCostMicros } = this.#tally.stats()
    return this.recordEvent({ kind: 'router_stopped', totalRequests, totalCostMicros })
  }

  /** All that was counted since the store was made. Costs time for each model and provider, not for each event. */
  stats(): ComputedStats {
    return this.#tally.stats()
  }

  /** Same as {@link EventStore.stats}. */
  computeStats(): ComputedStats {
    return this.#tally.stats()
  }

  /** Events in the buffer, those on their way to a server included. */
  get length(): number {
    return this.#slots.size
  }

  get isEmpty(): boolean {
    return this.#slots.size === 0
  }

  /** Events that no server has answered yet. Acknowledged events leave, so these are all that are stored. */
  get unsyncedCount(): number {
    return this.#slots.size
  }

  get pendingCount(): number {
    return this.#slots.size
  }

  /** Estimated memory of the events in the buffer; see `maxBytes`. */
  get bytes(): number {
    return this.#slots.bytes
  }

  /** Events that nobody will see: {@link EventStore.dropped} without those that the application drained itself. */
  get droppedCount(): number {
    let count = 0
    for (const [reason, events] of this.#dropped) if (reason !== 'drained') count += events
    return count
  }

  /** Events that will never reach a server, by reason. A snapshot. */
  get dropped(): ReadonlyMap<DropReason, number> {
    return new Map(this.#dropped)
  }

  /** Events that repeated an id which their caller had brought before. They were counted the first time. */
  get duplicateCount(): number {
    return this.#duplicates
  }

  /** Events that the stream had no room for; 0 without a stream. */
  get streamLostCount(): number {
    return this.#receiver?.lostCount ?? 0
  }

  /** Copies of all events in the buffer, oldest first. They stay. */
  snapshotEvents(): UsageEvent[] {
    const events: UsageEvent[] = []
    const { next } = this.#slots
    for (let at = this.#slots.head; at !== NONE; at = next[at] as number) events.push(this.#eventAt(at))
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
      const next = slots.next[at] as number
      const seq = slots.seqs[at] as number
      const { eventId } = slots.at(at)
      const known =
        eventId === undefined
          ? minted.get(seq % MintedIds.seqRange)?.has(this.#minted.idOf(slots.timestamps[at] as number, seq))
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
    const slots = this.#slots
    let at = slots.firstWaiting
    while (at !== NONE && events.length < limit) {
      const next = slots.next[at] as number
      if (!slots.isTaken(at)) {
        const event = this.#eventAt(at)
        if (wanted === undefined || wanted(event)) {
          slots.take(at)
          this.#taken.set(slots.seqs[at] as number, at)
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
    if (this.#recorded === 0) return []
    return [
      {
        sourceId: this.sourceId,
        epoch: this.epoch,
        recorded: this.#recorded,
        acked: this.#acked,
        pending: this.#slots.size,
        dropped: new Map(this.#dropped),
      },
    ]
  }

  #record(event: unknown, options: Pick<RecordOptions, 'agentId'> | undefined): boolean {
    // A getter of the event may itself record something: whoever reads an event has the draft for itself.
    const draft = this.#draft ?? new Draft()
    this.#draft = undefined
    let kept: boolean
    try {
      readEvent(event, draft, this.#usualDefaults, options?.agentId)
      if (draft.timestampMs < 0) draft.timestampMs = this.#now()
      kept = this.#admit(draft)
    } catch {
      kept = this.#refuse()
    }
    this.#draft = draft
    return kept
  }

  #admit(draft: Draft): boolean {
    const { eventId, kind } = draft
    if (eventId !== undefined && this.#recent !== undefined) {
      if (this.#recent.has(eventId)) {
        this.#duplicates++
        return false
      }
      this.#recent.add(eventId)
    }
    const seq = this.#recorded++
    if (kind === 'llm_request_completed' || kind === 'llm_request_failed') this.#tally.add(draft)
    if (this.#receiver !== undefined) this.#stream(this.#receiver, draft, seq)
    const slots = this.#slots
    if ((slots.size >= this.capacity || slots.bytes + draft.bytes > this.#maxBytes) && !this.#makeRoom(draft.bytes)) {
      return false
    }
    slots.push(draft, seq, draft.timestampMs)
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
      this.#drop('too_large', 1)
      return false
    }
    while (slots.size >= this.capacity || slots.bytes + bytes > this.#maxBytes) {
      if (!this.#dropOldest || slots.firstWaiting === NONE) {
        this.#drop('queue_full', 1)
        return false
      }
      slots.remove(slots.firstWaiting)
      this.#drop('evicted', 1)
    }
    return true
  }

  /** What could not be read is an event too: it takes a `seq`, so that its loss shows. */
  #refuse(): boolean {
    this.#recorded++
    this.#drop('invalid', 1)
    return false
  }

  #drop(reason: DropReason, count: number): void {
    if (count > 0) this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count)
  }

  #now(): number {
    const now = this.#clock.now()
    return now >= 0 ? Math.floor(now) : 0
  }

  #takenAt({ sourceId, epoch, seq }: UsageEvent): number | undefined {
    if (seq === undefined || sourceId !== this.sourceId || epoch !== this.epoch) return undefined
    const at = this.#taken.get(seq)
    if (at !== undefined) this.#taken.delete(seq)
    return at
  }

  #eventAt(at: number): UsageEvent {
    const slots = this.#slots
    return this.#eventOf(slots.at(at), slots.timestamps[at] as number, slots.seqs[at] as number)
  }

  #eventOf(stored: Stored, timestampMs: number, seq: number): UsageEvent {
    const event: Mutable<UsageEvent> = {
      eventId: stored.eventId ?? this.#minted.idOf(timestampMs, seq),
      timestampMs,
      kind: stored.kind,
      sourceId: this.sourceId,
      epoch: this.epoch,
      seq,
    }
    mended(stored)
    writeMembers(event, stored)
    if (this.#defaults !== undefined) fillGaps(event, this.#defaults)
    return event
  }
}

type Stored = PackedMembers & Pick<Draft, 'kind' | 'eventId' | 'values' | 'length'>

/** Own members in place of the class's methods: recording then is one call that does nothing. */
function silence(store: EventStore): void {
  const nothing = (): boolean => false
  store.record = nothing
  store.recordEvent = nothing
  store.recordLlmCompleted = nothing
  store.recordLlmCompletedWithProvider = nothing
  store.recordLlmFailed = nothing
  store.recordBudgetThreshold = nothing
  store.recordRouterStarted = nothing
  store.recordRouterStopped = nothing
}

function given({ agentId, providerId }: RecordOptions): Pick<RecordableEvent, 'agentId' | 'providerId'> {
  return { ...(agentId !== undefined && { agentId }), ...(providerId !== undefined && { providerId }) }
}
