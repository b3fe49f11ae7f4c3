import { TallystickError } from '@tallystick/core'
import type { UsageReport } from '@tallystick/core/compat'
import type { ToolContext } from '../tool.ts'
import { adviceReport } from './advice.ts'
import { type CostReport, costReport } from './cost.ts'
import { backends, totals } from './figures.ts'
import { historyReport } from './history.ts'
import { isoInstant } from './named.ts'
import { routes } from './routes.ts'
import { scopeOfRange, TIME_RANGES } from './scope.ts'
import { sessionReport, sessionScope } from './session.ts'

/** What a report is asked with. */
export interface ReportOptions {
  readonly timeRange: string
  readonly timeZone: string
  /** Absent: the session of the newest event. */
  readonly sessionId: string | undefined
}

type Report = (context: ToolContext, options: ReportOptions) => Promise<object>

const session: Report = async (context, { sessionId }) => sessionReport(await sessionScope(context, sessionId))

const historical: Report = async (context, { timeRange, timeZone }) => {
  const scope = scopeOfRange(context, timeRange)
  return historyReport(scope, TIME_RANGES.get(timeRange as '7d')?.interval ?? '1d', timeZone)
}

const cost: Report = async (context, { timeRange }) => (await costOf(context, timeRange)).report

const recommendations: Report = async (context, { timeRange }) => {
  const { scope, byBackend, report } = await costOf(context, timeRange)
  return adviceReport(context, scope, {
    byBackend,
    byRoute: await routes(scope),
    monthlySavingsUsd: report.cost_savings_vs_cloud_only.potential_savings,
    projection: report.projection.confidence,
  })
}

const whole: Report = async (context, options) => {
  const [current_session, historical_data, cost_analysis, advice] = await Promise.all(
    [session, historical, cost, recommendations].map((report) => report(context, options)),
  )
  return {
    generated_at: isoInstant(context.clock.now()),
    time_range: options.timeRange,
    current_session,
    historical_data,
    cost_analysis,
    recommendations: advice,
  }
}

async function costOf(
  context: ToolContext,
  timeRange: string,
): Promise<{
  readonly scope: ReturnType<typeof scopeOfRange>
  readonly byBackend: Awaited<ReturnType<typeof backends>>
  readonly report: CostReport
}> {
  const scope = scopeOfRange(context, timeRange)
  const [byBackend, total, [first]] = await Promise.all([
    backends(scope),
    totals(scope),
    scope.events(1, [['order', 'asc']]),
  ])
  // A range counts from its first event: a day of traffic is no week.
  const firstMs = Number(first?.['timestamp_ms'] ?? scope.toMs)
  return { scope, byBackend, report: costReport(byBackend, total, scope.toMs - firstMs) }
}

/** THE table of reports, under the names of both generations of smart-ai-bridge. */
export const REPORTS: ReadonlyMap<string, Report> = new Map([
  ['session', session],
  ['historical', historical],
  ['cost', cost],
  ['recommendations', recommendations],
  ['export', whole],
  ['current', session],
  ['full_report', whole],
])

/** Reports that are one text in Markdown where that is asked for. */
export const DOCUMENTS: ReadonlySet<string> = new Set(['export', 'full_report'])

/** A whole report in Markdown, headings and decimals of smart-ai-bridge. */
export async function markdownOf(report: object): Promise<string> {
  const { markdownReport } = await import('@tallystick/core/compat')
  return markdownReport(report as UsageReport)
}

/** @throws TallystickError `invalid_query` for a zone that is none */
export function assertZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch (cause) {
    const message = 'must be an IANA name such as Europe/Berlin'
    throw new TallystickError('invalid_query', `time_zone: ${message}.`, {
      cause,
      issues: [{ path: 'time_zone', message }],
    })
  }
}
