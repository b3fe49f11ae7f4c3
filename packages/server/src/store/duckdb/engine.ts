import { statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { isTallystickError, TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { JournalEnd, JournalPosition, OrdinalRange } from '@tallystick/core/journal'
import type { Query, QueryResult } from '@tallystick/core/query'
import { Mutex } from '../mutex.ts'
import { newsOf, type Repricing } from '../repriced.ts'
import { DAY_MS, QUARTER_MS } from '../sql/cellsets.ts'
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
} from '../store.ts'
import { answerQuery } from './answer.ts'
import { type AuditReport, auditStore } from './audit.ts'
import { BlockCache } from './block-cache.ts'
import { readRows } from './chunk-reader.ts'
import { copyErased } from './copy-erased.ts'
import { isDiskFull, openDatabase, prepareTables } from './database.ts'
import type { DictionaryLimits } from './dictionary.ts'
import { FileCopier } from './file-copier.ts'
import { placeOf, RowIntake } from './intake.ts'
import { keepJournalId, loadMeta, readJournalId, readMeta, updateApplied, updateSealed } from './meta.ts'
import { interrupting, Readers } from './readers.ts'
import { repriceRows } from './reprice.ts'
import { clearTables, expire, expiryOf, expirySteps, visibleSql } from './retention.ts'
import { RowAppender } from './row-appender.ts'
import { EventRows, type Rows } from './rows.ts'
import { heldEvents, scanEvents } from './scan.ts'
import { APPLIED_COLUMNS, type Applied, lateEvents, type Meta } from './schema.ts'
import { compactDays, compactionBatches, floorTo, floorToQuarter, type SealStep, sealStep, sealSteps } from './seal.ts'
import { SpillWatch } from './spill-watch.ts'
import { readSpread } from './spread.ts'
import { storeStats } from './stats.ts'

export interface EngineOptions {
  readonly path: string
  readonly memoryLimitMb: number
  readonly checkpointMb: number
  /**
   * How many work on one statement. Statements of several connections run side by side with one; more make a sealing take
   * half as much processor time again, waiting for each other, and pay only for questions that read many rows one by one.
   */
  readonly threads: number
  readonly clock: Clock
  readonly dictionaryLimits?: DictionaryLimits
  /** Rows sealed in one transaction, about. */
  readonly sealRows?: number
  /** Rows that expire in one transaction, about. */
  readonly expireRows?: number
}

/** A quarter-hour is sealed this long after its end, when most of what belongs to it has come. */
const GRACE_MS = 60_000
/** So many late rows are sealed at once, without waiting for the next quarter-hour. */
const LATE_ROWS = 50_000
/**
 * While so many rows come in between two looks, an import is under way: late rows wait for its end, up to so many that they
 * would be felt by whoever asks meanwhile. Sealing takes several times the work of appending, and memory of the same limit.
 */
const IMPORT_ROWS = 10_000
const LATE_ROWS_OF_IMPORT = 1_000_000
/** Nothing has come for so long: the day of the newest row will get no more, and is sealed as a whole. */
const QUIET_MS = 3_600_000
/** Further behind the journal than this, rows come first and sealing later, in bulk. */
const FAR_BEHIND = 50_000
/** Delta cells of a day are merged once so many late events made them, in so many steps that most cells stand there in parts. */
const COMPACT_EVENTS = 5_000
const COMPACT_STEPS = 8
const READERS = 2
/** So many times the length at which it is due may the engine's log have before rows wait for it to be taken into the file. */
const LONGEST_LOG = 1.5
const MB = 1_000_000
/** Rows sealed in one transaction, about, and in the first one after a start. */
const SEAL_ROWS = 50_000
const FIRST_SEAL_ROWS = 12_500
/** Rows that expire in one transaction, about. */
const EXPIRE_ROWS = 50_000

/** Nothing was begun of what was asked for. */
export class EngineClosedError extends TallystickError {
  constructor() {
    super('store_unavailable', 'The store is closed.')
  }
}

/**
 * The embedded store, in whichever thread it is opened. One connection appends rows, another makes cells of them at the same
 * time, a few read; each works on a snapshot.
 */
export class DuckdbEngine {
  readonly #options: EngineOptions
  readonly #instance: DuckDBInstance
  readonly #writer: DuckDBConnection
  readonly #sealer: DuckDBConnection
  readonly #readers: Readers
  readonly #appending = new Mutex()
  /** Who needs both takes this one first. */
  readonly #sealing = new Mutex()
  readonly #rows: RowAppender
  readonly #copier = new FileCopier()
  readonly #cache: BlockCache
  readonly #intake: RowIntake
  readonly #spills = new SpillWatch()
  /** As of the last commit. */
  #meta: Meta
  #journalId: string | undefined
  /** Where a sealing under way will put the watermark: rows appended meanwhile that lie before it will be late. */
  #sealingToMs = 0
  /** When `maintain` last saw that rows had come, on the monotonic clock. */
  #grewMs: number
  /** What was applied when `maintain` last looked. */
  #lookedAtOrdinal = 0
  /** As `prune` was last told: rows that cannot be dropped yet are not listed any more. */
  #expired: PruneRequest = {}
  #closed = false
  #closing: Promise<void> | undefined
  /** How many acknowledged records are yet to be applied. Known to whoever feeds the store. */
  behind: () => number = () => 0

  private constructor(
    options: EngineOptions,
    instance: DuckDBInstance,
    writer: DuckDBConnection,
    sealer: DuckDBConnection,
    readers: Readers,
    rows: RowAppender,
    meta: Meta,
    journalId: string | undefined,
  ) {
    this.#options = options
    this.#instance = instance
    this.#writer = writer
    this.#sealer = sealer
    this.#readers = readers
    this.#meta = meta
    this.#rows = rows
    this.#cache = new BlockCache(writer, options.memoryLimitMb, options.clock)
    this.#intake = new RowIntake(writer, rows, {
      applied: () => appliedOf(this.#meta),
      begun: () => this.#spills.begin(),
      lateBeforeMs: () => Math.max(this.#meta.watermark_ms, this.#sealingToMs),
      isSealing: () => this.#sealingToMs > 0,
      committed: (applied) => {
        this.#meta = { ...this.#meta, ...applied }
      },
    })
    this.#journalId = journalId
    this.#grewMs = options.clock.monotonic()
  }

  /** @throws TallystickError as {@link openDatabase} */
  static async open(options: EngineOptions): Promise<DuckdbEngine> {
    const instance = await openDatabase(options)
    try {
      const writer = await instance.connect()
      await writer.run('BEGIN')
      const dropped = await prepareTables(writer, options.path)
      let meta = await loadMeta(writer)
      if (dropped) {
        const unsealed = { watermark_ms: 0, sealed_ordinal: 0, late_sealed: meta.late_total }
        await updateSealed(writer, unsealed)
        meta = { ...meta, ...unsealed }
      }
      await writer.run('COMMIT')
      const rows = await RowAppender.open(writer, options.dictionaryLimits)
      const sealer = await instance.connect()
      const readers = await Readers.open(instance, READERS)
      const journalId = await readJournalId(writer)
      return new DuckdbEngine(options, instance, writer, sealer, readers, rows, meta, journalId)
    } catch (cause) {
      instance.closeSync()
      throw isTallystickError(cause)
        ? cause
        : new TallystickError('store_corrupt', `The store ${options.path} cannot be read: ${messageOf(cause)}`, {
            cause,
          })
    }
  }

  get meta(): Meta {
    return this.#meta
  }

  /** Where to go on reading the journal; undefined before anything came from one. */
  get position(): JournalPosition | undefined {
    const { segment, byte_offset: offset } = this.#meta
    return segment === 0 ? undefined : { segment, offset }
  }

  /**
   * Adds events in ordinal order, skipping those already applied. Rows, new dictionary entries and state are committed
   * together, so after a crash at any point the same events can be handed in again.
   *
   * @param next where the journal goes on behind these events; kept in the same transaction
   * @param options `more`: so many events follow that these may be committed with them. Whole row groups go straight to the
   * file, where a small batch is written to the engine's log first, empty cells and all, and again from there.
   */
  append(events: readonly StoredEvent[], next?: JournalEnd, options: { readonly more?: boolean } = {}): Promise<void> {
    return this.appendRows(new EventRows(events), next, options)
  }

  /** The same for rows of any form. */
  async appendRows(rows: Rows, next?: JournalEnd, options: { readonly more?: boolean } = {}): Promise<void> {
    await this.#shortenLog(LONGEST_LOG)
    await this.#appending.run(async () => {
      this.#mustBeOpen()
      await this.#intake.append(rows, next, options.more ?? false).catch((error: unknown) => {
        throw this.#failed(error)
      })
    })
  }

  async query(query: Query, options: { readonly signal?: AbortSignal } = {}): Promise<QueryResult> {
    this.#cache.asked()
    return this.#read(async (connection) => {
      const dictionary = this.#rows.dictionary
      const nowMs = this.#options.clock.now()
      const current = this.behind() === 0
      const meta = (await readMeta(connection)) as Meta
      const completeToMs = current ? nowMs : meta.received_ms
      return answerQuery(query, { connection, meta, dictionary, completeToMs })
    }, options.signal)
  }

  async spread(request: SpreadRequest, { signal }: QueryOptions = {}): Promise<Spread | undefined> {
    this.#cache.asked()
    return this.#read((connection) => readSpread(connection, this.#rows.dictionary, request), signal)
  }

  async scan(request: ScanRequest): Promise<ScanPage> {
    const { dictionary } = this.#rows
    return this.#read((connection) =>
      scanEvents(connection, dictionary, request, visibleSql(this.#expired, dictionary)),
    )
  }

  async held(range: OrdinalRange, limit: number): Promise<readonly StoredEvent[]> {
    return this.#read((connection) => heldEvents(connection, this.#rows.dictionary, range, limit))
  }

  /** From now on what is appended comes from the journal with this id. */
  async belongTo(journalId: string): Promise<void> {
    if (journalId === this.#journalId) return
    await this.#write(() =>
      this.#transaction(this.#writer, async () => {
        await keepJournalId(this.#writer, journalId)
        return {}
      }),
    )
    this.#journalId = journalId
  }

  /** As the port says. */
  async takeOver({ appliedOrdinal, expired, cleared }: StoreAccounts): Promise<void> {
    await this.#writeAlone(() =>
      this.#transaction(this.#writer, async () => {
        const applied = { applied_ordinal: Math.max(this.#meta.applied_ordinal, appliedOrdinal) }
        const sealed = { expired_events: expired, cleared_events: cleared }
        await updateApplied(this.#writer, applied)
        await updateSealed(this.#writer, sealed)
        return { ...applied, ...sealed }
      }),
    )
  }

  async stats(): Promise<StoreStats> {
    const stats = await this.#read((connection) => storeStats(connection, this.#options.path))
    return this.#journalId === undefined ? stats : { ...stats, journalId: this.#journalId }
  }

  /** Compares rows, cells and state with each other. */
  async audit(): Promise<AuditReport> {
    return this.#read(async (connection) =>
      auditStore(connection, (await readMeta(connection)) as Meta, this.#rows.dictionary),
    )
  }

  /**
   * What is due now: seals the quarter-hours that have ended, takes in late rows, merges delta cells. Nothing while the
   * store is far behind the journal, so that a rebuild seals in bulk at its end.
   */
  async maintain(): Promise<void> {
    if (this.#closed || this.behind() > FAR_BEHIND) return
    const dueMs = floorToQuarter(this.#options.clock.now() - GRACE_MS)
    const { watermark_ms: watermarkMs, applied_ordinal: appliedOrdinal } = this.#meta
    const importing = appliedOrdinal - this.#lookedAtOrdinal >= IMPORT_ROWS
    if (appliedOrdinal !== this.#lookedAtOrdinal) this.#grewMs = this.#options.clock.monotonic()
    this.#lookedAtOrdinal = appliedOrdinal
    const late = lateEvents(this.#meta) >= (importing ? LATE_ROWS_OF_IMPORT : LATE_ROWS)
    const toMs = await this.#filledTo(dueMs, importing)
    if (toMs > watermarkMs || late) await this.seal(toMs)
    await this.compact(COMPACT_EVENTS, COMPACT_STEPS)
    await this.#giveBack()
  }

  /** Lets go of what was read once, when nobody asks for figures. Rows wait for it some 25 ms, and so does whoever asks then. */
  async #giveBack(): Promise<void> {
    if (!this.#cache.isIdle() || !this.#cache.isWorthGivingBack(await this.cachedBytes())) return
    await this.#writeAlone(() => this.#readers.aloneIfIdle(() => this.#cache.giveBack()))
  }

  /** Bytes of the file that are kept in memory. */
  cachedBytes(): Promise<number> {
    return this.#read((connection) => this.#cache.bytes(connection))
  }

  /**
   * How far there are rows to seal: to the end of the quarter-hour of the newest before `dueMs`, or to its beginning while more is on
   * its way. Were the watermark beyond it, past days that are imported in order would be late, and late rows cost two or three
   * times as much to seal. Once nothing has come for a while its day is taken for whole, since some cells are of days only.
   */
  async #filledTo(dueMs: number, importing: boolean): Promise<number> {
    const { watermark_ms: watermarkMs } = this.#meta
    if (dueMs <= watermarkMs) return watermarkMs
    const where = `timestamp_ms >= ${watermarkMs} AND timestamp_ms < ${dueMs}`
    const newestMs = await this.#newest(where)
    const filledMs = newestMs === null ? watermarkMs : floorToQuarter(newestMs) + (importing ? 0 : QUARTER_MS)
    if (this.#options.clock.monotonic() - this.#grewMs < QUIET_MS) return Math.max(watermarkMs, filledMs)
    return Math.min(dueMs, Math.ceil(Math.max(watermarkMs, filledMs) / DAY_MS) * DAY_MS)
  }

  /** Seals everything before `toMs`, and all late rows, in steps; rows are appended meanwhile. */
  async seal(toMs: number): Promise<void> {
    const target = Math.max(floorToQuarter(toMs), this.#meta.watermark_ms)
    const { sealRows = SEAL_ROWS } = this.#options
    // Small steps first: a process that never lives for long gets on too, since what was committed is not begun anew.
    for (let rows = FIRST_SEAL_ROWS; rows < sealRows; rows *= 2) {
      const [step, ...more] = await this.#sealSteps(target, rows)
      if (step !== undefined) await this.#takeSealSteps([step])
      if (more.length === 0 || this.#closed) return
    }
    await this.#takeSealSteps(await this.#sealSteps(target, sealRows))
  }

  #sealSteps(target: number, sealRows: number): Promise<readonly SealStep[]> {
    return this.#read(async (connection) =>
      sealSteps(connection, (await readMeta(connection)) as Meta, target, sealRows),
    ).catch((error: unknown) => {
      // Cut short by the closing: the next start seals from there.
      if (this.#closed) return []
      throw error
    })
  }

  async #takeSealSteps(steps: readonly SealStep[]): Promise<void> {
    for (const step of steps) {
      if (this.#closed) return
      try {
        await this.#sealing.run(() => this.#seal(step))
        await this.#shortenLog(1)
      } catch (error) {
        // A step that the closing cut short was rolled back; the next start seals from there.
        if (!this.#closed) throw error
      }
    }
  }

  async #seal(step: SealStep): Promise<void> {
    if (!applies(step, this.#meta)) return
    await this.#transaction(this.#sealer, async () => {
      const meta = await this.#write(async () => {
        this.#sealingToMs = step.toMs
        // The first statement is what fixes the snapshot: rows committed after this are not sealed.
        return (await readMeta(this.#sealer)) as Meta
      })
      const sealed = await sealStep(this.#sealer, meta, this.#rows.dictionary, step)
      await updateSealed(this.#sealer, sealed)
      return sealed
    }).finally(() => {
      this.#sealingToMs = 0
    })
  }

  /** Merges the delta cells of every day that at least so many late events have touched, in at least so many steps of sealing. */
  async compact(leastEvents = 1, leastSteps = 1): Promise<void> {
    const batches = await this.#read((connection) =>
      compactionBatches(connection, this.#rows.dictionary, leastEvents, leastSteps),
    ).catch((error: unknown) => {
      // As a step of sealing.
      if (this.#closed) return []
      throw error
    })
    for (const days of batches) {
      if (this.#closed) return
      try {
        await this.#sealing.run(() =>
          this.#transaction(this.#sealer, async () => {
            await compactDays(this.#sealer, this.#rows.dictionary, days)
            return {}
          }),
        )
        await this.#shortenLog(1)
      } catch (error) {
        if (!this.#closed) throw error
      }
    }
  }

  /** Drops rows and cells for their age, in steps; see {@link expiryOf}. Rows are appended meanwhile. */
  async prune(request: PruneRequest): Promise<{ readonly eventsDropped: number }> {
    this.#expired = request
    // As when it is maintained: rows come first, and were the watermark beyond them they would be late.
    if (this.behind() <= FAR_BEHIND) {
      const toMs = await this.#expiringTo(request)
      if (toMs > this.#meta.watermark_ms || lateEvents(this.#meta) > 0) await this.seal(toMs)
    }
    const { expireRows = EXPIRE_ROWS } = this.#options
    const steps = await this.#read(async (connection) =>
      expirySteps(connection, (await readMeta(connection)) as Meta, this.#rows.dictionary, request, expireRows),
    )
    let eventsDropped = 0
    for (const step of steps) {
      // What is left goes with the first pruning of the next start.
      if (this.#closed) return { eventsDropped }
      eventsDropped += await this.#sealing.run(() => this.#expire(step))
      // After each: rows wait while the cells of expired ones are compressed, and those of one step are few.
      await this.#writeAlone(() => this.#checkpoint())
    }
    return { eventsDropped }
  }

  /** The end of the last day that has rows to drop and is not sealed: rows go once their day is. */
  async #expiringTo(request: PruneRequest): Promise<number> {
    const { watermark_ms: watermarkMs } = this.#meta
    const dueMs = floorTo(this.#options.clock.now() - GRACE_MS, DAY_MS)
    const visible = visibleSql(request, this.#rows.dictionary)
    const kept = [`timestamp_ms >= ${request.cellsBeforeMs ?? 0}`, ...(visible === undefined ? [] : [visible])].join(
      ' AND ',
    )
    const where = `timestamp_ms >= ${watermarkMs} AND timestamp_ms < ${dueMs} AND NOT (${kept})`
    const newestMs = await this.#newest(where)
    return newestMs === null ? watermarkMs : Math.max(watermarkMs, floorTo(newestMs, DAY_MS) + DAY_MS)
  }

  #newest(where: string): Promise<number | null> {
    return this.#read(async (connection) => {
      const [row] = await readRows(connection, `SELECT max(timestamp_ms) FROM events WHERE ${where}`)
      return row?.[0] as number | null
    })
  }

  /** @returns how many rows went */
  async #expire(step: PruneRequest): Promise<number> {
    let rows = 0
    await this.#transaction(this.#sealer, async () => {
      const meta = (await readMeta(this.#sealer)) as Meta
      const expiry = await expiryOf(this.#sealer, meta, this.#rows.dictionary, step)
      if (expiry === undefined) return {}
      rows = expiry.rows
      return expire(this.#sealer, meta, this.#rows.dictionary, expiry)
    })
    return rows
  }

  /** Removes rows, cells and names. The applied ordinal and the place in the journal stay. */
  async clear(next?: JournalEnd): Promise<void> {
    await this.#writeAlone(async () => {
      await this.#transaction(this.#writer, async () => {
        const sealed = await clearTables(this.#writer, this.#meta, next?.ordinal ?? this.#meta.applied_ordinal)
        const applied = next ? placeOf(next, this.#meta) : {}
        if (next) await updateApplied(this.#writer, applied)
        return { ...sealed, ...applied }
      })
      this.#rows.forget()
      await this.#checkpoint()
    })
  }

  /** Keeps what events come to at newer prices, in rows and in the cells made of them, and the place in the journal with it. */
  async reprice(repricings: readonly Repricing[], next?: JournalEnd): Promise<void> {
    await this.#shortenLog(LONGEST_LOG)
    await this.#writeAlone(async () => {
      const news = newsOf(repricings, this.#meta.applied_ordinal)
      if (news === undefined && next === undefined) return
      await this.#transaction(this.#writer, async () => {
        if (news) await repriceRows(this.#writer, this.#meta, this.#rows.dictionary, news.changes)
        await this.#rows.flush()
        const ordinal = { applied_ordinal: news?.ordinal ?? this.#meta.applied_ordinal }
        const applied = next ? placeOf(next, { ...appliedOf(this.#meta), ...ordinal }) : ordinal
        await updateApplied(this.#writer, applied)
        return applied
      })
      this.#rows.committed()
    })
  }

  /** Copies the file, and the log where a checkpoint left one, while nothing is written: what the next start would find. */
  copyTo(path: string): Promise<StoreCopy> {
    return this.#writeAlone(async () => {
      await this.#checkpoint()
      try {
        for (const suffix of ['', '.wal']) await this.#copier.copy(this.#options.path + suffix, path + suffix)
      } catch (error) {
        throw this.#failed(error)
      }
      return { appliedOrdinal: this.#meta.applied_ordinal }
    })
  }

  /**
   * Copies everything to the file `path`, which must not exist, with the pseudonym where the user stood, and closes the engine,
   * so that nothing comes to stand in the old file that the copy lacks. Nothing is applied meanwhile, but queries are answered.
   *
   * @param made called when the copy is finished and on the disk, before the engine closes
   */
  copyErased(path: string, request: EraseRequest, made: () => void): Promise<{ readonly events: number }> {
    return this.#writeAlone(async () => {
      const sound = this.#spills.begin()
      const connection = await this.#instance.connect()
      try {
        const events = await copyErased(connection, path, request, this.#rows.dictionary)
        await setImmediate()
        sound()
        made()
        this.#closed = true
        this.#closing = this.#shut()
        return { events }
      } catch (error) {
        throw this.#failed(error)
      } finally {
        connection.disconnectSync()
        await this.#closing
      }
    })
  }

  close(): Promise<void> {
    this.#closed = true
    this.#closing ??= this.#cutShort(() => this.#appending.run(() => this.#shut()))
    return this.#closing
  }

  /** Runs `task` once nothing is sealed, and does not wait for what is: it is rolled back, and done by the next life. */
  async #cutShort(task: () => Promise<void>): Promise<void> {
    const stopInterrupting = interrupting(() => [this.#sealer])
    return this.#sealing.run(() => {
      stopInterrupting()
      return task()
    })
  }

  async #shut(): Promise<void> {
    await this.#intake.commit().catch(() => undefined)
    this.#rows.abandon()
    await this.#readers.close()
    this.#sealer.disconnectSync()
    this.#writer.disconnectSync()
    this.#instance.closeSync()
    await this.#copier.close()
  }

  /** Runs `task` between two appends. */
  async #write<T>(task: () => Promise<T>): Promise<T> {
    return this.#appending.run(async () => {
      this.#mustBeOpen()
      await this.#intake.commit().catch((error: unknown) => {
        throw this.#failed(error)
      })
      return task()
    })
  }

  /** Runs `task` while nothing is appended and nothing sealed. */
  #writeAlone<T>(task: () => Promise<T>): Promise<T> {
    return this.#sealing.run(() => this.#write(task))
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new EngineClosedError()
  }

  async #read<T>(task: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#mustBeOpen()
    const sound = this.#spills.begin()
    const result = await this.#readers.read(task, signal).catch((error: unknown) => {
      throw this.#failed(error)
    })
    sound()
    return result
  }

  /** Commits what `task` did and keeps the changes of state it returns; undoes everything if it fails. */
  async #transaction(connection: DuckDBConnection, task: () => Promise<Partial<Meta>>): Promise<void> {
    const sound = this.#spills.begin()
    try {
      await connection.run('BEGIN')
      const changes = await task()
      // Whatever failed beside it has been told by then.
      await setImmediate()
      sound()
      await connection.run('COMMIT')
      this.#meta = { ...this.#meta, ...changes }
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => undefined)
      throw this.#failed(error)
    }
  }

  #failed(error: unknown): TallystickError {
    if (isTallystickError(error)) return error
    const text = messageOf(error)
    this.#spills.note(text)
    const code = isDiskFull(text) ? 'disk_full' : 'store_unavailable'
    return new TallystickError(code, `The store failed: ${text}`, { cause: error })
  }

  /**
   * Takes the log into the file once it is so many times as long as it should be. The engine does that by itself only at a commit
   * beside which nobody writes, and while rows come in and are sealed there is none; what stands in the log alone also takes
   * memory, and when that has run out commits fail.
   */
  async #shortenLog(times: number): Promise<void> {
    const { path, checkpointMb } = this.#options
    if (fileSize(`${path}.wal`) < times * checkpointMb * MB) return
    await this.#writeAlone(async () => {
      // Whoever waited longer has done it.
      if (fileSize(`${path}.wal`) >= checkpointMb * MB) await this.#checkpoint()
    })
  }

  /** Gives freed blocks back. A reader that holds an old snapshot puts it off to a later time. */
  async #checkpoint(): Promise<void> {
    await this.#writer.run('CHECKPOINT').catch((error: unknown) => this.#failed(error))
  }
}

function appliedOf(meta: Meta): Applied {
  return Object.fromEntries(APPLIED_COLUMNS.map((name) => [name, meta[name]])) as unknown as Applied
}

/** Not after a clear or another sealing that came in between. */
function applies({ toMs, toOrdinal }: SealStep, { watermark_ms: watermarkMs, sealed_ordinal: ordinal }: Meta): boolean {
  return toOrdinal === undefined ? toMs >= watermarkMs : toMs === watermarkMs && toOrdinal > ordinal
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const fileSize = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
