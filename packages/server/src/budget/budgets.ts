import { setTimeout } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import { type Clock, type Random, systemClock, systemRandom, uuidv7Generator } from '@tallystick/core/event'
import type { Ingest } from '../ingest/ingest.ts'
import type { Budget } from '../state/budget.ts'
import type { Lease } from '../state/lease.ts'
import type { Change, ControlState } from '../state/state.ts'
import type { UsageStore } from '../store/store.ts'
import { type CrossingListener, Crossings } from './crossings.ts'
import type { BudgetDefinition } from './definition.ts'
import { type AgentBudget, agentBudgetOf, type BudgetFigures, figuresOf } from './figures.ts'
import { LeaseBook } from './lease-book.ts'
import type { LeaseOwner } from './lease-owner.ts'
import { LeaseDesk, type Leases } from './leases.ts'
import { SpendKeeper } from './spend-keeper.ts'

/** Leases are ended, and crossings that no event brought are found, this often. */
const TICK_MS = 1_000
/** What others have put into the store is counted this often; or as seldom as it takes a tenth of the time. */
const REFRESH_MS = 5_000
const REFRESH_SHARE = 10
/** How long figures are waited for. */
const KNOWN_WITHIN_MS = 10_000
/** Budgets there may be: each costs a look at every event of its subject. */
export const MAX_BUDGETS = 10_000

/** Budgets, what they have spent, and the leases that take room in them. */
export interface Budgets {
  readonly leases: Leases
  /** In the order in which they were made. With a tenant only that tenant's. */
  list(tenantId?: string): readonly Budget[]
  /** @throws TallystickError `budget_not_found` when there is none, or none that this tenant may see */
  get(id: string, tenantId?: string): Budget
  /** How budgets stand. @throws TallystickError `store_unavailable` while the store cannot say what was spent */
  figures(budgets: readonly Budget[]): Promise<readonly BudgetFigures[]>
  /** How a budget stands, without waiting; undefined where there is none, and while what was spent is not known. */
  known(id: string): BudgetFigures | undefined
  /** What a budget of that unit has left, as far as it is known; undefined where there is no such budget. */
  remaining(id: string, unit: Budget['unit']): bigint | undefined
  /**
   * Durable when it resolves, together with `beside`, as all changes here are. A budget of a total counts from now on.
   *
   * @throws TallystickError `budget_exists` when the id is taken, `too_many_entries`
   */
  create(definition: BudgetDefinition, beside?: readonly Change[]): Promise<Budget>
  /**
   * Replaces what was said of a budget. Thresholds are armed again unless only its name or mode changed.
   *
   * @throws TallystickError `revision_conflict` when the definition names another revision than the current one
   */
  update(budget: Budget, definition: BudgetDefinition, beside?: readonly Change[]): Promise<Budget>
  /** What was spent until now does not count any more, and thresholds are armed again. @throws as {@link update} */
  reset(budget: Budget, revision?: number, beside?: readonly Change[]): Promise<Budget>
  /** Its leases stay, and take room in the other budgets. @throws as {@link update} */
  remove(budget: Budget, revision?: number, beside?: readonly Change[]): Promise<void>
  /** Called with each threshold that is reached, see {@link CrossingListener}. Returns how to stop. */
  onCrossing(listener: CrossingListener): () => void
  /**
   * The money budget of an agent that is the most used up, and how it stands; undefined when it has none, and in the moments
   * after a start in which nobody knows yet. With a tenant that tenant's budgets only.
   */
  budgetOfAgent(agentId: string, tenantId?: string): AgentBudget | undefined
  /** Takes all figures from the store again: after events were removed or priced anew other than by a clear. */
  takeAgain(): void
  /** Resolves once the figures of all budgets are known and every crossing is told. */
  settled(): Promise<void>
  /** Does now what is done every second. */
  tick(): Promise<void>
  close(): Promise<void>
}

export interface BudgetsOptions {
  readonly state: ControlState
  readonly store: Pick<UsageStore, 'query' | 'stats'>
  readonly ingest: Pick<Ingest, 'submit' | 'onAccepted' | 'onCleared' | 'applied'>
  readonly clock?: Clock
  readonly random?: Random
  readonly onError?: (error: unknown) => void
  /** Without it nothing happens by itself; `tick` does. */
  readonly ticks?: boolean
  /** Whoever promises room, where that is another server: then it also ends leases and tells of thresholds. */
  readonly owner?: LeaseOwner
  /** Do other servers put events into the store? Then the figures are taken from it again and again. Absent: no. */
  readonly shared?: () => boolean
}

/**
 * Takes the budgets and leases of the control state into service. What has been spent is asked of the store in the
 * background; hard budgets promise nothing before it is known.
 *
 * Must be made before anything is submitted to `ingest`.
 *
 * @example
 * const budgets = createBudgets({ state: openMemoryState(), store, ingest })
 * await budgets.create(readDefinition({ name: 'Team', amount_usd: '25.00', subject: { dimension: 'tags.team', value: 'search' } }))
 */
export function createBudgets(options: BudgetsOptions): Budgets {
  return new BudgetOffice(options)
}

class BudgetOffice implements Budgets {
  readonly leases: LeaseDesk
  readonly #state: ControlState
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #mintId: () => string
  readonly #spend: SpendKeeper
  readonly #book = new LeaseBook()
  /** Absent where another server tells of them. */
  readonly #crossings: Crossings | undefined
  readonly #shared: () => boolean
  #refreshAtMs = 0
  readonly #stops: (() => void)[] = []
  #ticking: Promise<void> | undefined

  constructor(options: BudgetsOptions) {
    const { state, store, ingest, owner, clock = systemClock, random = systemRandom, onError = () => {} } = options
    this.#state = state
    this.#clock = clock
    this.#onError = onError
    this.#mintId = uuidv7Generator(clock, random)
    this.#shared = options.shared ?? (() => false)
    this.#crossings = owner === undefined ? new Crossings({ state, ingest, clock, onError }) : undefined
    this.#spend = new SpendKeeper({
      store,
      ingest,
      clock,
      onError,
      onTaken: (counter) => this.#crossings?.look(counter),
    })
    const { mintId, spend, book } = { mintId: this.#mintId, spend: this.#spend, book: this.#book }
    this.leases = new LeaseDesk({ state, spend, book, ingest, clock, mintId, onError, ...(owner ? { owner } : {}) })
    for (const [id, lease] of state.rows('leases')) book.follow(id, lease)
    for (const [id, budget] of state.rows('budgets')) spend.follow(id, budget)
    this.#stops.push(
      state.onChange((changes) => this.#follow(changes)),
      ingest.onAccepted((events) => {
        const moved = spend.count(events)
        this.leases.count(events)
        for (const counter of moved) if (spend.isKnown(counter)) this.#crossings?.look(counter)
      }),
      ingest.onCleared(() => spend.takeAgain()),
    )
    if (options.ticks === false) return
    const timer = setInterval(() => void this.tick(), TICK_MS)
    timer.unref()
    this.#stops.push(() => clearInterval(timer))
  }

  list(tenantId?: string): readonly Budget[] {
    const all = [...this.#state.rows('budgets').values()]
    return tenantId === undefined ? all : all.filter((budget) => budget.tenantId === tenantId)
  }

  get(id: string, tenantId?: string): Budget {
    const budget = this.#state.rows('budgets').get(id)
    if (budget === undefined || (tenantId !== undefined && budget.tenantId !== tenantId))
      throw new TallystickError('budget_not_found', 'There is no such budget.')
    return budget
  }

  async figures(budgets: readonly Budget[]): Promise<readonly BudgetFigures[]> {
    const counters = budgets.map(({ id }) => this.#spend.get(id)).filter((counter) => counter !== undefined)
    await this.#spend.known(counters, KNOWN_WITHIN_MS)
    const nowMs = this.#clock.now()
    return counters.map((counter) => figuresOf(counter, this.#book, nowMs))
  }

  known(id: string): BudgetFigures | undefined {
    const counter = this.#spend.get(id)
    return counter === undefined || !this.#spend.isKnown(counter)
      ? undefined
      : figuresOf(counter, this.#book, this.#clock.now())
  }

  remaining(id: string, unit: Budget['unit']): bigint | undefined {
    const counter = this.#spend.get(id)
    const nowMs = this.#clock.now()
    if (counter?.budget.unit !== unit || !counter.ready(nowMs)) return undefined
    return figuresOf(counter, this.#book, nowMs).remaining
  }

  async create(definition: BudgetDefinition, beside: readonly Change[] = []): Promise<Budget> {
    const { id = this.#mintId() } = definition
    const rows = this.#state.rows('budgets')
    if (rows.has(id)) throw new TallystickError('budget_exists', `There is a budget ${id} already.`)
    if (rows.size >= MAX_BUDGETS)
      throw new TallystickError('too_many_entries', `There are ${rows.size} budgets, which is as many as there may be.`)
    const nowMs = this.#clock.now()
    const counted = definition.window.kind === 'total' ? { countedFromMs: nowMs } : {}
    return this.#write({ ...said(definition), ...counted, id, revision: 1, createdMs: nowMs, updatedMs: nowMs }, beside)
  }

  async update(budget: Budget, definition: BudgetDefinition, beside: readonly Change[] = []): Promise<Budget> {
    this.#assertRevision(budget, definition.revision)
    const nowMs = this.#clock.now()
    const { id, createdMs, countedFromMs, crossings } = budget
    const fresh = said(definition)
    // A total that was another window before has counted nothing yet.
    const counted = fresh.window.kind === 'total' && budget.window.kind !== 'total' ? nowMs : countedFromMs
    const row: Budget = {
      ...fresh,
      id,
      revision: (budget.revision ?? 1) + 1,
      createdMs,
      updatedMs: nowMs,
      ...(counted === undefined ? {} : { countedFromMs: counted }),
      ...(crossings !== undefined && isArmedAs(budget, fresh) ? { crossings } : {}),
    }
    return this.#write(row, beside)
  }

  async reset(budget: Budget, revision?: number, beside: readonly Change[] = []): Promise<Budget> {
    this.#assertRevision(budget, revision)
    const nowMs = this.#clock.now()
    const { crossings: _, ...rest } = budget
    return this.#write(
      { ...rest, revision: (budget.revision ?? 1) + 1, countedFromMs: nowMs, updatedMs: nowMs },
      beside,
    )
  }

  async remove(budget: Budget, revision?: number, beside: readonly Change[] = []): Promise<void> {
    this.#assertRevision(budget, revision)
    await this.#state.write([{ table: 'budgets', id: budget.id, row: undefined }, ...beside])
  }

  onCrossing(listener: CrossingListener): () => void {
    return this.#crossings?.listen(listener) ?? (() => undefined)
  }

  budgetOfAgent(agentId: string, tenantId?: string): AgentBudget | undefined {
    const nowMs = this.#clock.now()
    let most: AgentBudget | undefined
    for (const counter of this.#spend.ofAgent(agentId)) {
      const { unit, tenantId: owner } = counter.budget
      if (unit !== 'nano_usd' || (tenantId !== undefined && owner !== tenantId) || !counter.ready(nowMs)) continue
      const one = agentBudgetOf(counter, this.#book, nowMs)
      if (most === undefined || one.percentBp > most.percentBp) most = one
    }
    return most
  }

  takeAgain(): void {
    this.#spend.takeAgain()
  }

  async settled(): Promise<void> {
    await this.#spend.known([...this.#spend.all()], KNOWN_WITHIN_MS)
    await setTimeout(0)
    await this.#crossings?.idle()
  }

  tick(): Promise<void> {
    this.#ticking ??= this.#tick()
      .catch((error: unknown) => this.#onError(error))
      .finally(() => {
        this.#ticking = undefined
      })
    return this.#ticking
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop()
    await this.#ticking
    await this.#crossings?.close()
    await this.#spend.close()
  }

  async #tick(): Promise<void> {
    await this.#refresh()
    if (this.#crossings === undefined) return
    // A window begins without an event, and may hold some that were dated ahead.
    for (const counter of this.#spend.all()) if (this.#spend.isKnown(counter)) this.#crossings.look(counter)
    this.#crossings.tell()
    await this.leases.sweep()
  }

  /** The former figures stand meanwhile. */
  async #refresh(): Promise<void> {
    const startedMs = this.#clock.monotonic()
    if (startedMs < this.#refreshAtMs || !this.#shared()) return
    await this.#spend.refresh()
    const nowMs = this.#clock.monotonic()
    this.#refreshAtMs = nowMs + Math.max(REFRESH_MS, REFRESH_SHARE * (nowMs - startedMs))
  }

  #follow(changes: readonly Change[]): void {
    for (const { table, id } of changes) {
      // What stands there now counts: changes that are taken back are told of in the reverse order.
      if (table === 'leases') this.#book.follow(id, this.#state.rows('leases').get(id) as Lease | undefined)
      else if (table === 'budgets') this.#spend.follow(id, this.#state.rows('budgets').get(id) as Budget | undefined)
    }
  }

  async #write(row: Budget, beside: readonly Change[]): Promise<Budget> {
    await this.#state.write([{ table: 'budgets', id: row.id, row }, ...beside])
    const counter = this.#spend.get(row.id)
    if (counter !== undefined && this.#spend.isKnown(counter)) this.#crossings?.look(counter)
    return row
  }

  #assertRevision(budget: Budget, revision: number | undefined): void {
    const { revision: current = 1 } = this.get(budget.id)
    // The caller's copy may be older than what another has written since.
    const from = revision ?? budget.revision ?? 1
    if (from !== current)
      throw new TallystickError(
        'revision_conflict',
        `The budget ${budget.id} is at revision ${current}, not ${from}: somebody has changed it meanwhile.`,
        { issues: [{ path: 'revision', message: `is ${current} now` }] },
      )
  }
}

function said(definition: BudgetDefinition): Omit<Budget, 'id' | 'createdMs' | 'updatedMs'> {
  const { name, tenantId, subject, unit, amount, window, mode, thresholds } = definition
  return {
    name,
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(subject === undefined ? {} : { subject }),
    unit,
    amount,
    window,
    mode,
    thresholds,
  }
}

/** Do thresholds mean the same for both? */
function isArmedAs(before: Omit<Budget, 'id' | 'createdMs' | 'updatedMs'>, after: typeof before): boolean {
  const of = ({ tenantId, subject, unit, amount, window, thresholds }: typeof before): string =>
    JSON.stringify([tenantId, subject?.dimension, subject?.value, unit, amount, window, thresholds])
  return of(before) === of(after)
}
