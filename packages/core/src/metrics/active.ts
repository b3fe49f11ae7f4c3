import { defaultMetrics } from './default.ts'
import type { MetricRegistry } from './registry.ts'

/**
 * Counts a request as under way until what `run` does has ended, in whatever way; what it returns or throws is handed on.
 *
 * @example const answer = await trackActiveRequest(() => client.chat.completions.create(body))
 */
export function trackActiveRequest<T>(run: () => T, metrics: MetricRegistry = defaultMetrics()): T {
  metrics.incActiveRequests()
  const end = (): void => metrics.decActiveRequests()
  let result: T
  try {
    result = run()
  } catch (error) {
    end()
    throw error
  }
  if (!isThenable(result)) {
    end()
    return result
  }
  // On the side: the caller gets the promise of `run` itself, which may be more than a promise.
  result.then(end, end)
  return result
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
  )
}
