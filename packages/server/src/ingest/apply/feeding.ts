import { setTimeout as sleep } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import { type Journal, readJournal } from '@tallystick/core/journal'
import { ApplyWatch } from '../../store/apply-watch.ts'
import type { Repricing } from '../../store/repriced.ts'
import { repricingOf } from '../../store/repricing-record.ts'
import type { StoredEvent, UsageStore } from '../../store/store.ts'
import { fromJournal } from '../dedup/replay.ts'
import type { Applier, ExpectedEvents } from './applier.ts'
import { CursorKeeper } from './cursor-keeper.ts'
import { openingStats } from './opening-stats.ts'

export interface FeedingOptions {
  readonly store: UsageStore
  /** Absent: what does not fit in memory cannot be taken. */
  readonly journal?: { readonly log: Journal; readonly dir: string }
  /** Events held in memory for a store that lags; beyond that they are read from the journal. */
  readonly maxQueued?: number
  readonly onError: (error: unknown) => void
}

const MAX_QUEUED = 100_000
const MAX_DELIVERIES = 4096
const BATCH_EVENTS = 4096
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5000
/** How often a store in another process is asked whether it still has what it was given. */
const ASK_EVERY_MS = 1000
/** How long closing may take to hand over what is left; the journal has it for the next start. */
const DRAIN_MS = 5000

/**
 * For a store that is handed its events: feeds it from memory right after they are durable, in ordinal order, in batches.
 * When it lags too far behind or starts with less than the journal holds, it is fed from the journal until it has caught up.
 *
 * @throws TallystickError `store_corrupt` when the journal ends before what the store has applied: it is another journal, and
 * its events would be taken for old ones.
 */
export async function openFeeding(options: FeedingOptions): Promise<Applier> {
  const { appliedOrdinal } = await openingStats(options.store, options.journal?.log)
  const end = options.journal?.log.end().ordinal ?? appliedOrdinal
  if (end < appliedOrdinal)
    throw new TallystickError(
      'store_corrupt',
      `The store has applied record ${appliedOrdinal}, but the journal in ${options.journal?.dir} ends at ${end}. ` +
        'Put back the journal this store belongs to, or run `tallystick rebuild`.',
    )
  const feeder = new Feeder(options, appliedOrdinal)
  const { journal, store, onError } = options
  if (!journal) return feeder
  await store.belongTo?.(journal.log.id)
  const cursor = await CursorKeeper.open(journal.log, () => feeder.progress().appliedOrdinal, onError)
  feeder.readFrom(cursor)
  return feeder
}

class Feeder implements Applier {
  readonly #options: FeedingOptions
  readonly #maxQueued: number
  /** In ordinal order; the head is the next to be applied. */
  readonly #queue: ExpectedEvents[] = []
  readonly #watch = new ApplyWatch()
  /** No more than what is queued, and nothing is tried twice. */
  readonly #ending = new AbortController()
  /** Not even that. */
  readonly #closing = new AbortController()
  #queued = 0
  #appliedOrdinal: number
  /** The last ordinal that the store was told of: those of other records it does not know. */
  #toldOrdinal: number
  /** The store is asked next, whether or not there are events for it. */
  #asks = false
  #asking: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #cursor: CursorKeeper | undefined

  constructor(options: FeedingOptions, appliedOrdinal: number) {
    this.#options = options
    this.#maxQueued = options.maxQueued ?? MAX_QUEUED
    this.#appliedOrdinal = appliedOrdinal
    this.#toldOrdinal = appliedOrdinal
  }

  /** Begins by reading what the journal holds and the store does not. */
  readFrom(cursor: CursorKeeper): void {
    this.#cursor = cursor
    if (this.#options.store.capabilities.remote) {
      const ask = (): void => {
        this.#asks = true
        this.#start()
      }
      this.#asking = setInterval(ask, ASK_EVERY_MS)
      this.#asking.unref()
      ask()
    }
    const lastOrdinal = this.#options.journal?.log.end().ordinal ?? 0
    if (lastOrdinal <= this.#appliedOrdinal) return
    this.#queue.push({ firstOrdinal: this.#appliedOrdinal + 1, lastOrdinal, events: undefined, state: 'durable' })
    this.#start()
  }

  assertRoom(): void {
    if (this.#queued < this.#maxQueued || this.#options.journal) return
    throw new TallystickError(
      'store_unavailable',
      'The store is behind and there is no journal to hold more events; send the batch again soon',
    )
  }

  expect(events: readonly StoredEvent[]): ExpectedEvents {
    const firstOrdinal = events[0]?.ordinal ?? 0
    const lastOrdinal = events.at(-1)?.ordinal ?? 0
    const hold = !this.#options.journal || this.#queued + events.length <= this.#maxQueued
    const delivery: ExpectedEvents = { firstOrdinal, lastOrdinal, events: hold ? events : undefined, state: 'open' }
    if (hold) this.#queued += events.length
    this.#queue.push(delivery)
    return delivery
  }

  expectClear(ordinal: number): ExpectedEvents {
    const delivery: ExpectedEvents = {
      firstOrdinal: ordinal,
      lastOrdinal: ordinal,
      events: [],
      state: 'open',
      clears: true,
    }
    this.#queue.push(delivery)
    return delivery
  }

  expectReprice(repricing: Repricing): ExpectedEvents {
    const { ordinal, events } = repricing
    const place = { firstOrdinal: ordinal, lastOrdinal: ordinal, state: 'open' } as const
    const hold = !this.#options.journal || this.#queued + events.length <= this.#maxQueued
    const delivery: ExpectedEvents = hold ? { ...place, events: [], repricing } : { ...place, events: undefined }
    if (hold) this.#queued += events.length
    this.#queue.push(delivery)
    return delivery
  }

  expectOther(ordinal: number): ExpectedEvents {
    const delivery: ExpectedEvents = { firstOrdinal: ordinal, lastOrdinal: ordinal, events: [], state: 'open' }
    this.#queue.push(delivery)
    return delivery
  }

  settle(delivery: ExpectedEvents, durable: boolean): void {
    delivery.state = durable ? 'durable' : 'failed'
    if (!durable) this.#drop(delivery)
    if (this.#queue.length > MAX_DELIVERIES) this.#compact()
    this.#start()
  }

  progress(): { readonly appliedOrdinal: number; readonly storeError?: string } {
    const applied = { appliedOrdinal: this.#appliedOrdinal }
    const { error } = this.#watch
    return error === undefined ? applied : { ...applied, storeError: error }
  }

  applied(ordinal: number): Promise<void> {
    return this.#isApplied(ordinal) ? Promise.resolve() : this.#watch.wait(ordinal)
  }

  /** Hands over what is left, as long as the store takes it: whoever looks into its file then finds all that was acknowledged. */
  async close(): Promise<void> {
    clearInterval(this.#asking)
    this.#ending.abort()
    const late = setTimeout(() => this.#closing.abort(), DRAIN_MS)
    await this.#running
    clearTimeout(late)
    this.#closing.abort()
    this.#watch.close(new TallystickError('shutting_down'))
    await this.#cursor?.close()
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      // Something may have settled between the last look at the queue and here.
      if (this.#ending.signal.aborted) return
      if (this.#asks || (this.#queue[0] && this.#queue[0].state !== 'open')) this.#start()
    })
  }

  async #run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    while (!this.#closing.signal.aborted) {
      const head = this.#queue[0]
      if (!this.#asks && (!head || head.state === 'open')) return
      try {
        if (this.#asks || !head) await this.#ask()
        else if (head.state === 'failed') this.#queue.shift()
        else if (head.clears) await this.#clear(head)
        else if (head.repricing && head.events) await this.#repriceQueued()
        else await (head.events ? this.#feedQueued() : this.#feedFromJournal())
        this.#watch.succeeded()
        retryMs = FIRST_RETRY_MS
      } catch (error) {
        if (this.#watch.failed(error)) this.#options.onError(error)
        await this.#lookBack()
        if (this.#ending.signal.aborted) return
        await sleep(retryMs, undefined, { signal: this.#ending.signal }).catch(() => {})
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
      }
      this.#wake()
    }
  }

  async #ask(): Promise<void> {
    await this.#options.store.append([], { after: this.#toldOrdinal })
    this.#asks = false
  }

  /** A store in another process may come back with less than it was given: what it lacks is read from the journal once more. */
  async #lookBack(): Promise<void> {
    const { store, journal } = this.#options
    if (!store.capabilities.remote || !journal) return
    const stats = await store.stats().catch(() => undefined)
    if (stats === undefined || stats.appliedOrdinal >= this.#toldOrdinal) return
    this.#appliedOrdinal = stats.appliedOrdinal
    this.#toldOrdinal = stats.appliedOrdinal
    const lastOrdinal = journal.log.end().ordinal
    this.#queue.unshift({ firstOrdinal: stats.appliedOrdinal + 1, lastOrdinal, events: undefined, state: 'durable' })
    await this.#cursor?.rewind()
  }

  async #clear(head: ExpectedEvents): Promise<void> {
    if (head.lastOrdinal > this.#appliedOrdinal) await this.#options.store.clear()
    this.#appliedOrdinal = Math.max(this.#appliedOrdinal, head.lastOrdinal)
    this.#queue.shift()
  }

  /** New prices that follow each other are handed over together: a store may have to write anew all that they touch. */
  async #repriceQueued(): Promise<void> {
    const repricings: Repricing[] = []
    for (const { state, events, repricing } of this.#queue) {
      if (state !== 'durable' || !events || !repricing) break
      repricings.push(repricing)
    }
    await this.#reprice(repricings)
    for (const delivery of this.#queue.splice(0, repricings.length)) this.#drop(delivery)
  }

  async #reprice(repricings: readonly Repricing[]): Promise<void> {
    const last = repricings.at(-1)
    if (!last) return
    await this.#options.store.reprice(repricings)
    this.#appliedOrdinal = Math.max(this.#appliedOrdinal, last.ordinal)
  }

  async #feedQueued(): Promise<void> {
    const events: StoredEvent[] = []
    let deliveries = 0
    for (; deliveries < this.#queue.length && events.length < BATCH_EVENTS; deliveries++) {
      const next = this.#queue[deliveries] as ExpectedEvents
      if (next.state !== 'durable' || !next.events || next.clears || next.repricing) break
      for (const event of next.events) events.push(event)
    }
    await this.#append(events)
    const last = this.#queue[deliveries - 1] as ExpectedEvents
    this.#appliedOrdinal = Math.max(this.#appliedOrdinal, last.lastOrdinal)
    this.#queue.splice(0, deliveries)
    this.#queued -= events.length
  }

  async #feedFromJournal(): Promise<void> {
    const { journal, store } = this.#options
    if (!journal || !this.#cursor)
      throw new TallystickError('internal_error', 'Events were let go without a journal to read them from')
    const end = journal.log.end()
    const from =
      this.#cursor.saved.ordinal <= this.#appliedOrdinal ? this.#cursor.saved.position : { segment: 1, offset: 0 }
    for await (const { records } of readJournal({
      dir: journal.dir,
      from,
      to: end.position,
      batchRecords: BATCH_EVENTS,
    })) {
      if (this.#closing.signal.aborted) return
      let events: StoredEvent[] = []
      /** One of the two is empty. */
      let repricings: Repricing[] = []
      const handOver = async (): Promise<void> => {
        await this.#append(events)
        await this.#reprice(repricings)
        events = []
        repricings = []
      }
      for (const { type, ordinal, body } of records) {
        if (ordinal <= this.#appliedOrdinal) continue
        const stored = type === 'event' ? fromJournal(ordinal, body) : undefined
        const repricing = type === 'reprice' ? repricingOf(ordinal, body) : undefined
        if ((stored && repricings.length > 0) || (repricing && events.length > 0) || type === 'clear') await handOver()
        if (stored) events.push({ ordinal, receivedMs: stored.receivedMs, event: stored.event })
        if (repricing) repricings.push(repricing)
        if (type !== 'clear') continue
        await store.clear()
        this.#appliedOrdinal = ordinal
      }
      await handOver()
      this.#wake()
    }
    if (end.ordinal > this.#appliedOrdinal) this.#appliedOrdinal = end.ordinal
    while (this.#queue[0] && this.#queue[0].state !== 'open' && this.#queue[0].lastOrdinal <= end.ordinal) {
      this.#drop(this.#queue.shift() as ExpectedEvents)
    }
  }

  async #append(events: readonly StoredEvent[]): Promise<void> {
    const last = events.at(-1)
    if (!last) return
    await this.#options.store.append(events, { after: this.#toldOrdinal })
    this.#toldOrdinal = Math.max(this.#toldOrdinal, last.ordinal)
    // A delivery read from the journal before it was known to be settled is fed a second time; the store skips it.
    this.#appliedOrdinal = Math.max(this.#appliedOrdinal, last.ordinal)
  }

  /** While a store is away for long, neighbours that will be read from the journal anyway become one. The head may be in use. */
  #compact(): void {
    const queue = this.#queue
    let kept = 1
    for (let at = 1; at < queue.length; at++) {
      const next = queue[at] as ExpectedEvents
      const tail = queue[kept - 1] as ExpectedEvents
      const joinable = kept > 1 && tail.state === 'durable' && !tail.events && next.state === 'durable' && !next.events
      if (joinable) queue[kept - 1] = { ...tail, lastOrdinal: next.lastOrdinal }
      else queue[kept++] = next
    }
    queue.length = kept
  }

  /** Lets go of a delivery's events. */
  #drop(delivery: ExpectedEvents): void {
    if (delivery.events) this.#queued -= delivery.events.length + (delivery.repricing?.events.length ?? 0)
    delivery.events = undefined
  }

  #isApplied(ordinal: number): boolean {
    const head = this.#queue[0]
    return !head || head.firstOrdinal > ordinal || this.#appliedOrdinal >= ordinal
  }

  #wake(): void {
    this.#watch.settle((ordinal) => this.#isApplied(ordinal))
  }
}
