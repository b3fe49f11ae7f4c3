import {
  assignColours,
  changeText,
  countText,
  durationText,
  instantText,
  OTHER_COLOUR,
  type Report,
  type ReportTotal,
  ratioText,
  shortCount,
  totalText,
  usdText,
} from '@tallystick/core/insight'
import { bucketer } from '@tallystick/core/query'
import { barChart, shareBar, sparkline, swatch } from './chart.ts'
import { html, type Markup } from './markup.ts'
import { nameCell, table } from './table.ts'

/** The parts of the page that answer what was spent, by whom, and how it goes. */

const KEYS: readonly (readonly [measure: string, label: string])[] = [
  ['cost_nano_usd', 'Spend, list price'],
  ['requests', 'Requests'],
  ['total_tokens', 'Tokens'],
  ['error_ratio', 'Error rate'],
  ['duration_ms_p95', 'Latency p95'],
  ['cache_hit_ratio', 'Cache hit ratio'],
]
const NANO = 1e9

export function keyFigures({ totals, days }: Report): Markup {
  const lines: ReadonlyMap<string, readonly number[]> = new Map([
    ['cost_nano_usd', days.map((day) => Number(day.cost_nano_usd ?? 0))],
    ['requests', days.map((day) => day.requests)],
    ['total_tokens', days.map((day) => Number(day.total_tokens ?? 0))],
    ['error_ratio', days.map((day) => (day.requests === 0 ? 0 : day.failed_requests / day.requests))],
  ])
  return html`<section class="wide" aria-label="Key figures"><dl class="keys">${KEYS.map(([measure, label]) => {
    const total = totals[measure] as ReportTotal
    const change = changeText(total)
    return html`<div class="key"><dt>${label}</dt><dd class="figure" title="${exactText(total)}">${totalText(total)}</dd><dd class="change">${
      change === undefined ? 'nothing to compare with' : `${change} against before`
    }</dd>${sparkline(lines.get(measure) ?? [])}</div>`
  })}</dl></section>`
}

function exactText({ unit, value }: ReportTotal): string {
  if (value === null) return 'not known'
  return unit === 'nano_usd' ? `${countText(value)} nano-USD` : unit === 'ratio' ? String(value) : countText(value)
}

/** What one should know before trusting the figures; nothing when there is nothing. */
export function attention({ unpriced, budgets, completeness, time_zone: zone, recommendations }: Report): Markup {
  const requests = unpriced.reduce((sum, row) => sum + row.unpriced_requests, 0)
  const names = [...new Set(unpriced.flatMap(({ model }) => (model === null ? [] : [model])))].slice(0, 5)
  const near = (budgets ?? []).filter((budget) => budget.used_basis_points >= 8_000)
  const critical = recommendations.filter(({ severity }) => severity === 'critical')
  const { sources, raw_from_ms: rawFromMs } = completeness
  const items = [
    ...critical.map(({ evidence }) => html`<li><b class="bad">${evidence}</b></li>`),
    ...near.map(
      ({ name, used_basis_points: used }) =>
        html`<li><b${used >= 10_000 ? html` class="bad"` : undefined}>Budget <bdi>${name}</bdi></b> is used to ${ratioText(used / 10_000)}.</li>`,
    ),
    ...(requests === 0
      ? []
      : [
          html`<li><b>${countText(requests)} ${requests === 1 ? 'request is' : 'requests are'} unpriced</b> and in no amount${
            names.length === 0
              ? ''
              : html`: ${names.map((name, index) => html`${index > 0 ? ', ' : ''}<bdi>${name}</bdi>`)}`
          }. A price file gives them one.</li>`,
        ]),
    ...(sources === null || sources.unexplained === 0
      ? []
      : [
          html`<li><b>${countText(sources.unexplained)} ${sources.unexplained === 1 ? 'event' : 'events'}</b> of sources did not arrive, and no source has said why.</li>`,
        ]),
    ...(rawFromMs === null
      ? []
      : [
          html`<li>Single events before ${instantText(rawFromMs, zone)} have expired: what needs them begins there.</li>`,
        ]),
  ]
  return items.length === 0 ? html`` : html`<section class="attention"><ul>${items}</ul></section>`
}

/** Spend over time, a colour for each model, the same as on the dashboard. */
export function spend({ series, projection, totals, from_ms: fromMs, to_ms: toMs, time_zone: zone }: Report): Markup {
  const { interval, times_ms: times, models } = series
  const named = models.filter(({ other }) => other !== true).map(({ name }) => name ?? 'none')
  const colours = assignColours(named, new Map())
  const kindOf = ({ name, other }: (typeof models)[number]): string => {
    const colour = other === true ? OTHER_COLOUR : (colours.get(name ?? 'none') ?? OTHER_COLOUR)
    return colour === OTHER_COLOUR ? 'other' : `s${colour}`
  }
  const bucketOf = bucketer(interval, zone)
  const tick = (index: number): string => {
    const text = instantText(times[index] as number, zone)
    return interval === '1h' ? text.slice(11) : interval === '1mo' ? text.slice(0, 7) : text.slice(5, 10)
  }
  const word = { '1h': 'hour', '1d': 'day', '1w': 'week', '1mo': 'month' }[interval]
  const chart = barChart({
    label: `Spend by ${word} and model; the table of days and models has the figures`,
    height: 240,
    value: axisUsd,
    tick,
    bars: times.map((ms, index) => {
      const { startMs, endMs } = bucketOf(ms)
      const parts = models.map((model) => ({
        kind: kindOf(model),
        value: Number(model.cost_nano_usd[index] ?? 0) / NANO,
      }))
      const sum = models.reduce((total, model) => total + BigInt(model.cost_nano_usd[index] ?? 0), 0n)
      const shown = models.flatMap((model) => {
        const cost = model.cost_nano_usd[index] ?? 0
        return Number(cost) > 0 ? [`${model.other === true ? 'other' : (model.name ?? 'none')} ${usdText(cost)}`] : []
      })
      return {
        parts,
        partial: startMs < fromMs || endMs > toMs,
        title: [`${instantText(ms, zone)}: ${usdText(String(sum))}`, ...shown].join('\n'),
      }
    }),
  })
  const total = (model: (typeof models)[number]): string =>
    String(model.cost_nano_usd.reduce((sum: bigint, cost) => sum + BigInt(cost ?? 0), 0n))
  return html`<section><h2>${usdText(totals['cost_nano_usd']?.value ?? null)} spent, by ${word} and model</h2><p class="note">At this rate 30 days cost ${usdText(projection.month_nano_usd)} (confidence: ${projection.confidence}). Lighter bars are parts of a ${word}.</p>${chart}<ul class="legend">${models.map(
    (model) =>
      html`<li>${swatch(kindOf(model))}<bdi>${model.other === true ? 'other' : (model.name ?? 'none')}</bdi> <span>${usdText(total(model))}</span></li>`,
  )}</ul></section>`
}

/** Fewer digits than in a table; never nothing for something. */
function axisUsd(usd: number): string {
  if (usd === 0) return '$0'
  if (usd >= 1_000_000) return `$${trimmed(usd / 1_000_000)}M`
  if (usd >= 1_000) return `$${trimmed(usd / 1_000)}k`
  return usd >= 1 ? `$${trimmed(usd)}` : `$${usd.toPrecision(1)}`
}

const trimmed = (value: number): string => String(Math.round(value * 10) / 10)

export function breakdowns({ breakdowns: all }: Report): Markup {
  const titles: ReadonlyMap<string, string> = new Map([
    ['model', 'Models, the dearest first'],
    ['provider', 'Providers'],
    ['agent_id', 'Agents'],
    ['api_key_id', 'Keys'],
    ['user_id', 'Users'],
  ])
  // A list of nobody says nothing.
  const told = all.filter(({ rows }) => rows.some(({ name, other }) => name !== null || other === true))
  const sections = told.map(({ dimension, label, rows: whole, other_groups: groups }, index) => {
    // Of tool invocations alone there is nothing to tell here.
    const rows = whole.filter(({ requests, cost_nano_usd: cost }) => requests > 0 || cost !== 0)
    const columns = [
      {
        head: label,
        words: true as const,
        cell: (row: (typeof rows)[number]) =>
          nameCell({ name: row.title ?? row.name, other: row.other }, row.cost_share ?? 0, groups),
      },
      {
        head: 'Spend',
        cell: (row: (typeof rows)[number]) =>
          row.cost_nano_usd === null ? html`<span class="warn">unpriced</span>` : usdText(row.cost_nano_usd),
      },
      { head: 'Share', cell: (row: (typeof rows)[number]) => ratioText(row.cost_share) },
      { head: 'Requests', cell: (row: (typeof rows)[number]) => shortCount(row.requests) },
      ...(index === 0
        ? [
            { head: 'Input', cell: (row: (typeof rows)[number]) => shortCount(row.input_tokens) },
            { head: 'Output', cell: (row: (typeof rows)[number]) => shortCount(row.output_tokens) },
            { head: 'Cached', cell: (row: (typeof rows)[number]) => ratioText(row.cache_hit_ratio) },
            { head: 'p50', cell: (row: (typeof rows)[number]) => durationText(row.duration_ms_p50) },
            { head: 'p95', cell: (row: (typeof rows)[number]) => durationText(row.duration_ms_p95) },
          ]
        : []),
      { head: 'Errors', cell: (row: (typeof rows)[number]) => ratioText(row.error_ratio) },
    ]
    const title = titles.get(dimension) ?? label
    return html`<section><h2>${title}</h2>${table(title, rows, columns)}</section>`
  })
  const [first, ...rest] = sections
  return html`${first}${rest.length === 0 ? undefined : html`<div class="pair">${rest}</div>`}`
}

export function tokens({ tokens: kinds, cache }: Report): Markup {
  const classes = {
    fresh_input: 'in',
    cache_read: 'in light',
    cache_write: 'in lighter',
    output: 'out',
    undivided: 'unknown',
  }
  const total = kinds.reduce((sum, { tokens: count }) => sum + Number(count ?? 0), 0)
  const shown = kinds.filter(({ tokens: count }) => Number(count ?? 0) > 0)
  const bar = shareBar(
    'Tokens by kind',
    shown.map(({ kind, label, tokens: count }) => ({
      kind: classes[kind],
      share: total === 0 ? 0 : Number(count ?? 0) / total,
      title: `${label}: ${countText(count)}`,
    })),
  )
  return html`<section><h2>Tokens by kind</h2><p class="note">Reads from caches are ${ratioText(cache.hit_ratio)} of input${cache.savings_nano_usd === null ? '' : ` and saved ${usdText(cache.savings_nano_usd)}`}.</p>${total === 0 ? undefined : bar}${table(
    'Tokens by kind',
    shown,
    [
      {
        head: 'Kind',
        words: true,
        cell: ({ kind, label }) =>
          html`<svg class="dot" width="10" height="10" aria-hidden="true"><rect class="${classes[kind]}" width="10" height="10" rx="2"/></svg> ${label}`,
      },
      { head: 'Tokens', cell: ({ tokens: count }) => countText(count) },
      { head: 'List cost', cell: (row) => usdText(row.cost_nano_usd) },
    ],
  )}</section>`
}

export function latency({ latency: rows }: Report): Markup {
  return html`<section><h2>How long answers took</h2>${table('Latency', rows, [
    { head: '', words: true, cell: ({ label }) => label },
    { head: 'p50', cell: ({ p50 }) => durationText(p50) },
    { head: 'p95', cell: ({ p95 }) => durationText(p95) },
    { head: 'p99', cell: ({ p99 }) => durationText(p99) },
  ])}</section>`
}

export function hours({ hourly_distribution: rows, time_zone: zone }: Report): Markup {
  if (rows.every(({ events }) => events === 0)) return html``
  return html`<section><h2>Requests by hour of the day</h2><p class="note">All days of the range together, by the clock of ${zone}.</p>${barChart(
    {
      label: 'Requests by hour of the day',
      height: 140,
      tick: (hour) => `${String(hour).padStart(2, '0')}:00`,
      value: (value) => (Number.isInteger(value) ? shortCount(value) : ''),
      bars: rows.map(({ hour, events, cost_nano_usd: cost }) => ({
        parts: [{ kind: 'mark', value: events }],
        title: `${String(hour).padStart(2, '0')}:00: ${countText(events)} requests and tool invocations, ${usdText(cost)}`,
      })),
    },
  )}</section>`
}
