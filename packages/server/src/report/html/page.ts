import { createHash } from 'node:crypto'
import { instantText, type Report } from '@tallystick/core/insight'
import { backends, budgets, completeness, errors, recommendations } from './details.ts'
import { attention, breakdowns, hours, keyFigures, latency, spend, tokens } from './figures.ts'
import { html, Markup } from './markup.ts'
import { STYLE } from './style.ts'

/**
 * What the page permits itself, in its head and wherever it is served: its one style sheet, by hash, and nothing else. No script,
 * no image, no connection, no form.
 */
export const REPORT_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`

/** Our own text, and the very bytes that the policy has the hash of. */
const STYLED = new Markup(STYLE)

/** A report as one file that loads nothing: light or dark as the reader has it, and made for printing. */
export function reportHtml(report: Report): string {
  const { time_zone: zone, previous, scope, filters } = report
  const at = (ms: number): string => instantText(ms, zone)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${REPORT_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Usage report, ${at(report.from_ms)} to ${at(report.to_ms)}</title>
<style>${STYLED}</style>
</head>
<body>
<header><h1>Usage report</h1><p>${at(report.from_ms)} to ${at(report.to_ms)}, ${zone}${
    scope.tenant_id === null ? '' : html` · tenant <bdi>${scope.tenant_id}</bdi>`
  }${scope.agent_ids === null ? '' : html` · agents ${scope.agent_ids.map((agent) => html`<bdi>${agent}</bdi> `)}`}${filters.map(
    ({ dimension, values, not }) =>
      html` · ${dimension} ${not ? 'is not' : 'is'} <bdi>${values.map((value) => String(value ?? 'absent')).join(', ')}</bdi>`,
  )}</p></header>
<main>
${keyFigures(report)}
${attention(report)}
${spend(report)}
${breakdowns(report)}
<div class="pair">${tokens(report)}<div class="stack">${latency(report)}${hours(report)}</div></div>
${budgets(report)}
${recommendations(report)}
${errors(report)}
${backends(report)}
${completeness(report)}
</main>
<footer>Made ${at(report.generated_ms)}. Changes are against ${at(previous.from_ms)} to ${at(previous.to_ms)}. Money is at list price unless a provider or client said what it charged; what has no price is in no amount.</footer>
</body>
</html>
`.text
}
