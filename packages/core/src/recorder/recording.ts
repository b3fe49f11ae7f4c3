import { type Clock, type EventPayload, nanoToMicros, systemClock, type UsageEvent } from '../event/index.ts'
import type { PriceBook } from '../pricing/price-book.ts'
import { inferProvider } from '../provider/infer.ts'
import { Draft, type UsualDefaults } from './read-event.ts'
import type { RecordableEvent } from './recordable.ts'
import type { Figures } from './stats.ts'

/** Where a cost comes from: a price book, or anything that prices events as it does. */
export type Prices = Pick<PriceBook, 'price'>

/** Whose request, and through which credential. */
export interface RecordOptions {
  readonly agentId?: string | undefined
  readonly providerId?: string | undefined
}

/** What a failed request's event says beside its model. */
export interface RecordFailureOptions extends RecordOptions {
  readonly errorCode?: string | undefined
  readonly errorMessage?: string | undefined
}

/**
 * The recording methods, over whatever takes the event that was read: a store, or a ring on the way to one.
 *
 * None of them throws or waits, and what cannot be read is counted as `invalid`.
 */
export abstract class Recording {
  /** Whether anything is recorded at all. */
  readonly enabled: boolean
  readonly #defaults: UsualDefaults
  readonly #clock: Clock
  #draft: Draft | undefined = new Draft()

  protected constructor(enabled: boolean, defaults: UsualDefaults, clock: Clock = systemClock) {
    this.enabled = enabled
    this.#defaults = defaults
    this.#clock = clock
    if (!enabled) this.silence()
  }

  /**
   * Records an event: canonical, or in the view of the systems replaced; id and instant are minted where absent.
   *
   * @returns whether it is in the buffer now; false for what was dropped, refused or known already
   * @throws never
   */
  record(event: RecordableEvent): boolean {
    return this.#record(event, undefined)
  }

  /**
   * Records what happened just now.
   *
   * @param options `agentId` is for a payload that names none
   * @returns whether it is in the buffer now
   * @throws never
   */
  recordEvent(payload: EventPayload | RecordableEvent, options?: Pick<RecordOptions, 'agentId'>): boolean {
    return this.#record(payload, options)
  }

  /**
   * Records a completed request of a provider that its model's name tells, at the cost that `prices` finds. A model that
   * nobody has a price for is recorded unpriced: 0 in the figures in micro-USD.
   *
   * @example
   * const store = new EventStore()
   * store.recordLlmCompleted(createPriceBook(), 'gpt-4', 100, 50, { agentId: 'agent_7' }) // true
   * store.stats().totalCostMicros // 6000
   */
  recordLlmCompleted(
    prices: Prices,
    model: string,
    inputTokens: number,
    outputTokens: number,
    options?: RecordOptions,
  ): boolean {
    return this.#recordCompleted(prices, model, undefined, inputTokens, outputTokens, options)
  }

  /** {@link Recording.recordLlmCompleted} of a provider that the caller knows. */
  recordLlmCompletedWithProvider(
    prices: Prices,
    model: string,
    provider: string,
    inputTokens: number,
    outputTokens: number,
    options?: RecordOptions,
  ): boolean {
    return this.#recordCompleted(prices, model, provider, inputTokens, outputTokens, options)
  }

  #recordCompleted(
    prices: Prices,
    model: string,
    provider: string | undefined,
    inputTokens: number,
    outputTokens: number,
    options: RecordOptions | undefined,
  ): boolean {
    try {
      const timestampMs = this.#now()
      const request = { requestModel: model, provider: provider ?? inferProvider(model), inputTokens, outputTokens }
      const cost = costOf(prices, { eventId: '', timestampMs, kind: 'llm_request_completed', ...request })
      const who = { agentId: options?.agentId, providerId: options?.providerId }
      return this.#record({ kind: 'llm_request_completed', timestampMs, ...request, ...who, ...cost }, undefined)
    } catch {
      return this.refuse()
    }
  }

  /** Records a failed request: no tokens, no cost. */
  recordLlmFailed(model: string, options?: RecordFailureOptions): boolean {
    try {
      const request = { requestModel: model, provider: inferProvider(model) }
      return this.#record({ kind: 'llm_request_failed', ...request, ...options }, undefined)
    } catch {
      return this.refuse()
    }
  }

  /** @param percent 0 to 255; amounts are integer micro-USD */
  recordBudgetThreshold(percent: number, currentMicros: number, budgetMicros: number, agentId?: string): boolean {
    return this.recordEvent(
      {
        kind: 'budget_threshold_reached',
        thresholdPercent: percent,
        currentSpendMicros: currentMicros,
        budgetMicros,
      },
      { agentId },
    )
  }

  recordRouterStarted(port: number): boolean {
    return this.recordEvent({ kind: 'router_started', port })
  }

  /** Records that a router stopped, with the requests and the cost counted so far. */
  recordRouterStopped(): boolean {
    const { succeeded, failed, costNanoUsd } = this.counted()
    const totalCostMicros = Number(nanoToMicros(costNanoUsd))
    return this.recordEvent({ kind: 'router_stopped', totalRequests: succeeded + failed, totalCostMicros })
  }

  #record(event: unknown, options: Pick<RecordOptions, 'agentId'> | undefined): boolean {
    // A getter of the event may itself record something: whoever reads an event has the draft for itself.
    const draft = this.#draft ?? new Draft()
    this.#draft = undefined
    let kept: boolean
    try {
      draft.read(event, this.#defaults, options?.agentId)
      if (draft.timestampMs < 0) draft.timestampMs = this.#now()
      kept = this.admit(draft)
    } catch {
      // How far it was read is not known.
      draft.used = draft.values.length
      kept = this.refuse()
    }
    this.#draft = draft
    return kept
  }

  #now(): number {
    const now = this.#clock.now()
    return now >= 0 ? Math.floor(now) : 0
  }

  /** Takes the event that was read; it is kept by swapping the draft's array for another. */
  protected abstract admit(draft: Draft): boolean

  /** Counts what could not be read. */
  protected abstract refuse(): false

  /** Everything counted so far. */
  protected abstract counted(): Figures

  /** Own members in place of the class's methods: recording then is one call that does nothing. */
  protected silence(): void {
    const nothing = (): boolean => false
    this.record = nothing
    this.recordEvent = nothing
    this.recordLlmCompleted = nothing
    this.recordLlmCompletedWithProvider = nothing
    this.recordLlmFailed = nothing
    this.recordBudgetThreshold = nothing
    this.recordRouterStarted = nothing
    this.recordRouterStopped = nothing
  }
}

/** The money members of a request; of prices that throw it is unpriced, which is better than lost. */
function costOf(prices: Prices, event: UsageEvent): object {
  try {
    return prices.price(event)
  } catch {
    return { costBasis: 'unpriced' }
  }
}
