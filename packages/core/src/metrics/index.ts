/** What Prometheus is told of LLM traffic: families, a bounded number of series, their text. Runs in browsers too. */

export { trackActiveRequest } from './active.ts'
export type { HeldNames, MetricNames } from './budget.ts'
export { type CalculateCostOptions, calculateCost } from './calculate-cost.ts'
export { defaultMetrics, setDefaultMetrics } from './default.ts'
export { negotiateFormat } from './exposition/negotiate.ts'
export { CONTENT_TYPES, type ExpositionFormat, writeExposition } from './exposition/write.ts'
export { DURATION_BUCKETS_MS, DURATION_BUCKETS_SECONDS } from './families/buckets.ts'
export { CONVENTIONAL_FAMILIES } from './families/conventional.ts'
export { REGISTRY_FAMILIES } from './families/registry.ts'
export { ROUTIIUM_FAMILIES } from './families/routiium.ts'
export { SEED_FAMILIES } from './families/seed.ts'
export type { MetricFamily, MetricSet, MetricType } from './family.ts'
export { feedMetrics } from './feed.ts'
export type { ProviderState } from './gauges.ts'
export {
  type MetricsHandler,
  type MetricsHandlerOptions,
  type MetricsRequest,
  type MetricsResponse,
  metricsHandler,
} from './handler.ts'
export * from './helpers.ts'
export { isMonitoringError, MONITORING_ERRORS, type MonitoringError } from './monitoring-error.ts'
export { MetricRegistry, type MetricRegistryOptions, type SnapshotOptions } from './registry.ts'
export type { ObservedRequest } from './request.ts'
export type { Exemplar, FamilySamples, HistogramSample, Labels, Sample, ValueSample } from './samples.ts'
export { Histogram } from './series.ts'
