import { TallystickError } from '@tallystick/core'
import { eventFromWire } from '@tallystick/core/event'
import {
  comparePositions,
  type JournalDamage,
  type JournalEnd,
  type JournalPosition,
  type JournalRecord,
  readJournal,
} from '@tallystick/core/journal'
import type { JournalFollower, StoredEvent } from '../store.ts'

/** What a follower keeps up to date. Each call is durable, place included, when its promise resolves. */
export interface FollowedStore {
  /** Where to go on reading; undefined at the beginning. */
  readonly position: JournalPosition | undefined
  readonly appliedOrdinal: number
  /** What is appended from now on comes from this journal. Cheap when that is known. */
  belongTo(journalId: string): Promise<void>
  /** `more`: so much follows that the store may commit it together. */
  append(events: readonly StoredEvent[], next: JournalEnd, options: { readonly more: boolean }): Promise<void>
  clear(next: JournalEnd): Promise<void>
}

export interface FollowOptions {
  /** Told when reading or applying begins to fail; it is tried again, and again told once the reason changes. */
  readonly onError: (error: unknown) => void
  /** Told of each part of the journal that was skipped as damaged. */
  readonly onDamage: (damage: JournalDamage) => void
}

/** Records applied in one transaction, about: enough to pay for its fsync, few enough that queries wait little. */
const BATCH_RECORDS = 8_192
/** Further behind than this, nobody waits for a single batch to be visible. */
const FAR_BEHIND = 50_000
/** Between attempts that fail, doubled each time: opening the store anew, which may be part of one, is work. */
const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 2_000

/**
 * Applies the journal to a store, in the thread it runs in. Reads on from where the store stands, never beyond the durable
 * end it was told, so nothing is shown that a power cut could take back.
 */
export class Follower implements JournalFollower {
  readonly #store: FollowedStore
  readonly #options: FollowOptions
  #target: JournalEnd | undefined
  #dir = ''
  #journalId: string | undefined
  #running: Promise<void> | undefined
  #stopped = false
  #failure = ''
  #wake: (() => void) | undefined
  #waiting: { readonly ordinal: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []

  constructor(store: FollowedStore, options: FollowOptions) {
    this.#store = store
    this.#options = options
  }

  /**
   * @throws TallystickError `store_corrupt` when the journal ends before what the store has applied: it is not the journal
   * this store was made of, and its events would be taken for old ones.
   */
  async follow(journalDir: string, end: JournalEnd, journalId?: string): Promise<void> {
    const { appliedOrdinal } = this.#store
    if (end.ordinal < appliedOrdinal) {
      throw new TallystickError(
        'store_corrupt',
        `The store has applied record ${appliedOrdinal}, but the journal in ${journalDir} ends at ${end.ordinal}. ` +
          'Put back the journal this store belongs to, or run `tallystick rebuild`.',
      )
    }
    this.#dir = journalDir
    this.#journalId = journalId
    this.advance(end)
    this.#running ??= this.#run()
  }

  advance(end: JournalEnd): void {
    if (this.#target && end.ordinal < this.#target.ordinal) return
    this.#target = end
    this.#wake?.()
  }

  /** The store may stand further back than it did: looks again. */
  lookAgain(): void {
    this.#wake?.()
  }

  progress(): { readonly appliedOrdinal: number; readonly targetOrdinal: number } {
    const { appliedOrdinal } = this.#store
    return { appliedOrdinal, targetOrdinal: Math.max(appliedOrdinal, this.#target?.ordinal ?? 0) }
  }

  applied(ordinal: number): Promise<void> {
    if (ordinal <= this.#store.appliedOrdinal) return Promise.resolve()
    if (this.#stopped) return Promise.reject(closed())
    return new Promise((resolve, reject) => this.#waiting.push({ ordinal, resolve, reject }))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake?.()
    await this.#running
    for (const { reject } of this.#waiting) reject(closed())
    this.#waiting = []
  }

  async #run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    while (!this.#stopped) {
      try {
        if (this.#behind()) await this.#catchUp(this.#target as JournalEnd)
        else await this.#pause()
        this.#failure = ''
        retryMs = FIRST_RETRY_MS
      } catch (error) {
        // A full disk fails twice a second for hours: told once.
        if (this.#failure !== String(error)) this.#options.onError(error)
        this.#failure = String(error)
        await this.#pause(retryMs)
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
      }
    }
  }

  #behind(): boolean {
    const target = this.#target
    return target !== undefined && target.ordinal > this.#store.appliedOrdinal
  }

  /** Waits for {@link advance} or {@link stop}, or for so many ms. */
  #pause(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => this.#wake?.(), ms)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
    })
  }

  async #catchUp(target: JournalEnd): Promise<void> {
    const { position } = this.#store
    if (this.#journalId !== undefined) await this.#store.belongTo(this.#journalId)
    if (position && comparePositions(position, target.position) >= 0) return this.#reach(target)
    const reading = readJournal({
      dir: this.#dir,
      to: target.position,
      batchRecords: BATCH_RECORDS,
      onCorrupt: this.#options.onDamage,
      ...(position ? { from: position } : {}),
    })
    let pending: JournalRecord[] = []
    let next: JournalPosition | undefined
    for await (const batch of reading) {
      if (this.#stopped) return
      pending = pending.length === 0 ? [...batch.records] : pending.concat(batch.records)
      next = batch.next
      if (pending.length < BATCH_RECORDS) continue
      await this.#apply(pending, next)
      pending = []
    }
    if (next && pending.length > 0) await this.#apply(pending, next)
    // Damage, or records that were never written, may stand before the end: there is nothing more to come up to it.
    await this.#reach(target)
  }

  async #reach(target: JournalEnd): Promise<void> {
    if (this.#stopped || this.#store.appliedOrdinal >= target.ordinal) return
    await this.#store.append([], target, { more: false })
    this.#settle()
  }

  async #apply(records: readonly JournalRecord[], next: JournalPosition): Promise<void> {
    let events: StoredEvent[] = []
    for (const record of records) {
      if (record.type === 'event') events.push(toStored(record))
      else if (record.type === 'clear') {
        const end = { position: record.position, ordinal: record.ordinal }
        if (events.length > 0)
          await this.#store.append(events, { ...end, ordinal: record.ordinal - 1 }, { more: false })
        if (record.ordinal > this.#store.appliedOrdinal) await this.#store.clear(end)
        events = []
      }
    }
    const { ordinal } = records.at(-1) as JournalRecord
    const more = (this.#target?.ordinal ?? 0) - ordinal > FAR_BEHIND
    await this.#store.append(events, { position: next, ordinal }, { more })
    this.#settle()
  }

  #settle(): void {
    const { appliedOrdinal } = this.#store
    const reached = this.#waiting.filter(({ ordinal }) => ordinal <= appliedOrdinal)
    this.#waiting = this.#waiting.filter(({ ordinal }) => ordinal > appliedOrdinal)
    for (const { resolve } of reached) resolve()
  }
}

function toStored({ ordinal, body }: JournalRecord): StoredEvent {
  return {
    ordinal,
    receivedMs: body['r'] as number,
    event: eventFromWire(body['e'] as Readonly<Record<string, unknown>>),
  }
}

function closed(): TallystickError {
  return new TallystickError('store_unavailable', 'The store was closed before the event was applied.')
}
