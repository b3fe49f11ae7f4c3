import type { Clock, Random, UsageEvent } from '../event/index.ts'
import { volumeScore, wilsonLowerBound } from '../insight/index.ts'
import type { Aggregate } from '../query/index.ts'
import { confidenceOf, figuresOf, InvocationFold } from './figures.ts'
import { isoInstant, mean, namedBy, percent } from './named.ts'
import type { BackendRank, BackendUsage, SessionMetrics, SessionStats } from './types.ts'

/** `session_<ms>_<chance>`, in which nothing repeats. */
export function newSessionId(clock: Clock, random: Random): string {
  const chance = [...random.fill(new Uint8Array(12))].map((byte) => (byte % 36).toString(36)).join('')
  return `session_${clock.now()}_${chance}`
}

/** A session: when it began, and the sums of what was recorded in it. */
export class Session {
  readonly id: string
  startedMs: number
  readonly fold: InvocationFold

  constructor(id: string, startedMs: number, maxNames: number) {
    this.id = id
    this.startedMs = startedMs
    this.fold = new InvocationFold({ maxNames })
  }

  add(event: UsageEvent): void {
    this.fold.add(event)
  }

  /** The sums as the old class kept them. */
  metrics(): SessionMetrics {
    const { total, backends, tools, routes } = this.fold
    const { requests, successes, failures, tokens, timeMs } = figuresOf(total)
    return {
      total_requests: requests,
      successful_requests: successes,
      failed_requests: failures,
      total_tokens: Number(tokens),
      total_processing_time_ms: Number(timeMs),
      backend_usage: namedBy(backends.groups, backendUsage),
      tool_usage: namedBy(tools.groups, (tool) => {
        const figures = figuresOf(tool)
        return {
          invocations: figures.requests,
          successes: figures.successes,
          failures: figures.failures,
          avg_processing_time_ms: figures.averageMs ?? 0,
          total_time_ms: Number(figures.timeMs),
        }
      }),
      routing_decisions: namedBy(routes.groups, (route, [method = '', backend = '']) => {
        const { total: total_confidence, average: avg_confidence } = confidenceOf(route)
        const { count, successes } = route
        const failures = count - successes
        return { routing_method: method, backend, count, avg_confidence, total_confidence, successes, failures }
      }),
    }
  }

  /** The sums with what derives from them. */
  stats(): SessionStats {
    const { requests, successes, tokens, averageMs } = figuresOf(this.fold.total)
    return {
      session_id: this.id,
      started_at: isoInstant(this.startedMs),
      metrics: {
        ...this.metrics(),
        success_rate: percent(successes, requests),
        avg_processing_time_ms: averageMs ?? 0,
        avg_tokens_per_request: mean(tokens, requests),
        backend_ranking: this.#ranking(),
      },
    }
  }

  #ranking(): BackendRank[] {
    return this.fold.backends.groups
      .map(({ name: [backend = ''], value }) => {
        const { requests, successes, averageMs = 0 } = figuresOf(value)
        return {
          backend,
          success_rate: percent(successes, requests),
          avg_time_ms: averageMs,
          total_requests: requests,
          score: volumeScore({ requests, successes, averageMs }),
          reliability_score: wilsonLowerBound(successes, requests) * 100,
        }
      })
      .sort((a, b) => b.score - a.score)
  }
}

export function backendUsage(backend: Aggregate): BackendUsage {
  const { requests, successes, failures, tokens, timeMs, averageMs } = figuresOf(backend)
  return {
    requests,
    successes,
    failures,
    total_tokens: Number(tokens),
    total_time_ms: Number(timeMs),
    avg_time_ms: averageMs ?? 0,
    avg_tokens: mean(tokens, requests),
  }
}
