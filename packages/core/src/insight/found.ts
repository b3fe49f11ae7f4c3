import { MILLIONTHS, type ResultRow } from '../query/index.ts'
import { recommend } from './recommendations.ts'
import { findSavings } from './savings/find-savings.ts'
import { groupsOf, type Saving, type SavingContext, type SavingQuery, savingId } from './savings/saving.ts'

/** One recommendation, whatever kind of rule found it. */
export interface FoundRecommendation extends Saving {
  readonly kind: 'saving' | 'backend'
  readonly severity: 'critical' | 'warning' | 'info'
}

const MOST_BACKENDS = 200

/**
 * What should change, by figures that are asked for: backends in trouble first, then what could be saved, the greatest first.
 *
 * @throws what `ask` throws
 */
export async function findRecommendations(context: SavingContext): Promise<readonly FoundRecommendation[]> {
  const found = await backends(context)
  for (const saving of await findSavings(context)) found.push({ ...saving, kind: 'saving', severity: 'info' })
  return found
}

/** smart-ai-bridge's rules, over the figures of backends and of the routing to them. */
async function backends({ ask, fromMs, toMs }: SavingContext): Promise<FoundRecommendation[]> {
  const common = { from: fromMs, to: toMs, limit: MOST_BACKENDS }
  const outcomes = {
    ...common,
    measures: ['requests', 'successful_requests', 'duration_ms_avg'],
    group_by: ['backend'],
    order_by: '-requests',
  }
  const decisions = {
    ...common,
    measures: ['routing_confidence_millionths_count', 'routing_confidence_millionths_avg'],
    group_by: ['routing_method', 'backend'],
    filters: { routing_method: { not: [null] } },
    order_by: '-routing_confidence_millionths_count',
  }
  const named = async (query: SavingQuery): Promise<readonly ResultRow[]> =>
    groupsOf(await ask(query)).filter((row) => row['backend'] !== null)
  const input = (await named(outcomes)).map((row) => ({
    backend: String(row['backend']),
    requests: Number(row['requests']),
    successes: Number(row['successful_requests']),
    ...(row['duration_ms_avg'] === null ? {} : { averageMs: Number(row['duration_ms_avg']) }),
  }))
  const routes = (await named(decisions)).map((row) => ({
    method: String(row['routing_method']),
    backend: String(row['backend']),
    decisions: Number(row['routing_confidence_millionths_count']),
    averageConfidence: Number(row['routing_confidence_millionths_avg']) / MILLIONTHS,
  }))
  return recommend({ backends: input, routes }).map(
    ({ type, severity, backend, routingMethod, message, suggestion }): FoundRecommendation => {
      const subject = {
        ...(routingMethod === undefined ? {} : { routing_method: routingMethod }),
        backend: backend ?? null,
      }
      return {
        id: savingId(type, subject),
        rule: type,
        kind: 'backend',
        severity,
        subject,
        advice: `${suggestion}.`,
        evidence: `${message}.`,
        savingNanoUsd: null,
        bound: 'exact',
        assumptions: [],
        confidence: 'high',
        query: routingMethod === undefined ? outcomes : decisions,
      }
    },
  )
}
