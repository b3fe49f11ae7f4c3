import { nanoToUsd } from '../../event/index.ts'
import type { Filter, QueryResult } from '../../query/index.ts'
import { recommend } from '../recommendations.ts'
import { savingId } from '../savings/saving.ts'
import type { ReportSource } from './ask.ts'
import { breakdownsOf, unpricedOf } from './breakdowns.ts'
import { backendsOf, costOf, routesOf, toolsOf } from './bridge.ts'
import { errorsOf } from './errors.ts'
import { daysOf, hoursOf, projectionOf, type Span, seriesOf } from './over-time.ts'
import { rangeBefore } from './range.ts'
import {
  REPORT_VERSION,
  type Report,
  type ReportBudget,
  type ReportCompleteness,
  type ReportRecommendation,
} from './report.ts'
import { cacheOf, latencyOf, spent, TOTALS, tokensOf, totalsOf } from './totals.ts'

/** What a report is about, and what is known beside the figures. */
export interface ReportContext extends ReportSource, Span {
  readonly generatedMs: number
  /** How the range was named; null for two instants. */
  readonly range: string | null
  /** Narrows all questions; whoever answers them sees to it. */
  readonly filters: readonly Filter[]
  readonly scope: Report['scope']
  /** Names in a list before the rest is one row. */
  readonly top: number
  /** What people call keys, by id. */
  readonly keyTitles: ReadonlyMap<string, string>
  readonly budgets: readonly ReportBudget[] | null
  /** What was found by rules that need more than the report's questions. */
  readonly recommendations: readonly ReportRecommendation[]
  readonly completeness: Pick<ReportCompleteness, 'pending_events' | 'sources'>
}

/**
 * Makes a report by asking. Every figure is an answer of the query algebra or a sum of answers; nothing is sampled but the messages
 * of failures, beyond 50,000 of them, which `errors.patterns_read` tells.
 *
 * @throws what `ask` and `scan` throw
 */
export async function buildReport(context: ReportContext): Promise<Report> {
  const answers: QueryResult[] = []
  const source: ReportSource = {
    ask: async (question) => {
      const answer = await context.ask(question)
      answers.push(answer)
      return answer
    },
    scan: (scan, take) => context.scan(scan, take),
  }
  const { fromMs, toMs, timeZone, scope, top } = context
  const before = rangeBefore(context)
  const [now] = (await source.ask(TOTALS)).rows
  // Not among `answers`: that the period before is incomplete is told by no member but its own figures.
  const [then] =
    before.fromMs < before.toMs
      ? (await context.ask({ ...TOTALS, from: before.fromMs, to: before.toMs })).rows
      : [undefined]
  const cost = spent(now)
  const days = await daysOf(source, context)
  const projection = projectionOf(days, cost, context)
  const backends = await backendsOf(source)
  const routes = await routesOf(source)
  const analysis = await costOf(source, now, projection)
  const report = {
    report_version: REPORT_VERSION,
    generated_ms: context.generatedMs,
    from_ms: fromMs,
    to_ms: toMs,
    time_zone: timeZone,
    range: context.range,
    previous: { from_ms: before.fromMs, to_ms: before.toMs },
    filters: context.filters.map(({ by, values, negate }) => ({ dimension: by.name, values, not: negate })),
    scope,
    totals: totalsOf(now, then),
    projection,
    days,
    series: await seriesOf(source, context),
    breakdowns: await breakdownsOf(source, top, cost, context.keyTitles),
    tokens: tokensOf(now),
    cache: cacheOf(now),
    latency: latencyOf(now),
    errors: await errorsOf(source),
    budgets: context.budgets,
    recommendations: [...routingAdvice(routes, analysis), ...context.recommendations].sort(
      (a, b) => SEVERITY.indexOf(a.severity) - SEVERITY.indexOf(b.severity),
    ),
    unpriced: await unpricedOf(source),
    backend_performance: backends,
    tool_popularity: await toolsOf(source),
    routing_effectiveness: routes,
    hourly_distribution: await hoursOf(source, context),
    cost_analysis: analysis,
  } as const
  const rawFromMs = answers.flatMap(({ raw_from_ms: ms }) => (ms === undefined ? [] : [ms]))
  return {
    ...report,
    completeness: {
      complete_to_ms: Math.min(...answers.map(({ complete_to_ms: ms }) => ms)),
      raw_from_ms: rawFromMs.length === 0 ? null : Math.max(...rawFromMs),
      ...context.completeness,
    },
  }
}

const SEVERITY = ['critical', 'warning', 'info']

/** smart-ai-bridge's rules that look at routes and at its local backend. */
function routingAdvice(
  routes: Report['routing_effectiveness'],
  { savings_vs_cloud_only: { potential_nano_usd: potential } }: Report['cost_analysis'],
): readonly ReportRecommendation[] {
  return recommend({
    routes: routes.flatMap(
      ({ routing_method: method, backend, confident, avg_confidence: averageConfidence, other }) =>
        other === true || averageConfidence === null
          ? []
          : [{ method: method ?? 'unknown', backend: backend ?? 'unknown', decisions: confident, averageConfidence }],
    ),
    monthlySavingsUsd: nanoToUsd(BigInt(potential ?? 0)),
  }).map(({ type, severity, backend, routingMethod, message, suggestion }) => {
    const subject = {
      ...(backend === undefined ? {} : { backend }),
      ...(routingMethod === undefined ? {} : { routing_method: routingMethod }),
    }
    return {
      id: savingId(type, subject),
      rule: type,
      severity,
      subject,
      advice: `${suggestion}.`,
      evidence: `${message}.`,
      saving_nano_usd: null,
      bound: 'about',
      confidence: 'medium',
      assumptions: [],
    }
  })
}
