import { stat } from 'node:fs/promises'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { isTallystickError, TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { JournalEnd, JournalPosition } from '@tallystick/core/journal'
import type { Query, QueryResult } from '@tallystick/core/query'
import type { ScanPage, ScanRequest, StoreCopy, StoredEvent, StoreStats } from '../store.ts'
import { answerQuery } from './answer.ts'
import { type AuditReport, auditStore } from './audit.ts'
import { CELL_TABLES, DAY_MS } from './cellsets.ts'
import { readRows } from './chunk-reader.ts'
import { isDiskFull, openDatabase, prepareTables } from './database.ts'
import type { DictionaryLimits } from './dictionary.ts'
import { FileCopier } from './file-copier.ts'
import { loadMeta, readMeta, updateApplied, updateSealed } from './meta.ts'
import { Mutex } from './mutex.ts'
import { Readers } from './readers.ts'
import { RowAppender } from './row-appender.ts'
import { EventRows, type Rows } from './rows.ts'
import { scanEvents } from './scan.ts'
import { APPLIED_COLUMNS, type Applied, lateEvents, type Meta, quoted } from './schema.ts'
import { compactDay, floorToQuarter, keepExpired, type SealStep, sealStep, sealSteps } from './seal.ts'

export interface EngineOptions {
  readonly path: string
  readonly memoryLimitMb: number
  readonly threads: number
  readonly clock: Clock
  readonly dictionaryLimits?: DictionaryLimits
  /** Rows sealed in one transaction, about. */
  readonly sealRows?: number
}

/** Rows the engine stores together. */
const ROW_GROUP = 122_880
/** A quarter-hour is sealed this long after its end, when most of what belongs to it has come. */
const GRACE_MS = 60_000
/** So many late rows are sealed at once, without waiting for the next quarter-hour. */
const LATE_ROWS = 50_000
/** Further behind the journal than this, rows come first and sealing later, in bulk. */
const FAR_BEHIND = 50_000
/** Delta cells of a day are merged once so many late events made them. */
const COMPACT_EVENTS = 5_000
const READERS = 2

/** Rows that have been appended and are yet to be committed, and the state they make. */
interface OpenBatch {
  applied: Applied
  rows: number
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
  /** As of the last commit. */
  #meta: Meta
  #open: OpenBatch | undefined
  /** Where a sealing under way will put the watermark: rows appended meanwhile that lie before it will be late. */
  #sealingToMs = 0
  #closed = false
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
  ) {
    this.#options = options
    this.#instance = instance
    this.#writer = writer
    this.#sealer = sealer
    this.#readers = readers
    this.#meta = meta
    this.#rows = rows
  }

  /** @throws TallystickError as {@link openDatabase} */
  static async open(options: EngineOptions): Promise<DuckdbEngine> {
    const instance = await openDatabase(options)
    try {
      const writer = await instance.connect()
      await writer.run('BEGIN')
      const dropped = await prepareTables(writer)
      let meta = await loadMeta(writer)
      if (dropped) {
        const unsealed = { watermark_ms: 0, sealed_ordinal: 0, late_sealed: meta.late_total }
        await updateSealed(writer, unsealed)
        meta = { ...meta, ...unsealed }
      }
      await writer.run('COMMIT')
      const rows = await RowAppender.open(writer, options.dictionaryLimits)
      const sealer = await instance.connect()
      return new DuckdbEngine(options, instance, writer, sealer, await Readers.open(instance, READERS), rows, meta)
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
    await this.#appending.run(async () => {
      this.#mustBeOpen()
      const { applied_ordinal: applied } = this.#open?.applied ?? this.#meta
      let from = firstBehind(rows, applied)
      if (from === rows.length && !next) return
      try {
        if (options.more) {
          // Whole row groups to the row: the next checkpoint would write anew all that stand beside fragments of one. The
          // place in the journal stays behind, and what is read from there again is skipped.
          for (let room = this.#room(); rows.length - from > room; room = this.#room()) {
            await this.#take(rows, from, from + room)
            await this.#commitOpen()
            from += room
          }
        }
        const open = await this.#take(rows, from, rows.length)
        if (next) open.applied = { ...open.applied, ...placeOf(next, open.applied) }
        if (!options.more || open.rows === ROW_GROUP) await this.#commitOpen()
      } catch (error) {
        await this.#abandonOpen()
        throw asStoreError(error)
      }
    })
  }

  async query(query: Query, options: { readonly signal?: AbortSignal } = {}): Promise<QueryResult> {
    return this.#read(async (connection) => {
      const dictionary = this.#rows.dictionary
      const nowMs = this.#options.clock.now()
      const current = this.behind() === 0
      const meta = (await readMeta(connection)) as Meta
      const completeToMs = current ? nowMs : meta.received_ms
      return answerQuery(query, { connection, meta, dictionary, completeToMs })
    }, options.signal)
  }

  async scan(request: ScanRequest): Promise<ScanPage> {
    return this.#read((connection) => scanEvents(connection, this.#rows.dictionary, request))
  }

  async stats(): Promise<StoreStats> {
    const { totals, meta } = await this.#read(async (connection) => {
      const [row] = await readRows(connection, 'SELECT count(*), min(timestamp_ms), max(timestamp_ms) FROM events')
      return { totals: row as [number, number | null, number | null], meta: (await readMeta(connection)) as Meta }
    })
    const sizes = await Promise.all(
      ['', '.wal'].map((suffix) =>
        stat(this.#options.path + suffix).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    )
    return {
      events: totals[0],
      expired: meta.expired_events,
      cleared: meta.cleared_events,
      appliedOrdinal: meta.applied_ordinal,
      oldestMs: totals[1],
      newestMs: totals[2],
      bytes: sizes.reduce((sum, size) => sum + size, 0),
    }
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
    const { watermark_ms: watermarkMs } = this.#meta
    if (dueMs > watermarkMs || lateEvents(this.#meta) >= LATE_ROWS) await this.seal(Math.max(dueMs, watermarkMs))
    await this.compact(COMPACT_EVENTS)
  }

  /** Seals everything before `toMs`, and all late rows, in steps; rows are appended meanwhile. */
  async seal(toMs: number): Promise<void> {
    const target = Math.max(floorToQuarter(toMs), this.#meta.watermark_ms)
    const steps = await this.#read(async (connection) =>
      sealSteps(connection, (await readMeta(connection)) as Meta, target, this.#options.sealRows),
    )
    for (const step of steps) {
      if (this.#closed) return
      try {
        await this.#sealing.run(() => this.#seal(step))
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

  /** Merges the delta cells of every day that at least `leastEvents` late events have touched. */
  async compact(leastEvents = 1): Promise<void> {
    const days = await this.#read(async (connection) => {
      const touched = `SELECT day_ms FROM late_days GROUP BY 1 HAVING sum(events) >= ${leastEvents} ORDER BY 1`
      return (await readRows(connection, touched)) as [number][]
    })
    for (const [day] of days) {
      if (this.#closed) return
      await this.#sealing.run(() =>
        this.#transaction(this.#sealer, async () => {
          await compactDay(this.#sealer, this.#rows.dictionary, day)
          return {}
        }),
      )
    }
  }

  /**
   * Drops rows before `eventsBeforeMs` (down to a quarter-hour) and cells before `cellsBeforeMs` (down to a UTC day). Rows
   * go no further than the last sealed day, so that totals stay what they were; cells never without their rows.
   */
  async prune(request: {
    readonly eventsBeforeMs?: number
    readonly cellsBeforeMs?: number
  }): Promise<{ readonly eventsDropped: number }> {
    if (lateEvents(this.#meta) > 0) await this.seal(this.#meta.watermark_ms)
    return this.#writeAlone(async () => {
      const sealedDayMs = floorDay(this.#meta.watermark_ms)
      const cellsMs = Math.min(floorDay(request.cellsBeforeMs ?? 0), sealedDayMs)
      const eventsMs = Math.max(cellsMs, Math.min(floorToQuarter(request.eventsBeforeMs ?? 0), sealedDayMs))
      // A row that has come in since the sealing above is in no cell yet and waits for the next time.
      const old = `timestamp_ms < ${eventsMs} AND ordinal <= ${this.#meta.sealed_ordinal}`
      const eventsDropped = await this.#count(old)
      if (eventsDropped === 0 && cellsMs <= this.#meta.cells_from_ms && eventsMs <= this.#meta.raw_from_ms)
        return { eventsDropped }
      await this.#transaction(this.#writer, async () => {
        await keepExpired(this.#writer, this.#rows.dictionary, old)
        await this.#writer.run(`DELETE FROM events WHERE ${old}`)
        if (cellsMs > 0)
          for (const { name } of CELL_TABLES) await this.#writer.run(`DELETE FROM ${quoted(name)} WHERE t < ${cellsMs}`)
        const sealed = {
          raw_from_ms: Math.max(this.#meta.raw_from_ms, eventsMs),
          cells_from_ms: Math.max(this.#meta.cells_from_ms, cellsMs),
          expired_events: this.#meta.expired_events + eventsDropped,
        }
        await updateSealed(this.#writer, sealed)
        return sealed
      })
      await this.#checkpoint()
      return { eventsDropped }
    })
  }

  /** Removes rows, cells and names. The applied ordinal and the place in the journal stay. */
  async clear(next?: JournalEnd): Promise<void> {
    await this.#writeAlone(async () => {
      await this.#transaction(this.#writer, async () => {
        const rows = await this.#count('true')
        for (const table of ['events', 'dictionary', 'late_days', ...CELL_TABLES.map(({ name }) => name)]) {
          await this.#writer.run(`DELETE FROM ${quoted(table)}`)
        }
        const sealed = {
          watermark_ms: 0,
          sealed_ordinal: next?.ordinal ?? this.#meta.applied_ordinal,
          late_sealed: this.#meta.late_total,
          raw_from_ms: 0,
          cells_from_ms: 0,
          expired_events: 0,
          cleared_events: this.#meta.cleared_events + this.#meta.expired_events + rows,
        }
        const applied = next ? placeOf(next, this.#meta) : {}
        await updateSealed(this.#writer, sealed)
        if (next) await updateApplied(this.#writer, applied)
        return { ...sealed, ...applied }
      })
      this.#rows.forget()
      await this.#checkpoint()
    })
  }

  /** Copies the file, and the log where a checkpoint left one, while nothing is written: what the next start would find. */
  copyTo(path: string): Promise<StoreCopy> {
    return this.#writeAlone(async () => {
      await this.#checkpoint()
      try {
        for (const suffix of ['', '.wal']) await this.#copier.copy(this.#options.path + suffix, path + suffix)
      } catch (error) {
        throw asStoreError(error)
      }
      return { appliedOrdinal: this.#meta.applied_ordinal }
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#sealing.run(() =>
      this.#appending.run(async () => {
        await this.#commitOpen().catch(() => undefined)
        this.#rows.abandon()
        await this.#readers.close()
        this.#sealer.disconnectSync()
        this.#writer.disconnectSync()
        this.#instance.closeSync()
        await this.#copier.close()
      }),
    )
  }

  /** How many rows the open batch takes until it is a whole row group. */
  #room(): number {
    return ROW_GROUP - (this.#open?.rows ?? 0)
  }

  async #begin(): Promise<OpenBatch> {
    await this.#writer.run('BEGIN')
    return { applied: appliedOf(this.#meta), rows: 0 }
  }

  /** Takes in `rows[from, to)`. */
  async #take(rows: Rows, from: number, to: number): Promise<OpenBatch> {
    this.#open ??= await this.#begin()
    const open = this.#open
    if (from === to) return open
    const lateBeforeMs = Math.max(this.#meta.watermark_ms, this.#sealingToMs)
    const taken = await this.#rows.append(rows, from, to, lateBeforeMs)
    open.rows += taken.rows
    open.applied = {
      ...open.applied,
      applied_ordinal: rows.ordinal(to - 1),
      received_ms: taken.receivedMs ?? open.applied.received_ms,
      late_total: open.applied.late_total + taken.late,
    }
    return open
  }

  /** Commits the rows that have been taken in; on failure nothing of them stays. */
  async #commitOpen(): Promise<void> {
    const open = this.#open
    if (!open) return
    try {
      await this.#rows.flush()
      await updateApplied(this.#writer, open.applied)
      await this.#writer.run('COMMIT')
      this.#open = undefined
      this.#meta = { ...this.#meta, ...open.applied }
      this.#rows.committed()
    } catch (error) {
      await this.#abandonOpen()
      throw asStoreError(error)
    }
  }

  async #abandonOpen(): Promise<void> {
    this.#rows.abandon()
    this.#open = undefined
    await this.#writer.run('ROLLBACK').catch(() => undefined)
  }

  /** Runs `task` between two appends. */
  async #write<T>(task: () => Promise<T>): Promise<T> {
    return this.#appending.run(async () => {
      this.#mustBeOpen()
      await this.#commitOpen()
      return task()
    })
  }

  /** Runs `task` while nothing is appended and nothing sealed. */
  #writeAlone<T>(task: () => Promise<T>): Promise<T> {
    return this.#sealing.run(() => this.#write(task))
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new TallystickError('store_unavailable', 'The store is closed.')
  }

  async #read<T>(task: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#mustBeOpen()
    return this.#readers.read(task, signal).catch((error: unknown) => {
      throw asStoreError(error)
    })
  }

  /** Commits what `task` did and keeps the changes of state it returns; undoes everything if it fails. */
  async #transaction(connection: DuckDBConnection, task: () => Promise<Partial<Meta>>): Promise<void> {
    try {
      await connection.run('BEGIN')
      const changes = await task()
      await connection.run('COMMIT')
      this.#meta = { ...this.#meta, ...changes }
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => undefined)
      throw asStoreError(error)
    }
  }

  async #count(where: string): Promise<number> {
    const [row] = await readRows(this.#writer, `SELECT count(*) FROM events WHERE ${where}`)
    return row?.[0] as number
  }

  /** Gives freed blocks back. A reader that holds an old snapshot puts it off to a later time. */
  async #checkpoint(): Promise<void> {
    await this.#writer.run('CHECKPOINT').catch(() => undefined)
  }
}

/** The first of the rows that comes behind an ordinal. */
function firstBehind(rows: Rows, ordinal: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows.ordinal(middle) > ordinal) high = middle
    else low = middle + 1
  }
  return low
}

/** State that says: the journal is applied up to here. Records that are not events count too. */
function placeOf({ position, ordinal }: JournalEnd, applied: Applied): Partial<Applied> {
  return {
    segment: position.segment,
    byte_offset: position.offset,
    applied_ordinal: Math.max(ordinal, applied.applied_ordinal),
  }
}

function appliedOf(meta: Meta): Applied {
  return Object.fromEntries(APPLIED_COLUMNS.map((name) => [name, meta[name]])) as unknown as Applied
}

/** Not after a clear or another sealing that came in between. */
function applies({ toMs, toOrdinal }: SealStep, { watermark_ms: watermarkMs, sealed_ordinal: ordinal }: Meta): boolean {
  return toOrdinal === undefined ? toMs >= watermarkMs : toMs === watermarkMs && toOrdinal > ordinal
}

const floorDay = (instantMs: number): number => Math.floor(instantMs / DAY_MS) * DAY_MS

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function asStoreError(error: unknown): TallystickError {
  if (isTallystickError(error)) return error
  const text = messageOf(error)
  const code = isDiskFull(text) ? 'disk_full' : 'store_unavailable'
  return new TallystickError(code, `The store failed: ${text}`, { cause: error })
}
