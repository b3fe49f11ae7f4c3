import type { Worker } from 'node:worker_threads'
import { TallystickError } from '@tallystick/core'
import type { JournalEnd, OrdinalRange } from '@tallystick/core/journal'
import type { Query, QueryResult } from '@tallystick/core/query'
import { queryCancelled, throwIfAborted } from '../abort.ts'
import type { Repricing } from '../repriced.ts'
import type {
  EraseRequest,
  FollowerProgress,
  JournalFollower,
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
import type { AuditReport } from './audit.ts'
import type { DuckdbStore, LocalStoreSettings, StoreNotice } from './local.ts'
import { type FromWorker, fromRemoteError, type RemoteMethod, type ToWorker } from './protocol.ts'
import { takeThread } from './thread.ts'

interface Call {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

/** The store in a thread of its own, seen from the thread that uses it. */
export class RemoteDuckdbStore implements DuckdbStore {
  readonly capabilities = { backendType: 'duckdb', durable: true, cells: true } as const
  readonly follower: JournalFollower
  readonly #worker: Worker
  readonly #calls = new Map<number, Call>()
  #nextId = 1
  #appliedOrdinal = 0
  #targetOrdinal = 0
  #applyError: string | undefined
  #gone: Error | undefined
  #closing: Promise<void> | undefined

  private constructor(worker: Worker, onNotice: (notice: StoreNotice) => void) {
    this.#worker = worker
    this.follower = {
      follow: (journalDir, end, journalId) => {
        this.#targetOrdinal = Math.max(this.#targetOrdinal, end.ordinal)
        return this.#call('follow', [journalDir, end, journalId])
      },
      advance: (end) => this.#advance(end),
      progress: () => this.#progress(),
      applied: (ordinal) => (ordinal <= this.#appliedOrdinal ? Promise.resolve() : this.#call('applied', [ordinal])),
    }
    worker.on('message', (message: FromWorker) => {
      if ('appliedOrdinal' in message) this.#appliedOrdinal = message.appliedOrdinal
      if (message.type === 'progress') this.#applyError = message.error
      else if (message.type === 'answer') this.#take(message.id)?.resolve(message.value as never)
      else if (message.type === 'failure') this.#take(message.id)?.reject(fromRemoteError(message.error))
      else if (message.type === 'notice') onNotice(message.notice)
    })
    worker.on('error', (cause) =>
      this.#fail(new TallystickError('store_unavailable', `The store's thread failed: ${cause}`, { cause })),
    )
    worker.on('exit', () => this.#fail(new TallystickError('store_unavailable', 'The store is closed.')))
  }

  /** @throws TallystickError as opening in the calling thread does */
  static async open(
    script: URL,
    settings: LocalStoreSettings,
    onNotice: (notice: StoreNotice) => void,
  ): Promise<RemoteDuckdbStore> {
    const worker = takeThread(script)
    const store = new RemoteDuckdbStore(worker, onNotice)
    store.#post({ type: 'open', settings })
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'opened') resolve()
        else if (message.type === 'not_opened') reject(fromRemoteError(message.error))
      })
      worker.once('error', reject)
      worker.once('exit', () =>
        reject(new TallystickError('store_unavailable', "The store's thread ended before it was open.")),
      )
    })
    return store
  }

  append(events: readonly StoredEvent[]): Promise<void> {
    return this.#call('append', [events])
  }

  query(query: Query, options: { readonly signal?: AbortSignal } = {}): Promise<QueryResult> {
    return this.#call('query', [query], options.signal)
  }

  spread(request: SpreadRequest, options: QueryOptions = {}): Promise<Spread | undefined> {
    return this.#call('spread', [request], options.signal)
  }

  scan(request: ScanRequest): Promise<ScanPage> {
    return this.#call('scan', [request])
  }

  held(range: OrdinalRange, limit: number): Promise<readonly StoredEvent[]> {
    return this.#call('held', [range, limit])
  }

  belongTo(journalId: string): Promise<void> {
    return this.#call('belongTo', [journalId])
  }

  takeOver(accounts: StoreAccounts): Promise<void> {
    return this.#call('takeOver', [accounts])
  }

  stats(): Promise<StoreStats> {
    return this.#call('stats', [])
  }

  prune(request: PruneRequest): Promise<{ readonly eventsDropped: number }> {
    return this.#call('prune', [request])
  }

  reprice(repricings: readonly Repricing[]): Promise<void> {
    return this.#call('reprice', [repricings])
  }

  clear(): Promise<void> {
    return this.#call('clear', [])
  }

  erase(request: EraseRequest): Promise<{ readonly events: number }> {
    return this.#call('erase', [request])
  }

  audit(): Promise<AuditReport> {
    return this.#call('audit', [])
  }

  copyTo(path: string): Promise<StoreCopy> {
    return this.#call('copyTo', [path])
  }

  maintain(): Promise<void> {
    return this.#call('maintain', [])
  }

  close(): Promise<void> {
    this.#closing ??= this.#gone
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#worker.once('exit', () => resolve())
          // Also a closing that failed lets the thread end. It is never terminated: the engine's binding brings the whole
          // process down when a thread goes while a call of its is under way.
          this.#call('close', []).catch(() => undefined)
        })
    return this.#closing
  }

  #progress(): FollowerProgress {
    const appliedOrdinal = this.#appliedOrdinal
    const progress = { appliedOrdinal, targetOrdinal: Math.max(appliedOrdinal, this.#targetOrdinal) }
    // A thread that is gone applies nothing any more, and nothing of it will say so.
    const error = this.#gone?.message ?? this.#applyError
    return error === undefined ? progress : { ...progress, error }
  }

  #advance(end: JournalEnd): void {
    this.#targetOrdinal = Math.max(this.#targetOrdinal, end.ordinal)
    this.#post({ type: 'advance', end })
  }

  async #call<T>(method: RemoteMethod, args: readonly unknown[], signal?: AbortSignal): Promise<T> {
    throwIfAborted(signal)
    if (this.#gone) throw this.#gone
    const id = this.#nextId++
    const cancel = (): void => {
      this.#post({ type: 'cancel', id })
      this.#take(id)?.reject(queryCancelled())
    }
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#calls.set(id, { resolve, reject })
        signal?.addEventListener('abort', cancel, { once: true })
        this.#post({ type: 'call', id, method, args })
      })
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  #post(message: ToWorker): void {
    if (!this.#gone) this.#worker.postMessage(message)
  }

  #take(id: number): Call | undefined {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    return call
  }

  #fail(error: Error): void {
    this.#gone ??= error
    for (const { reject } of this.#calls.values()) reject(this.#gone)
    this.#calls.clear()
  }
}
