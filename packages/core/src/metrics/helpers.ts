import { defaultMetrics } from './default.ts'

/**
 * The recording functions of llm-edge-monitoring, on the registry of the process. None throws, whatever it is given; what is
 * no figure is left out and counted. On a registry of your own call the method of the same name.
 */

/** A request that was answered. @param latencyMs milliseconds, fractions allowed */
export function recordRequestSuccess(provider: string, model: string, latencyMs: number): void {
  defaultMetrics().recordRequestSuccess(provider, model, latencyMs)
}

/** A request that failed, with a short name for why: `rate_limit`, `timeout`. */
export function recordRequestFailure(provider: string, model: string, errorType: string): void {
  defaultMetrics().recordRequestFailure(provider, model, errorType)
}

/** Tokens of a request. @param inputTokens all of them, cached ones included */
export function recordTokenUsage(provider: string, model: string, inputTokens: number, outputTokens: number): void {
  defaultMetrics().recordTokenUsage(provider, model, inputTokens, outputTokens)
}

/** What a request cost. @param usd US dollars; the nearest billionth is counted */
export function recordCost(provider: string, model: string, usd: number): void {
  defaultMetrics().recordCost(provider, model, usd)
}

/** A request answered from a tier of the gateway's cache: `L1`. */
export function recordCacheHit(tier: string): void {
  defaultMetrics().recordCacheHit(tier)
}

/** A request that a tier of the gateway's cache could not answer. */
export function recordCacheMiss(tier: string): void {
  defaultMetrics().recordCacheMiss(tier)
}

/** Sets how many requests are under way; {@link trackActiveRequest} counts them instead. */
export function recordActiveRequests(requests: number): void {
  defaultMetrics().recordActiveRequests(requests)
}

/** One request more is under way. */
export function incActiveRequests(): void {
  defaultMetrics().incActiveRequests()
}

/** One request fewer is under way. */
export function decActiveRequests(): void {
  defaultMetrics().decActiveRequests()
}

/** Whether a provider answers. */
export function recordProviderHealth(provider: string, available: boolean): void {
  defaultMetrics().recordProviderHealth(provider, available)
}
