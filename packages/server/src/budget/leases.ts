import { setImmediate } from 'node:timers/promises'
import { isTallystickError, TallystickError } from '@tallystick/core'
import type { Clock, Decoder, Mutable, UsageEvent } from '@tallystick/core/event'
import { QUANTITY_OF, type Quantity, quantityValue } from '@tallystick/core/query'
import type { Ingest, IngestRequest, ItemResult } from '../ingest/ingest.ts'
import type { Budget } from '../state/budget.ts'
import type { Lease } from '../state/lease.ts'
import type { Change, ControlState } from '../state/state.ts'
import type { StoredEvent } from '../store/store.ts'
import { type LeaseBook, takesRoom } from './lease-book.ts'
import { type LeaseOwner, SETTLED_ELSEWHERE_MS } from './lease-owner.ts'
import { assertSame, type LeaseTerms } from './lease-terms.ts'
import type { Subject } from './matching.ts'
import { BudgetExceeded } from './refusal.ts'
import type { SpendCounter } from './spend-counter.ts'
import type { SpendKeeper } from './spend-keeper.ts'

/** How long a settled lease takes room while its event has not come. */
export const GRACE_MS = 10 * 60_000
/** How long a request waits for figures that are being taken from the store. */
const KNOWN_WITHIN_MS = 5_000
/** Leases that are ended in one go, for about a millisecond in which nobody else gets a turn. */
const SWEEP = 500
/** Leases that there may be: each takes about a kilobyte. */
const MAX_LEASES = 500_000

const TOKENS = QUANTITY_OF.get('total_tokens') as Quantity

/** What a request used, as it becomes an event. */
export interface Usage {
  /** A native event; what the lease knows fills its gaps. */
  readonly event: Readonly<Record<string, unknown>>
  readonly decode?: Decoder
  readonly observed?: NonNullable<IngestRequest['observed']>
}

/** What somebody says a request has used, whose event comes by another way and bears the id of the request. */
export interface Amounts {
  readonly nanoUsd?: bigint
  readonly tokens?: bigint
}

/** A lease, and what became of its event. */
export interface Settled {
  readonly lease: Lease
  readonly event?: { readonly eventId: string; readonly status: 'accepted' | 'duplicate' }
}

/** Room in budgets, promised before the cost is known. See docs/budgets.md. */
export interface Leases {
  /**
   * Takes room in every budget that the request counts in, or in none. The same request id is the same lease.
   *
   * @throws BudgetExceeded (`budget_exceeded`) when a hard budget has no room; TallystickError `request_conflict` when the
   *   request id stands for other amounts, `missing_field` when a hard budget counts in a unit that has no bound,
   *   `overloaded` with 500,000 leases, `store_unavailable` while the spend of a hard budget is not known, and what `ControlState.write` rejects with
   */
  reserve(terms: LeaseTerms): Promise<Lease>
  /**
   * A hard budget that a request may count in whose model and cost nobody can say; undefined where there is none. It takes no
   * room, and asks nobody.
   */
  hardBudgetOf(whose: Subject): Budget | undefined
  /**
   * Records the usage of the request as an event with the id of the request, and gives the room back in the moment in which
   * the event is counted. Again with the same usage it changes nothing; also after the lease has expired.
   *
   * @throws TallystickError what is wrong with the event, `request_conflict`, `lease_ended` when it was returned
   */
  settle(lease: Lease, usage: Usage): Promise<Settled>
  /** Says what was used. That takes room until the event with the id of the request comes, 10 minutes at the most. */
  settleAmounts(lease: Lease, amounts: Amounts): Promise<Lease>
  /**
   * Records one of several requests under a lease, which stays open with what is left of it. What was spent was spent: also
   * after the lease has ended it is counted.
   */
  report(lease: Lease, usage: Usage & { readonly eventId: string }): Promise<Settled>
  /** Gives back what is left. Again it changes nothing. @throws TallystickError `lease_ended` when it was settled */
  giveBack(lease: Lease): Promise<Lease>
  /** @throws TallystickError `lease_not_found` when there is none, or none that this tenant may see */
  get(id: string, tenantId: string | undefined): Lease
  /** Whoever's it is. */
  find(id: string): Lease | undefined
}

export interface LeasesOptions {
  readonly state: ControlState
  readonly spend: SpendKeeper
  readonly book: LeaseBook
  readonly ingest: Pick<Ingest, 'submit'>
  readonly clock: Clock
  readonly mintId: () => string
  readonly onError: (error: unknown) => void
  /** Whoever promises room, where that is another server. Its leases are in the book; what becomes of them is noted. */
  readonly owner?: LeaseOwner
}

export class LeaseDesk implements Leases {
  readonly #options: LeasesOptions
  /** Writes that are not durable yet, by lease: a repeat waits for them too. */
  readonly #writing = new Map<string, Promise<void>>()
  /** Events on their way that use part of a lease. */
  readonly #reports = new Map<string | undefined, Map<string, string>>()

  constructor(options: LeasesOptions) {
    this.#options = options
  }

  async reserve(terms: LeaseTerms): Promise<Lease> {
    const { spend, book, clock, mintId, owner } = this.#options
    if (owner !== undefined) return this.#reserveThere(terms, owner)
    const known = book.ofRequest(terms.tenantId, terms.requestId)
    if (known !== undefined) return this.#again(known, terms)
    let counters = spend.matching(subjectOf(terms))
    const unknown = counters.filter((counter) => counter.budget.mode === 'hard' && !spend.isKnown(counter))
    if (unknown.length > 0) {
      await spend.known(unknown, KNOWN_WITHIN_MS)
      const meanwhile = book.ofRequest(terms.tenantId, terms.requestId)
      if (meanwhile !== undefined) return this.#again(meanwhile, terms)
      counters = spend.matching(subjectOf(terms))
    }
    if (book.size >= MAX_LEASES)
      throw new TallystickError('overloaded', `There are ${book.size} leases that are open or not forgotten yet.`)
    // From here to the write nothing gives way: whoever asks next finds the room taken.
    const nowMs = clock.now()
    const granted = this.#grant(counters, terms, nowMs)
    const lease = leaseOf(terms.leaseId ?? mintId(), terms, granted, counters, nowMs)
    await this.#write(lease)
    return lease
  }

  hardBudgetOf(whose: Subject): Budget | undefined {
    return this.#options.spend.possiblyHard(whose)
  }

  async settle(lease: Lease, usage: Usage): Promise<Settled> {
    if (lease.state === 'returned') throw ended(lease)
    const { requestId } = lease
    const { status } = await this.#record(lease, requestId, usage)
    const now = this.#current(lease)
    if (this.#isUnwritten(lease)) return { lease: now, event: { eventId: requestId, status } }
    // What was accepted before has been counted then; what is still to do is to say so.
    if (takesRoom(now) || now.state === 'expired') await this.#write(this.#counted(now))
    await this.#writing.get(lease.id)
    return { lease: this.#current(lease), event: { eventId: requestId, status } }
  }

  async settleAmounts(lease: Lease, { nanoUsd, tokens }: Amounts): Promise<Lease> {
    if (lease.state === 'returned') throw ended(lease)
    if (lease.counted === true) return lease
    if (lease.state === 'settled') {
      if (lease.settledNanoUsd === nanoUsd?.toString() && lease.settledTokens === tokens?.toString())
        return this.#durable(lease)
      throw new TallystickError(
        'request_conflict',
        `The lease ${lease.id} was settled with other amounts; the first ones stand.`,
      )
    }
    const nowMs = this.#options.clock.now()
    const settled = copyOf(lease)
    settled.state = 'settled'
    settled.expiresMs = nowMs + GRACE_MS
    if (nanoUsd !== undefined) settled.settledNanoUsd = nanoUsd.toString()
    if (tokens !== undefined) settled.settledTokens = tokens.toString()
    settled.endedMs = nowMs
    await this.#write(settled)
    return this.#current(settled)
  }

  async report(lease: Lease, usage: Usage & { readonly eventId: string }): Promise<Settled> {
    const { tenantId, id } = lease
    let reports = this.#reports.get(tenantId)
    if (reports === undefined) {
      reports = new Map()
      this.#reports.set(tenantId, reports)
    }
    reports.set(usage.eventId, id)
    try {
      const { status } = await this.#record(lease, usage.eventId, usage)
      await this.#writing.get(id)
      return { lease: this.#current(lease), event: { eventId: usage.eventId, status } }
    } finally {
      reports.delete(usage.eventId)
      if (reports.size === 0) this.#reports.delete(tenantId)
    }
  }

  async giveBack(lease: Lease): Promise<Lease> {
    if (lease.state === 'settled') throw ended(lease)
    if (lease.state !== 'open') return this.#durable(lease)
    if (this.#isUnwritten(lease)) return lease
    const returned: Lease = { ...lease, state: 'returned', endedMs: this.#options.clock.now() }
    if (this.#options.owner === undefined) await this.#write(returned)
    else await this.#options.owner.giveBack(lease)
    return returned
  }

  get(id: string, tenantId: string | undefined): Lease {
    const lease = this.#options.book.get(id)
    if (lease === undefined || (tenantId !== undefined && lease.tenantId !== tenantId))
      throw new TallystickError('lease_not_found', 'There is no such lease, or it ended too long ago to be remembered.')
    return lease
  }

  find(id: string): Lease | undefined {
    return this.#options.book.get(id)
  }

  /** An accepted event gives back the room of its lease in the turn in which it is counted: never both, never neither. */
  count(events: readonly StoredEvent[]): void {
    const { book, onError } = this.#options
    if (book.size === 0) return
    for (const { event } of events) {
      const { tenantId, eventId } = event
      const lease = book.ofRequest(tenantId, eventId)
      if (lease !== undefined && lease.counted !== true && isOf(event, lease))
        this.#write(this.#counted(lease, event)).catch(onError)
      const reported = this.#reports.get(tenantId)?.get(eventId)
      const open = reported === undefined ? undefined : book.get(reported)
      if (open !== undefined && isOf(event, open)) this.#write(lessBy(open, event)).catch(onError)
    }
  }

  /** Ends leases whose time is over, and forgets those that ended long ago. */
  async sweep(): Promise<void> {
    const { book, state, clock } = this.#options
    const nowMs = clock.now()
    for (;;) {
      const due = book.due(nowMs, SWEEP)
      if (due.length === 0) return
      const changes = due.map((lease): Change => {
        const row: Lease | undefined =
          lease.state === 'open' ? { ...lease, state: 'expired', endedMs: nowMs } : undefined
        return { table: 'leases', id: lease.id, row }
      })
      const written = state.write(changes)
      for (const { id, row } of changes) book.follow(id, row as Lease | undefined)
      await written
      if (due.length < SWEEP) return
      // What is kept in memory is written without a wait.
      await setImmediate()
    }
  }

  async #reserveThere(terms: LeaseTerms, owner: LeaseOwner): Promise<Lease> {
    const { spend, clock, mintId } = this.#options
    try {
      return await owner.reserve(terms)
    } catch (error) {
      if (!isTallystickError(error) || error.code !== 'control_unavailable') throw error
      const counters = spend.matching(subjectOf(terms))
      if (owner.whenAway === 'refuse' && counters.some(({ budget }) => budget.mode === 'hard')) throw error
      // Of nobody's room: it is in no book, and only its event is recorded.
      return leaseOf(mintId(), terms, {}, [], clock.now())
    }
  }

  /** Was it let pass without the owner, who does not know of it? */
  #isUnwritten({ id }: Lease): boolean {
    return this.#options.owner !== undefined && this.#options.book.get(id) === undefined
  }

  async #again(lease: Lease, terms: LeaseTerms): Promise<Lease> {
    assertSame(lease, terms)
    return this.#durable(lease)
  }

  async #durable(lease: Lease): Promise<Lease> {
    await this.#writing.get(lease.id)
    return this.#current(lease)
  }

  #current(lease: Lease): Lease {
    return this.#options.book.get(lease.id) ?? lease
  }

  #grant(counters: readonly SpendCounter[], terms: LeaseTerms, nowMs: number): Amounts {
    const { book } = this.#options
    let { nanoUsd, tokens } = terms
    for (const counter of counters) {
      const { budget, amount } = counter
      if (budget.mode !== 'hard') continue
      const isMoney = budget.unit === 'nano_usd'
      const asked = isMoney ? nanoUsd : tokens
      if (asked === undefined && terms.unboundedPasses !== true)
        throw new TallystickError(
          'missing_field',
          `The budget "${budget.name}" (${budget.id}) counts ${isMoney ? 'money' : 'tokens'}: say with ${isMoney ? 'nano_usd' : 'tokens'} how much it can be at the most.`,
          { issues: [{ path: isMoney ? 'nano_usd' : 'tokens', message: `is missing for the budget ${budget.id}` }] },
        )
      const { amount: spent } = counter.spent(nowMs)
      const { [isMoney ? 'nanoUsd' : 'tokens']: reserved } = book.reserved(budget.id)
      const left = amount - spent - reserved
      if (left > 0n && (asked === undefined || asked <= left)) continue
      if (left <= 0n || terms.partial !== true) {
        const { resetsMs } = counter.window.at(nowMs)
        const { id: budgetId, name, unit } = budget
        const remaining = left > 0n ? left : 0n
        throw new BudgetExceeded(
          { budgetId, name, unit, amount, spent, reserved, remaining, ...(resetsMs === undefined ? {} : { resetsMs }) },
          asked,
          nowMs,
        )
      }
      if (isMoney) nanoUsd = left
      else tokens = left
    }
    return { ...(nanoUsd === undefined ? {} : { nanoUsd }), ...(tokens === undefined ? {} : { tokens }) }
  }

  /** @throws TallystickError what is wrong with the event; `request_conflict` when its id stands for another one */
  async #record(
    lease: Lease,
    eventId: string,
    { event, decode, observed }: Usage,
  ): Promise<{ readonly status: 'accepted' | 'duplicate' }> {
    const { tenantId, agentId } = lease
    const request: Mutable<IngestRequest> = {
      items: [itemOf(event, eventId, lease)],
      door: 'lease',
      wantResults: true,
      defaults: defaultsOf(lease),
      // Whose request it is was said when the room was taken.
      principal: agentId === undefined ? { tenantId: tenantId ?? null } : { tenantId: tenantId ?? null, agentId },
    }
    if (decode !== undefined) request.decode = decode
    if (observed !== undefined) request.observed = observed
    const { results = [], rejected, accepted, conflict } = await this.#options.ingest.submit(request)
    const [refusal] = rejected
    if (refusal !== undefined) {
      const { code, message, field } = refusal
      throw new TallystickError(code, message, field === undefined ? {} : { issues: [{ path: field, message }] })
    }
    const result: ItemResult | undefined = results[0]
    if (conflict > 0 || result?.status === 'conflict')
      throw new TallystickError(
        'request_conflict',
        `There is an event ${eventId} with other content; the first one stands and is counted.`,
      )
    return { status: accepted > 0 ? 'accepted' : 'duplicate' }
  }

  #counted(lease: Lease, event?: UsageEvent): Lease {
    const nowMs = this.#options.clock.now()
    const settled = copyOf(lease)
    settled.state = 'settled'
    if (this.#options.owner === undefined) settled.counted = true
    else settled.expiresMs = nowMs + SETTLED_ELSEWHERE_MS
    settled.endedMs ??= nowMs
    if (event === undefined) return settled
    const tokens = quantityValue(TOKENS, event)
    if (event.costNanoUsd !== undefined) settled.settledNanoUsd = String(event.costNanoUsd)
    if (tokens !== undefined) settled.settledTokens = String(tokens)
    return settled
  }

  /** Shows at once; resolves when it is durable. */
  #write(lease: Lease): Promise<void> {
    const { state, book } = this.#options
    const { id } = lease
    const written = state.write([{ table: 'leases', id, row: lease }])
    book.follow(id, lease)
    this.#writing.set(id, written)
    const done = (): void => {
      if (this.#writing.get(id) === written) this.#writing.delete(id)
    }
    const failed = (): void => {
      // Taken back by the state; should it not have said so, it is taken over here.
      book.follow(id, state.rows('leases').get(id))
      done()
    }
    written.then(done, failed)
    return written
  }
}

function subjectOf({ tenantId, agentId, apiKeyId, userId, provider, model, tags }: LeaseTerms): Subject {
  return { tenantId, agentId, apiKeyId, userId, provider, requestModel: model, tags }
}

/** Built by assignment: one is made for each request. */
function leaseOf(
  id: string,
  terms: LeaseTerms,
  granted: Amounts,
  counters: readonly SpendCounter[],
  nowMs: number,
): Lease {
  const { tenantId, agentId, apiKeyId, userId, provider, model, tags } = terms
  const { nanoUsd, tokens } = granted
  const lease: Mutable<Lease> = {
    id,
    requestId: terms.requestId,
    budgetIds: counters.map(({ budget }) => budget.id),
    reservedNanoUsd: nanoUsd === undefined ? '0' : nanoUsd.toString(),
    reservedTokens: tokens === undefined ? '0' : tokens.toString(),
    state: 'open',
    createdMs: nowMs,
    expiresMs: nowMs + terms.ttlMs,
  }
  if (tenantId !== undefined) lease.tenantId = tenantId
  if (agentId !== undefined) lease.agentId = agentId
  if (apiKeyId !== undefined) lease.apiKeyId = apiKeyId
  if (userId !== undefined) lease.userId = userId
  if (provider !== undefined) lease.provider = provider
  if (model !== undefined) lease.model = model
  if (tags !== undefined) lease.tags = tags
  if (terms.nanoUsd !== nanoUsd) lease.askedNanoUsd = String(terms.nanoUsd)
  if (terms.tokens !== tokens) lease.askedTokens = String(terms.tokens)
  if (nanoUsd === undefined) lease.unbounded = 'nano_usd'
  else if (tokens === undefined) lease.unbounded = 'tokens'
  return lease
}

/** Members of its own come first: what is spread and then added to has a class of its own, which the decoder must learn each time. */
function itemOf(event: Usage['event'], eventId: string, { createdMs }: Lease): object {
  const hasTime = event['timestamp_ms'] !== undefined || event['timestamp'] !== undefined
  // The request began when its lease did; a repeat of it must not say another time.
  const item: Record<string, unknown> = hasTime
    ? { event_id: eventId, ...event }
    : { event_id: eventId, timestamp_ms: createdMs, ...event }
  item['event_id'] = eventId
  if (!hasTime) item['timestamp_ms'] = createdMs
  return item
}

/** What the lease knows of its request. */
function defaultsOf({ apiKeyId, userId, provider, model, tags }: Lease): NonNullable<IngestRequest['defaults']> {
  const known: Mutable<NonNullable<IngestRequest['defaults']>> = {}
  if (apiKeyId !== undefined) known.apiKeyId = apiKeyId
  if (userId !== undefined) known.userId = userId
  if (provider !== undefined) known.provider = provider
  if (model !== undefined) known.requestModel = model
  if (tags !== undefined) known.tags = tags
  return known
}

/** To be changed. Of a spread that members are added to, V8 makes a class of its own each time: a microsecond and a kilobyte. */
function copyOf(lease: Lease): Mutable<Lease> {
  return Object.assign({}, lease)
}

/** The id of an event is the agent's own: that of another agent means another request. */
function isOf(event: UsageEvent, lease: Lease): boolean {
  return lease.agentId === undefined || lease.agentId === event.agentId
}

function lessBy(lease: Lease, event: UsageEvent): Lease {
  const tokens = quantityValue(TOKENS, event) ?? 0
  const less = copyOf(lease)
  less.settledNanoUsd = String(BigInt(lease.settledNanoUsd ?? 0) + BigInt(event.costNanoUsd ?? 0))
  less.settledTokens = String(BigInt(lease.settledTokens ?? 0) + BigInt(tokens))
  return less
}

function ended(lease: Lease): TallystickError {
  return new TallystickError(
    'lease_ended',
    `The lease ${lease.id} was ${lease.state}; nothing more can be done with it.`,
  )
}
