import { isTallystickError, TallystickError } from '../errors.ts'
import type { UsageEvent } from '../event/index.ts'
import type { PendingEvents } from '../recorder/index.ts'
import { retryAfterMs } from './backoff.ts'
import { SyncCounts } from './counts.ts'
import type { DeadLetter } from './dead-letters.ts'
import type { Answer, DoorRequest } from './door.ts'
import { LedgerReport } from './ledger-report.ts'
import { NativeDoor } from './native-door.ts'
import type { SyncSettings } from './options.ts'
import { Pace } from './pace.ts'
import { type Protocol, ProtocolChoice } from './protocol.ts'
import { isLlmEvent, PROTOCOL012_DOOR } from './protocol012-door.ts'
import { type Rejection, refusalOf, type Unauthorized } from './refusal.ts'
import { type Reply, Transport } from './transport.ts'
import { verdictOf } from './verdict.ts'

/** Events set aside at the most; they are known by their ids alone. */
const MAX_ASIDE = 1_000

/** What became of a request. */
type Exchange =
  | { readonly kind: 'answered'; readonly sent: number; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly sent: number; readonly rejection: Rejection }
  /** The same events can be said otherwise, at once. */
  | { readonly kind: 'again' }
  /** It makes no sense to go on now. */
  | { readonly kind: 'stopped' }

const AGAIN: Exchange = { kind: 'again' }
const STOPPED: Exchange = { kind: 'stopped' }

/** Whom a sender tells. None of them throws. */
export interface SenderListener {
  unauthorized(why: Unauthorized): void
  rejected(letters: readonly DeadLetter[]): void
  failed(error: TallystickError): void
}

/**
 * Takes waiting events, sends them and settles each by its answer. It decides how; when is for whoever calls `pass`.
 *
 * Each taken event is settled or released before the pass ends, whatever happens.
 */
export class Sender {
  readonly counts = new SyncCounts()
  readonly pace: Pace
  readonly protocol: ProtocolChoice
  readonly #pending: PendingEvents
  readonly #settings: SyncSettings
  readonly #listener: SenderListener
  readonly #transport: Transport
  readonly #native: NativeDoor
  readonly #ledgers: LedgerReport
  /** Ids that a server failed over when it got them alone: tried again when nothing else waits. */
  readonly #aside = new Set<string>()
  #token: string | undefined
  #until = 0
  #inFlight = 0
  /** Answered events that the store is striking off. */
  #closing = 0
  #halted = false
  #paused = false
  /** Tokens refused since the last answer. */
  #refusals = 0
  #drained = false

  constructor(pending: PendingEvents, settings: SyncSettings, listener: SenderListener) {
    this.#pending = pending
    this.#settings = settings
    this.#listener = listener
    this.#token = settings.token
    this.#transport = new Transport(settings)
    this.#ledgers = new LedgerReport(() => pending.ledgers())
    this.#native = new NativeDoor({ ...settings, ledgers: this.#ledgers })
    this.pace = new Pace(settings)
    this.protocol = new ProtocolChoice(settings.protocol, settings.clock)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** No request is sent until there is another token. */
  get paused(): boolean {
    return this.#paused
  }

  /** The last pass came upon something that made it stop: a failure, or a token that is refused. */
  get halted(): boolean {
    return this.#halted
  }

  /** Since the last aim a pass has found nothing more that can be sent. */
  get drained(): boolean {
    return this.#drained
  }

  /**
   * What `counts.settled` comes to when all that is pending now has been dealt with. A store may take events off its account
   * before it has struck them off for good, and they are not in `counts` yet: those are added, though some may then be
   * counted twice. That is harmless, since a pass ends when nothing is left; too low a figure would leave events behind.
   */
  get goal(): number {
    return this.counts.settled + this.#closing + this.#pending.pendingCount
  }

  /** Passes go on until as many events as are pending now have been dealt with. */
  aim(): void {
    this.#until = this.goal
    this.#drained = false
  }

  /** Sends until the aim is reached, nothing is left or something is in the way. Never rejects. */
  async pass(): Promise<void> {
    this.#halted = false
    // After a failure a single batch finds out whether the server is back.
    const lanes = this.pace.failures > 0 ? 1 : this.#settings.concurrency
    await Promise.all(Array.from({ length: lanes }, () => this.#lane()))
    if (this.#halted || this.#pending.pendingCount > 0) return
    this.#drained = true
    await this.#tellLosses()
  }

  resume(token: string | undefined): void {
    if (token !== undefined) this.#token = token
    this.#paused = false
  }

  /** Breaks off what is under way; its events wait again. */
  abort(): void {
    this.#halted = true
    this.#transport.abort()
  }

  async #lane(): Promise<void> {
    try {
      while (!this.#halted && this.counts.settled + this.#inFlight < this.#until) {
        const events = await this.#take()
        if (events.length === 0) {
          this.#drained = true
          return
        }
        await this.#deliver(events)
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  async #take(): Promise<readonly UsageEvent[]> {
    const { limit } = this.pace
    let events = await this.#pending.take(limit, this.#wanted())
    if (events.length === 0 && this.#aside.size > 0) {
      this.#aside.clear()
      events = await this.#pending.take(limit, this.#wanted())
    }
    this.#inFlight += events.length
    return events
  }

  #wanted(): ((event: UsageEvent) => boolean) | undefined {
    const aside = this.#aside
    const narrow = this.protocol.current === 'protocol012'
    if (aside.size === 0) return narrow ? isLlmEvent : undefined
    return (event) => !aside.has(event.eventId) && (!narrow || isLlmEvent(event))
  }

  async #deliver(taken: readonly UsageEvent[]): Promise<void> {
    let events = taken
    let size = taken.length
    while (events.length > 0 && !this.#halted) {
      const outcome = await this.#exchange(events.slice(0, size))
      if (outcome.kind === 'answered') {
        const sent = events.slice(0, outcome.sent)
        events = events.slice(outcome.sent)
        await this.#settle(sent, outcome.answer)
        size = outcome.sent * 2
      } else if (outcome.kind === 'refused' && outcome.sent > 1) {
        // Halves, until the one that is to blame stands alone.
        size = outcome.sent >> 1
      } else if (outcome.kind === 'refused') {
        const refused = events.slice(0, 1)
        events = events.slice(1)
        await this.#settle(refused, { rejected: new Map([[0, outcome.rejection]]), duplicates: 0, conflicts: 0 })
      } else if (outcome.kind === 'again' && this.protocol.current === 'protocol012') {
        this.#release(events.filter((event) => !isLlmEvent(event)))
        events = events.filter(isLlmEvent)
      }
    }
    this.#release(events)
  }

  async #exchange(events: readonly UsageEvent[]): Promise<Exchange> {
    const spoken = this.protocol.next()
    const token = this.#token
    const door = spoken === 'native' ? this.#native : PROTOCOL012_DOOR
    let request: DoorRequest
    try {
      request = await door.request(events, token)
    } catch (error) {
      const message = `The event cannot be written down: ${(error as Error).message}`
      return { kind: 'refused', sent: events.length, rejection: { status: 0, code: 'invalid_type', message } }
    }
    if (this.#halted) return STOPPED
    try {
      this.counts.requests++
      const reply = await this.#transport.post(request)
      if (reply.status === 500 && request.count === 1) this.#setAside(events)
      return this.#judge(reply, request, spoken, token)
    } catch (error) {
      this.pace.tooMany(request.count)
      this.#fail(error)
      return STOPPED
    }
  }

  /** @throws TallystickError when the same is to be sent again later */
  #judge(reply: Reply, request: DoorRequest, spoken: Protocol, token: string | undefined): Exchange {
    const { status } = reply
    switch (verdictOf(status)) {
      case 'answered': {
        const answer = request.read(reply)
        this.protocol.answered(spoken)
        this.pace.answered()
        this.#refusals = 0
        return { kind: 'answered', sent: request.count, answer }
      }
      case 'unauthorized':
        // There is another one by now.
        if (token !== this.#token) return AGAIN
        this.#pause({ status, ...refusalOf(reply, token) })
        return STOPPED
      case 'no_route':
        if (this.protocol.missing(spoken)) return AGAIN
        throw this.#unanswered(reply, token)
      case 'later':
        throw this.#unanswered(reply, token)
      case 'refused':
        if (status === 415 && request.headers['content-encoding'] !== undefined) {
          this.#native.gzip = false
          return AGAIN
        }
        if (status === 413) this.pace.tooMany(request.count)
        return { kind: 'refused', sent: request.count, rejection: { status, ...refusalOf(reply, token) } }
    }
  }

  async #settle(events: readonly UsageEvent[], { rejected, duplicates, conflicts }: Answer): Promise<void> {
    this.#closing += events.length
    const kept = events.filter((_, index) => !rejected.has(index))
    const refused = events.filter((_, index) => rejected.has(index))
    if (kept.length > 0 && (await this.#close(kept, 'acked'))) {
      this.counts.acked += kept.length
      this.counts.duplicates += duplicates
      this.counts.conflicts += conflicts
    }
    if (refused.length > 0 && (await this.#close(refused, 'rejected'))) {
      this.counts.rejected += refused.length
      const letters = [...rejected].map(([index, rejection]) => ({ event: events[index] as UsageEvent, ...rejection }))
      for (const { code } of letters) this.counts.countRejected(code)
      this.#listener.rejected(letters)
    }
    this.#closing -= events.length
  }

  /** False when the events could not be struck off; they are sent once more, and the server knows them. */
  async #close(events: readonly UsageEvent[], outcome: 'acked' | 'rejected'): Promise<boolean> {
    try {
      await this.#pending.settle(events, outcome)
      this.#inFlight -= events.length
      return true
    } catch (error) {
      this.#release(events)
      this.#fail(error)
      return false
    }
  }

  #release(events: readonly UsageEvent[]): void {
    if (events.length === 0) return
    this.#inFlight -= events.length
    this.#pending.release(events)
  }

  /** Drops after the last event would otherwise be told only with the next one, which may never come. */
  async #tellLosses(): Promise<void> {
    // What is dropped meanwhile is for the next pass: who drops all the time must not make this a loop.
    for (let left = this.#ledgers.requestsToTell; left > 0; left--) {
      if (this.#paused || !this.protocol.certainlyNative) return
      if ((await this.#exchange([])).kind !== 'answered') return
    }
  }

  /** A server may fail over one event for ever: the others do not wait for it. */
  #setAside(events: readonly UsageEvent[]): void {
    if (this.#aside.size >= MAX_ASIDE) this.#aside.clear()
    for (const { eventId } of events.slice(0, 1)) this.#aside.add(eventId)
  }

  #pause(why: Unauthorized): void {
    this.#halted = true
    if (this.#paused) return
    this.#paused = true
    // Whoever has only the same token to give, again and again, must not make this a loop.
    if (this.#refusals++ > 0) this.pace.failed(undefined)
    this.#listener.unauthorized(why)
  }

  #fail(error: unknown): void {
    this.#halted = true
    const problem = isTallystickError(error)
      ? error
      : new TallystickError('internal_error', `Sending failed: ${(error as Error).message}`, { cause: error })
    this.counts.failures++
    if (problem.code === 'bad_answer') this.counts.badAnswers++
    this.counts.lastError = problem
    this.pace.failed(problem.retryAfterSeconds)
    this.#listener.failed(problem)
  }

  #unanswered(reply: Reply, token: string | undefined): TallystickError {
    const { code, message } = refusalOf(reply, token)
    const askedMs = retryAfterMs(reply.retryAfter, this.#settings.clock)
    return new TallystickError(
      'server_unreachable',
      `${this.#settings.url} takes no events now: status ${reply.status}, ${code}${message === '' ? '' : `, ${message}`}`,
      askedMs === undefined ? {} : { retryAfterSeconds: askedMs / 1000 },
    )
  }
}
