import { type Exact, nanoToMicros, nanoToUsd } from '../event/index.ts'

/**
 * Figures of one model or one provider.
 *
 * Tokens and micro-USD are numbers, exact to 2^53 - 1 and the nearest number beyond; `costNanoUsd` is always exact, a bigint
 * past 2^53 - 1. Micro-USD are rounded once, half to even, from the exact sum.
 */
export class ModelStats {
  /** Requests that succeeded; what failed is in `failedCount` alone. */
  readonly requestCount: number
  readonly failedCount: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costMicros: number
  readonly costNanoUsd: Exact
  /** Requests that succeeded and whose cost nobody knows; they are in no sum of money. */
  readonly unpricedCount: number

  constructor(figures: Figures) {
    this.requestCount = figures.succeeded
    this.failedCount = figures.failed
    this.inputTokens = Number(figures.inputTokens)
    this.outputTokens = Number(figures.outputTokens)
    this.costMicros = Number(nanoToMicros(figures.costNanoUsd))
    this.costNanoUsd = figures.costNanoUsd
    this.unpricedCount = figures.unpriced
  }

  /** For showing only; never add these. */
  costUsd(): number {
    return nanoToUsd(this.costNanoUsd)
  }

  toJSON(): Record<string, number> {
    return {
      request_count: this.requestCount,
      input_tokens: this.inputTokens,
      output_tokens: this.outputTokens,
      cost_micros: this.costMicros,
    }
  }
}

/** Sums of one model, one provider, or all. */
export interface Figures {
  readonly succeeded: number
  readonly failed: number
  readonly unpriced: number
  readonly inputTokens: Exact
  readonly outputTokens: Exact
  readonly costNanoUsd: Exact
}

/**
 * What a recorder has counted since it was made, dropped events included: a snapshot that does not change.
 *
 * Only LLM requests count. A completed request that says `success: false`, or nothing and a status from 400, failed. An
 * event without provider counts under `unknown`. Money adds up exactly: the total is the sum over models and the sum over
 * providers, in nano-USD.
 *
 * @example
 * const store = new EventStore()
 * store.recordEvent({ kind: 'llm_request_completed', provider: 'openai', model: 'gpt-4', inputTokens: 100, outputTokens: 50,
 *   costMicros: 6_000 })
 * const stats = store.stats()
 * stats.totalCostUsd() // 0.006
 * stats.byModel.get('gpt-4')?.requestCount // 1
 */
export class ComputedStats {
  /** Completed and failed. */
  readonly totalRequests: number
  readonly failedRequests: number
  readonly totalInputTokens: number
  readonly totalOutputTokens: number
  readonly totalCostMicros: number
  readonly totalCostNanoUsd: Exact
  readonly unpricedRequests: number
  readonly byModel: ReadonlyMap<string, ModelStats>
  readonly byProvider: ReadonlyMap<string, ModelStats>

  constructor(total: Figures, byModel: ReadonlyMap<string, ModelStats>, byProvider: ReadonlyMap<string, ModelStats>) {
    this.totalRequests = total.succeeded + total.failed
    this.failedRequests = total.failed
    this.totalInputTokens = Number(total.inputTokens)
    this.totalOutputTokens = Number(total.outputTokens)
    this.totalCostMicros = Number(nanoToMicros(total.costNanoUsd))
    this.totalCostNanoUsd = total.costNanoUsd
    this.unpricedRequests = total.unpriced
    this.byModel = byModel
    this.byProvider = byProvider
  }

  /** 0 without requests. For showing only; never add these. */
  totalCostUsd(): number {
    return nanoToUsd(this.totalCostNanoUsd)
  }

  /** Percent, 0 to 100; 100 without requests. */
  successRate(): number {
    return this.successRatio() * 100
  }

  /** 0 to 1; 1 without requests. */
  successRatio(): number {
    return this.totalRequests === 0 ? 1 : (this.totalRequests - this.failedRequests) / this.totalRequests
  }

  /** Failed requests are in the denominator; 0 without requests. */
  avgCostPerRequestUsd(): number {
    return this.totalRequests === 0 ? 0 : this.totalCostUsd() / this.totalRequests
  }

  totalTokens(): number {
    return this.totalInputTokens + this.totalOutputTokens
  }

  /** Failed requests are in the denominator; 0 without requests. */
  avgTokensPerRequest(): number {
    return this.totalRequests === 0 ? 0 : this.totalTokens() / this.totalRequests
  }

  /** The members of the systems replaced, by their names there; maps become objects. */
  toJSON(): Record<string, unknown> {
    return {
      total_requests: this.totalRequests,
      failed_requests: this.failedRequests,
      total_input_tokens: this.totalInputTokens,
      total_output_tokens: this.totalOutputTokens,
      total_cost_micros: this.totalCostMicros,
      by_model: Object.fromEntries(this.byModel),
      by_provider: Object.fromEntries(this.byProvider),
    }
  }
}
