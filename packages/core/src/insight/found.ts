import { recommend } from './recommendations.ts'
import { findSavings } from './savings/find-savings.ts'
import type { Saving, SavingContext } from './savings/saving.ts'
import { savingId } from './savings/saving.ts'

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

/** smart-ai-bridge's rules, over the figures of backends. */
async function backends({ ask, fromMs, toMs }: SavingContext): Promise<FoundRecommendation[]> {
  const query = {
    from: fromMs,
    to: toMs,
    measures: ['requests', 'successful_requests', 'duration_ms_avg'],
    group_by: ['backend'],
    order_by: '-requests',
    limit: MOST_BACKENDS,
  }
  const { rows } = await ask(query)
  const input = rows.flatMap((row) =>
    row['other'] === true || row['backend'] === null
      ? []
      : [
          {
            backend: String(row['backend']),
            requests: Number(row['requests']),
            successes: Number(row['successful_requests']),
            ...(row['duration_ms_avg'] === null ? {} : { averageMs: Number(row['duration_ms_avg']) }),
          },
        ],
  )
  return recommend({ backends: input }).map(({ type, severity, backend, message, suggestion }): FoundRecommendation => {
    const subject = { backend: backend ?? null }
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
      query,
    }
  })
}
