import { TallystickError } from '../errors.ts'
import type { DropReason, PendingEvents } from '../recorder/index.ts'
import { SyncConfig } from './config.ts'
import { type DeadLetter, deadLetterLine } from './dead-letters.ts'
import { SYNC_OPTIONS, type SyncOptions, type SyncSettings } from './options.ts'
import type { Protocol } from './protocol.ts'
import type { Unauthorized } from './refusal.ts'
import { Sender } from './sender.ts'

/** How long `flush` and `stop` try unless they are told. */
const FLUSH_MS = 5_000

/** How long a flush may take. */
export interface FlushOptions {
  /** After so many ms it is given up; what has not been answered stays pending. 5,000 by default; 0: nothing is tried; Infinity: never. */
  readonly timeoutMs?: number
}

/** What has become of events. `acked` and `rejected` count from when the client was made. */
export interface SyncReport {
  /** With the server: accepted, or known to it already. */
  readonly acked: number
  /** Refused by it for good. */
  readonly rejected: number
  /** Not answered. */
  readonly pending: number
  /** What the store has dropped, by reason, in all lives that it tells of. */
  readonly dropped: ReadonlyMap<DropReason, number>
}

/**
 * - `disabled`: no url
 * - `stopped`: not started, or stopped
 * - `waiting`: for a threshold, or for the interval
 * - `sending`: a request is under way
 * - `backing_off`: the last attempt failed
 * - `unauthorized`: until `resume` is called
 */
export type SyncState = 'disabled' | 'stopped' | 'waiting' | 'sending' | 'backing_off' | 'unauthorized'

/** {@link SyncReport} with what else is known; counts are from when the client was made. */
export interface SyncStats extends SyncReport {
  readonly state: SyncState
  /** Which protocol is spoken to the server at present. */
  readonly protocol: Protocol
  /** Of `pending`: taken for requests that are under way. */
  readonly inFlight: number
  /** Of `acked`: known to the server before. */
  readonly duplicates: number
  /** Of `acked`: the server holds other content under the same id. */
  readonly conflicts: number
  /** `rejected` by the server's code. */
  readonly rejectedBy: ReadonlyMap<string, number>
  readonly requests: number
  /** Requests without an answer that counts; their events were kept. */
  readonly failures: number
  /** Of `failures`: answers that did not account for each event sent. */
  readonly badAnswers: number
  readonly lastError: TallystickError | undefined
}

/**
 * Sends recorded events to a server in the background.
 *
 * Sends what waits at the start, then whenever `batchThreshold` events wait, and at least every `intervalMs`. An event
 * leaves the store when the server has answered for it; until then it is pending, and sent again as often as needed.
 * The server tells repeats by their ids. Nothing here throws after construction, and nothing keeps the process alive
 * but `flush` and `stop`.
 *
 * @example
 * const client = new SyncClient(store, new SyncConfig('http://127.0.0.1:8088', 'token')).start()
 * // ...
 * const { acked, pending } = await client.stop({ timeoutMs: 2_000 })
 */
export class SyncClient {
  readonly #pending: PendingEvents
  readonly #settings: SyncSettings
  readonly #sender: Sender
  #running = false
  /** `flush` and `stop` under way. */
  #flushes = 0
  #passing: Promise<void> | undefined
  #cancelTick: () => void = () => undefined
  #cancelRetry: (() => void) | undefined
  #stopListening: () => void = () => undefined
  /** The application has been asked for another token and has not answered. */
  #asking = false
  /** Whoever waits for something to change. */
  #waiting: (() => void)[] = []

  /**
   * @param store an `EventStore`, a spool, or whatever else holds events for a server
   * @throws TallystickError `invalid_config`
   */
  constructor(store: PendingEvents, config: SyncConfig | SyncOptions) {
    const problem = SYNC_OPTIONS.store.problem(store)
    if (problem !== undefined)
      throw new TallystickError('invalid_config', `The first argument is not a store of events: it ${problem}.`)
    this.#pending = store
    this.#settings = settingsOf(config)
    this.#sender = new Sender(store, this.#settings, {
      unauthorized: (why) => this.#askForToken(why),
      rejected: (letters) => this.#bury(letters),
      failed: (error) => this.#tell(() => this.#settings.onError?.(error)),
    })
  }

  /**
   * Makes a client and starts it.
   *
   * @throws TallystickError `invalid_config`, also where a configuration alone has no member `store`
   */
  static start(store: PendingEvents, config: SyncConfig | SyncOptions): SyncClient
  static start(config: SyncConfig | SyncOptions): SyncClient
  static start(first: PendingEvents | SyncConfig | SyncOptions, config?: SyncConfig | SyncOptions): SyncClient {
    if (config !== undefined) return new SyncClient(first as PendingEvents, config).start()
    const settings = settingsOf(first as SyncConfig | SyncOptions)
    if (settings.store === undefined)
      throw new TallystickError(
        'invalid_config',
        'SyncClient.start(config) does not know whose events to send: call SyncClient.start(store, config), or give the configuration a member `store`.',
      )
    return new SyncClient(settings.store, settings).start()
  }

  /** Starts sending in the background; a second call changes nothing. */
  start(): this {
    if (this.#running || this.#settings.url === '') return this
    this.#running = true
    this.#stopListening = this.#pending.onWaiting(this.#settings.batchThreshold, () => this.#wake())
    this.#tick()
    return this
  }

  /**
   * Sends what waits now, once, whether started or not.
   *
   * @returns how many events were answered for good meanwhile, accepted or refused; 0 without a server
   */
  async syncEvents(): Promise<number> {
    const { counts, pace } = this.#sender
    const before = counts.settled
    await this.#flushing(async () => {
      await this.#passing
      pace.hurry()
      this.#wake()
      await this.#passing
    })
    return counts.settled - before
  }

  /** Sends until everything that waits now has been answered, or the time is over. */
  async flush({ timeoutMs = FLUSH_MS }: FlushOptions = {}): Promise<SyncReport> {
    if (timeoutMs > 0 && this.#settings.url !== '') await this.#flushing(() => this.#drain(timeoutMs))
    return this.#report()
  }

  /**
   * Ends the sending in the background and flushes. What has not been answered by then is broken off and stays in the
   * store; `start` goes on with it.
   */
  async stop(options: FlushOptions = {}): Promise<SyncReport> {
    this.#running = false
    this.#cancelTick()
    this.#stopListening()
    await this.flush(options)
    if (!this.#running && this.#flushes === 0) {
      this.#sender.abort()
      await this.#passing
    }
    return this.#report()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /**
   * Goes on after the server has refused the token.
   *
   * @param token the one to use from now on; the old one is tried again without
   * @throws TallystickError `invalid_config`
   */
  resume(token?: string): void {
    if (token !== undefined) checkedToken(token)
    this.#sender.pace.hurry()
    this.#goOn(token)
  }

  stats(): SyncStats {
    const { counts, protocol, inFlight } = this.#sender
    return {
      ...this.#report(),
      state: this.#state(),
      protocol: protocol.current,
      inFlight,
      duplicates: counts.duplicates,
      conflicts: counts.conflicts,
      rejectedBy: new Map(counts.rejectedBy),
      requests: counts.requests,
      failures: counts.failures,
      badAnswers: counts.badAnswers,
      lastError: counts.lastError,
    }
  }

  #report(): SyncReport {
    const { acked, rejected } = this.#sender.counts
    const dropped = new Map<DropReason, number>()
    for (const ledger of this.#pending.ledgers())
      for (const [reason, count] of ledger.dropped) dropped.set(reason, (dropped.get(reason) ?? 0) + count)
    return { acked, rejected, pending: this.#pending.pendingCount, dropped }
  }

  #state(): SyncState {
    if (this.#settings.url === '') return 'disabled'
    if (this.#sender.paused) return 'unauthorized'
    if (this.#passing !== undefined) return 'sending'
    if (!this.#running) return 'stopped'
    return this.#sender.pace.failures > 0 ? 'backing_off' : 'waiting'
  }

  #tick(): void {
    this.#cancelTick = this.#settings.timers.after(this.#settings.intervalMs, () => this.#tick())
    this.#wake()
  }

  /** Starts a pass over what waits now, unless one is under way, which then goes on that far, or none may be made yet. */
  #wake(): void {
    const sender = this.#sender
    if (this.#settings.url === '' || (!this.#running && this.#flushes === 0)) return
    sender.aim()
    if (this.#passing !== undefined || sender.paused) return
    const waitMs = sender.pace.waitMs()
    if (waitMs > 0) {
      this.#cancelRetry ??= this.#settings.timers.after(waitMs, () => {
        this.#cancelRetry = undefined
        this.#wake()
      })
      return
    }
    this.#forgetRetry()
    this.#passing = sender.pass().then(() => {
      this.#passing = undefined
      this.#changed()
      // What was in the way may be gone again; and what came meanwhile may be enough for another pass.
      if (sender.halted || (!sender.drained && this.#waitingCount >= this.#settings.batchThreshold)) this.#wake()
    })
  }

  get #waitingCount(): number {
    return this.#pending.pendingCount - this.#sender.inFlight
  }

  async #drain(timeoutMs: number): Promise<void> {
    const { clock, timers } = this.#settings
    const { counts, pace } = this.#sender
    const deadlineMs = clock.monotonic() + timeoutMs
    let expired = false
    const cancel = timers.after(
      timeoutMs,
      () => {
        expired = true
        this.#changed()
      },
      true,
    )
    const { goal } = this.#sender
    pace.hurry()
    // Once at least: though no event waits, losses may have to be told.
    do {
      this.#wake()
      const attemptMs = clock.monotonic() + pace.waitMs()
      if (this.#passing === undefined && !this.#asking && (this.#sender.paused || attemptMs > deadlineMs)) break
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } while (!expired && counts.settled < goal && !this.#sender.drained)
    cancel()
  }

  /** Passes are made while somebody waits for one, also when nothing is sent in the background. */
  async #flushing(work: () => Promise<void>): Promise<void> {
    this.#flushes++
    try {
      await work()
    } finally {
      this.#flushes--
      if (!this.#running && this.#flushes === 0) this.#forgetRetry()
    }
  }

  #forgetRetry(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
  }

  #changed(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #goOn(token: string | undefined): void {
    this.#sender.resume(token)
    this.#wake()
  }

  #askForToken(why: Unauthorized): void {
    this.#asking = true
    this.#tell(async () => {
      const token = await this.#settings.onUnauthorized?.(why)
      this.#asking = false
      if (typeof token === 'string') this.#goOn(checkedToken(token))
      this.#changed()
    })
  }

  #bury(letters: readonly DeadLetter[]): void {
    const { onRejected, deadLetters, clock } = this.#settings
    if (onRejected !== undefined) for (const letter of letters) this.#tell(() => onRejected(letter))
    if (deadLetters !== undefined)
      this.#tell(() => deadLetters.write(letters.map((letter) => deadLetterLine(letter, clock.now())).join('')))
  }

  /** Calls what the application gave; whatever that throws is told to `onError`, and if that throws, to nobody. */
  #tell(call: () => unknown): void {
    const attempt = async (): Promise<unknown> => call()
    attempt()
      .catch((cause: unknown) => {
        this.#asking = false
        this.#changed()
        const message = `A callback of the sync client failed: ${(cause as Error).message}`
        return this.#settings.onError?.(new TallystickError('internal_error', message, { cause }))
      })
      .catch(() => undefined)
  }
}

function checkedToken(token: string): string {
  const problem = SYNC_OPTIONS.token.problem(token)
  if (problem !== undefined) throw new TallystickError('invalid_config', `The token ${problem}.`)
  return token
}

function settingsOf(config: SyncConfig | SyncOptions): SyncSettings {
  return config instanceof SyncConfig ? config.settings : new SyncConfig(config).settings
}
