import {
  countText,
  durationText,
  instantText,
  type Report,
  ratioText,
  UNKNOWN_FIGURE,
  usdText,
} from '@tallystick/core/insight'
import { rowBar } from './chart.ts'
import { html, type Markup } from './markup.ts'
import { nameCell, table } from './table.ts'

/** The parts of the page that say what is wrong, what should change, and how far the figures can be trusted. */

export function budgets({ budgets: rows }: Report): Markup {
  if (rows === null || rows.length === 0) return html``
  const amount = (unit: 'nano_usd' | 'tokens', value: string): string =>
    unit === 'tokens' ? `${countText(value)} tokens` : usdText(value)
  return html`<section><h2>Budgets as they stand now</h2>${table('Budgets', rows, [
    {
      head: 'Budget',
      words: true,
      cell: ({ name, used_basis_points: used }) =>
        html`<bdi>${name}</bdi>${rowBar(used / 10_000, used >= 10_000 ? 'bad' : used >= 8_000 ? 'warn' : '')}`,
    },
    { head: 'Window', words: true, cell: ({ window }) => window },
    { head: 'Spent', cell: ({ unit, spent }) => amount(unit, spent) },
    { head: 'Of', cell: (row) => amount(row.unit, row.amount) },
    { head: 'Used', cell: (row) => ratioText(row.used_basis_points / 10_000) },
    {
      head: 'Projected',
      cell: ({ unit, projected }) => (projected === null ? UNKNOWN_FIGURE : amount(unit, projected)),
    },
    { head: 'Status', words: true, cell: ({ status }) => status },
  ])}</section>`
}

/** What one reads; the rest is in the JSON. */
const ADVICE = 10
const BOUNDS = { exact: '', about: 'about ', at_most: 'up to ', at_least: 'at least ' }

export function recommendations({ recommendations: rows }: Report): Markup {
  if (rows.length === 0) return html``
  return html`<section class="long"><h2>What should change</h2><ul class="advice">${rows
    .slice(0, ADVICE)
    .map(
      ({ severity, advice, evidence, saving_nano_usd: saving, bound, confidence }) =>
        html`<li>${severity === 'info' ? undefined : html`<span class="tag ${severity}">${severity}</span> `}<b>${advice}</b><br>${evidence}${
          saving === null
            ? undefined
            : html` <span class="save">Saves ${BOUNDS[bound]}${usdText(saving)}</span> (confidence: ${confidence}).`
        }</li>`,
    )}</ul>${rows.length > ADVICE ? html`<p class="note">${rows.length - ADVICE} more are in the report as JSON.</p>` : undefined}</section>`
}

export function errors({
  errors: { by_kind: kinds, patterns, patterns_read: read, requests },
  time_zone: zone,
}: Report): Markup {
  if (kinds.length === 0 && patterns.length === 0) return html``
  return html`<section class="long"><h2>${countText(requests)} ${requests === 1 ? 'request' : 'requests'} failed</h2>${
    kinds.length === 0
      ? undefined
      : table('Failures by kind', kinds, [
          { head: 'Type', words: true, cell: (row) => nameCell({ name: row.error_type, other: row.other }) },
          { head: 'Code', words: true, cell: (row) => (row.other ? '' : nameCell({ name: row.error_code })) },
          { head: 'Status', cell: (row) => String(row.status_code ?? UNKNOWN_FIGURE) },
          { head: 'Requests', cell: (row) => countText(row.requests) },
          { head: 'Cost', cell: (row) => usdText(row.cost_nano_usd) },
        ])
  }${
    patterns.length === 0
      ? undefined
      : html`<h3>The same but for numbers and ids</h3>${read.all ? undefined : html`<p class="note">Of the newest ${countText(read.events)} failures.</p>`}${table(
          'Error patterns',
          patterns,
          [
            { head: 'Message', words: true, cell: ({ message, type }) => html`<bdi>${message ?? type}</bdi>` },
            {
              head: 'Type',
              words: true,
              cell: ({ type, code }) => html`<bdi>${type}${code === null ? '' : ` ${code}`}</bdi>`,
            },
            { head: 'Count', cell: ({ count }) => countText(count) },
            { head: 'Last seen', cell: (row) => instantText(row.last_seen_ms, zone) },
          ],
        )}`
  }</section>`
}

export function backends(report: Report): Markup {
  const {
    backend_performance: rows,
    tool_popularity: tools,
    routing_effectiveness: routes,
    cost_analysis: cost,
  } = report
  const percent = (row: { readonly success_rate: number }): string => `${row.success_rate.toFixed(1)} %`
  const { savings_nano_usd: saved } = cost.savings_vs_cloud_only
  const performance =
    rows.length === 0
      ? undefined
      : html`<section><h2>Backends, the best score first</h2>${
          saved === 0 || saved === null
            ? undefined
            : html`<p class="note">Local instead of cloud saved ${usdText(saved)}.</p>`
        }${table('Backend performance', rows, [
          { head: 'Backend', words: true, cell: ({ backend, other }) => nameCell({ name: backend, other }) },
          { head: 'Requests', cell: (row) => countText(row.requests) },
          { head: 'Success rate', cell: percent },
          { head: 'Mean time', cell: (row) => durationText(row.avg_time_ms) },
          { head: 'p95', cell: (row) => durationText(row.p95_time_ms) },
          { head: 'Tokens', cell: (row) => countText(row.total_tokens) },
          { head: 'Spend', cell: (row) => usdText(row.cost_nano_usd) },
          { head: 'Score', cell: (row) => row.score.toFixed(1) },
        ])}</section>`
  const popularity =
    tools.length === 0
      ? undefined
      : html`<section><h2>Tools, the most used first</h2>${table('Tools', tools, [
          { head: 'Tool', words: true, cell: ({ tool, other }) => nameCell({ name: tool, other }) },
          { head: 'Invocations', cell: (row) => countText(row.invocations) },
          { head: 'Success rate', cell: percent },
          { head: 'Mean time', cell: (row) => durationText(row.avg_time_ms) },
        ])}</section>`
  const routing =
    routes.length === 0
      ? undefined
      : html`<section><h2>Routing, by method and backend</h2>${table('Routing', routes, [
          { head: 'Method', words: true, cell: (row) => nameCell({ name: row.routing_method, other: row.other }) },
          { head: 'Backend', words: true, cell: ({ backend, other }) => (other ? '' : nameCell({ name: backend })) },
          { head: 'Decisions', cell: ({ count }) => countText(count) },
          { head: 'Success rate', cell: percent },
          { head: 'Confidence', cell: (row) => ratioText(row.avg_confidence) },
        ])}</section>`
  return html`${performance}${popularity === undefined || routing === undefined ? html`${popularity}${routing}` : html`<div class="pair">${popularity}${routing}</div>`}`
}

export function completeness({ completeness: told, time_zone: zone }: Report): Markup {
  const { sources, pending_events: pending } = told
  return html`<section><h2>How complete the figures are</h2><ul class="advice"><li>Everything acknowledged before ${instantText(told.complete_to_ms, zone)} is counted${
    pending === null || pending === 0 ? '' : `; ${countText(pending)} accepted events are not yet`
  }.</li>${
    sources === null || sources.sources === 0
      ? undefined
      : html`<li>${countText(sources.sources)} ${sources.sources === 1 ? 'source numbers its events' : 'sources number their events'}: ${countText(sources.missing)} did not arrive, of which ${countText(sources.unexplained)} without an explanation${Object.entries(
          sources.dropped,
        ).map(([reason, count]) => html`; dropped for <bdi>${reason}</bdi>: ${countText(count)}`)}.</li>`
  }</ul></section>`
}
