import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { AlertRule } from '../../state/alert.ts'
import { DEFAULT_RULES, type PrometheusRule, renderRules } from './rules.ts'

const rule = (own: Partial<AlertRule> & Pick<AlertRule, 'kind'>): AlertRule => ({
  id: '01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f',
  name: 'A rule',
  enabled: true,
  targets: [],
  createdMs: 0,
  updatedMs: 0,
  ...own,
})

const rendered = (...rules: Parameters<typeof renderRules>): readonly PrometheusRule[] =>
  (parse(renderRules(...rules)) as { groups: { rules: PrometheusRule[] }[] }).groups[0]?.rules ?? []

const one = (own: Partial<AlertRule> & Pick<AlertRule, 'kind'>): PrometheusRule => {
  const [only, ...others] = rendered([rule(own)])
  expect(others).toEqual([])
  return only as PrometheusRule
}

describe('rules of alerts as Prometheus reads them', () => {
  it('has every kind, with the threshold, the window and the time that the table of kinds has', () => {
    const rules = rendered(DEFAULT_RULES)
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(DEFAULT_RULES.length)
    const errors = rules.find(({ alert }) => alert === 'LlmErrorRate')
    expect(errors).toEqual({
      alert: 'LlmErrorRate',
      expr: [
        'sum(increase(llm_requests_total{status="error"}[5m]))',
        '/ sum(increase(llm_requests_total[5m]))',
        '> 0.01',
        'and sum(increase(llm_requests_total[5m])) >= 100',
      ].join('\n'),
      for: '5m',
      labels: { severity: 'critical' },
      annotations: {
        summary: '{{ $value | humanizePercentage }} of requests failed within 5 min, over 1 %',
        description: 'A larger share of requests failed than the threshold.',
        runbook: 'docs/runbook.md#llmerrorrate',
      },
    })
  })

  it('says what a rule says, and which it is', () => {
    const { expr, labels, annotations, ...rest } = one({
      kind: 'spend_rate',
      name: 'Search',
      threshold: 20_500_000_000,
      windowMs: 3_600_000,
      forMs: 90_000,
      filters: { provider: ['openai', 'x.ai'], request_model: ['say "so"'] },
    })
    expect(expr).toContain('increase(llm_cost_usd_total{provider=~"openai|x\\\\.ai",model="say \\"so\\""}[1h])) > 20.5')
    expect(labels).toEqual({ severity: 'warning', rule_id: '01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f' })
    expect(annotations['rule']).toBe('Search')
    expect(annotations['summary']).toBe(`Spend of \${{ printf "%.2f" $value }} within 1 h, over $20.50`)
    expect(rest).toEqual({ alert: 'LlmSpendRate', for: '90s' })
  })

  it('tells a budget by the band that it is in', () => {
    const bands = (threshold?: number): string[] =>
      rendered([rule({ kind: 'budget', ...(threshold === undefined ? {} : { threshold }) })]).map(
        ({ expr, labels }) => `${labels['severity']} ${expr.slice(expr.indexOf('>='))}`,
      )
    expect(bands()).toEqual(['warning >= 0.8 < 0.95', 'critical >= 0.95'])
    expect(bands(50)).toEqual(['info >= 0.5 < 0.8', 'warning >= 0.8 < 0.95', 'critical >= 0.95'])
    expect(bands(90)).toEqual(['warning >= 0.9 < 0.95', 'critical >= 0.95'])
    expect(bands(95)).toEqual(['critical >= 0.95'])
    expect(bands(120)).toEqual(['critical >= 1.2'])
  })

  it('looks at one source where the rule does', () => {
    expect(one({ kind: 'dropped', filters: { source_id: ['a'] } }).expr).toContain(
      'tallystick_source_dropped_events{source="a"} - (',
    )
  })

  it('leaves out what series cannot tell, and says so', () => {
    const text = renderRules([
      rule({ kind: 'spend_rate', name: 'Team', filters: { 'tags.team': ['search'] } }),
      rule({ kind: 'budget', name: 'One', filters: { budget_id: ['b'] } }),
      rule({ kind: 'error_rate', name: 'Off', enabled: false }),
      rule({ kind: 'error_rate', name: 'Of a\ntenant', tenantId: 'ac\u2028me' }),
    ])
    expect(parse(text)).toEqual({ groups: [] })
    expect(text.split('\n').slice(1)).toEqual([
      '# Not here: "Team", since llm_cost_usd_total has no label for tags.team.',
      '# Not here: "One", since llm_budget_used_ratio has no label for budget_id.',
      '# Not here: "Off", since it is off.',
      '# Not here: "Of a\\ntenant", since only a scrape with a key of tenant "ac me" shows what it looks at.',
      '',
    ])
  })

  it('does not let the name of a rule be a template', () => {
    expect(one({ kind: 'unpriced', name: '{{ end }} {{{' }).annotations['rule']).toBe('{{"{{"}} end }} {{"{{"}}{')
  })

  it('renders rules of a tenant for who belongs to it', () => {
    expect(rendered([rule({ kind: 'error_rate', tenantId: 'acme' })], { tenantId: 'acme' })).toHaveLength(1)
  })
})
