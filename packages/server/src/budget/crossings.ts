import { setTimeout } from 'node:timers/promises'
import { type Clock, nanoToMicros } from '@tallystick/core/event'
import type { Ingest } from '../ingest/ingest.ts'
import type { Budget, BudgetCrossing } from '../state/budget.ts'
import type { Change, ControlState } from '../state/state.ts'
import type { SpendCounter } from './spend-counter.ts'
import type { SlotRange } from './window.ts'

const CLOSE_WITHIN_MS = 1_000

/** That the spend of a budget has reached a threshold. */
export interface Crossing {
  readonly budget: Budget
  /** Percent of the amount. */
  readonly threshold: number
  /** Start of the window; for a rolling one when it happened. */
  readonly windowStartMs: number
  /** Of the budget when it happened: with budget, threshold and window it names the crossing. */
  readonly revision: number
  readonly atMs: number
  /** In the unit of the budget. */
  readonly spent: bigint
  readonly amount: bigint
}

/**
 * Told of a crossing. What it returns, e.g. a firing, is written together with the note that the crossing has been told, so
 * that neither is there without the other. Or it resolves once it has made it durable itself; then, after a crash in between,
 * it is told of the same crossing again. Must not throw or reject.
 */
export type CrossingListener = (crossing: Crossing) => readonly Change[] | undefined | Promise<void>

export interface CrossingsOptions {
  readonly state: ControlState
  readonly ingest: Pick<Ingest, 'submit'>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/**
 * Tells of thresholds: once for each upward crossing in a window, and again after a reset or a change of what is counted.
 *
 * A crossing is noted in the budget's row first. Then it becomes an event, whose id and content come from that note, so
 * that a repeat is a duplicate; and then the note that it was told is written, with what listeners want written. Whatever
 * is interrupted is done again from the note.
 */
export class Crossings {
  readonly #options: CrossingsOptions
  readonly #listeners = new Set<CrossingListener>()
  /** Budgets with a crossing that nobody has been told of. */
  readonly #untold = new Set<string>()
  #telling: Promise<void> | undefined
  #closed = false

  constructor(options: CrossingsOptions) {
    this.#options = options
    for (const { id, crossings = [] } of options.state.rows('budgets').values())
      if (crossings.some(({ told }) => told !== true)) this.#untold.add(id)
  }

  listen(listener: CrossingListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Compares the spend of a budget, which must be known, with its thresholds. */
  look(counter: SpendCounter): void {
    const { state, clock } = this.#options
    const budget = state.rows('budgets').get(counter.budget.id)
    if (budget === undefined || counter.amount <= 0n || this.#closed) return
    const nowMs = clock.now()
    const range = counter.window.at(nowMs)
    const { amount: spent } = counter.spent(nowMs)
    const reached = budget.thresholds.filter((threshold) => spent * 100n >= counter.amount * BigInt(threshold))
    const { crossings = [] } = budget
    if (reached.length === 0 && crossings.length === 0) return
    const standing = crossings.filter((crossing) => stands(crossing, budget, range, reached, nowMs))
    const news = reached.filter((threshold) => !standing.some((crossing) => crossing.threshold === threshold))
    // A rolling window has no end at which a threshold would be armed again, so that is written when it happens.
    const rearmed = budget.window.kind === 'rolling' && crossings.some((one) => one.told && !standing.includes(one))
    if (news.length === 0 && !rearmed) return
    const { revision = 1 } = budget
    const windowStartMs = budget.window.kind === 'rolling' ? nowMs : windowStart(budget, range)
    const noted = news.map(
      (threshold): BudgetCrossing => ({ threshold, windowStartMs, revision, atMs: nowMs, spent: String(spent) }),
    )
    // Those of the window before that are still to be told are kept until they have been.
    const untold = crossings.filter((crossing) => crossing.told !== true && !standing.includes(crossing))
    const row: Budget = { ...budget, crossings: [...untold, ...standing, ...noted] }
    this.#untold.add(budget.id)
    const written = state.write([{ table: 'budgets', id: budget.id, row }])
    written.then(
      () => this.tell(),
      (error: unknown) => this.#options.onError(error),
    )
  }

  /** Tells what has not been told. What fails is tried again with the next call. */
  tell(): void {
    if (this.#untold.size === 0 || this.#telling !== undefined || this.#closed) return
    this.#telling = this.#tellAll()
      .catch((error: unknown) => this.#options.onError(error))
      .finally(() => {
        this.#telling = undefined
      })
  }

  /** Resolves when nothing is being told. */
  async idle(): Promise<void> {
    while (this.#telling !== undefined) await this.#telling
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#telling === undefined) return
    // A listener that goes on trying must not keep the process; what it was not told of now it is told of after the next start.
    const patience = new AbortController()
    const late = setTimeout(CLOSE_WITHIN_MS, undefined, { signal: patience.signal }).catch(() => undefined)
    await Promise.race([this.#telling, late])
    patience.abort()
  }

  async #tellAll(): Promise<void> {
    const { state } = this.#options
    for (const id of this.#untold) {
      for (;;) {
        const budget = state.rows('budgets').get(id)
        const crossing = budget?.crossings?.find(({ told }) => told !== true)
        if (budget === undefined || crossing === undefined) break
        await this.#tellOne(budget, crossing)
      }
      this.#untold.delete(id)
    }
  }

  async #tellOne(budget: Budget, noted: BudgetCrossing): Promise<void> {
    const { state, ingest } = this.#options
    const crossing = crossingOf(budget, noted)
    await ingest.submit({
      items: [eventOf(crossing)],
      door: 'budget',
      ...(budget.tenantId === undefined ? {} : { principal: { tenantId: budget.tenantId } }),
    })
    // As the row stands now: somebody may have changed it meanwhile.
    if (!this.#noted(budget.id, noted)) return
    const answers = [...this.#listeners].map((listener) => listener(crossing))
    const beside = answers.flatMap((answer) => (answer === undefined || answer instanceof Promise ? [] : answer))
    await Promise.all(answers.filter((answer) => answer instanceof Promise))
    const current = this.#noted(budget.id, noted)
    const crossings = current?.crossings?.map((one) => (isSame(one, noted) ? { ...one, told: true as const } : one))
    const mark: readonly Change[] =
      current === undefined || crossings === undefined
        ? []
        : [{ table: 'budgets', id: budget.id, row: { ...current, crossings } }]
    await state.write([...mark, ...beside])
  }

  /** The row, if it still has the note. */
  #noted(id: string, noted: BudgetCrossing): Budget | undefined {
    const row = this.#options.state.rows('budgets').get(id)
    return row?.crossings?.some((one) => isSame(one, noted)) ? row : undefined
  }
}

/** Is a threshold that was reached not to be told again? */
function stands(
  { threshold, windowStartMs }: BudgetCrossing,
  budget: Budget,
  range: SlotRange,
  reached: readonly number[],
  nowMs: number,
): boolean {
  if (budget.window.kind !== 'rolling') return windowStartMs === windowStart(budget, range)
  // It counts as crossed until spend has been below it, and for the length of a window at the least.
  return reached.includes(threshold) || nowMs < windowStartMs + budget.window.ms
}

function windowStart({ window, countedFromMs }: Budget, { fromMs }: SlotRange): number {
  return window.kind === 'total' ? (countedFromMs ?? 0) : fromMs
}

function isSame(a: BudgetCrossing, b: BudgetCrossing): boolean {
  return a.threshold === b.threshold && a.windowStartMs === b.windowStartMs && a.revision === b.revision
}

function crossingOf(budget: Budget, { threshold, windowStartMs, revision, atMs, spent }: BudgetCrossing): Crossing {
  return { budget, threshold, windowStartMs, revision, atMs, spent: BigInt(spent), amount: BigInt(budget.amount) }
}

/** The event of Protocol 012's recorder. A budget of tokens has amounts of 0 there, and its own beside them. */
function eventOf({ budget, threshold, windowStartMs, revision, atMs, spent, amount }: Crossing): object {
  const { id, name, unit, subject } = budget
  const micros = (value: bigint): number =>
    unit === 'tokens' ? 0 : Math.min(Number(nanoToMicros(value)), Number.MAX_SAFE_INTEGER)
  const exact = unit === 'tokens' ? 'tokens' : 'nano_usd'
  return {
    event_id: `budget/${id}/${revision}/${windowStartMs}/${threshold}`,
    timestamp_ms: atMs,
    kind: 'budget_threshold_reached',
    ...(subject?.dimension === 'agent_id' ? { agent_id: subject.value } : {}),
    detail: {
      threshold_percent: threshold,
      current_spend_micros: micros(spent),
      budget_micros: micros(amount),
      budget_id: id,
      budget_name: name,
      window_start_ms: windowStartMs,
      [`spent_${exact}`]: String(spent),
      [`amount_${exact}`]: String(amount),
    },
  }
}
