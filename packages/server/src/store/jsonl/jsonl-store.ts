import { open, rm } from 'node:fs/promises'
import { TallystickError } from '@tallystick/core'
import type { Clock, EventKind } from '@tallystick/core/event'
import type { OrdinalRange } from '@tallystick/core/journal'
import type { Query, QueryResult } from '@tallystick/core/query'
import { throwIfAborted } from '../abort.ts'
import { Mutex } from '../mutex.ts'
import { newsOf, type Repricing } from '../repriced.ts'
import type {
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
import { type AnswerOptions, answerQuery, answerSpread } from './answer.ts'
import { auditFiles } from './audit.ts'
import { rewriteFile } from './compact.ts'
import { identityOf, total } from './data-file.ts'
import { encodeLines } from './encode-lines.ts'
import { eraseInFile } from './erase.ts'
import { storeError } from './errors.ts'
import { hiddenBytes, hideExpired } from './expire.ts'
import type { FileSet } from './file-set.ts'
import { hasExpired, raised } from './floors.ts'
import { readHeld } from './held.ts'
import { readPage } from './page.ts'
import { repriceInFile } from './reprice.ts'
import { floorsOf, stateOf } from './sidecar-record.ts'
import { openSnapshot, type Snapshot } from './snapshot.ts'
import { Writer } from './writer.ts'

export interface JsonlSettings {
  readonly rotateBytes: number
  readonly ttlMs: number
  readonly kindsTtlMs: ReadonlyMap<EventKind, number>
  readonly heldFromMs: () => number
  readonly compactBytes: number
  readonly clock: Clock
}

/** The port over a {@link FileSet}: one change at a time, readers on snapshots beside them. */
export class JsonlStore implements UsageStore {
  readonly capabilities = { backendType: 'jsonl', durable: true, cells: false } as const
  readonly #set: FileSet
  readonly #writer: Writer
  readonly #settings: JsonlSettings
  readonly #mutex = new Mutex()
  #closed: Promise<void> | undefined

  constructor(set: FileSet, settings: JsonlSettings) {
    this.#set = set
    this.#settings = settings
    this.#writer = new Writer(set, settings.rotateBytes)
  }

  async append(events: readonly StoredEvent[]): Promise<void> {
    const isNew = ({ ordinal }: { readonly ordinal: number }): boolean => ordinal > this.#set.state.appliedOrdinal
    // Readers need not wait for what takes longest.
    const lines = await encodeLines(events.filter(isNew))
    await this.#alone('Events cannot be written', async () => {
      const fresh = lines.filter(isNew)
      if (fresh.length > 0) await this.#writer.append(fresh)
    })
  }

  query(query: Query, options: QueryOptions = {}): Promise<QueryResult> {
    return this.#answer(query, options, answerQuery)
  }

  spread(request: SpreadRequest, options: QueryOptions = {}): Promise<Spread | undefined> {
    return this.#answer(request, options, answerSpread)
  }

  async scan(request: ScanRequest): Promise<ScanPage> {
    const { snapshot, floors } = await this.#read(request.fromMs, request.toMs)
    try {
      return await readPage(request, snapshot, floors)
    } catch (error) {
      throw storeError(error, 'The store cannot be read')
    } finally {
      await snapshot.close()
    }
  }

  async held(range: OrdinalRange, limit: number): Promise<readonly StoredEvent[]> {
    const { snapshot, floors } = await this.#read(0, Number.POSITIVE_INFINITY)
    try {
      return await readHeld(range, limit, snapshot, floors)
    } catch (error) {
      throw storeError(error, 'The store cannot be read')
    } finally {
      await snapshot.close()
    }
  }

  belongTo(journalId: string): Promise<void> {
    return this.#alone('The journal of the store cannot be noted', async (set) => {
      if (set.state.journalId === journalId) return
      set.state = { ...set.state, journalId }
      await set.noteAll()
    })
  }

  takeOver({ appliedOrdinal, expired, cleared }: StoreAccounts): Promise<void> {
    return this.#alone('The accounts of the store cannot be noted', async (set) => {
      await set.look('all')
      const { state } = set
      const accepted = total(set.files, 'own') + expired + cleared
      set.state = { ...state, appliedOrdinal: Math.max(state.appliedOrdinal, appliedOrdinal), accepted, expired }
      await set.noteAll()
    })
  }

  stats(): Promise<StoreStats> {
    return this.#alone('The store cannot be looked at', async (set) => {
      await set.look('all')
      const { files, state } = set
      const own = total(files, 'own')
      const events = total(files, 'events')
      const blocks = files.flatMap((file) => file.blocks.filter((block) => block.events > 0))
      const cleared = Math.max(0, state.accepted - own - state.expired)
      return {
        events,
        foreign: events - own,
        malformed: total(files, 'malformed'),
        ...(state.complete ? { expired: state.expired, cleared } : {}),
        appliedOrdinal: state.appliedOrdinal,
        ...(state.journalId === undefined ? {} : { journalId: state.journalId }),
        oldestMs: blocks.length === 0 ? null : blocks.reduce((min, { minMs }) => Math.min(min, minMs), Infinity),
        newestMs: blocks.length === 0 ? null : blocks.reduce((max, { maxMs }) => Math.max(max, maxMs), 0),
        bytes: files.reduce((sum, { identity }) => sum + (identity?.size ?? 0), 0),
      }
    })
  }

  async audit(): Promise<StoreAudit> {
    const { files, floors } = await this.#alone('The store cannot be looked at', async (set) => {
      await set.look('all')
      return { files: set.files, floors: floorsOf(set.state) }
    })
    return auditFiles(files, floors)
  }

  prune({ eventsBeforeMs = 0, kindsBeforeMs }: PruneRequest): Promise<{ readonly eventsDropped: number }> {
    return this.#alone('Expired events cannot be dropped', async (set) => {
      await set.look('all')
      const floorsBefore = floorsOf(set.state)
      const floors = raised(floorsBefore, eventsBeforeMs, kindsBeforeMs)
      let eventsDropped = 0
      for (const before of set.files) {
        const { file, events, own } = await hideExpired(before, floorsBefore, floors)
        set.put(file)
        set.state = { ...set.state, expired: set.state.expired + own }
        eventsDropped += events
      }
      set.state = { ...set.state, ...stateOf(floors) }
      // First it is remembered that they have expired; lines that are missing without that would count as cleared.
      if (eventsDropped > 0) await set.noteAll()
      else await set.note(false)
      if (await this.#dropExpired()) await set.noteAll()
      return { eventsDropped }
    })
  }

  reprice(repricings: readonly Repricing[]): Promise<void> {
    return this.#alone('New prices cannot be written', async (set) => {
      await set.look('all')
      const news = newsOf(repricings, set.state.appliedOrdinal)
      if (news === undefined) return
      await set.repair()
      for (const { number } of set.files) await repriceInFile(set, number, news.changes)
      set.state = { ...set.state, appliedOrdinal: news.ordinal }
      await set.noteAll()
    })
  }

  erase(request: EraseRequest): Promise<{ readonly events: number }> {
    return this.#alone('A user cannot be erased', async (set) => {
      await set.look('all')
      await set.repair()
      let events = 0
      for (const { number } of set.files) events += await eraseInFile(set, number, request)
      await set.noteAll()
      return { events }
    })
  }

  clear(): Promise<void> {
    return this.#alone('The store cannot be cleared', async (set) => {
      await set.look('all')
      // What was applied must be known for good before the lines that show it are gone.
      await set.noteAll()
      await this.#writer.close()
      for (const { number, path } of set.files) {
        await rm(path, { force: true })
        if (number !== set.active.number) set.drop(number)
      }
      const file = await open(set.active.path, 'a', 0o600)
      const identity = identityOf(await file.stat({ bigint: true }))
      await file.close()
      set.put({ ...set.active, identity, blocks: [] })
      set.state = { ...set.state, expired: 0, floorMs: 0, kindFloorsMs: [] }
      await set.noteAll()
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#mutex.run(async () => {
      await this.#writer.close()
      // A file that has changed behind our back is found out at the next start just as well.
      await this.#set.noteAll(true).catch(() => undefined)
      await this.#set.close()
    })
    return this.#closed
  }

  /** Removes files in which nothing is visible any more, and writes anew those that are mostly expired. */
  async #dropExpired(): Promise<boolean> {
    const set = this.#set
    let dropped = false
    for (const file of set.files) {
      const hidden = hiddenBytes(file)
      const active = file.number === set.active.number
      if (!active && hidden > 0 && file.blocks.every(({ events }) => events === 0)) {
        await rm(file.path, { force: true })
        set.drop(file.number)
        dropped = true
      } else if (hidden >= this.#settings.compactBytes && hidden * 2 >= (file.identity?.size ?? 0)) {
        if (active) await set.repair()
        const rules = set.rules(file)
        const current = set.files.find(({ number }) => number === file.number) ?? file
        const rewritten = await rewriteFile(set.names, current, rules, (bytes, line) =>
          line && hasExpired(rules.floors, line.timestampMs, line.kind) ? undefined : bytes,
        )
        if (rewritten) set.put(rewritten)
        dropped ||= rewritten !== undefined
      }
    }
    return dropped
  }

  async #answer<Q extends { readonly fromMs: number; readonly toMs: number }, A>(
    question: Q,
    { journaled = false, signal }: QueryOptions,
    answer: (question: Q, snapshot: Snapshot, options: AnswerOptions) => Promise<A>,
  ): Promise<A> {
    throwIfAborted(signal)
    const { snapshot, ...freshness } = await this.#read(question.fromMs, question.toMs)
    try {
      return await answer(question, snapshot, { ...freshness, journaled, signal })
    } catch (error) {
      throw storeError(error, 'The store cannot be read')
    } finally {
      await snapshot.close()
    }
  }

  async #read(fromMs: number, toMs: number) {
    return this.#alone('The store cannot be read', async (set) => {
      await set.look('all')
      const { clock, heldFromMs, kindsTtlMs, ttlMs } = this.#settings
      const nowMs = clock.now()
      const untilMs = heldFromMs()
      const kinds = new Map([...kindsTtlMs].map(([kind, ms]) => [kind, Math.min(untilMs, nowMs - ms)]))
      const floors = raised(floorsOf(set.state), Math.min(untilMs, nowMs - ttlMs), kinds)
      return { snapshot: await openSnapshot(set, Math.max(fromMs, floors.floorMs), toMs), floors, completeToMs: nowMs }
    })
  }

  async #alone<T>(doing: string, task: (set: FileSet) => Promise<T>): Promise<T> {
    if (this.#closed) throw new TallystickError('store_unavailable', 'The store is closed.')
    try {
      return await this.#mutex.run(() => task(this.#set))
    } catch (error) {
      throw storeError(error, `${doing} (${this.#set.names.active})`)
    }
  }
}
