import { TallystickError } from '../errors.ts'
import type { UsageEvent } from '../event/index.ts'
import type { Journal, JournalFs } from '../journal/index.ts'
import type { Ledger, PendingEvents } from '../recorder/index.ts'
import { WaitingListeners } from '../recorder/waiting-listeners.ts'
import { EventIndex } from './event-index.ts'
import { Intake } from './intake.ts'
import { SpoolReader } from './reader.ts'
import type { Recovered } from './recover.ts'
import { Serial } from './serial.ts'
import type { Spool, SpoolStats } from './spool.ts'
import { Window } from './window.ts'
import { type Batch, SpoolWriter } from './writer.ts'

export interface DiskSpoolOptions {
  readonly journal: Journal
  readonly dir: string
  readonly fs: JournalFs
  readonly recovered: Recovered
  readonly life: { readonly sourceId: string; readonly epoch: number }
  readonly maxBytes: number
  readonly drainIntervalMs: number
  readonly drainThreshold: number
  readonly onError: (error: unknown) => void
}

type Wanted = ((event: UsageEvent) => boolean) | undefined

/** Waiting events kept in memory although they are on disk. */
const WINDOW_EVENTS = 4096
const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 5000

/** The spool of one directory. */
export class DiskSpool implements Spool {
  readonly life: { readonly sourceId: string; readonly epoch: number }
  readonly #options: DiskSpoolOptions
  readonly #window = new Window()
  readonly #writer: SpoolWriter
  readonly #reader: SpoolReader
  readonly #writes = new Serial()
  readonly #reads = new Serial()
  readonly #listeners = new WaitingListeners()
  readonly #intakes: Intake[] = []
  /** Events taken straight from a recorder because they could not be written. */
  readonly #unwritten = new EventIndex<PendingEvents>()
  /** Waiting events were let go of because this did not want them. */
  #passedOver: { readonly wanted: Wanted } | undefined
  #reading = false
  #draining: Promise<void> | undefined
  #retryMs = FIRST_RETRY_MS
  #retry: NodeJS.Timeout | undefined
  #closing: Promise<readonly Ledger[]> | undefined
  #closed = false

  constructor(options: DiskSpoolOptions) {
    const { journal, dir, fs, recovered, maxBytes, onError } = options
    const { accounts, oldest } = recovered
    this.#options = options
    this.life = options.life
    this.#writer = new SpoolWriter({
      journal,
      accounts,
      oldest,
      maxBytes,
      isTaken: (ordinal) => this.#window.isTaken(ordinal),
      onDropped: (segment) => this.#window.forget((entry) => entry.segment === segment),
      onError,
    })
    this.#reader = new SpoolReader(
      {
        dir,
        fs,
        marks: () => accounts.marks,
        oldestSegment: () => this.#writer.oldest,
        isHeld: (ordinal) => this.#window.has(ordinal),
        onLost: (ordinal) => this.#writer.leave(ordinal, 'spool_damaged'),
        onDamage: (damage) => void journal.noteDamage(damage),
      },
      this.#writer.end,
    )
  }

  get #accounts(): Recovered['accounts'] {
    return this.#options.recovered.accounts
  }

  get pendingCount(): number {
    let count = this.#accounts.pending
    for (const { recorder } of this.#intakes) count += recorder.pendingCount
    return count
  }

  attach(recorder: PendingEvents): void {
    const { drainIntervalMs, drainThreshold } = this.#options
    if (this.#closing) throw new TallystickError('invalid_config', 'The spool is closed; open another one.')
    if (this.#intakes.some((intake) => intake.recorder === recorder)) return
    for (const { sourceId, epoch, recorded } of namesOf(recorder))
      if (recorded <= this.#accounts.life(sourceId, epoch).lastSeq) throw reused(sourceId, epoch)
    this.#intakes.push(
      new Intake(recorder, {
        accounts: this.#accounts,
        intervalMs: drainIntervalMs,
        threshold: drainThreshold,
        drain: () => void this.#drain(),
      }),
    )
  }

  async take(limit: number, wanted?: Wanted): Promise<readonly UsageEvent[]> {
    if (this.#passedOver !== undefined && this.#passedOver.wanted !== wanted) this.#rewind()
    const events: UsageEvent[] = this.#window.take(limit, wanted)
    try {
      if (events.length < limit) await this.#takeFromDisk(events, limit, wanted)
      if (events.length < limit && this.#waitingInMemory) {
        await this.#drain()
        await this.#takeFromDisk(events, limit, wanted)
      }
      if (events.length < limit && this.#writer.error !== undefined) await this.#takeUnwritten(events, limit, wanted)
    } catch (error) {
      this.#options.onError(error)
    }
    this.#listeners.fell(this.#waiting)
    return events
  }

  async settle(events: readonly UsageEvent[], outcome: 'acked' | 'rejected'): Promise<void> {
    const unwritten: UsageEvent[] = []
    for (const event of events) {
      const entry = this.#window.remove(event)
      if (entry === undefined) unwritten.push(event)
      else this.#writer.leave(entry.ordinal, outcome)
    }
    for (const [recorder, own] of this.#byRecorder(unwritten)) await recorder.settle(own, outcome)
    await this.#write()
  }

  release(events: readonly UsageEvent[]): void {
    for (const [recorder, own] of this.#byRecorder(events)) recorder.release(own)
    const gone = this.#window.release(events, ({ segment }) => segment >= this.#writer.oldest)
    for (const { ordinal } of gone) this.#writer.leave(ordinal, 'spool_full')
    this.#listeners.reached(this.#waiting)
  }

  onWaiting(threshold: number, listener: () => void): () => void {
    return this.#listeners.add(threshold, listener, this.#waiting)
  }

  ledgers(): readonly Ledger[] {
    this.#listen()
    // What is sent from memory has to be told from memory.
    return this.#accounts.ledgers(this.#writer.error === undefined)
  }

  lives(): readonly Ledger[] {
    this.#listen()
    return this.#accounts.remembered()
  }

  async flush(): Promise<void> {
    // A drain under way may have taken its last look already.
    await this.#draining
    await this.#drain()
    const { error } = this.#writer
    if (error !== undefined) throw error
  }

  stats(): SpoolStats {
    const { error, state } = this.#writer
    return {
      state,
      ...(error === undefined ? {} : { error }),
      events: this.#accounts.pending,
      bytes: this.#options.journal.stats().bytes,
      maxBytes: this.#options.maxBytes,
      adopted: 0,
    }
  }

  close(): Promise<readonly Ledger[]> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Writes the accounts down, so that a new life is known before its first event. */
  begin(): Promise<void> {
    return this.#write()
  }

  /** Goes on telling what another spool's lives have to tell. */
  inherit(from: DiskSpool): Promise<void> {
    return this.#writes.run(async () => {
      this.#accounts.inherit(from.#accounts)
      if (!this.#closed) await this.#writer.save()
    })
  }

  /** Nothing is left to send. */
  get isDone(): boolean {
    return this.#accounts.pending === 0
  }

  async #close(): Promise<readonly Ledger[]> {
    await this.#draining
    await this.#drain()
    for (const intake of this.#intakes) intake.stop()
    clearTimeout(this.#retry)
    await this.#writes.run(async () => {
      this.#listen()
      await this.#writer.save()
      this.#closed = true
    })
    const lives = this.lives()
    this.#intakes.length = 0
    this.#window.forget()
    this.#reader.close()
    await this.#options.journal.close().catch(this.#options.onError)
    return lives
  }

  /** Events that can be taken. Those in a recorder's memory are not among them, unless they cannot be written. */
  get #waiting(): number {
    let waiting = this.#accounts.pending - this.#window.taken
    if (this.#writer.error === undefined) return waiting
    for (const { recorder } of this.#intakes) waiting += recorder.pendingCount
    return waiting - this.#unwritten.size
  }

  get #waitingInMemory(): boolean {
    return this.#intakes.some(({ recorder }) => recorder.pendingCount > 0)
  }

  #listen(): void {
    for (const intake of this.#intakes) intake.listen()
  }

  #takeFromDisk(events: UsageEvent[], limit: number, wanted: Wanted): Promise<void> {
    return this.#reads.run(async () => {
      this.#reading = true
      try {
        for (;;) {
          events.push(...this.#window.take(limit - events.length, wanted))
          const { end } = this.#writer
          if (events.length >= limit || this.#reader.hasRead(end) || this.#closing) return
          if (this.#window.waiting >= WINDOW_EVENTS) {
            this.#window.forget()
            this.#passedOver = { wanted }
          }
          const entries = await this.#reader.read(limit - events.length, end)
          // Their segment may have been dropped meanwhile.
          this.#window.push(entries.filter(({ ordinal }) => this.#accounts.marks.at(ordinal) !== 0))
        }
      } finally {
        this.#reading = false
      }
    })
  }

  async #takeUnwritten(events: UsageEvent[], limit: number, wanted: Wanted): Promise<void> {
    for (const { recorder } of this.#intakes) {
      if (events.length >= limit) return
      for (const event of await recorder.take(limit - events.length, wanted)) {
        this.#unwritten.set(event, recorder)
        events.push(event)
      }
    }
  }

  #byRecorder(events: readonly UsageEvent[]): ReadonlyMap<PendingEvents, UsageEvent[]> {
    const found = new Map<PendingEvents, UsageEvent[]>()
    for (const event of events) {
      const recorder = this.#unwritten.take(event)
      if (recorder === undefined) continue
      const own = found.get(recorder)
      if (own === undefined) found.set(recorder, [event])
      else own.push(event)
    }
    return found
  }

  #rewind(): void {
    this.#passedOver = undefined
    this.#window.forget()
    this.#reader.rewind()
  }

  /** Takes out of the recorders what they hold. Calls while it goes on share it. Never rejects. */
  #drain(): Promise<void> {
    this.#draining ??= this.#drainAll()
      .catch(this.#options.onError)
      .finally(() => {
        this.#draining = undefined
      })
    return this.#draining
  }

  async #drainAll(): Promise<void> {
    for (const intake of this.#intakes) {
      // As many as there were: whoever waits for them must not wait for ever under a steady load.
      for (let left = intake.recorder.pendingCount; left > 0; ) {
        const count = await this.#writes.run(() => this.#drainBatch(intake))
        if (count === 0) break
        left -= count
      }
      if (this.#writer.error === undefined) await this.#write()
      if (this.#writer.error !== undefined) this.#retryLater()
      else if (intake.recorder.pendingCount > 0) intake.drainLater(this.#options.drainIntervalMs)
    }
  }

  /** Gives how many events were written; 0 if there were none or they could not be. */
  async #drainBatch(intake: Intake): Promise<number> {
    const { count, batches } = await intake.take()
    this.#listen()
    let failed = false
    for (const batch of batches) {
      failed ||= !(await this.#writeBatch(intake, batch))
      if (failed) intake.recorder.release(batch.events)
    }
    await this.#writer.tidy()
    this.#listeners.reached(this.#waiting)
    return failed ? 0 : count
  }

  async #writeBatch({ recorder }: Intake, batch: Batch): Promise<boolean> {
    // What is sent soon need not be read from disk again.
    const follows = !this.#reading && this.#reader.hasRead(this.#writer.end) && this.#window.waiting < WINDOW_EVENTS
    const first = await this.#writer.write(batch)
    if (first === undefined) return false
    this.#retryMs = FIRST_RETRY_MS
    const { end } = this.#writer
    if (follows && !this.#reading) {
      const { segment } = end.position
      this.#window.push(batch.events.map((event, index) => ({ ordinal: first + index, segment, event })))
      this.#reader.skipTo(end)
    }
    await recorder.settle(batch.events, 'acked')
    return true
  }

  /** Writes what has left. */
  #write(): Promise<void> {
    return this.#writes.run(async () => {
      this.#listen()
      if (!this.#writer.hasNews || this.#closed) return
      const follows = !this.#reading && this.#reader.hasRead(this.#writer.end)
      await this.#writer.write()
      if (follows && !this.#reading) this.#reader.skipTo(this.#writer.end)
      await this.#writer.tidy()
      if (this.#writer.error !== undefined) this.#retryLater()
    })
  }

  /** No event has to wake anybody for it, and it does not keep the process alive. */
  #retryLater(): void {
    if (this.#retry !== undefined || this.#closing) return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      void this.#drain().then(() => this.#write())
    }, this.#retryMs)
    this.#retry.unref()
    this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2)
  }
}

interface Named {
  readonly sourceId: string
  readonly epoch: number
  readonly recorded: number
}

/** The lives of a recorder. One that has recorded nothing yet has no ledger, but an event store says how it will go by. */
function namesOf(recorder: PendingEvents & Partial<Named>): readonly Named[] {
  const ledgers = recorder.ledgers()
  const { sourceId, epoch } = recorder
  if (ledgers.length > 0 || typeof sourceId !== 'string' || typeof epoch !== 'number') return ledgers
  return [{ sourceId, epoch, recorded: 0 }]
}

function reused(sourceId: string, epoch: number): TallystickError {
  return new TallystickError(
    'invalid_config',
    `The recorder ${sourceId} counts from 0 in epoch ${epoch}, which the spool knows from an earlier life; make it with the spool's \`life\`.`,
  )
}
