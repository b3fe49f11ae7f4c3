import { isTallystickError } from '@tallystick/core'
import { type Clock, systemClock } from '@tallystick/core/event'
import type { JournalDamage } from '@tallystick/core/journal'
import type { Query, QueryResult } from '@tallystick/core/query'
import type { ScanPage, ScanRequest, StoredEvent, StoreStats, UsageStore } from '../store.ts'
import type { AuditReport } from './audit.ts'
import { setAside } from './database.ts'
import type { DictionaryLimits } from './dictionary.ts'
import { DuckdbEngine } from './engine.ts'
import { Follower } from './follow.ts'

/** Something the owner of a store should know and that no call of theirs reports. */
export type StoreNotice =
  | { readonly kind: 'corrupt'; readonly movedTo: string; readonly message: string }
  | { readonly kind: 'journal_damage'; readonly damage: JournalDamage }
  | { readonly kind: 'failed'; readonly doing: 'apply' | 'maintain'; readonly message: string }

/** Options that can be handed to another thread. */
export interface LocalStoreSettings {
  readonly path: string
  readonly memoryLimitMb: number
  readonly threads: number
  readonly maintainEveryMs: number
  readonly eventsTtlMs?: number
  readonly cellsTtlMs?: number
  readonly dictionaryLimits?: DictionaryLimits
}

/** What the embedded store can do beside the port. */
export interface DuckdbStore extends UsageStore {
  readonly follower: NonNullable<UsageStore['follower']>
  /** Compares rows, cells and state; `tallystick verify` prints it. */
  audit(): Promise<AuditReport>
  /** Seals and compacts what is due now; otherwise done every few seconds. */
  maintain(): Promise<void>
}

/** The store in the calling thread, with its follower and housekeeping. */
export class LocalDuckdbStore implements DuckdbStore {
  readonly capabilities = { backendType: 'duckdb', durable: true, cells: true } as const
  readonly engine: DuckdbEngine
  readonly follower: Follower
  readonly #settings: LocalStoreSettings
  readonly #clock: Clock
  readonly #onNotice: (notice: StoreNotice) => void
  readonly #timer: NodeJS.Timeout | undefined
  #maintaining: Promise<void> | undefined

  private constructor(
    engine: DuckdbEngine,
    settings: LocalStoreSettings,
    clock: Clock,
    onNotice: (notice: StoreNotice) => void,
  ) {
    this.engine = engine
    this.#settings = settings
    this.#clock = clock
    this.#onNotice = onNotice
    this.follower = new Follower(
      {
        get position() {
          return engine.position
        },
        get appliedOrdinal() {
          return engine.meta.applied_ordinal
        },
        append: (events, next, options) => engine.append(events, next, options),
        clear: (next) => engine.clear(next),
      },
      {
        onError: (error) => onNotice({ kind: 'failed', doing: 'apply', message: messageOf(error) }),
        onDamage: (damage) => onNotice({ kind: 'journal_damage', damage }),
      },
    )
    engine.behind = () => {
      const { appliedOrdinal, targetOrdinal } = this.follower.progress()
      return targetOrdinal - appliedOrdinal
    }
    if (settings.maintainEveryMs > 0) this.#timer = setInterval(() => this.#tick(), settings.maintainEveryMs).unref()
  }

  /** A file that cannot be read is moved aside and an empty one begun: the journal fills it again. */
  static async open(
    settings: LocalStoreSettings,
    clock: Clock = systemClock,
    onNotice: (notice: StoreNotice) => void = () => {},
  ): Promise<LocalDuckdbStore> {
    const options = { ...settings, clock }
    try {
      return new LocalDuckdbStore(await DuckdbEngine.open(options), settings, clock, onNotice)
    } catch (error) {
      if (!isTallystickError(error) || error.code !== 'store_corrupt') throw error
      const movedTo = await setAside(settings.path, `corrupt-${clock.now()}`)
      onNotice({ kind: 'corrupt', movedTo, message: error.message })
      return new LocalDuckdbStore(await DuckdbEngine.open(options), settings, clock, onNotice)
    }
  }

  append(events: readonly StoredEvent[]): Promise<void> {
    return this.engine.append(events)
  }

  query(query: Query, options?: { readonly signal?: AbortSignal }): Promise<QueryResult> {
    return this.engine.query(query, options)
  }

  scan(request: ScanRequest): Promise<ScanPage> {
    return this.engine.scan(request)
  }

  stats(): Promise<StoreStats> {
    return this.engine.stats()
  }

  prune(request: {
    readonly eventsBeforeMs?: number
    readonly cellsBeforeMs?: number
  }): Promise<{ readonly eventsDropped: number }> {
    return this.engine.prune(request)
  }

  clear(): Promise<void> {
    return this.engine.clear()
  }

  audit(): Promise<AuditReport> {
    return this.engine.audit()
  }

  async maintain(): Promise<void> {
    await this.engine.maintain()
    const { eventsTtlMs, cellsTtlMs } = this.#settings
    const now = this.#clock.now()
    if (eventsTtlMs === undefined && cellsTtlMs === undefined) return
    await this.engine.prune({
      ...(eventsTtlMs === undefined ? {} : { eventsBeforeMs: Math.max(0, now - eventsTtlMs) }),
      ...(cellsTtlMs === undefined ? {} : { cellsBeforeMs: Math.max(0, now - cellsTtlMs) }),
    })
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.follower.stop()
    await this.#maintaining
    await this.engine.close()
  }

  #tick(): void {
    this.#maintaining ??= this.maintain()
      .catch((error: unknown) => this.#onNotice({ kind: 'failed', doing: 'maintain', message: messageOf(error) }))
      .finally(() => {
        this.#maintaining = undefined
      })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
