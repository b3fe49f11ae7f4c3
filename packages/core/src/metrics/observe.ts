import type { SeriesRow } from '../recorder/tally.ts'
import type { Figure } from './figure.ts'
import { UNKNOWN } from './label-value.ts'
import type { ModelSeries } from './model-series.ts'
import type { ObservedRequest } from './request.ts'
import type { Exemplar } from './samples.ts'
import type { SeriesStore } from './store.ts'

/** The tier of a miss that names none: all of them were asked. */
const ALL_TIERS = 'all'
/** OpenMetrics allows 128 characters for all labels of an exemplar. */
const MAX_TRACE_ID = 100

/**
 * Adds what a request tells to every figure. A failed one has no duration here, since how long a refusal took says nothing
 * of how long answers take; what it used and cost all the same is counted.
 */
export function observe(store: SeriesStore, event: ObservedRequest, tierOf: (tier: unknown) => string): void {
  const { kind } = event
  if (kind !== 'llm_request_completed' && kind !== 'llm_request_failed') return
  const series = store.modelOf(event.provider ?? UNKNOWN, event.requestModel ?? UNKNOWN)
  const failed = event.success === undefined ? kind === 'llm_request_failed' : !event.success
  addOutcome(store, series, event, failed)
  addTokens(store, series, event)
  addMoney(store, series, event)
  if (event.cacheHit === true) store.addByLabel('cacheHits', 'tier', tierOf(event.cacheTier ?? UNKNOWN))
  if (event.cacheHit === false) store.addByLabel('cacheMisses', 'tier', tierOf(event.cacheTier ?? ALL_TIERS))
}

/** Adds requests of which there are sums only. */
export function observeTotals(store: SeriesStore, row: SeriesRow): void {
  const { figures } = store
  const { succeeded, failed, unpriced, inputTokens, outputTokens, costNanoUsd } = row
  const series = store.modelOf(row.provider === '' ? UNKNOWN : row.provider, row.model)
  if (succeeded > 0) {
    series.add(figures.succeeded, succeeded)
    series.addSplit(figures.succeededOperations, 'operation', undefined, succeeded)
  }
  if (failed > 0) {
    series.addSplit(figures.failed, 'error_type', UNKNOWN, failed)
    series.addSplit(figures.failedOperations, 'operation', undefined, failed)
  }
  store.addTotal('totalRequests', succeeded + failed)
  series.add(figures.allInput, inputTokens)
  series.add(figures.freshInput, inputTokens)
  store.addTotal('totalInput', inputTokens)
  series.add(figures.allOutput, outputTokens)
  series.add(figures.plainOutput, outputTokens)
  store.addTotal('totalOutput', outputTokens)
  series.add(figures.cost, costNanoUsd)
  if (unpriced > 0) series.add(figures.unpriced, unpriced)
}

function addOutcome(store: SeriesStore, series: ModelSeries, event: ObservedRequest, failed: boolean): void {
  const { figures } = store
  const { operation } = event
  store.addTotal('totalRequests', 1)
  const one = exemplarOf(event, 1)
  if (failed) {
    series.addSplit(figures.failed, 'error_type', event.errorType ?? event.errorCode ?? UNKNOWN, 1, one)
    series.addSplit(figures.failedOperations, 'operation', operation, 1, one)
    return
  }
  series.add(figures.succeeded, 1, one)
  series.addSplit(figures.succeededOperations, 'operation', operation, 1, one)
  addDuration(store, series, figures.duration, event, event.durationMs)
  addDuration(store, series, figures.timeToFirstByte, event, event.ttfbMs)
}

function addDuration(
  store: SeriesStore,
  series: ModelSeries,
  figure: Figure,
  event: ObservedRequest,
  value: number | undefined,
): void {
  const ms = value === undefined ? undefined : store.duration(value)
  if (ms !== undefined) series.add(figure, ms, exemplarOf(event, ms))
}

/** Totals for the names that have totals; for the others each token once. A count of 0 is told where it is a total only. */
function addTokens(store: SeriesStore, series: ModelSeries, event: ObservedRequest): void {
  const { figures } = store
  const input = known(store, event.inputTokens)
  const output = known(store, event.outputTokens)
  const read = known(store, event.cacheReadTokens) ?? 0
  const written = known(store, event.cacheWriteTokens) ?? 0
  const written1h = known(store, event.cacheWrite1hTokens) ?? 0
  const reasoning = known(store, event.reasoningTokens) ?? 0
  if (input !== undefined) {
    series.add(figures.allInput, input)
    series.add(figures.freshInput, Math.max(0, input - read - written - written1h))
    store.addTotal('totalInput', input)
  }
  if (read > 0) series.add(figures.cacheRead, read)
  if (written > 0) series.add(figures.cacheWrite, written)
  if (written1h > 0) series.add(figures.cacheWrite, written1h)
  if (output !== undefined) {
    series.add(figures.allOutput, output)
    series.add(figures.plainOutput, Math.max(0, output - reasoning))
    store.addTotal('totalOutput', output)
  }
  if (reasoning > 0) series.add(figures.reasoning, reasoning)
}

function addMoney(store: SeriesStore, series: ModelSeries, event: ObservedRequest): void {
  const { figures } = store
  // Before it is priced, an event has what its maker said.
  const cost = known(store, event.costNanoUsd ?? event.costReportedNanoUsd)
  const savings = known(store, event.cacheSavingsNanoUsd) ?? 0
  if (cost === undefined) series.add(figures.unpriced, 1)
  else series.add(figures.cost, cost)
  if (savings > 0) series.add(figures.savings, savings)
}

/** Events of other people's making come here unchecked. */
const known = (store: SeriesStore, value: number | undefined): number | undefined =>
  value === undefined ? undefined : store.integer(value)

function exemplarOf({ traceId, timestampMs }: ObservedRequest, value: number): Exemplar | undefined {
  if (typeof traceId !== 'string' || traceId === '' || traceId.length > MAX_TRACE_ID) return undefined
  return { traceId, value, timestampMs }
}
