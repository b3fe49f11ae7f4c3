/** `critical`: most requests to a backend fail. `warning`: something is wrong. `info`: something could be better. */
export type Severity = 'critical' | 'warning' | 'info'

export type RecommendationType =
  | 'backend_reliability'
  | 'backend_performance'
  | 'routing_confidence'
  | 'cost_optimization'

export interface Recommendation {
  readonly type: RecommendationType
  readonly severity: Severity
  readonly backend?: string
  readonly routingMethod?: string
  /** One sentence with the figure that the rule looked at. */
  readonly message: string
  readonly suggestion: string
}

/** What the rules look at; whatever is left out has nothing to say. */
export interface RecommendationInput {
  readonly backends?: readonly {
    readonly backend: string
    readonly requests: number
    readonly successes: number
    /** Mean time of an answer in ms; undefined where no time is known. */
    readonly averageMs?: number
  }[]
  readonly routes?: readonly {
    readonly method: string
    readonly backend: string
    /** Decisions whose confidence is known, and its mean, 0 to 1. */
    readonly decisions: number
    readonly averageConfidence: number
  }[]
  /** USD a month that a cheaper backend could save. */
  readonly monthlySavingsUsd?: number
}

/** Each rule holds beyond its limit, never at it. */
export interface RecommendationLimits {
  /** Fewer requests or decisions than one more than this are chance. */
  readonly minimumCount: number
  readonly successRatio: number
  readonly criticalSuccessRatio: number
  readonly averageMs: number
  readonly confidence: number
  readonly monthlySavingsUsd: number
}

export const RECOMMENDATION_LIMITS: RecommendationLimits = {
  minimumCount: 10,
  successRatio: 0.9,
  criticalSuccessRatio: 0.5,
  averageMs: 5_000,
  confidence: 0.7,
  monthlySavingsUsd: 10,
}

const RANK: { readonly [Level in Severity]: number } = { critical: 0, warning: 1, info: 2 }

/**
 * What should change, the most severe first and otherwise in the order of the input.
 *
 * | type | severity | when |
 * |---|---|---|
 * | `backend_reliability` | `critical` | more than 10 requests, less than half of them successful |
 * | `backend_reliability` | `warning` | more than 10 requests, less than 90 % of them successful |
 * | `backend_performance` | `info` | a mean time of more than 5,000 ms, however few requests |
 * | `routing_confidence` | `warning` | more than 10 decisions with a mean confidence below 0.7 |
 * | `cost_optimization` | `info` | more than $10 a month could be saved |
 *
 * @example
 * recommend({ backends: [{ backend: 'gemini', requests: 11, successes: 9 }] })
 * // [{ type: 'backend_reliability', severity: 'warning', backend: 'gemini', message: 'gemini has 18.2% failure rate', ... }]
 */
export function recommend(
  input: RecommendationInput,
  limits: RecommendationLimits = RECOMMENDATION_LIMITS,
): readonly Recommendation[] {
  const found = [
    ...(input.backends ?? []).flatMap((backend) => [...reliability(backend, limits), ...performance(backend, limits)]),
    ...(input.routes ?? []).flatMap((route) => routing(route, limits)),
    ...savings(input.monthlySavingsUsd ?? 0, limits),
  ]
  return found.sort((a, b) => RANK[a.severity] - RANK[b.severity])
}

type Backend = NonNullable<RecommendationInput['backends']>[number]
type Route = NonNullable<RecommendationInput['routes']>[number]

function reliability({ backend, requests, successes }: Backend, limits: RecommendationLimits): Recommendation[] {
  const ratio = successes / requests
  if (!(requests > limits.minimumCount && ratio < limits.successRatio)) return []
  return [
    {
      type: 'backend_reliability',
      severity: ratio < limits.criticalSuccessRatio ? 'critical' : 'warning',
      backend,
      message: `${backend} has ${((1 - ratio) * 100).toFixed(1)}% failure rate`,
      suggestion: `Consider reviewing routing rules for ${backend} or investigating backend health`,
    },
  ]
}

function performance({ backend, averageMs }: Backend, limits: RecommendationLimits): Recommendation[] {
  if (averageMs === undefined || !(averageMs > limits.averageMs)) return []
  return [
    {
      type: 'backend_performance',
      severity: 'info',
      backend,
      message: `${backend} averaging ${averageMs.toFixed(0)}ms response time`,
      suggestion: 'Consider using faster backend for time-sensitive operations',
    },
  ]
}

function routing(
  { method, backend, decisions, averageConfidence }: Route,
  limits: RecommendationLimits,
): Recommendation[] {
  if (!(decisions > limits.minimumCount && averageConfidence < limits.confidence)) return []
  return [
    {
      type: 'routing_confidence',
      severity: 'warning',
      backend,
      routingMethod: method,
      message: `Low routing confidence (${(averageConfidence * 100).toFixed(1)}%) for ${method}_${backend}`,
      suggestion: 'Consider refining routing rules or patterns for better confidence',
    },
  ]
}

function savings(monthlyUsd: number, limits: RecommendationLimits): Recommendation[] {
  if (!(monthlyUsd > limits.monthlySavingsUsd)) return []
  return [
    {
      type: 'cost_optimization',
      severity: 'info',
      message: `Using local backend more could save $${monthlyUsd.toFixed(2)}/month`,
      suggestion: 'Route more large-context requests to local backend to reduce costs',
    },
  ]
}
