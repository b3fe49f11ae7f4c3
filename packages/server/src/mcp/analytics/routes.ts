import { MILLIONTHS } from '@tallystick/core/query'
import { groups, integer } from './figures.ts'
import { percent } from './named.ts'
import type { Scope } from './scope.ts'

/** Decisions of a method for a backend, as both generations of smart-ai-bridge tell them. */
export interface RouteDecision {
  readonly routing_method: string
  readonly backend: string
  readonly count: number
  /** Of the decisions that say how confident they are; null where none does. */
  readonly avg_confidence: number | null
  readonly total_confidence: number
  readonly successes: number
  readonly failures: number
  readonly success_rate: number
}

/** A decision under the key of smart-ai-bridge. */
export interface Route {
  readonly key: string
  readonly decision: RouteDecision
  /** How many of its calls say how confident they were. */
  readonly confident: number
}

const SUM = 'routing_confidence_millionths_sum'
const COUNT = 'routing_confidence_millionths_count'

/** Routing decisions. Events that name no method decided nothing. */
export async function routes(scope: Scope): Promise<readonly Route[]> {
  const found = await groups(scope, ['routing_method', 'backend'], { routing_method: { not: [null] } }, [SUM, COUNT])
  return found.map(({ figures: { calls, successes }, name: [method = 'unknown', backend = 'unknown'], row }) => {
    const [count, millionths] = [integer(row, COUNT), integer(row, SUM)]
    const decision: RouteDecision = {
      routing_method: method,
      backend,
      count: calls,
      // Divided by the count first: eleven times 0.7 must make a mean of 0.7.
      avg_confidence: count > 0 ? millionths / count / MILLIONTHS : null,
      total_confidence: millionths / MILLIONTHS,
      successes,
      failures: calls - successes,
      success_rate: percent(successes, calls),
    }
    return { key: `${method}_${backend}`, decision, confident: count }
  })
}
