import { setImmediate } from 'node:timers/promises'
import { type ErrorCode, isTallystickError, TallystickError } from '@tallystick/core'
import {
  type Clock,
  contentJson,
  type DecodeContext,
  type Decoder,
  decodeWireEvent,
  type Mutable,
  type UsageEvent,
  uuidv7Generator,
  wireJson,
} from '@tallystick/core/event'
import type { PriceBook } from '@tallystick/core/pricing'
import type { StoredEvent } from '../store/store.ts'
import type { Applier, ExpectedEvents } from './apply/applier.ts'
import { type ConflictLog, createConflictLog } from './conflicts.ts'
import type { Dedup } from './dedup/dedup.ts'
import { contentHash, idempotentId } from './dedup/identity.ts'
import type { DedupKeeper } from './dedup/keeper.ts'
import { journalBody } from './dedup/replay.ts'
import type { Reservation } from './dedup/reservation.ts'
import { DamagedRunError } from './dedup/sorted-run.ts'
import type { EventLog } from './event-log.ts'
import type { SourceGaps } from './gaps.ts'
import type { IngestAnswer, IngestRequest, Observed } from './ingest.ts'
import type { OrdinalLedger, Pledge } from './ledger.ts'
import { assignPrice } from './pricing.ts'
import { Reply } from './reply.ts'
import type { Tally } from './tally.ts'

/** Items that are worked on in one go: about 8 ms, so that a large delivery does not hold up the small ones. */
const SLICE_ITEMS = 1000

export interface PipelineParts {
  readonly dedup: Dedup
  readonly keeper: Pick<DedupKeeper, 'assertReady' | 'tend' | 'heal'>
  readonly log: EventLog
  readonly applier: Applier
  readonly prices: Pick<PriceBook, 'price'>
  readonly ledger: OrdinalLedger
  readonly gaps: SourceGaps
  readonly tally: Tally
  readonly clock: Clock
  readonly mintId?: () => string
  /** Given each group of accepted events once they are durable. */
  readonly publish: (events: readonly StoredEvent[]) => void
  readonly onError: (error: unknown) => void
}

/** An item that is a valid event. Also its own claim to its id. */
interface Candidate {
  readonly index: number
  readonly event: Mutable<UsageEvent>
  readonly contentHash: string
  readonly receivedMs: number
  readonly minted: boolean
}

/** What was decided about some items of a delivery in one go; their outcome is known when `durable` is. */
interface Round {
  readonly rejected: readonly ErrorCode[]
  readonly fresh: readonly Candidate[]
  readonly duplicates: readonly Candidate[]
  readonly conflicts: readonly Candidate[]
}

/** One delivery on its way. */
interface Delivery {
  readonly request: IngestRequest
  readonly receivedMs: number
  readonly reply: Reply
  /** Items that have their outcome. */
  settled: number
  answered: boolean
  error: unknown
}

/**
 * The pipeline: decode, claim the id, price, append to the journal, wait as the acknowledgement asks, settle, hand over,
 * publish. Everything up to the append happens without giving way, so two deliveries never see half of each other.
 */
export class Pipeline {
  readonly #parts: PipelineParts
  readonly #mintId: () => string
  readonly conflicts: ConflictLog = createConflictLog()

  constructor(parts: PipelineParts) {
    this.#parts = parts
    this.#mintId = parts.mintId ?? uuidv7Generator(parts.clock)
  }

  async submit(request: IngestRequest): Promise<IngestAnswer> {
    const { items } = request
    const reply = new Reply(items.length, request.wantResults === true)
    const delivery: Delivery = {
      request,
      receivedMs: this.#parts.clock.now(),
      reply,
      settled: 0,
      answered: false,
      error: undefined,
    }
    this.#parts.tally.arrived(items.length)
    const rounds: Promise<void>[] = []
    const waiting: Waiting[] = []
    let taken = 0
    try {
      this.#parts.applier.assertRoom()
      this.#parts.keeper.assertReady()
      while (taken < items.length) {
        if (taken > 0) await setImmediate()
        const slice = items.slice(taken, taken + SLICE_ITEMS)
        const { candidates, rejected } = this.#decode(delivery, slice, taken)
        rounds.push(this.#round(delivery, candidates, rejected, waiting))
        taken += slice.length
      }
      while (waiting.length > 0) {
        const held = waiting.splice(0)
        await Promise.all(held.map(({ holder }) => holder.done))
        rounds.push(
          this.#round(
            delivery,
            held.map(({ candidate }) => candidate),
            [],
            waiting,
          ),
        )
      }
    } catch (error) {
      delivery.error ??= error
    }
    if (request.ack !== 'received' || delivery.error !== undefined) await Promise.all(rounds)
    if (delivery.error !== undefined) throw this.#fail(delivery, items.length)
    if (request.ack === 'applied') await this.#parts.applier.applied(this.#parts.log.end().ordinal)
    this.#parts.tally.answered(delivery.settled, items.length - delivery.settled)
    delivery.answered = true
    return reply.answer()
  }

  #decode(
    delivery: Delivery,
    slice: readonly unknown[],
    firstIndex: number,
  ): { candidates: Candidate[]; rejected: ErrorCode[] } {
    const { request, receivedMs, reply } = delivery
    const { decode = decodeWireEvent, idempotencyKey, principal, defaults, observed } = request
    const candidates: Candidate[] = []
    const rejected: ErrorCode[] = []
    let index = firstIndex
    const context: DecodeContext = {
      nowMs: receivedMs,
      mintId: idempotencyKey === undefined ? this.#mintId : () => idempotentId(idempotencyKey, index),
      ...(defaults ? { defaults } : {}),
    }
    for (const item of slice) {
      const decoded = this.#decodeItem(decode, item, context)
      if (decoded.ok) {
        const { event } = decoded
        if (principal?.tenantId !== undefined) event.tenantId = principal.tenantId
        const minted = decoded.idMinted && idempotencyKey === undefined
        const content = contentHash(contentJson(decoded))
        if (observed !== undefined) observe(event, observed)
        candidates.push({ index, event, contentHash: content, receivedMs, minted })
      } else {
        rejected.push(decoded.code)
        reply.reject(index, decoded)
      }
      index++
    }
    return { candidates, rejected }
  }

  /** A decoder of another folder that throws after all costs one item, not the delivery. */
  #decodeItem(decode: Decoder, item: unknown, context: DecodeContext): ReturnType<Decoder> {
    try {
      return decode(item, context)
    } catch (error) {
      this.#parts.onError(error)
      return { ok: false, code: 'internal_error', message: 'The item could not be read' }
    }
  }

  /**
   * Decides what can be decided now, and sends it off. Items whose id another delivery holds are added to `waiting`. The
   * promise resolves when the outcome is counted; it never rejects, a failure is left in the delivery.
   */
  #round(
    delivery: Delivery,
    candidates: readonly Candidate[],
    rejected: readonly ErrorCode[],
    waiting: Waiting[],
  ): Promise<void> {
    const { dedup, keeper } = this.#parts
    const round = { rejected, fresh: [] as Candidate[], duplicates: [] as Candidate[], conflicts: [] as Candidate[] }
    const reservation = dedup.reserve(candidates.length)
    try {
      for (const candidate of candidates) this.#claim(reservation, candidate, round, waiting)
    } catch (error) {
      reservation.release()
      if (!(error instanceof DamagedRunError)) throw error
      keeper.heal(error)
      keeper.assertReady()
    }
    this.#reply(delivery, round)
    if (round.fresh.length > 0) return this.#store(delivery, round, reservation)
    reservation.release()
    this.#settle(delivery, round, [])
    return Promise.resolve()
  }

  #claim(
    reservation: Reservation,
    candidate: Candidate,
    round: { fresh: Candidate[]; duplicates: Candidate[]; conflicts: Candidate[] },
    waiting: Waiting[],
  ): void {
    const claim = this.#parts.dedup.claim(reservation, candidate)
    if (claim === 'fresh') round.fresh.push(candidate)
    else if (claim === 'duplicate') round.duplicates.push(candidate)
    else if (claim === 'conflict') round.conflicts.push(candidate)
    else waiting.push({ candidate, holder: claim })
  }

  #reply({ reply }: Delivery, { fresh, duplicates, conflicts }: Round): void {
    for (const { index, event } of fresh) reply.set(index, 'accepted', event.eventId)
    for (const { index, event } of duplicates) reply.set(index, 'duplicate', event.eventId)
    for (const { index, event } of conflicts) reply.set(index, 'conflict', event.eventId)
  }

  /** Prices and journals what is new. Never rejects. */
  async #store(delivery: Delivery, round: Round, reservation: Reservation): Promise<void> {
    const { ledger, applier } = this.#parts
    let sent: Sent | undefined
    let events: readonly StoredEvent[] | undefined
    try {
      sent = this.#append(round.fresh)
      await sent.durable
      events = sent.events
    } catch (error) {
      delivery.error ??= error
    }
    if (sent?.pledge) ledger.settle(sent.pledge, events !== undefined)
    if (sent?.expected) applier.settle(sent.expected, events !== undefined)
    if (events) {
      reservation.settle()
      this.#settle(delivery, round, events)
    } else {
      reservation.release()
      this.#settleFailed(delivery, round)
    }
  }

  #append(fresh: readonly Candidate[]): Sent {
    const { log, applier, ledger, prices, tally, onError } = this.#parts
    for (const { event } of fresh) assignPrice(event, prices, tally, onError)
    const { firstOrdinal, durable } = log.append(fresh.length, (at) => {
      const { event, contentHash: hash, receivedMs } = fresh[at] as Candidate
      return journalBody(receivedMs, hash, wireJson(event))
    })
    // Refused at once: no ordinals were given out.
    if (firstOrdinal === 0) return { durable, events: [] }
    const events = fresh.map(
      ({ event, receivedMs }, at): StoredEvent => ({ ordinal: firstOrdinal + at, receivedMs, event }),
    )
    return { durable, events, pledge: ledger.pledge(firstOrdinal, events.length), expected: applier.expect(events) }
  }

  /** Everything that moves when items have their outcome, in one step. */
  #settle(delivery: Delivery, { rejected, fresh, duplicates, conflicts }: Round, events: readonly StoredEvent[]): void {
    const { tally, gaps, keeper, publish } = this.#parts
    const { door } = delivery.request
    for (const { event } of fresh) gaps.observe(event)
    for (const { event } of duplicates) gaps.observe(event)
    for (const { event, receivedMs } of conflicts) {
      gaps.observe(event)
      const { eventId, tenantId, agentId, sourceId } = event
      this.conflicts.add({
        atMs: receivedMs,
        door,
        eventId,
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(agentId === undefined ? {} : { agentId }),
        ...(sourceId === undefined ? {} : { sourceId }),
      })
    }
    const outcome = {
      accepted: fresh.length,
      duplicate: duplicates.length,
      conflict: conflicts.length,
      failed: 0,
      rejected,
    }
    delivery.settled += fresh.length + duplicates.length + conflicts.length + rejected.length
    if (delivery.answered) tally.settledLate(door, outcome)
    else tally.settled(door, outcome)
    if (fresh.length > 0) keeper.tend()
    if (events.length > 0) publish(events)
  }

  /** A sender that is told of the failure sends all of it again; one that has its answer already lost only what was accepted. */
  #settleFailed(delivery: Delivery, { rejected, fresh, duplicates, conflicts }: Round): void {
    const { tally } = this.#parts
    const { door } = delivery.request
    if (delivery.answered) {
      tally.settledLate(door, {
        accepted: 0,
        duplicate: duplicates.length,
        conflict: conflicts.length,
        failed: fresh.length,
        rejected,
      })
      this.#parts.onError(delivery.error)
      return
    }
    const failed = fresh.length + duplicates.length + conflicts.length + rejected.length
    delivery.settled += failed
    tally.settled(door, { accepted: 0, duplicate: 0, conflict: 0, failed, rejected: [] })
  }

  /** Counts what has no outcome yet as failed and gives the error to throw. */
  #fail(delivery: Delivery, items: number): TallystickError {
    const { tally } = this.#parts
    const failed = items - delivery.settled
    if (failed > 0)
      tally.settled(delivery.request.door, { accepted: 0, duplicate: 0, conflict: 0, failed, rejected: [] })
    delivery.settled = items
    const { error } = delivery
    return isTallystickError(error)
      ? error
      : new TallystickError('internal_error', 'The events could not be taken in', { cause: error })
  }
}

/** Events that are on their way into the log. */
interface Sent {
  readonly durable: Promise<unknown>
  readonly events: readonly StoredEvent[]
  readonly pledge?: Pledge
  readonly expected?: ExpectedEvents
}

/** An item whose id another delivery holds. */
interface Waiting {
  readonly candidate: Candidate
  readonly holder: Reservation
}

function observe(event: Mutable<UsageEvent>, { clientIp, authMethod, authenticated }: Observed): void {
  if (clientIp !== undefined && event.clientIp === undefined) event.clientIp = clientIp
  if (authMethod !== undefined && event.authMethod === undefined) event.authMethod = authMethod
  if (authenticated !== undefined && event.authenticated === undefined) event.authenticated = authenticated
}
