import { hourOfDay } from '@tallystick/core/insight'
import type { ResultRow } from '@tallystick/core/query'
import { backends, groups, integer, totals } from './figures.ts'
import { isoInstant, objectBy, percent } from './named.ts'
import { routes } from './routes.ts'
import type { Scope, WireEvent } from './scope.ts'
import { backendUsage, textName } from './session.ts'

const TOP_PATTERNS = 10

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
    failuresOf(scope),
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
    routing_effectiveness: objectBy(byRoute.map(({ key, decision }) => [key, decision])),
    hourly_distribution: hourly(hours, timeZone),
    time_zone: timeZone,
    ...failures,
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

/** Patterns as smart-ai-bridge writes them, and of how many failures they are. */
async function failuresOf(scope: Scope): Promise<object> {
  const { patterns, read } = await scope.errorPatterns(TOP_PATTERNS)
  return {
    error_patterns: patterns.map(({ code, first_seen_ms, last_seen_ms, samples, status_code: status, ...pattern }) => ({
      ...pattern,
      code: code ?? (status === null ? null : String(status)),
      first_seen: isoInstant(first_seen_ms),
      last_seen: isoInstant(last_seen_ms),
      sample_messages: samples,
    })),
    error_patterns_of: read,
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
