import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { DEFAULT_RULES, type PrometheusRule, renderRules } from '../../packages/server/src/metrics/rules/rules.ts'
import { RULE_CASES } from './testing/rule-cases.ts'

const PROMETHEUS = new URL('../../deploy/prometheus/', import.meta.url).pathname
const RULES = join(PROMETHEUS, 'rules')
const files = readdirSync(RULES).map((name) => join(RULES, name))

const directory = mkdtempSync(join(tmpdir(), 'tallystick-rules-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

type Rule = PrometheusRule & { readonly record?: string }
const rules = files.flatMap((file) =>
  (parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
)
const alerts = rules.filter(({ record }) => record === undefined)
const promtool = (...args: string[]): string => execFileSync('promtool', args, { stdio: 'pipe' }).toString()

/** Of llm-edge-monitoring's alerts.yml, in its order. */
const TWELVE = [
  ...['LLMEdgeAgentDown', 'HighErrorRate', 'AllProvidersDown', 'HighLatency', 'LowCacheHitRate', 'HighMemoryUsage'],
  ...['CircuitBreakerOpen', 'HighDailyCost', 'CostSpike', 'RedisDown', 'HighCPUUsage', 'HighConnectionCount'],
]

describe('the rule files of Prometheus', () => {
  it('holds the rules that the table of kinds makes (node scripts/deploy.mjs)', () => {
    const text = readFileSync(join(RULES, 'alerts.yaml'), 'utf8')
    expect(text.replace(/^(# .*\n)+/, '')).toBe(renderRules(DEFAULT_RULES))
  })

  it('pass promtool, with the configuration that names them and with that of llm-edge-monitoring', () => {
    promtool('check', 'rules', ...files)
    promtool('check', 'config', join(PROMETHEUS, 'prometheus.yml'))
    promtool('check', 'config', join(PROMETHEUS, 'compose.yml'))
    const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
    const seed = /```yaml\n(scrape_configs:\n {2}- job_name: 'llm-edge-agent'[\s\S]*?)```/.exec(page)?.[1]
    const path = join(directory, 'prometheus.yml')
    writeFileSync(path, seed as string)
    promtool('check', 'config', path)
  })

  it('have a section of docs/runbook.md for every alert, and no other', () => {
    const page = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8')
    const sections = [...page.matchAll(/^### (\w+)$/gm)].map((match) => match[1] as string)
    expect(sections.sort()).toEqual([...new Set(alerts.map(({ alert }) => alert))].sort())
    for (const { alert, annotations } of alerts)
      expect(annotations['runbook'], alert).toBe(`docs/runbook.md#${alert.toLowerCase()}`)
  })

  it('replace the twelve of llm-edge-monitoring as docs/deploy.md says', () => {
    const page = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8')
    const table = /<!-- the twelve -->([\s\S]*?)<!-- end -->/.exec(page)?.[1] as string
    const rows = [...table.matchAll(/^\| (\w+) \| (?:`(\w+)`|none) \| \S.* \|$/gm)].filter(
      ([, there]) => there !== 'there',
    )
    expect(rows.map(([, there]) => there)).toEqual(TWELVE)
    for (const [, , here] of rows) if (here !== undefined) expect(alerts.map(({ alert }) => alert)).toContain(here)
  })

  it('have words and a severity for every alert', () => {
    for (const { alert, annotations, labels } of alerts) {
      expect(annotations['summary'], alert).toMatch(/\S/)
      expect(annotations['description'], alert).toMatch(/\.$/)
      expect(['info', 'warning', 'critical'], alert).toContain(labels['severity'])
    }
  })
})

/** A test group of promtool: one case, either of its sides. */
const group = (
  index: number,
  { alert, severity, labels = {}, at, every = '1m', summary }: (typeof RULE_CASES)[number],
  name: string,
  series: Readonly<Record<string, string>>,
  fires: boolean,
): object => {
  const { annotations } = alerts.find((rule) => rule.alert === alert && rule.labels['severity'] === severity) as Rule
  const expected = { exp_labels: { severity, ...labels }, exp_annotations: { ...annotations, summary } }
  return {
    name: `${index} ${alert}: ${name}`,
    interval: every,
    input_series: Object.entries(series).map(([selector, values]) => ({ series: selector, values })),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: fires ? [expected] : [] }],
  }
}

describe('unit tests of the alerts', () => {
  let told = ''

  beforeAll(() => {
    // promtool evaluates all rules of a file at each step: one alert a file takes a hundredth of the time.
    const paths = RULE_CASES.map((test, index) => {
      const own = join(directory, `${index}.rules.yaml`)
      const path = join(directory, `${index}.yaml`)
      writeFileSync(
        own,
        stringify({ groups: [{ name: 'own', rules: alerts.filter(({ alert }) => alert === test.alert) }] }),
      )
      const tests = [
        group(index, test, 'fires', test.fires, true),
        ...Object.entries(test.quiet).map(([reason, series]) => group(index, test, reason, series, false)),
      ]
      writeFileSync(path, stringify({ rule_files: [own], evaluation_interval: test.every ?? '1m', tests }))
      return path
    })
    const { stdout, stderr } = spawnSync('promtool', ['test', 'rules', ...paths])
    told = `${stdout}${stderr}`
  })

  it('have a case in which it fires and one in which it does not for every alert', () => {
    for (const { alert, labels } of alerts)
      expect(
        RULE_CASES.filter((test) => test.alert === alert && test.severity === labels['severity']),
        alert,
      ).not.toEqual([])
    for (const alert of new Set(alerts.map((rule) => rule.alert)))
      expect(
        RULE_CASES.filter((test) => test.alert === alert && Object.keys(test.quiet).length > 0),
        alert,
      ).not.toEqual([])
  })

  it('fire on what they are about, with their words, and on nothing else', () => {
    expect(told).not.toMatch(/FAILED|error/i)
    expect(told.match(/SUCCESS/g)).toHaveLength(RULE_CASES.length)
  })
})
