import { recommend } from '../insight/index.ts'
import { confidenceOf, figuresOf, type InvocationFold } from './figures.ts'
import type { OptimizationRecommendations } from './types.ts'

/** The recommendations for folded invocations, under the names of the old class. */
export function advice(fold: InvocationFold, monthlySavingsUsd: number): OptimizationRecommendations {
  const recommendations = recommend({
    backends: fold.backends.groups.map(({ name: [backend = ''], value }) => {
      const { requests, successes, averageMs } = figuresOf(value)
      return { backend, requests, successes, ...(averageMs === undefined ? {} : { averageMs }) }
    }),
    routes: fold.routes.groups.map(({ name: [method = '', backend = ''], value }) => ({
      method,
      backend,
      decisions: value.confident,
      averageConfidence: confidenceOf(value).average,
    })),
    monthlySavingsUsd,
  }).map(({ type, severity, backend, routingMethod, message, suggestion }) => ({
    type,
    severity,
    ...(backend === undefined ? {} : { backend }),
    ...(routingMethod === undefined ? {} : { routing_method: routingMethod }),
    message,
    suggestion,
  }))
  const of = (severity: string): number => recommendations.filter((entry) => entry.severity === severity).length
  return {
    total_recommendations: recommendations.length,
    by_severity: { critical: of('critical'), warning: of('warning'), info: of('info') },
    recommendations,
  }
}
