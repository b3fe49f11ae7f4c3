import { markdownText } from '../markdown.ts'
import type { Figure, Report, ReportBreakdown } from './report.ts'
import {
  changeText,
  countText,
  durationText,
  instantText,
  ratioText,
  totalText,
  UNKNOWN_FIGURE,
  usdText,
} from './words.ts'

type Align = 'left' | 'right'
interface Column<Row> {
  readonly head: string
  readonly align?: Align
  readonly cell: (row: Row) => string
}

/**
 * A report as GitHub Flavored Markdown. Names and messages from outside show as they are and end no cell, heading or link.
 */
export function reportMarkdown(report: Report): string {
  const { time_zone: zone, totals, projection, previous } = report
  const blocks: string[] = [
    '# Usage report',
    [
      `**From:** ${instantText(report.from_ms, zone)}`,
      `**To:** ${instantText(report.to_ms, zone)} (not included), days of ${text(zone)}`,
      `**Compared with:** ${instantText(previous.from_ms, zone)} to ${instantText(previous.to_ms, zone)}`,
      `**Generated:** ${instantText(report.generated_ms, zone)}`,
      ...(report.scope.tenant_id === null ? [] : [`**Tenant:** ${text(report.scope.tenant_id)}`]),
      ...report.filters.map(
        ({ dimension, values, not }) =>
          `**Only where** ${text(dimension)} is ${not ? 'not ' : ''}${values.map((value) => text(value ?? 'absent')).join(' or ')}`,
      ),
    ].join('  \n'),
    '## Totals',
    'Money is at list price unless a provider or client said what it charged.',
    table(Object.values(totals), [
      { head: 'Figure', cell: ({ label }) => label },
      { head: 'Value', align: 'right', cell: totalText },
      { head: 'Before', align: 'right', cell: ({ unit, previous: value }) => totalText({ unit, value }) },
      { head: 'Change', align: 'right', cell: (total) => changeText(total) ?? UNKNOWN_FIGURE },
    ]),
    `At this rate 30 days cost **${usdText(projection.month_nano_usd)}** (confidence: ${projection.confidence}).`,
    ...attention(report),
    '## Spend by day',
    table(report.days, [
      { head: 'Day', cell: ({ date, partial }) => `${date}${partial ? ' (part)' : ''}` },
      { head: 'Cost', align: 'right', cell: (day) => usdText(day.cost_nano_usd) },
      { head: 'Requests', align: 'right', cell: (day) => countText(day.requests) },
      { head: 'Failed', align: 'right', cell: (day) => countText(day.failed_requests) },
      { head: 'Tokens', align: 'right', cell: (day) => countText(day.total_tokens) },
      { head: 'Unpriced', align: 'right', cell: (day) => countText(day.unpriced_requests) },
    ]),
    ...report.breakdowns.flatMap(breakdown),
    '## Tokens by kind',
    table(report.tokens, [
      { head: 'Kind', cell: ({ label }) => label },
      { head: 'Tokens', align: 'right', cell: ({ tokens }) => countText(tokens) },
      { head: 'List cost', align: 'right', cell: (row) => usdText(row.cost_nano_usd) },
    ]),
    `Cache hit ratio ${ratioText(report.cache.hit_ratio)}${report.cache.savings_nano_usd === null ? '' : `; reads from caches saved ${usdText(report.cache.savings_nano_usd)}`}.`,
    '## Latency',
    table(report.latency, [
      { head: 'Quantity', cell: ({ label }) => label },
      { head: 'p50', align: 'right', cell: ({ p50 }) => durationText(p50) },
      { head: 'p95', align: 'right', cell: ({ p95 }) => durationText(p95) },
      { head: 'p99', align: 'right', cell: ({ p99 }) => durationText(p99) },
    ]),
    ...errors(report),
    ...budgets(report),
    ...backends(report),
    ...recommendations(report),
    ...completeness(report),
  ]
  return `${blocks.join('\n\n')}\n`
}

const text = (value: unknown): string => markdownText(String(value))
const named = (name: string | null, other: true | undefined, groups?: number): string =>
  other === true ? (groups === undefined ? 'other' : `other (${groups})`) : name === null ? '(none)' : text(name)

function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  if (rows.length === 0) return 'Nothing.'
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(({ head }) => head)),
    line(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map((row) => line(columns.map(({ cell }) => cell(row)))),
  ].join('\n')
}

function attention({ unpriced, completeness: { raw_from_ms: rawFromMs }, time_zone: zone }: Report): string[] {
  return [
    ...(unpriced.length === 0
      ? []
      : [
          '## Not priced',
          'These requests are in no amount. A price file gives them one.',
          table(unpriced, [
            { head: 'Provider', cell: ({ provider, other }) => named(provider, other) },
            { head: 'Model', cell: ({ model, other }) => named(model, other) },
            { head: 'Requests', align: 'right', cell: (row) => countText(row.unpriced_requests) },
            { head: 'Tokens', align: 'right', cell: (row) => countText(row.total_tokens) },
          ]),
        ]),
    ...(rawFromMs === null
      ? []
      : [`Single events before ${instantText(rawFromMs, zone)} have expired: figures that need them begin there.`]),
  ]
}

function breakdown({ label, rows, other_groups: groups }: ReportBreakdown): string[] {
  return [
    `## By ${label === 'API key' ? label : label.toLowerCase()}`,
    table(rows, [
      { head: label, cell: ({ name, title, other }) => named(title ?? name, other, groups) },
      {
        head: 'Cost',
        align: 'right',
        cell: (row) => (row.cost_nano_usd === null ? 'unpriced' : usdText(row.cost_nano_usd)),
      },
      { head: 'Share', align: 'right', cell: (row) => ratioText(row.cost_share) },
      { head: 'Requests', align: 'right', cell: (row) => countText(row.requests) },
      { head: 'Errors', align: 'right', cell: (row) => ratioText(row.error_ratio) },
      { head: 'Input tokens', align: 'right', cell: (row) => countText(row.input_tokens) },
      { head: 'Output tokens', align: 'right', cell: (row) => countText(row.output_tokens) },
      { head: 'p95', align: 'right', cell: (row) => durationText(row.duration_ms_p95) },
    ]),
  ]
}

function errors({ errors: { by_kind: kinds, patterns }, time_zone: zone }: Report): string[] {
  if (kinds.length === 0 && patterns.length === 0) return []
  return [
    '## Errors',
    table(kinds, [
      { head: 'Type', cell: (row) => named(row.error_type, row.other) },
      { head: 'Code', cell: (row) => named(row.error_code, row.other) },
      { head: 'Status', align: 'right', cell: (row) => String(row.status_code ?? UNKNOWN_FIGURE) },
      { head: 'Requests', align: 'right', cell: (row) => countText(row.requests) },
      { head: 'Cost', align: 'right', cell: (row) => usdText(row.cost_nano_usd) },
    ]),
    ...(patterns.length === 0
      ? []
      : [
          '### Error patterns',
          table(patterns, [
            { head: 'Type', cell: ({ type }) => text(type) },
            { head: 'Code', cell: ({ code }) => named(code, undefined) },
            { head: 'Message', cell: ({ message }) => text(message ?? '') },
            { head: 'Count', align: 'right', cell: ({ count }) => countText(count) },
            { head: 'Last seen', cell: (row) => instantText(row.last_seen_ms, zone) },
          ]),
        ]),
  ]
}

function budgets({ budgets: rows }: Report): string[] {
  if (rows === null || rows.length === 0) return []
  const amount = (unit: 'nano_usd' | 'tokens', value: Figure): string =>
    unit === 'tokens' ? `${countText(value)} tokens` : usdText(value)
  return [
    '## Budgets now',
    table(rows, [
      { head: 'Budget', cell: ({ name }) => text(name) },
      { head: 'Window', cell: ({ window }) => text(window) },
      { head: 'Spent', align: 'right', cell: ({ unit, spent }) => amount(unit, spent) },
      { head: 'Of', align: 'right', cell: (row) => amount(row.unit, row.amount) },
      { head: 'Used', align: 'right', cell: (row) => ratioText(row.used_basis_points / 10_000) },
      { head: 'Status', cell: ({ status }) => text(status) },
    ]),
  ]
}

function backends(report: Report): string[] {
  const {
    backend_performance: rows,
    tool_popularity: tools,
    routing_effectiveness: routes,
    cost_analysis: cost,
  } = report
  return [
    ...(rows.length === 0
      ? []
      : [
          '## Backend performance',
          table(rows, [
            { head: 'Backend', cell: ({ backend, other }) => named(backend, other) },
            { head: 'Requests', align: 'right', cell: (row) => countText(row.requests) },
            { head: 'Success rate', align: 'right', cell: (row) => `${row.success_rate.toFixed(1)} %` },
            { head: 'Mean time', align: 'right', cell: (row) => durationText(row.avg_time_ms) },
            { head: 'Tokens', align: 'right', cell: (row) => countText(row.total_tokens) },
            { head: 'Score', align: 'right', cell: (row) => row.score.toFixed(1) },
          ]),
        ]),
    ...(tools.length === 0
      ? []
      : [
          '## Tools',
          table(tools, [
            { head: 'Tool', cell: ({ tool, other }) => named(tool, other) },
            { head: 'Invocations', align: 'right', cell: (row) => countText(row.invocations) },
            { head: 'Success rate', align: 'right', cell: (row) => `${row.success_rate.toFixed(1)} %` },
            { head: 'Mean time', align: 'right', cell: (row) => durationText(row.avg_time_ms) },
          ]),
        ]),
    ...(routes.length === 0
      ? []
      : [
          '## Routing',
          table(routes, [
            { head: 'Method', cell: (row) => named(row.routing_method, row.other) },
            { head: 'Backend', cell: ({ backend, other }) => named(backend, other) },
            { head: 'Decisions', align: 'right', cell: ({ count }) => countText(count) },
            { head: 'Success rate', align: 'right', cell: (row) => `${row.success_rate.toFixed(1)} %` },
            { head: 'Confidence', align: 'right', cell: (row) => ratioText(row.avg_confidence) },
          ]),
        ]),
    '## Cost analysis',
    [
      `- **Total:** ${usdText(cost.total_nano_usd)}`,
      `- **Per request:** ${usdText(cost.nano_usd_per_request)}`,
      `- **In 30 days:** ${usdText(cost.month_nano_usd)}`,
      `- **Local instead of cloud saved:** ${usdText(cost.savings_vs_cloud_only.savings_nano_usd)}`,
    ].join('\n'),
  ]
}

function recommendations({ recommendations: rows }: Report): string[] {
  if (rows.length === 0) return []
  return [
    `## Recommendations (${rows.length})`,
    rows
      .map(({ severity, rule, advice, evidence, saving_nano_usd: saving, confidence }) =>
        [
          `- **${severity}, ${text(rule)}:** ${text(advice)}`,
          `  - ${text(evidence)}${saving === null ? '' : ` Saves ${usdText(saving)} (confidence: ${confidence}).`}`,
        ].join('\n'),
      )
      .join('\n'),
  ]
}

function completeness({ completeness: told, time_zone: zone }: Report): string[] {
  const { sources } = told
  return [
    '## Completeness',
    [
      `- Everything acknowledged before ${instantText(told.complete_to_ms, zone)} is counted.`,
      ...(told.pending_events === null ? [] : [`- Accepted and not counted yet: ${countText(told.pending_events)}`]),
      ...(sources === null
        ? []
        : [
            `- Sources: ${countText(sources.sources)}; events that did not arrive: ${countText(sources.missing)}, of which unexplained: ${countText(sources.unexplained)}`,
            ...Object.entries(sources.dropped).map(
              ([reason, count]) => `- Dropped by sources, ${text(reason)}: ${countText(count)}`,
            ),
          ]),
    ].join('\n'),
  ]
}
