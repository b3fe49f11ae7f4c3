import type { UsageEvent } from '@tallystick/core/event'
import { ErrorPatterns, hourOfDay } from '@tallystick/core/insight'
import type { ResultRow } from '@tallystick/core/query'
import { backends, groups, integer, totals } from './figures.ts'
import { isoInstant, objectBy, percent } from './named.ts'
import { routes } from './routes.ts'
import type { Scope, WireEvent } from './scope.ts'
import { backendUsage, textName } from './session.ts'

const TOP_PATTERNS = 10
/** Messages stand in single events; so many of the newest failures are read for their patterns. */
const MAX_FAILURES = 1_000

/**
 * What happened in a range, as smart-ai-bridge told of it, and the series that the description of its tool promised.
 *
 * @param interval width of a point of the series
 * @param timeZone of the hourly distribution and of the days in the series
 */
export async function historyReport(scope: Scope, interval: string, timeZone: string): Promise<object> {
  const [total, byBackend, byTool, byRoute, hours, failures, [first], [last], points] = await Promise.all([
    totals(scope),
    backends(scope),
    groups(scope, ['tool_name'], { tool_name: { not: [null] } }),
    routes(scope),
    scope.rows({ measures: ['events'], interval: '1h', time_zone: timeZone }),
    scope.events(MAX_FAILURES, [['success', 'false']]),
    scope.events(1, [['order', 'asc']]),
    scope.events(1, []),
    series(scope, interval, timeZone),
  ])
  return {
    time_range: { start: instantOf(first), end: instantOf(last), total_events: total.calls },
    totals: {
      requests: total.calls,
      successes: total.successes,
      failures: total.calls - total.successes,
      total_tokens: total.tokens,
      total_time_ms: total.timeMs,
      success_rate: percent(total.successes, total.calls),
      p50_ms: total.p50Ms,
      p95_ms: total.p95Ms,
    },
    backend_performance: objectBy(
      byBackend.map((one) => {
        const { p50Ms: p50_time_ms, p95Ms: p95_time_ms } = one.figures
        return [textName(one), { ...backendUsage(one.figures), p50_time_ms, p95_time_ms }]
      }),
    ),
    tool_popularity: objectBy(byTool.map((one) => [textName(one), one.figures.calls])),
    routing_effectiveness: objectBy(byRoute.routes.map(({ key, decision }) => [key, decision])),
    routing_confidence_of: byRoute.confidenceOf,
    hourly_distribution: hourly(hours, timeZone),
    time_zone: timeZone,
    error_patterns: patterns(failures),
    error_patterns_of: failures.length,
    series: points,
  }
}

const instantOf = (event: WireEvent | undefined): string | null =>
  event === undefined ? null : isoInstant(Number(event['timestamp_ms']))

/** Calls by the hour of the clock in that zone. */
function hourly(rows: readonly ResultRow[], timeZone: string): object {
  const hours = new Map<number, number>()
  for (const row of rows) {
    const hour = hourOfDay(integer(row, 'time_ms'), timeZone)
    hours.set(hour, (hours.get(hour) ?? 0) + integer(row, 'events'))
  }
  const used = [...hours].filter(([, count]) => count > 0).sort(([a], [b]) => a - b)
  return objectBy(used.map(([hour, count]) => [String(hour), count]))
}

function patterns(failures: readonly WireEvent[]): readonly object[] {
  const found = new ErrorPatterns(MAX_FAILURES)
  for (const event of failures) found.add(failureIn(event))
  return found.top(TOP_PATTERNS).map(({ type, message, code, count, firstSeenMs, lastSeenMs, samples }) => ({
    type,
    message: message ?? null,
    code: code ?? null,
    count,
    first_seen: isoInstant(firstSeenMs),
    last_seen: isoInstant(lastSeenMs),
    sample_messages: samples,
  }))
}

/** As much of the event as its pattern is made of. A status says what went wrong where nothing else does. */
function failureIn(event: WireEvent): UsageEvent {
  const text = (name: string): string | undefined => (typeof event[name] === 'string' ? event[name] : undefined)
  const status = typeof event['status_code'] === 'number' ? String(event['status_code']) : undefined
  const [errorType, errorCode, errorMessage] = [text('error_type'), text('error_code') ?? status, text('error_message')]
  return {
    eventId: text('event_id') ?? '',
    timestampMs: Number(event['timestamp_ms']),
    kind: 'llm_request_failed',
    success: false,
    ...(errorType === undefined ? {} : { errorType }),
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(errorMessage === undefined ? {} : { errorMessage }),
  }
}

/** A point for each backend and bucket that had calls, the earliest first. `latency` is the mean in ms. */
async function series(scope: Scope, interval: string, timeZone: string): Promise<readonly object[]> {
  const [named, nameless] = await Promise.all([
    pointsBy(scope, 'backend', { backend: { not: [null] } }, interval, timeZone),
    pointsBy(scope, 'provider', { backend: null }, interval, timeZone),
  ])
  return [...named, ...nameless]
    .sort((a, b) => a.ms - b.ms)
    .map(({ ms, ...point }) => ({ timestamp: isoInstant(ms), ...point }))
}

async function pointsBy(
  scope: Scope,
  by: string,
  filters: Readonly<Record<string, unknown>>,
  interval: string,
  time_zone: string,
): Promise<readonly { readonly ms: number }[]> {
  const asked = { interval, time_zone, group_by: [by] }
  const [rows, failed] = await Promise.all([
    scope.rows({ ...asked, measures: ['events', 'duration_ms_avg'], filters }),
    scope.rows({ ...asked, measures: ['events'], filters: { ...filters, success: false } }),
  ])
  const errors = new Map(
    failed.map((row) => [JSON.stringify([row['time_ms'], row[by], row['other']]), integer(row, 'events')]),
  )
  return rows
    .filter((row) => integer(row, 'events') > 0)
    .map((row) => ({
      ms: integer(row, 'time_ms'),
      backend: row['other'] === true ? 'other' : String(row[by] ?? 'unknown'),
      calls: integer(row, 'events'),
      errors: errors.get(JSON.stringify([row['time_ms'], row[by], row['other']])) ?? 0,
      latency: row['duration_ms_avg'] ?? null,
    }))
}
