import { markdownText } from '../insight/index.ts'
import type { TimeRange, UsageReport } from './types.ts'

const ICONS: ReadonlyMap<string, string> = new Map([
  ['critical', '🔴'],
  ['warning', '⚠️'],
  ['info', 'ℹ️'],
])

/**
 * The report as Markdown: headings, rows and decimals of the old class. Whatever stands in the report, also one that was
 * read back from JSON, this does not throw, and no name in it can end a cell or begin a heading, a link or a tag.
 */
export function markdownReport(report: UsageReport): string {
  const { current_session: session, cost_analysis: cost, recommendations } = report
  const { metrics } = session
  return [
    '# Usage Analytics Report',
    '',
    `**Generated:** ${text(report.generated_at)}`,
    `**Time Range:** ${text(rangeName(report.time_range))}`,
    '',
    '## Current Session Summary',
    '',
    `- **Session ID:** ${text(session.session_id)}`,
    `- **Started:** ${text(session.started_at)}`,
    `- **Total Requests:** ${whole(metrics.total_requests)}`,
    `- **Success Rate:** ${decimal(metrics.success_rate, 2)}%`,
    `- **Total Tokens:** ${grouped(metrics.total_tokens)}`,
    `- **Avg Processing Time:** ${decimal(metrics.avg_processing_time_ms, 0)}ms`,
    '',
    '## Backend Performance',
    '',
    '| Backend | Requests | Success Rate | Avg Time (ms) | Total Tokens |',
    '|---------|----------|--------------|---------------|---------------|',
    ...Object.entries(metrics.backend_usage).map(([backend, usage]) => {
      const rate = decimal((usage.successes / usage.requests) * 100, 1)
      return `| ${text(backend)} | ${whole(usage.requests)} | ${rate}% | ${decimal(usage.avg_time_ms, 0)} | ${grouped(usage.total_tokens)} |`
    }),
    '',
    '## Cost Analysis',
    '',
    `- **Total Cost:** $${decimal(cost.total_cost, 4)}`,
    `- **Cost Per Request:** $${decimal(cost.cost_per_request, 6)}`,
    `- **Estimated Monthly:** $${decimal(cost.estimated_monthly_cost, 2)}`,
    `- **Savings vs Cloud-Only:** $${decimal(cost.cost_savings_vs_cloud_only.savings, 4)}`,
    '',
    ...recommendationLines(recommendations),
  ].join('\n')
}

function recommendationLines({ total_recommendations, recommendations }: UsageReport['recommendations']): string[] {
  if (!(total_recommendations > 0)) return ['']
  return [
    `## Recommendations (${whole(total_recommendations)})`,
    '',
    ...recommendations.flatMap(({ severity, type, message, suggestion }) => [
      `${ICONS.get(severity) ?? 'ℹ️'} **${text(type)}:** ${text(message)}`,
      `   - ${text(suggestion)}`,
      '',
    ]),
    '',
  ]
}

function rangeName(range: TimeRange): string {
  return typeof range === 'string' ? range : `${range.from} to ${range.to ?? 'now'}`
}

function text(value: unknown): string {
  return markdownText(String(value))
}

const NOTHING = 'n/a'
/** Made with the first figure: it takes ten milliseconds. */
let grouping: Intl.NumberFormat | undefined

function decimal(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : NOTHING
}

function whole(value: number): string {
  return Number.isFinite(value) ? String(value) : NOTHING
}

function grouped(value: number): string {
  if (!Number.isFinite(value)) return NOTHING
  grouping ??= new Intl.NumberFormat('en-US')
  return grouping.format(value)
}
