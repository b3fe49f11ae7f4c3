import { stringify } from 'yaml'
import type { Severity } from '../../alert/kind.ts'
import { ALERT_KINDS } from '../../alert/kinds.ts'
import { type RuleSettings, settingsOf } from '../../alert/settings.ts'
import { span, written } from '../../alert/words.ts'
import type { AlertKind, AlertRule } from '../../state/alert.ts'
import { expressionOf } from './expression.ts'
import { NotRendered } from './measures.ts'
import { duration } from './promql.ts'

/** A rule as Prometheus reads it. */
export interface PrometheusRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** What is rendered: a rule that somebody has made, or a kind with its defaults. */
type Definition = Pick<
  AlertRule,
  'kind' | 'threshold' | 'windowMs' | 'forMs' | 'minRequests' | 'filters' | 'tenantId'
> &
  Partial<Pick<AlertRule, 'id' | 'name' | 'enabled'>>

/** Every kind with its defaults. */
export const DEFAULT_RULES: readonly Definition[] = ALERT_KINDS.map(({ kind }) => ({ kind }))

/** @example alertName('error_rate') // 'LlmErrorRate' */
export const alertName = (kind: AlertKind): string =>
  `Llm${kind.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`

/**
 * Rules of alerts as a rule file of Prometheus: the same definitions that the server evaluates, over the series of `/metrics`. What the
 * series cannot tell (the filters of a rule name a dimension that is no label, or a tenant that the reader does not belong to) stands in
 * a comment at the end instead.
 *
 * @param reader whose key Prometheus asks with: its series are those of its tenant
 */
export function renderRules(
  rules: readonly Definition[],
  reader: { readonly tenantId?: string | undefined } = {},
): string {
  const rendered: PrometheusRule[] = []
  const left: string[] = []
  for (const rule of rules) {
    try {
      rendered.push(...prometheusRules(rule, reader))
    } catch (error) {
      if (!(error instanceof NotRendered)) throw error
      left.push(comment(`Not here: ${JSON.stringify(rule.name ?? rule.kind)}, since ${error.message}.`))
    }
  }
  const groups = rendered.length === 0 ? [] : [{ name: 'tallystick-alerts', interval: '1m', rules: rendered }]
  return `${stringify({ groups }, { lineWidth: 0 })}${left.join('')}`
}

function prometheusRules(rule: Definition, { tenantId }: { readonly tenantId?: string | undefined }): PrometheusRule[] {
  if (rule.enabled === false) throw new NotRendered('it is off')
  if (rule.tenantId !== undefined && rule.tenantId !== tenantId)
    throw new NotRendered(`only a scrape with a key of tenant ${JSON.stringify(rule.tenantId)} shows what it looks at`)
  const settings = settingsOf(rule as AlertRule)
  return bandsOf(settings).map(({ severity, threshold, below }) => {
    const band = { ...settings, threshold }
    const held = expressionOf({ rule, settings: band })
    return {
      alert: alertName(rule.kind),
      expr: below === undefined ? held : `${held} < ${below / 100}`,
      ...(settings.forMs === 0 ? {} : { for: duration(settings.forMs) }),
      labels: { severity, ...(rule.id === undefined ? {} : { rule_id: rule.id }) },
      annotations: annotationsOf(rule, band),
    }
  })
}

interface Band {
  readonly severity: Severity
  readonly threshold: number
  /** Where the next begins. */
  readonly below?: number
}

/** One severity, or as many bands as the kind tells apart: an expression has one severity. */
function bandsOf({ spec, threshold }: RuleSettings): readonly Band[] {
  const { base, raised } = spec.severity
  if (raised === undefined) return [{ severity: base, threshold }]
  return [{ from: 0, to: base }, ...raised].flatMap(({ from, to }, index) => {
    const start = Math.max(from, threshold)
    const next = raised[index]?.from
    // From nothing on: a budget that is used at all would be an alert.
    if (start === 0 || (next !== undefined && next <= start)) return []
    return [{ severity: to, threshold: start, ...(next === undefined ? {} : { below: next }) }]
  })
}

/** How the value of an expression is written. */
const VALUE: Readonly<Record<RuleSettings['spec']['unit'], string>> = {
  percent: '{{ $value | humanizePercentage }}',
  basis_points: '{{ $value | humanizePercentage }}',
  nano_usd: `\${{ printf "%.2f" $value }}`,
  ms: '{{ $value | humanizeDuration }}',
  requests: '{{ printf "%.0f" $value }} requests',
  events: '{{ printf "%.0f" $value }} events',
}

function annotationsOf(rule: Definition, { spec, threshold, windowMs }: RuleSettings): Record<string, string> {
  return {
    summary: spec.title({
      value: VALUE[spec.unit],
      limit: written(spec.unit, BigInt(threshold)),
      over: spec.measured.of === 'crossings' ? 'its amount' : span(windowMs),
      subject: `{{ $labels.${SUBJECT.get(rule.kind) ?? 'provider'} }}`,
      names: [],
    }),
    description: spec.about,
    ...(rule.name === undefined ? {} : { rule: verbatim(rule.name) }),
    runbook: `docs/runbook.md#${alertName(rule.kind).toLowerCase()}`,
  }
}

/** The label that names whom an alert is about, where it is about somebody. */
const SUBJECT: ReadonlyMap<AlertKind, string> = new Map([
  ['budget', 'budget'],
  ['source_gap', 'source'],
  ['dropped', 'source'],
])

/** One line, whatever names from outside hold: some readers of YAML end a line at more than a line feed. */
const comment = (text: string): string => `# ${text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')}\n`

/** Annotations are templates: a name that holds the beginning of an action must not become one. */
const verbatim = (text: string): string => text.replaceAll('{{', '{{"{{"}}')
