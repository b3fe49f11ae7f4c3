import { MetricRegistry } from './registry.ts'

let registry: MetricRegistry | undefined

/** The registry of the process: what helpers, feeds and handlers use that are given none. */
export function defaultMetrics(): MetricRegistry {
  registry ??= new MetricRegistry()
  return registry
}

/**
 * Has the process use another registry from now on, e.g. one with other options. To be called first: what the one before has
 * counted stays there.
 *
 * @example setDefaultMetrics(new MetricRegistry({ maxSeries: 10_000, tierCase: 'lower' }))
 */
export function setDefaultMetrics(metrics: MetricRegistry): void {
  registry = metrics
}
