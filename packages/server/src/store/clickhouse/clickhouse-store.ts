import { TallystickError } from '@tallystick/core'
import type { Clock, Random } from '@tallystick/core/event'
import type { OrdinalRange } from '@tallystick/core/journal'
import type { Query, QueryResult } from '@tallystick/core/query'
import { throwIfAborted } from '../abort.ts'
import { Mutex } from '../mutex.ts'
import { newsOf, type Repricing } from '../repriced.ts'
import type {
  AppendOptions,
  EraseRequest,
  PruneRequest,
  QueryOptions,
  ScanPage,
  ScanRequest,
  Spread,
  SpreadRequest,
  StoreAccounts,
  StoreAudit,
  StoredEvent,
  StoreStats,
  UsageStore,
} from '../store.ts'
import { answerQuery } from './answer.ts'
import { auditStore } from './audit.ts'
import type { Connection } from './connection.ts'
import { eraseUser } from './erase.ts'
import { NO_JOURNAL, noteApplied, numberOfJournal, readApplied } from './journals.ts'
import { dropRepeated } from './repeated.ts'
import { beginRepricing, settledState } from './reprice.ts'
import { clearAll, dropHidden, expire, expiryOf, settleSeals } from './retention.ts'
import { rowOf } from './rows.ts'
import { heldEvents, scanEvents } from './scan.ts'
import { EVENT_COLUMNS, PLACES } from './schema.ts'
import { countLate, floorToQuarter, sealTo } from './seal.ts'
import { readSpread } from './spread.ts'
import { commitState, nonceOf, readState, type State, visibleSql } from './state.ts'

export interface ClickhouseStoreSettings {
  readonly clock: Clock
  readonly random: Random
  /** The journal that events come from; absent until the store is told. */
  readonly journalId: string | undefined
  /** How often it is looked what is due, ms; 0: whenever `maintain` is called. */
  readonly maintainEveryMs: number
}

/** A quarter-hour is sealed this long after its end, when most of what belongs to it has come. */
const GRACE_MS = 60_000
/** So many late rows are sealed at once, without waiting for the next quarter-hour. */
const LATE_ROWS = 50_000
/** While rows keep being sealed, expired or cleared by other servers. */
const ATTEMPTS = 5

const COLUMN_NAMES: readonly string[] = EVENT_COLUMNS.map(({ name }) => name)

/** The port over a database of ClickHouse's that several servers may share. */
export class ClickhouseStore implements UsageStore {
  readonly capabilities = { backendType: 'clickhouse', durable: true, cells: true, remote: true } as const
  readonly #connection: Connection
  readonly #settings: ClickhouseStoreSettings
  readonly #appending = new Mutex()
  /** Sealing, expiring, clearing, erasing. */
  readonly #changing = new Mutex()
  #journalId: string
  #journal: { readonly id: string; readonly number: number; appliedOrdinal: number } | undefined
  /** What a batch whose answer was lost had: sent again as it was, under the same token, the engine knows it. */
  #unsure: OrdinalRange | undefined
  readonly #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(connection: Connection, settings: ClickhouseStoreSettings) {
    this.#connection = connection
    this.#settings = settings
    this.#journalId = settings.journalId ?? NO_JOURNAL
    // What fails is tried again; an engine that is away shows in what is asked of it.
    const look = (): void => void this.maintain().catch(() => undefined)
    if (settings.maintainEveryMs > 0) this.#timer = setInterval(look, settings.maintainEveryMs).unref()
  }

  async append(events: readonly StoredEvent[], { after = 0 }: AppendOptions = {}): Promise<void> {
    await this.#appending.run(async () => {
      const journal = events.length === 0 ? await this.#readAgain() : await this.#ownJournal()
      if (journal.appliedOrdinal < after)
        throw new TallystickError(
          'store_unavailable',
          `ClickHouse has record ${journal.appliedOrdinal} of this journal and has had ${after}; it is given the rest again.`,
        )
      let fresh = events.filter(({ ordinal }) => ordinal > journal.appliedOrdinal)
      const unsure = this.#unsure
      if (unsure !== undefined) {
        const again = fresh.filter(({ ordinal }) => ordinal <= unsure.last)
        fresh = fresh.filter(({ ordinal }) => ordinal > unsure.last)
        await this.#insert(journal, again)
      }
      await this.#insert(journal, fresh)
    })
  }

  async #insert(
    journal: { readonly id: string; readonly number: number; appliedOrdinal: number },
    events: readonly StoredEvent[],
  ): Promise<void> {
    const [first] = events
    const last = events.at(-1)
    if (first === undefined || last === undefined) return
    this.#unsure = { first: first.ordinal, last: last.ordinal }
    const rows = events.map((stored) => rowOf(stored, journal.number))
    await this.#connection.insert('events', COLUMN_NAMES, rows, {
      insert_deduplicate: 1,
      insert_deduplication_token: `events-${journal.id}-${first.ordinal}-${last.ordinal}`,
    })
    await dropRepeated(this.#connection, journal.number, events)
    await noteApplied(this.#connection, journal.number, last.ordinal)
    journal.appliedOrdinal = last.ordinal
    this.#unsure = undefined
  }

  async reprice(repricings: readonly Repricing[]): Promise<void> {
    await this.#appending.run(async () => {
      const journal = await this.#ownJournal()
      const news = newsOf(repricings, journal.appliedOrdinal)
      if (news === undefined) return
      await this.#alone(async () => {
        for (;;) {
          const state = await this.#settled()
          const done = state.repriced.find(([of]) => of === journal.number)?.[1] ?? 0
          if (done >= news.ordinal) return
          await beginRepricing(this.#connection, state, journal.number, news, this.#nonce())
        }
      })
      await noteApplied(this.#connection, journal.number, news.ordinal)
      journal.appliedOrdinal = news.ordinal
    })
  }

  async query(query: Query, { signal }: QueryOptions = {}): Promise<QueryResult> {
    throwIfAborted(signal)
    const completeToMs = this.#settings.clock.now()
    return this.#consistently((state) =>
      answerQuery(query, { connection: this.#connection, state, completeToMs, signal }),
    )
  }

  async spread(request: SpreadRequest, { signal }: QueryOptions = {}): Promise<Spread | undefined> {
    throwIfAborted(signal)
    return this.#consistently((state) => readSpread(this.#connection, state, request, signal))
  }

  async scan(request: ScanRequest): Promise<ScanPage> {
    return this.#consistently((state) => scanEvents(this.#connection, state, request))
  }

  async held(range: OrdinalRange, limit: number): Promise<readonly StoredEvent[]> {
    const { number } = await this.#ownJournal()
    return this.#consistently((state) => heldEvents(this.#connection, state, number, range, limit))
  }

  async belongTo(journalId: string): Promise<void> {
    await this.#appending.run(async () => {
      this.#journalId = journalId
      // Its number is asked for when it is needed: the engine may be away.
      if (this.#journal?.id !== journalId) this.#journal = undefined
    })
  }

  async takeOver({ appliedOrdinal, expired, cleared }: StoreAccounts): Promise<void> {
    await this.#appending.run(async () => {
      const journal = await this.#ownJournal()
      if (appliedOrdinal <= journal.appliedOrdinal) return
      await noteApplied(this.#connection, journal.number, appliedOrdinal)
      journal.appliedOrdinal = appliedOrdinal
    })
    await this.#alone(async () => {
      const accounts = { expired, cleared }
      while (!(await commitState(this.#connection, await readState(this.#connection), this.#nonce(), accounts)));
    })
  }

  async stats(): Promise<StoreStats> {
    const journal = await this.#readAgain()
    const connection = this.#connection
    return this.#consistently(async (state) => {
      const visible = visibleSql(state)
      const [[events, oldest, newest] = [0, null, null]] = await connection.rows(
        `SELECT count(), min(timestamp_ms), max(timestamp_ms) FROM events FINAL${visible === undefined ? '' : ` WHERE ${visible}`}`,
      )
      const [[bytes] = [0]] = await connection.rows(
        'SELECT sum(bytes_on_disk) FROM system.parts WHERE database = currentDatabase() AND active',
      )
      const instant = (value: unknown): number | null => (Number(events) === 0 ? null : Number(value))
      return {
        events: Number(events),
        expired: state.expired,
        cleared: state.cleared,
        appliedOrdinal: journal.appliedOrdinal,
        ...(journal.id === NO_JOURNAL ? {} : { journalId: journal.id }),
        oldestMs: instant(oldest),
        newestMs: instant(newest),
        sealedToMs: state.watermarkMs,
        lateEvents: await countLate(connection, state),
        bytes: Number(bytes),
      }
    })
  }

  async audit(): Promise<StoreAudit> {
    return this.#consistently((state) => auditStore(this.#connection, state))
  }

  /** What is due now: finishes what a crash cut short, seals the quarter-hours that have ended, takes in late rows. */
  async maintain(): Promise<void> {
    await this.#alone(async () => {
      await dropHidden(this.#connection, this.#nonce())
      const dueMs = floorToQuarter(this.#settings.clock.now() - GRACE_MS)
      const state = await this.#settled()
      if (dueMs > state.watermarkMs || (await countLate(this.#connection, state)) >= LATE_ROWS) await this.#seal(dueMs)
      await settleSeals(this.#connection, this.#nonce())
    })
  }

  async prune(request: PruneRequest): Promise<{ readonly eventsDropped: number }> {
    return this.#alone(async () => {
      if ((await countLate(this.#connection, await this.#settled())) > 0) await this.#seal(0)
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const state = await this.#settled()
        const expiry = await expiryOf(this.#connection, state, request)
        if (expiry === undefined) return { eventsDropped: 0 }
        if (!(await expire(this.#connection, state, expiry, this.#nonce()))) continue
        await dropHidden(this.#connection, this.#nonce())
        return { eventsDropped: expiry.rows }
      }
      // Somebody else does the same.
      return { eventsDropped: 0 }
    })
  }

  async erase(request: EraseRequest): Promise<{ readonly events: number }> {
    const { number } = await this.#ownJournal()
    return this.#alone(async () => ({
      events: await eraseUser(this.#connection, await this.#settled(), number, request),
    }))
  }

  ownOrdinal(ordinal: number): number | undefined {
    const own = ordinal - (this.#journal?.number ?? 0) * PLACES
    return own > 0 && own < PLACES ? own : undefined
  }

  async clear(): Promise<void> {
    await this.#appending.run(() =>
      this.#alone(async () => {
        while (!(await clearAll(this.#connection, await this.#settled(), this.#nonce())));
        await dropHidden(this.#connection, this.#nonce())
      }),
    )
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    await this.#changing.run(async () => {})
    await this.#appending.run(() => this.#connection.close())
  }

  /** Seals to an instant, or what is late only; done also when another server did it meanwhile. */
  async #seal(toMs: number): Promise<void> {
    const state = await this.#settled()
    await sealTo(this.#connection, state, Math.max(toMs, state.watermarkMs), this.#nonce())
  }

  /** Asked again where what is sealed, expired or cleared changed meanwhile: the answer might be of both. */
  async #consistently<T>(ask: (state: State) => Promise<T>): Promise<T> {
    this.#mustBeOpen()
    let state = await readState(this.#connection)
    for (let attempt = 1; ; attempt++) {
      const answer = await ask(state)
      const after = await readState(this.#connection)
      if (after.version === state.version || attempt === ATTEMPTS) return answer
      state = after
    }
  }

  #alone<T>(change: () => Promise<T>): Promise<T> {
    this.#mustBeOpen()
    return this.#changing.run(change)
  }

  async #ownJournal(): Promise<{ readonly id: string; readonly number: number; appliedOrdinal: number }> {
    this.#mustBeOpen()
    this.#journal ??= await this.#readJournal(this.#journalId)
    return this.#journal
  }

  /** As the tables have it, which others may have emptied or restored. */
  async #readAgain() {
    this.#mustBeOpen()
    this.#journal = await this.#readJournal(this.#journalId)
    return this.#journal
  }

  async #readJournal(id: string) {
    const number = await numberOfJournal(this.#connection, id)
    const applied = await readApplied(this.#connection)
    return { id, number, appliedOrdinal: applied.find(([journal]) => journal === number)?.[1] ?? 0 }
  }

  #settled(): Promise<State> {
    return settledState(this.#connection, () => this.#nonce())
  }

  #nonce(): number {
    const [low = 0, high = 0] = this.#settings.random.fill(new Uint8Array(2))
    return nonceOf(low * 256 + high)
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new TallystickError('store_unavailable', 'The store is closed.')
  }
}
