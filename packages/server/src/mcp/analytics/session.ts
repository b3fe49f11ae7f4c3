import type { BackendRank } from '@tallystick/core/compat'
import { volumeScore, wilsonLowerBound } from '@tallystick/core/insight'
import type { ToolContext } from '../tool.ts'
import { backends, type CallFigures, groups, type Named, totals } from './figures.ts'
import { isoInstant, objectBy, percent } from './named.ts'
import { routes } from './routes.ts'
import { Scope, scopeOfRange } from './scope.ts'

/** A session, and whether one was found at all. */
export interface SessionScope {
  readonly id: string | null
  readonly scope: Scope
}

/** No event is older. */
const EARLIEST_MS = Date.UTC(2000, 0, 1)

/**
 * The session of that id, or the one that the newest event belongs to. Where no event names a session it is the last 24
 * hours: a report of nothing would help nobody.
 */
export async function sessionScope(context: ToolContext, wanted: string | undefined): Promise<SessionScope> {
  const toMs = context.clock.now() + 1
  const all = new Scope(context, { fromMs: EARLIEST_MS, toMs })
  const id = wanted ?? textOf((await all.events(1, [['session_id!', '']]))[0]?.['session_id'])
  if (id === undefined) return { id: null, scope: scopeOfRange(context, '24h') }
  const [first] = await all.events(1, [
    ['session_id', id],
    ['order', 'asc'],
  ])
  const fromMs = Math.min(Number(first?.['timestamp_ms'] ?? toMs - 1), toMs - 1)
  return { id, scope: new Scope(context, { fromMs, toMs }, { session_id: [id] }) }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A session as smart-ai-bridge told of it, and what the description of its tool promised beside. */
export async function sessionReport({ id, scope }: SessionScope): Promise<object> {
  const [total, byBackend, byTool, byRoute] = await Promise.all([
    totals(scope),
    backends(scope),
    groups(scope, ['tool_name'], { tool_name: { not: [null] } }),
    routes(scope),
  ])
  return {
    session_id: id,
    started_at: isoInstant(scope.fromMs),
    metrics: {
      total_requests: total.calls,
      successful_requests: total.successes,
      failed_requests: total.calls - total.successes,
      total_tokens: total.tokens,
      total_processing_time_ms: total.timeMs,
      backend_usage: objectBy(byBackend.map((one) => [textName(one), backendUsage(one.figures)])),
      tool_usage: objectBy(byTool.map((one) => [textName(one), toolUsage(one.figures)])),
      routing_decisions: objectBy(byRoute.map(({ key, decision }) => [key, decision])),
      success_rate: percent(total.successes, total.calls),
      avg_processing_time_ms: total.averageMs ?? 0,
      avg_tokens_per_request: total.calls > 0 ? total.tokens / total.calls : 0,
      p50_ms: total.p50Ms,
      p95_ms: total.p95Ms,
      backend_ranking: byBackend.map(ranked).sort((a, b) => b.score - a.score),
    },
  }
}

/** Names of one part. */
export const textName = ({ name }: Named): string => name.join('_')

/** A backend under both generations of names: `requests` and `avg_time_ms`; `invocations`, `p50_ms` and `p95_ms`. */
export function backendUsage({ calls, successes, tokens, timeMs, averageMs, p50Ms, p95Ms }: CallFigures): object {
  return {
    requests: calls,
    successes,
    failures: calls - successes,
    total_tokens: tokens,
    total_time_ms: timeMs,
    avg_time_ms: averageMs ?? 0,
    avg_tokens: calls > 0 ? tokens / calls : 0,
    invocations: calls,
    success_rate: percent(successes, calls),
    p50_ms: p50Ms,
    p95_ms: p95Ms,
  }
}

function toolUsage({ calls, successes, timeMs, averageMs, p50Ms, p95Ms }: CallFigures): object {
  return {
    invocations: calls,
    successes,
    failures: calls - successes,
    avg_processing_time_ms: averageMs ?? 0,
    total_time_ms: timeMs,
    success_rate: percent(successes, calls),
    p50_ms: p50Ms,
    p95_ms: p95Ms,
  }
}

function ranked(one: Named): BackendRank {
  const { calls, successes, averageMs = 0 } = one.figures
  return {
    backend: textName(one),
    success_rate: percent(successes, calls),
    avg_time_ms: averageMs,
    total_requests: calls,
    score: volumeScore({ requests: calls, successes, averageMs }),
    reliability_score: wilsonLowerBound(successes, calls) * 100,
  }
}
