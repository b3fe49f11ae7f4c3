import { groups } from './figures.ts'
import { percent } from './named.ts'
import type { Scope, WireEvent } from './scope.ts'

/** Decisions of a method for a backend, as both generations of smart-ai-bridge tell them. */
export interface RouteDecision {
  readonly routing_method: string
  readonly backend: string
  readonly count: number
  /** Of the newest decisions; null where none of them says how confident it is. */
  readonly avg_confidence: number | null
  readonly total_confidence: number
  readonly successes: number
  readonly failures: number
  readonly success_rate: number
}

/** What is known of routing in a scope. */
export interface Routes {
  readonly routes: readonly { readonly key: string; readonly decision: RouteDecision; readonly confident: number }[]
  /** How many single decisions the confidences are of. */
  readonly confidenceOf: number
}

/** Confidence is a member of single events and in no sum; so many of the newest are read for it. */
const MAX_SAMPLED = 1_000
const MILLIONTHS = 1_000_000

/** Routing decisions: counts of all of them, confidence of the newest. Events that name no method decided nothing. */
export async function routes(scope: Scope): Promise<Routes> {
  const counted = await groups(scope, ['routing_method', 'backend'], { routing_method: { not: [null] } })
  if (counted.length === 0) return { routes: [], confidenceOf: 0 }
  const sampled = await scope.events(MAX_SAMPLED, [['routing_method!', '']])
  const confidences = new Map<string, { count: number; millionths: number }>()
  for (const event of sampled) {
    const confidence = event['routing_confidence']
    if (typeof confidence !== 'number') continue
    const key = keyOf([event['routing_method'], event['backend'] ?? 'unknown'])
    const sum = confidences.get(key) ?? { count: 0, millionths: 0 }
    // Integers, so that the order of events does not matter.
    confidences.set(key, { count: sum.count + 1, millionths: sum.millionths + Math.round(confidence * MILLIONTHS) })
  }
  return {
    routes: counted.map(({ name, figures: { calls, successes } }) => {
      const [method = 'unknown', backend = 'unknown'] = name
      const { count, millionths } = confidences.get(keyOf([method, backend])) ?? { count: 0, millionths: 0 }
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
    }),
    confidenceOf: sampled.filter(hasConfidence).length,
  }
}

const keyOf = (name: readonly unknown[]): string => JSON.stringify(name)
const hasConfidence = (event: WireEvent): boolean => typeof event['routing_confidence'] === 'number'
