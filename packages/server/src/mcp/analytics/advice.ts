import { nanoToUsd } from '@tallystick/core/event'
import { type ProjectionConfidence, type Recommendation, recommend, type Severity } from '@tallystick/core/insight'
import type { ToolContext } from '../tool.ts'
import type { Named } from './figures.ts'
import type { Route } from './routes.ts'
import type { Scope } from './scope.ts'
import { textName } from './session.ts'

/** How much stands behind a recommendation. */
type Confidence = ProjectionConfidence

interface Advice {
  readonly type: string
  readonly severity: Severity
  readonly message: string
  readonly suggestion: string
  readonly confidence: string
  readonly [member: string]: unknown
}

/** What the rules of smart-ai-bridge are given. */
export interface AdviceInput {
  readonly byBackend: readonly Named[]
  readonly byRoute: readonly Route[]
  readonly monthlySavingsUsd: number
  /** Of the projection that the saving is of. */
  readonly projection: Confidence
}

/** The rules of smart-ai-bridge, each with how sure it is, and after them what could be saved as Tallystick finds it. */
export async function adviceReport(context: ToolContext, scope: Scope, input: AdviceInput): Promise<object> {
  const [rules, found] = [bridgeRules(input), await savingsOf(context, scope)]
  const recommendations = [...rules, ...found]
  const count = (level: Severity): number => recommendations.filter(({ severity }) => severity === level).length
  return {
    total_recommendations: recommendations.length,
    by_severity: { critical: count('critical'), warning: count('warning'), info: count('info') },
    recommendations,
  }
}

function bridgeRules({ byBackend, byRoute, monthlySavingsUsd, projection }: AdviceInput): readonly Advice[] {
  const calls = new Map(byBackend.map((one) => [textName(one), one.figures.calls]))
  const decided = new Map(
    byRoute.map(({ decision, confident }) => [JSON.stringify([decision.routing_method, decision.backend]), confident]),
  )
  const sureness = ({ type, backend = '', routingMethod = '' }: Recommendation): Confidence => {
    if (type === 'cost_optimization') return projection
    if (type === 'routing_confidence') return sureOf(decided.get(JSON.stringify([routingMethod, backend])) ?? 0)
    return sureOf(calls.get(backend) ?? 0)
  }
  return recommend({
    backends: byBackend.map((one) => {
      const { calls: requests, successes, averageMs } = one.figures
      return { backend: textName(one), requests, successes, ...(averageMs === undefined ? {} : { averageMs }) }
    }),
    routes: byRoute.map(({ decision, confident }) => ({
      method: decision.routing_method,
      backend: decision.backend,
      decisions: confident,
      averageConfidence: decision.avg_confidence ?? 1,
    })),
    monthlySavingsUsd,
  }).map((found) => {
    const { type, severity, backend, routingMethod, message, suggestion } = found
    return {
      type,
      severity,
      message,
      suggestion,
      confidence: sureness(found),
      ...(backend === undefined ? {} : { backend }),
      ...(routingMethod === undefined ? {} : { routing_method: routingMethod }),
    }
  })
}

/** By how many calls a rule has seen: a mean of five says little. */
const sureOf = (count: number): Confidence => (count >= 100 ? 'high' : count >= 30 ? 'medium' : 'low')

interface Found {
  readonly id: string
  readonly kind: string
  readonly rule: string
  readonly severity: Severity
  readonly advice: string
  readonly evidence: string
  readonly confidence: string
  readonly saving_nano_usd_30_days: number | string | null
}

/** Those of `GET /api/v1/recommendations` that are about money; the others are the rules above, over fewer kinds of calls. */
async function savingsOf({ api, signal }: ToolContext, { fromMs, toMs }: Scope): Promise<readonly Advice[]> {
  const parameters: [string, string][] = [
    ['from', String(fromMs)],
    ['to', String(toMs)],
  ]
  const answer = await api.ask({ path: '/api/v1/recommendations', parameters }, signal)
  return (answer as { readonly recommendations: readonly Found[] }).recommendations
    .filter(({ kind }) => kind === 'saving')
    .map(({ id, rule, severity, advice, evidence, confidence, saving_nano_usd_30_days: saving }) => ({
      type: rule,
      severity,
      message: evidence,
      suggestion: advice,
      confidence,
      saving_usd_30_days: saving === null ? null : nanoToUsd(BigInt(saving)),
      id,
    }))
}
