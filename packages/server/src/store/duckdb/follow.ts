import { TallystickError } from '@tallystick/core'
import {
  behindLine,
  comparePositions,
  type JournalDamage,
  type JournalEnd,
  type JournalLines,
  type JournalPosition,
  type JournalRecord,
  lineDamage,
  lineStart,
  parseLine,
  readLines,
} from '@tallystick/core/journal'
import { ApplyWatch } from '../apply-watch.ts'
import type { Repricing } from '../repriced.ts'
import { repricingOf } from '../repricing-record.ts'
import type { FollowerProgress, JournalFollower } from '../store.ts'
import { LineRows, type Rows } from './rows.ts'

/** What a follower keeps up to date. Each call is durable, place included, when its promise resolves. */
export interface FollowedStore {
  /** Where to go on reading; undefined at the beginning. */
  readonly position: JournalPosition | undefined
  readonly appliedOrdinal: number
  /** What is appended from now on comes from this journal. Cheap when that is known. */
  belongTo(journalId: string): Promise<void>
  /** `more`: so much follows that the store may commit it together. */
  append(rows: Rows, next: JournalEnd, options: { readonly more: boolean }): Promise<void>
  reprice(repricings: readonly Repricing[], next: JournalEnd): Promise<void>
  clear(next: JournalEnd): Promise<void>
}

export interface FollowOptions {
  /** Told when reading or applying begins to fail; it is tried again, and again told once the reason changes. */
  readonly onError: (error: unknown) => void
  /** Told of each part of the journal that was skipped as damaged. */
  readonly onDamage: (damage: JournalDamage) => void
}

const EVENT = Buffer.from('{"t":"event"')
const NO_ROWS = new LineRows(() => undefined)

/** Records applied in one transaction, about: enough to pay for its fsync, few enough that queries wait little. */
const BATCH_RECORDS = 8_192
/** Events given new prices in one transaction, about. */
const BATCH_REPRICED = 50_000
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
  readonly #watch = new ApplyWatch()
  #wake: (() => void) | undefined
  /** Between attempts that fail: every commit would end it, and each attempt reads and decodes a batch in vain. */
  #resting = false

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
    if (!this.#resting) this.#wake?.()
  }

  /** The store may stand further back than it did: looks again. */
  lookAgain(): void {
    this.#wake?.()
  }

  progress(): FollowerProgress {
    const { appliedOrdinal } = this.#store
    const progress = { appliedOrdinal, targetOrdinal: Math.max(appliedOrdinal, this.#target?.ordinal ?? 0) }
    const { error } = this.#watch
    return error === undefined ? progress : { ...progress, error }
  }

  applied(ordinal: number): Promise<void> {
    return ordinal <= this.#store.appliedOrdinal ? Promise.resolve() : this.#watch.wait(ordinal)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake?.()
    await this.#running
    this.#watch.close(new TallystickError('store_unavailable', 'The store was closed before the event was applied.'))
  }

  async #run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    while (!this.#stopped) {
      try {
        if (this.#behind()) await this.#catchUp(this.#target as JournalEnd)
        else await this.#pause()
        this.#watch.succeeded()
        retryMs = FIRST_RETRY_MS
      } catch (error) {
        if (this.#watch.failed(error)) this.#options.onError(error)
        this.#resting = true
        await this.#pause(retryMs)
        this.#resting = false
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
    const { onDamage } = this.#options
    const reading = readLines({
      dir: this.#dir,
      to: target.position,
      onCorrupt: onDamage,
      ...(position ? { from: position } : {}),
    })
    let rows = new LineRows(onDamage)
    /** Consecutive new prices: applied together, since many cost the store little more than a few. One of the two is empty. */
    let repricings: Repricing[] = []
    let next: JournalEnd | undefined
    const applyBefore = async (lines: JournalLines, index: number): Promise<void> => {
      const end = { position: lineStart(lines, index), ordinal: (lines.ordinals[index] as number) - 1 }
      if (repricings.length > 0) await this.#reprice(repricings, end)
      else if (rows.length > 0) await this.#apply(rows, end, false)
      repricings = []
      rows = new LineRows(onDamage)
    }
    for await (const lines of reading) {
      if (this.#stopped) return
      for (let index = 0; index < lines.starts.length; index++) {
        if (isEvent(lines, index)) {
          if (repricings.length > 0) await applyBefore(lines, index)
          rows.add(lines, index)
          continue
        }
        const record = this.#record(lines, index)
        if (record?.type === 'clear') {
          await applyBefore(lines, index)
          const { ordinal } = record
          if (ordinal > this.#store.appliedOrdinal)
            await this.#store.clear({ position: behindLine(lines, index), ordinal })
        } else if (record?.type === 'reprice') {
          if (rows.length > 0) await applyBefore(lines, index)
          const repricing = repricingOf(record.ordinal, record.body)
          if (repricing) repricings.push(repricing)
        }
      }
      const last = lines.starts.length - 1
      next = { position: behindLine(lines, last), ordinal: lines.ordinals[last] as number }
      if (repricedEvents(repricings) >= BATCH_REPRICED) await this.#reprice(repricings, next)
      else if (rows.length >= BATCH_RECORDS)
        await this.#apply(rows, next, (this.#target?.ordinal ?? 0) - next.ordinal > FAR_BEHIND)
      else continue
      repricings = []
      rows = new LineRows(onDamage)
      next = undefined
    }
    if (next && repricings.length > 0) {
      await this.#reprice(repricings, next)
      next = undefined
    }
    if (next) await this.#apply(rows, next, false)
    // Damage, or records that were never written, may stand before the end: there is nothing more to come up to it.
    await this.#reach(target)
  }

  async #reach(target: JournalEnd): Promise<void> {
    if (this.#stopped || this.#store.appliedOrdinal >= target.ordinal) return
    await this.#store.append(NO_ROWS, target, { more: false })
    this.#settle()
  }

  async #apply(rows: Rows, next: JournalEnd, more: boolean): Promise<void> {
    await this.#store.append(rows, next, { more })
    this.#settle()
  }

  async #reprice(repricings: readonly Repricing[], next: JournalEnd): Promise<void> {
    await this.#store.reprice(repricings, next)
    this.#settle()
  }

  /** What a line says that is no event; undefined where it is damaged. */
  #record(lines: JournalLines, index: number): JournalRecord | undefined {
    const record = parseLine(lines, index)
    if (typeof record !== 'string') return record
    this.#options.onDamage(lineDamage(lines, index, record))
    return undefined
  }

  #settle(): void {
    const { appliedOrdinal } = this.#store
    this.#watch.succeeded()
    this.#watch.settle((ordinal) => ordinal <= appliedOrdinal)
  }
}

const repricedEvents = (repricings: readonly Repricing[]): number =>
  repricings.reduce((sum, { events }) => sum + events.length, 0)

/** By its first bytes; whether it is a record at all shows when it is read. */
function isEvent({ buffer, starts }: JournalLines, index: number): boolean {
  const start = starts[index] as number
  for (let at = 0; at < EVENT.length; at++) if (buffer[start + at] !== EVENT[at]) return false
  return true
}
