import type { UsageEvent } from '../event/index.ts'
import { ErrorPatterns, hourOfDay } from '../insight/index.ts'
import { confidenceOf, figuresOf, InvocationFold, timeQuantile } from './figures.ts'
import { isoInstant, namedBy, percent } from './named.ts'
import { backendUsage } from './session.ts'
import type { HistoricalAnalytics, Named } from './types.ts'

const TOP_PATTERNS = 10

/** What happened in a range, folded from its events in any order; memory grows with names, not with events. */
export class History {
  readonly fold: InvocationFold
  readonly #timeZone: string
  readonly #hours = new Array<number>(24).fill(0)
  readonly #errors: ErrorPatterns

  constructor(options: { readonly maxNames: number; readonly timeZone: string }) {
    this.fold = new InvocationFold({ maxNames: options.maxNames, quantiles: true })
    this.#errors = new ErrorPatterns(options.maxNames)
    this.#timeZone = options.timeZone
  }

  add(event: UsageEvent): void {
    this.fold.add(event)
    this.#errors.add(event)
    const hour = hourOfDay(event.timestampMs, this.#timeZone)
    this.#hours[hour] = (this.#hours[hour] as number) + 1
  }

  analytics(): HistoricalAnalytics {
    const { total, backends, tools, routes, firstMs, lastMs } = this.fold
    const { requests, successes, failures, tokens, timeMs } = figuresOf(total)
    return {
      time_range: {
        start: firstMs === undefined ? null : isoInstant(firstMs),
        end: lastMs === undefined ? null : isoInstant(lastMs),
        total_events: requests,
      },
      totals: {
        requests,
        successes,
        failures,
        total_tokens: Number(tokens),
        total_time_ms: Number(timeMs),
        success_rate: percent(successes, requests),
      },
      backend_performance: namedBy(backends.groups, (backend) => {
        const usage = backendUsage(backend)
        return {
          ...usage,
          success_rate: percent(usage.successes, usage.requests),
          p50_time_ms: timeQuantile(backend, 0.5) ?? null,
          p95_time_ms: timeQuantile(backend, 0.95) ?? null,
        }
      }),
      tool_popularity: namedBy(tools.groups, (tool) => figuresOf(tool).requests),
      routing_effectiveness: namedBy(routes.groups, (route, [method = '', backend = '']) => {
        const { total: total_confidence, average: avg_confidence } = confidenceOf(route)
        const { count, successes } = route
        const success_rate = percent(successes, count)
        return { routing_method: method, backend, count, avg_confidence, total_confidence, success_rate, successes }
      }),
      hourly_distribution: this.#hourlyDistribution(),
      error_patterns: this.#errors.top(TOP_PATTERNS).map((pattern) => ({
        type: pattern.type,
        message: pattern.message ?? null,
        code: pattern.code ?? null,
        count: pattern.count,
        first_seen: isoInstant(pattern.firstSeenMs),
        last_seen: isoInstant(pattern.lastSeenMs),
        sample_messages: [...pattern.samples],
      })),
    }
  }

  #hourlyDistribution(): Named<number> {
    const hours: Named<number> = Object.create(null)
    for (const [hour, count] of this.#hours.entries()) if (count > 0) hours[hour] = count
    return hours
  }
}
