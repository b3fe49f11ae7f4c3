import { isTallystickError, TallystickError } from '@tallystick/core'
import { type Clock, systemClock } from '@tallystick/core/event'
import type { JournalDamage, OrdinalRange } from '@tallystick/core/journal'
import type { Query, QueryResult } from '@tallystick/core/query'
import type { Repricing } from '../repriced.ts'
import type {
  EraseRequest,
  PruneRequest,
  QueryOptions,
  ScanPage,
  ScanRequest,
  Spread,
  SpreadRequest,
  StoreAccounts,
  StoreCopy,
  StoredEvent,
  StoreStats,
  UsageStore,
} from '../store.ts'
import type { AuditReport } from './audit.ts'
import { freshPath, isDamaged, isInvalidated, removeCopy, replaceFile, setAside } from './database.ts'
import type { DictionaryLimits } from './dictionary.ts'
import { DuckdbEngine, EngineClosedError } from './engine.ts'
import { Follower } from './follow.ts'

/** How long after opening what is due is done first: when whoever waits for the start has had the first answers. */
const SOON_MS = 500

/** Something the owner of a store should know and that no call of theirs reports. */
export type StoreNotice =
  | { readonly kind: 'corrupt'; readonly movedTo: string; readonly message: string }
  | { readonly kind: 'journal_damage'; readonly damage: JournalDamage }
  | { readonly kind: 'failed'; readonly doing: 'apply' | 'maintain'; readonly message: string }

/** Options that can be handed to another thread. */
export interface LocalStoreSettings {
  readonly path: string
  readonly memoryLimitMb: number
  readonly checkpointMb: number
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
  copyTo(path: string): Promise<StoreCopy>
  /** Seals and compacts what is due now; otherwise done every few seconds. */
  maintain(): Promise<void>
}

/**
 * The store in the calling thread, with its follower and housekeeping.
 *
 * An engine that has failed for good, as after a checkpoint on a full disk, is closed and the file opened anew, if need be
 * again with every call; a file that turns out to be damaged is moved aside and made again from the journal. The write that
 * meets either, and the reader that meets damage, fails with `store_unavailable` or `disk_full`.
 */
export class LocalDuckdbStore implements DuckdbStore {
  readonly capabilities = { backendType: 'duckdb', durable: true, cells: true } as const
  readonly follower: Follower
  readonly #settings: LocalStoreSettings
  readonly #clock: Clock
  readonly #onNotice: (notice: StoreNotice) => void
  readonly #timer: NodeJS.Timeout | undefined
  readonly #soon: NodeJS.Timeout | undefined
  #engine: DuckdbEngine
  #broken: 'invalidated' | 'damaged' | undefined
  #reopening: Promise<void> | undefined
  #maintaining: Promise<void> | undefined
  /** A copy of the file stands ready to take its place. */
  #replacing = false
  #closed = false

  private constructor(
    engine: DuckdbEngine,
    settings: LocalStoreSettings,
    clock: Clock,
    onNotice: (notice: StoreNotice) => void,
  ) {
    this.#settings = settings
    this.#clock = clock
    this.#onNotice = onNotice
    this.follower = this.#followed()
    this.#engine = this.#watched(engine)
    const { maintainEveryMs } = settings
    if (maintainEveryMs <= 0) return
    this.#timer = setInterval(() => this.#tick(), maintainEveryMs).unref()
    // Where a process never lives for long, work that is put off until later is never done.
    this.#soon = setTimeout(() => this.#tick(), Math.min(SOON_MS, maintainEveryMs)).unref()
  }

  /** A file that cannot be read is moved aside and an empty one begun: the journal fills it again. */
  static async open(
    settings: LocalStoreSettings,
    clock: Clock = systemClock,
    onNotice: (notice: StoreNotice) => void = () => {},
  ): Promise<LocalDuckdbStore> {
    return new LocalDuckdbStore(await openEngine(settings, clock, onNotice), settings, clock, onNotice)
  }

  get engine(): DuckdbEngine {
    return this.#engine
  }

  append(events: readonly StoredEvent[]): Promise<void> {
    return this.#use((engine) => engine.append(events))
  }

  query(query: Query, options?: { readonly signal?: AbortSignal }): Promise<QueryResult> {
    return this.#read((engine) => engine.query(query, options))
  }

  spread(request: SpreadRequest, options?: QueryOptions): Promise<Spread | undefined> {
    return this.#read((engine) => engine.spread(request, options))
  }

  scan(request: ScanRequest): Promise<ScanPage> {
    return this.#read((engine) => engine.scan(request))
  }

  held(range: OrdinalRange, limit: number): Promise<readonly StoredEvent[]> {
    return this.#read((engine) => engine.held(range, limit))
  }

  belongTo(journalId: string): Promise<void> {
    return this.#use((engine) => engine.belongTo(journalId))
  }

  takeOver(accounts: StoreAccounts): Promise<void> {
    return this.#use((engine) => engine.takeOver(accounts))
  }

  stats(): Promise<StoreStats> {
    return this.#read((engine) => engine.stats())
  }

  prune(request: PruneRequest): Promise<{ readonly eventsDropped: number }> {
    return this.#use((engine) => engine.prune(request))
  }

  reprice(repricings: readonly Repricing[]): Promise<void> {
    return this.#use((engine) => engine.reprice(repricings))
  }

  clear(): Promise<void> {
    return this.#use((engine) => engine.clear())
  }

  /**
   * Copies the file without the user and puts the copy in its place. Nothing is applied meanwhile; questions are answered, and
   * those that the change of files cuts short are asked once more.
   */
  async erase(request: EraseRequest): Promise<{ readonly events: number }> {
    const { path } = this.#settings
    const found = await this.#use(async (engine) => {
      await removeCopy(path)
      return engine.copyErased(freshPath(path), request, () => {
        this.#replacing = true
        this.#broken ??= 'invalidated'
      })
    })
    await this.#reopen()
    if (this.#replacing) throw new TallystickError('store_unavailable', 'The store is closed.')
    return found
  }

  audit(): Promise<AuditReport> {
    return this.#read((engine) => engine.audit())
  }

  copyTo(path: string): Promise<StoreCopy> {
    return this.#use((engine) => engine.copyTo(path))
  }

  async maintain(): Promise<void> {
    await this.#use((engine) => engine.maintain())
    const { eventsTtlMs, cellsTtlMs } = this.#settings
    const now = this.#clock.now()
    if (eventsTtlMs === undefined && cellsTtlMs === undefined) return
    await this.prune({
      ...(eventsTtlMs === undefined ? {} : { eventsBeforeMs: Math.max(0, now - eventsTtlMs) }),
      ...(cellsTtlMs === undefined ? {} : { cellsBeforeMs: Math.max(0, now - cellsTtlMs) }),
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    clearTimeout(this.#soon)
    await this.follower.stop()
    await this.#reopening?.catch(() => undefined)
    // Sealing ends at its next step; what is left of it is done after the next start.
    await this.#engine.close()
    await this.#maintaining
  }

  /** A follower that is told when the engine it reads for has been replaced: what it holds may not be what comes next there. */
  #followed(): Follower {
    const store = this
    const onNotice = this.#onNotice
    let followed: DuckdbEngine | undefined
    const use = (task: (engine: DuckdbEngine) => Promise<void>): Promise<void> =>
      store.#use((engine) => {
        if (engine === followed) return task(engine)
        throw new TallystickError('store_unavailable', 'The store was opened anew; the journal is read again.')
      })
    return new Follower(
      {
        get position() {
          followed = store.#engine
          return followed.position
        },
        get appliedOrdinal() {
          return store.#engine.meta.applied_ordinal
        },
        belongTo: (journalId) => use((engine) => engine.belongTo(journalId)),
        append: (rows, next, options) => use((engine) => engine.appendRows(rows, next, options)),
        reprice: (repricings, next) => use((engine) => engine.reprice(repricings, next)),
        clear: (next) => use((engine) => engine.clear(next)),
      },
      {
        onError: (error) => onNotice({ kind: 'failed', doing: 'apply', message: messageOf(error) }),
        onDamage: (damage) => onNotice({ kind: 'journal_damage', damage }),
      },
    )
  }

  #watched(engine: DuckdbEngine): DuckdbEngine {
    engine.behind = () => {
      const { appliedOrdinal, targetOrdinal } = this.follower.progress()
      return targetOrdinal - appliedOrdinal
    }
    return engine
  }

  /** A reader that finds the engine invalidated has done nothing wrong: it was a write that failed. */
  async #read<T>(task: (engine: DuckdbEngine) => Promise<T>): Promise<T> {
    const engine = this.#engine
    try {
      return await this.#use(task)
    } catch (error) {
      if (isTallystickError(error) && error.code === 'query_cancelled') throw error
      const replaced = !this.#closed && (this.#replacing || engine !== this.#engine)
      if ((!isInvalidated(messageOf(error)) && !replaced) || isDamaged(messageOf(error))) throw error
      return this.#use(task)
    }
  }

  /** Every call of the engine. What it finds broken is opened anew; until that has been done, calls wait for it. */
  async #use<T>(task: (engine: DuckdbEngine) => Promise<T>): Promise<T> {
    if (this.#broken !== undefined) await this.#reopen()
    const engine = this.#engine
    try {
      return await task(engine)
    } catch (error) {
      const replaced = !this.#closed && (this.#replacing || engine !== this.#engine)
      // It waited for its turn while a copy took the place of the file.
      if (replaced && error instanceof EngineClosedError) {
        if (this.#replacing) await this.#reopen()
        return this.#use(task)
      }
      if (engine === this.#engine && this.#isBroken(messageOf(error))) void this.#reopen().catch(() => undefined)
      throw error
    }
  }

  #isBroken(text: string): boolean {
    if (isDamaged(text)) this.#broken = 'damaged'
    else if (isInvalidated(text)) this.#broken ??= 'invalidated'
    return this.#broken !== undefined
  }

  #reopen(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#reopening ??= this.#openAnew().finally(() => {
      this.#reopening = undefined
    })
    return this.#reopening
  }

  async #openAnew(): Promise<void> {
    await this.#engine.close()
    if (this.#broken === 'damaged') {
      const movedTo = await setAside(this.#settings.path, `corrupt-${this.#clock.now()}`)
      this.#onNotice({ kind: 'corrupt', movedTo, message: 'Damage was found while reading.' })
      // Should opening fail now, the next attempt has nothing to move.
      this.#broken = 'invalidated'
    }
    if (this.#replacing) await replaceFile(this.#settings.path)
    this.#engine = this.#watched(await openEngine(this.#settings, this.#clock, this.#onNotice))
    this.#replacing = false
    this.#broken = undefined
    this.follower.lookAgain()
  }

  #tick(): void {
    const engine = this.#engine
    this.#maintaining ??= this.maintain()
      .catch((error: unknown) => {
        if (!this.#closed && engine === this.#engine && !this.#replacing)
          this.#onNotice({ kind: 'failed', doing: 'maintain', message: messageOf(error) })
      })
      .finally(() => {
        this.#maintaining = undefined
      })
  }
}

/** A file that cannot be read is moved aside and an empty one begun. */
async function openEngine(
  settings: LocalStoreSettings,
  clock: Clock,
  onNotice: (notice: StoreNotice) => void,
): Promise<DuckdbEngine> {
  const options = { ...settings, clock }
  // Of an erasure that a crash has cut short; it is begun anew.
  await removeCopy(settings.path)
  try {
    return await DuckdbEngine.open(options)
  } catch (error) {
    if (!isTallystickError(error) || error.code !== 'store_corrupt') throw error
    const movedTo = await setAside(settings.path, `corrupt-${clock.now()}`)
    onNotice({ kind: 'corrupt', movedTo, message: error.message })
    return DuckdbEngine.open(options)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
