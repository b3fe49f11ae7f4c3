import { setImmediate } from 'node:timers/promises'
import { type ErrorCode, isTallystickError, TallystickError } from '@tallystick/core'
import {
  type Clock,
  type DecodeContext,
  type Decoder,
  decodeWireEvent,
  JsonBytes,
  type Mutable,
  type SentContent,
  type UsageEvent,
  uuidv7Generator,
  writeContent,
} from '@tallystick/core/event'
import type { PriceBook } from '@tallystick/core/pricing'
import type { StoredEvent } from '../store/store.ts'
import type { Applier, ExpectedEvents } from './apply/applier.ts'
import { type ConflictLog, createConflictLog } from './conflicts.ts'
import type { Dedup } from './dedup/dedup.ts'
import { contentHash, idempotentId } from './dedup/identity.ts'
import type { DedupKeeper } from './dedup/keeper.ts'
import { type AcceptedEvent, writeJournalBody } from './dedup/replay.ts'
import type { Reservation } from './dedup/reservation.ts'
import { DamagedRunError } from './dedup/sorted-run.ts'
import type { EventLog } from './event-log.ts'
import type { SourceGaps } from './gaps.ts'
import type { AckMode, IngestAnswer, IngestRequest, Observed } from './ingest.ts'
import type { OrdinalLedger, Pledge } from './ledger.ts'
import { assignPrice } from './pricing.ts'
import { Reply } from './reply.ts'
import type { SourceLedger } from './source-ledger.ts'
import type { Tally } from './tally.ts'
import { within } from './within.ts'

/** Items that are worked on in one go: about 8 ms, so that a large delivery does not hold up the small ones. */
const SLICE_ITEMS = 1000
const CONTENT_BYTES = 64 * 1024
/** More than this for the contents of one slice is given back after it. */
const KEPT_CONTENT_BYTES = 4 * 1024 * 1024

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
interface Candidate extends AcceptedEvent {
  readonly index: number
  readonly event: Mutable<UsageEvent>
  /** Overwritten by the next slice unless it is kept. */
  content: SentContent
  readonly minted: boolean
}

/** What was decided about some items of a delivery in one go; their outcome is known when `durable` is. */
interface Round {
  readonly rejected: readonly ErrorCode[]
  readonly fresh: readonly Candidate[]
  readonly duplicates: readonly Candidate[]
  readonly conflicts: readonly Candidate[]
}

/**
 * One delivery on its way. It does not hold what was sent: parsed items that stay in reach until the disk has answered are
 * copied by the collector again and again, which costs more than decoding them.
 */
interface Delivery {
  readonly door: string
  readonly ack: AckMode
  readonly appliedWithinMs: number | undefined
  readonly receivedMs: number
  readonly items: number
  readonly reply: Reply
  readonly rounds: Promise<void>[]
  readonly waiting: Waiting[]
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
  /** What the senders of the slice in hand said. */
  #contents = new JsonBytes(CONTENT_BYTES)
  readonly conflicts: ConflictLog = createConflictLog()

  constructor(parts: PipelineParts) {
    this.#parts = parts
    this.#mintId = parts.mintId ?? uuidv7Generator(parts.clock)
  }

  /** Not `async`, so that nothing keeps the request while its answer is waited for. */
  submit(request: IngestRequest): Promise<IngestAnswer> {
    const { items, door, ack = 'durable', appliedWithinMs, wantResults = false } = request
    const delivery: Delivery = {
      door,
      ack,
      appliedWithinMs,
      receivedMs: this.#parts.clock.now(),
      items: items.length,
      reply: new Reply(items.length, wantResults),
      rounds: [],
      waiting: [],
      settled: 0,
      answered: false,
      error: undefined,
    }
    this.#parts.tally.arrived(items.length)
    return this.#answer(delivery, this.#take(delivery, request))
  }

  /** Takes the first slice at once, and the others, if any, in turns of their own. */
  #take(delivery: Delivery, request: IngestRequest): Promise<void> | undefined {
    try {
      this.#parts.applier.assertRoom()
      this.#parts.keeper.assertReady()
      if (request.ledgers) this.#tell(delivery, request.ledgers, request.principal?.tenantId)
      if (delivery.items > 0) this.#slice(delivery, request, 0)
    } catch (error) {
      return Promise.reject(error)
    }
    return delivery.items > SLICE_ITEMS ? this.#takeRest(delivery, request) : undefined
  }

  /** What a sender says of events that will never come: known at once, and kept before the answer. */
  #tell(delivery: Delivery, ledgers: readonly SourceLedger[], tenantId: string | null | undefined): void {
    const { gaps, log, applier } = this.#parts
    const { receivedMs } = delivery
    const own = tenantId === undefined ? ledgers : ledgers.map((ledger) => ledgerOf(ledger, tenantId))
    gaps.told(own)
    const news = gaps.worthKeeping(own, receivedMs)
    if (news.length === 0) return
    const { firstOrdinal, durable } = log.tell(news)
    const expected = firstOrdinal === 0 ? undefined : applier.expectOther(firstOrdinal)
    const keep = async (): Promise<void> => {
      let kept = false
      try {
        await durable
        kept = true
        gaps.kept(news, receivedMs)
      } catch (error) {
        if (delivery.answered) this.#parts.onError(error)
        else delivery.error ??= error
      }
      if (expected) applier.settle(expected, kept)
    }
    delivery.rounds.push(keep())
  }

  async #takeRest(delivery: Delivery, request: IngestRequest): Promise<void> {
    for (let first = SLICE_ITEMS; first < delivery.items; first += SLICE_ITEMS) {
      await setImmediate()
      this.#slice(delivery, request, first)
    }
  }

  #slice(delivery: Delivery, request: IngestRequest, first: number): void {
    this.#contents.length = 0
    const { candidates, rejected } = this.#decode(delivery, request, first)
    this.#round(delivery, candidates, rejected)
    if (this.#contents.bytes.length > KEPT_CONTENT_BYTES) this.#contents = new JsonBytes(CONTENT_BYTES)
  }

  async #answer(delivery: Delivery, rest: Promise<void> | undefined): Promise<IngestAnswer> {
    const { applier, log, tally } = this.#parts
    const { ack, appliedWithinMs, items, reply, rounds, waiting } = delivery
    try {
      if (rest) await rest
      while (waiting.length > 0) {
        const held = waiting.splice(0)
        await Promise.all(held.map(({ holder }) => holder.done))
        const candidates = held.map(({ candidate }) => candidate)
        this.#round(delivery, candidates, [])
      }
    } catch (error) {
      delivery.error ??= error
    }
    if (ack !== 'received' || delivery.error !== undefined) await Promise.all(rounds)
    if (delivery.error !== undefined) throw this.#fail(delivery)
    if (ack === 'applied') await within(applier.applied(log.end().ordinal), appliedWithinMs)
    tally.answered(delivery.settled, items - delivery.settled)
    delivery.answered = true
    return reply.answer()
  }

  #decode(
    { receivedMs, reply }: Delivery,
    { items, decode = decodeWireEvent, idempotencyKey, principal, defaults, observed }: IngestRequest,
    first: number,
  ): { candidates: Candidate[]; rejected: ErrorCode[] } {
    const candidates: Candidate[] = []
    const rejected: ErrorCode[] = []
    let index = first
    const context: DecodeContext = {
      nowMs: receivedMs,
      mintId: idempotencyKey === undefined ? this.#mintId : () => idempotentId(idempotencyKey, index),
      ...(defaults ? { defaults } : {}),
    }
    for (const end = Math.min(items.length, first + SLICE_ITEMS); index < end; index++) {
      const decoded = this.#decodeItem(decode, items[index], context)
      if (!decoded.ok) {
        rejected.push(decoded.code)
        reply.reject(index, decoded)
        continue
      }
      const { event, idMinted, timestampMinted } = decoded
      if (principal !== undefined) assign(event, principal)
      const content = writeContent(this.#contents, decoded)
      const seen = typeof observed === 'function' ? observed(index) : observed
      candidates.push({
        index,
        event,
        content,
        contentHash: contentHash(content.bytes),
        receivedMs,
        timestampMinted,
        ...(seen === undefined ? {} : { observed: observe(event, seen) }),
        minted: idMinted && idempotencyKey === undefined,
      })
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
   * Decides what can be decided now, and sends it off. Items whose id another delivery holds are left `waiting`; what is
   * added to `rounds` resolves when the outcome is counted and never rejects, a failure is left in the delivery.
   */
  #round(delivery: Delivery, candidates: readonly Candidate[], rejected: readonly ErrorCode[]): void {
    const { dedup, keeper } = this.#parts
    const round = { rejected, fresh: [] as Candidate[], duplicates: [] as Candidate[], conflicts: [] as Candidate[] }
    const reservation = dedup.reserve(candidates.length)
    try {
      for (const candidate of candidates) this.#claim(reservation, candidate, round, delivery.waiting)
    } catch (error) {
      reservation.release()
      if (!(error instanceof DamagedRunError)) throw error
      keeper.heal(error)
      keeper.assertReady()
    }
    this.#reply(delivery, round)
    if (round.fresh.length > 0) {
      delivery.rounds.push(this.#store(delivery, round, reservation))
      return
    }
    reservation.release()
    this.#settle(delivery, round, [])
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
    else {
      const { content } = candidate
      candidate.content = { ...content, bytes: content.bytes.slice() }
      waiting.push({ candidate, holder: claim })
    }
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
    const { firstOrdinal, durable } = log.append(fresh.length, (line, at) =>
      writeJournalBody(line, fresh[at] as Candidate),
    )
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
    const { door } = delivery
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
    const { door } = delivery
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
  #fail(delivery: Delivery): TallystickError {
    const { tally } = this.#parts
    const { door, items } = delivery
    const failed = items - delivery.settled
    if (failed > 0) tally.settled(door, { accepted: 0, duplicate: 0, conflict: 0, failed, rejected: [] })
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

/** Makes an event that of whoever sends it. */
function assign(event: Mutable<UsageEvent>, { tenantId, agentId }: NonNullable<IngestRequest['principal']>): void {
  if (agentId !== undefined) event.agentId = agentId
  if (typeof tenantId === 'string') event.tenantId = tenantId
  else if (tenantId === null && event.tenantId !== undefined) delete event.tenantId
}

function ledgerOf({ tenantId: _, ...ledger }: SourceLedger, tenantId: string | null): SourceLedger {
  return tenantId === null ? ledger : { ...ledger, tenantId }
}

/** Fills the gaps of an event with what the door saw, and tells which that were: they are no part of what was sent. */
function observe(event: Mutable<UsageEvent>, seen: Observed): Observed {
  // Most events have none of them: no object is made for each of those.
  const filled =
    event.clientIp === undefined &&
    event.authMethod === undefined &&
    event.authenticated === undefined &&
    event.apiKeyId === undefined
      ? seen
      : missingOf(event, seen)
  if (filled.clientIp !== undefined) event.clientIp = filled.clientIp
  if (filled.authMethod !== undefined) event.authMethod = filled.authMethod
  if (filled.authenticated !== undefined) event.authenticated = filled.authenticated
  if (filled.apiKeyId !== undefined) event.apiKeyId = filled.apiKeyId
  return filled
}

function missingOf(event: UsageEvent, { clientIp, authMethod, authenticated, apiKeyId }: Observed): Observed {
  return {
    ...(clientIp !== undefined && event.clientIp === undefined ? { clientIp } : {}),
    ...(authMethod !== undefined && event.authMethod === undefined ? { authMethod } : {}),
    ...(authenticated !== undefined && event.authenticated === undefined ? { authenticated } : {}),
    ...(apiKeyId !== undefined && event.apiKeyId === undefined ? { apiKeyId } : {}),
  }
}
