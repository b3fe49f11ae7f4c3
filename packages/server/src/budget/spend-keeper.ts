import { setTimeout } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import type { Ingest } from '../ingest/ingest.ts'
import type { Budget } from '../state/budget.ts'
import type { StoredEvent, UsageStore } from '../store/store.ts'
import { BudgetIndex, type Subject } from './matching.ts'
import { SpendCounter } from './spend-counter.ts'
import { askStore } from './stored-spend.ts'

const PAUSE_MS = 5
const RETRY_MS = 1_000

export interface SpendSource {
  readonly store: Pick<UsageStore, 'query' | 'stats'>
  readonly ingest: Pick<Ingest, 'applied'>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
  /** Called when the figures of a counter have been taken from the store. */
  readonly onTaken: (counter: SpendCounter) => void
}

/** The counters of all budgets: made when a budget is, moved by accepted events, taken from the store again when in doubt. */
export class SpendKeeper {
  readonly #source: SpendSource
  readonly #counters = new Map<string, SpendCounter>()
  readonly #index = new BudgetIndex<SpendCounter>()
  /** Those whose figures are to be taken from the store, or are being taken. */
  readonly #wanted = new Set<SpendCounter>()
  readonly #waiting = new Set<() => void>()
  readonly #closing = new AbortController()
  /** Those whose subject is an agent, by agent. */
  readonly #ofAgents = new Map<string, Set<SpendCounter>>()
  #taking: Promise<void> | undefined

  constructor(source: SpendSource) {
    this.#source = source
  }

  /** Follows a row as it is written; undefined: it was removed. */
  follow(id: string, budget: Budget | undefined): void {
    const known = this.#counters.get(id)
    if (known !== undefined && budget !== undefined && known.countsSameAs(budget)) {
      known.budget = budget
      return
    }
    if (known !== undefined) {
      this.#index.remove(known.budget)
      const agent = agentOf(known.budget)
      const others = agent === undefined ? undefined : this.#ofAgents.get(agent)
      others?.delete(known)
      if (agent !== undefined && others?.size === 0) this.#ofAgents.delete(agent)
      this.#counters.delete(id)
      this.#wanted.delete(known)
    }
    if (budget !== undefined) {
      const counter = new SpendCounter(budget)
      this.#counters.set(id, counter)
      this.#index.add(budget, counter)
      const agent = agentOf(budget)
      if (agent !== undefined) this.#ofAgents.set(agent, (this.#ofAgents.get(agent) ?? new Set()).add(counter))
      this.#want([counter])
    }
    this.#tellWaiting()
  }

  /** Counts accepted events, and says whose figures they moved. */
  count(events: readonly StoredEvent[]): ReadonlySet<SpendCounter> {
    const moved = new Set<SpendCounter>()
    if (this.#index.empty) return moved
    for (const stored of events)
      this.#index.each(stored.event, (counter) => {
        counter.add(stored)
        moved.add(counter)
      })
    return moved
  }

  get(id: string): SpendCounter | undefined {
    return this.#counters.get(id)
  }

  all(): IterableIterator<SpendCounter> {
    return this.#counters.values()
  }

  /** Those that a request is counted in. */
  matching(subject: Subject): SpendCounter[] {
    const found: SpendCounter[] = []
    this.#index.each(subject, (counter) => void found.push(counter))
    return found
  }

  /** The first hard budget that a request may count in, of which more is not known yet. */
  possiblyHard(subject: Subject): Budget | undefined {
    let first: Budget | undefined
    this.#index.eachPossible(subject, ({ budget }) => {
      if (budget.mode === 'hard') first ??= budget
    })
    return first
  }

  /** Those that are about an agent, of whichever tenant. */
  ofAgent(agentId: string): Iterable<SpendCounter> {
    return this.#ofAgents.get(agentId) ?? []
  }

  /** Are its figures those of the store and of all that was accepted since? */
  isKnown(counter: SpendCounter): boolean {
    if (this.#wanted.has(counter)) return false
    if (counter.ready(this.#source.clock.now())) return true
    this.#want([counter])
    return false
  }

  /**
   * Resolves once the figures of these are known.
   *
   * @throws TallystickError `store_unavailable` when that takes longer than `withinMs`
   */
  async known(counters: readonly SpendCounter[], withinMs: number): Promise<void> {
    const current = (): SpendCounter[] =>
      counters.filter((counter) => this.#counters.get(counter.budget.id) === counter)
    if (current().every((counter) => this.isKnown(counter))) return
    const timer = new AbortController()
    const late = setTimeout(withinMs, 'late', { signal: timer.signal, ref: false }).catch(() => 'late')
    try {
      while (!current().every((counter) => this.isKnown(counter))) {
        let done: () => void = () => undefined
        const moved = new Promise<'moved'>((resolve) => {
          done = () => resolve('moved')
          this.#waiting.add(done)
        })
        const outcome = await Promise.race([moved, late])
        this.#waiting.delete(done)
        if (outcome === 'late' || this.#closing.signal.aborted)
          throw new TallystickError(
            'store_unavailable',
            'What the budgets have spent is not known yet: the store is still being asked.',
          )
      }
    } finally {
      timer.abort()
    }
  }

  /** Takes every figure from the store again: after events were removed or priced anew. */
  takeAgain(): void {
    this.#want(this.#counters.values())
  }

  /** Takes the figures that are known from the store once more; until they have come the former ones stand. */
  async refresh(): Promise<void> {
    // One at a time: what is collected for the one would be lost to the other.
    if (this.#taking !== undefined || this.#closing.signal.aborted) return
    const known = [...this.#counters.values()].filter((counter) => this.isKnown(counter))
    if (known.length === 0) return
    this.#taking ??= this.#takeOnce(known)
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted) this.#source.onError(error)
      })
      .finally(() => {
        this.#taking = undefined
        this.#want([])
      })
    await this.#taking
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#tellWaiting()
    await this.#taking
  }

  #want(counters: Iterable<SpendCounter>): void {
    for (const counter of counters) {
      this.#wanted.add(counter)
      counter.restart = true
    }
    if (this.#wanted.size === 0 || this.#closing.signal.aborted) return
    this.#taking ??= this.#take().finally(() => {
      this.#taking = undefined
    })
  }

  async #take(): Promise<void> {
    // What is wanted in the same turn is asked for together.
    await Promise.resolve()
    const { signal } = this.#closing
    while (this.#wanted.size > 0 && !signal.aborted) {
      try {
        await this.#takeOnce([...this.#wanted])
      } catch (error) {
        if (!signal.aborted) this.#source.onError(error)
        await setTimeout(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined)
      }
    }
  }

  async #takeOnce(counters: readonly SpendCounter[]): Promise<void> {
    const { store, ingest, clock, onTaken } = this.#source
    for (const counter of counters) {
      counter.restart = false
      counter.collect()
    }
    // From here on the store has all that was accepted before anything was collected.
    await ingest.applied()
    const pause = (): Promise<void> => setTimeout(PAUSE_MS, undefined, { ref: false })
    const found = await askStore(store, counters, clock.now(), pause)
    for (const [counter, spend] of found) {
      counter.take(spend)
      // Something was removed meanwhile: what the store said may be from before.
      if (counter.restart) continue
      this.#wanted.delete(counter)
      onTaken(counter)
    }
    this.#tellWaiting()
  }

  #tellWaiting(): void {
    for (const done of [...this.#waiting]) done()
  }
}

function agentOf({ subject }: Budget): string | undefined {
  return subject?.dimension === 'agent_id' ? subject.value : undefined
}
