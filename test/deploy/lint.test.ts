import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import type { PrometheusRule } from '../../packages/server/src/metrics/rules/rules.ts'
import { DASHBOARDS, dashboardText } from '../../scripts/grafana/dashboards.mjs'
import { labelsShown, lint, type Recorded } from './testing/lint.ts'
import { namesIn } from './testing/promql.ts'
import { queriesOf } from './testing/queries.ts'

const at = (path: string): string => new URL(`../../deploy/${path}`, import.meta.url).pathname
const dashboardFiles = readdirSync(at('grafana/dashboards'))

type Rule = PrometheusRule & { readonly record?: string }
const rules = readdirSync(at('prometheus/rules')).flatMap((name) =>
  (parse(readFileSync(at(`prometheus/rules/${name}`), 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
    (group) => group.rules,
  ),
)
const recorded: Recorded = new Map(
  rules.flatMap(({ record, expr }) =>
    record === undefined ? [] : [[record, namesIn(expr).groupings.filter((label) => label !== 'le')] as const],
  ),
)

describe('the dashboards', () => {
  it('are those that their definitions make (node scripts/deploy.mjs)', () => {
    expect(dashboardFiles.sort()).toEqual([...DASHBOARDS.keys()].sort())
    for (const [name, dashboard] of DASHBOARDS)
      expect(readFileSync(at(`grafana/dashboards/${name}`), 'utf8'), name).toBe(dashboardText(dashboard))
  })

  it('name only metrics, labels and values that there are', () => {
    const problems = queriesOf(DASHBOARDS.values()).flatMap(({ name, expr, legend }) =>
      lint(expr, recorded, labelsShown(legend)).map((problem) => `${name}: ${problem}`),
    )
    expect(problems).toEqual([])
  })

  it('pick from metrics and labels that there are', () => {
    for (const { uid, templating } of DASHBOARDS.values())
      for (const { definition } of templating.list) {
        if (definition === undefined) continue
        const [, series, label] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? []
        expect(lint(`rate(${series}[5m])`, recorded, [label as string]), `${uid}: ${definition}`).toEqual([])
      }
  })

  it('hold queries that Prometheus can read', () => {
    const directory = mkdtempSync(join(tmpdir(), 'tallystick-queries-'))
    const path = join(directory, 'queries.yaml')
    const asRules = queriesOf(DASHBOARDS.values()).map(({ expr }, index) => ({ record: `query:${index}`, expr }))
    writeFileSync(path, stringify({ groups: [{ name: 'queries', rules: asRules }] }))
    expect(() => execFileSync('promtool', ['check', 'rules', path], { stdio: 'pipe' })).not.toThrow()
    rmSync(directory, { recursive: true })
  })

  it('have no id, a uid of their own, and panels that say what they show, in a unit, side by side', () => {
    expect(new Set([...DASHBOARDS.values()].map(({ uid }) => uid)).size).toBe(DASHBOARDS.size)
    for (const dashboard of DASHBOARDS.values()) {
      expect(dashboard).not.toHaveProperty('id')
      expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' })
      const taken = new Set<string>()
      for (const { id, type, title, description, gridPos, fieldConfig, targets } of dashboard.panels) {
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(taken, `${dashboard.uid}: ${title} overlaps`).not.toContain(`${x} ${y}`)
            taken.add(`${x} ${y}`)
          }
        expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
        expect(id).toBeGreaterThan(0)
        if (type === 'row') continue
        expect(description, title).toMatch(/\.$/)
        expect(['short', 'currencyUSD', 's', 'ms', 'percentunit', 'reqps', 'bytes'], title).toContain(
          fieldConfig?.defaults.unit,
        )
        expect(targets, title).not.toEqual([])
      }
    }
  })

  it('are all told of in docs/deploy.md', () => {
    const page = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8')
    const table = /^\| dashboard \|[\s\S]*?\n\n/m.exec(page)?.[0] as string
    const names = [...table.matchAll(/^\| `(\w+)` \|/gm)].map((row) => `${row[1]}.json`)
    expect(names).toEqual([...DASHBOARDS.keys()])
  })

  it('have the panels of llm-edge-monitoring’s sketch', () => {
    const titles = DASHBOARDS.get('edge.json')?.panels.map(({ title }) => title)
    for (const title of ['Request rate', 'Cache hit rate', 'Cost by provider', 'P95 by provider', 'Error rate'])
      expect(titles).toContain(title)
  })
})

describe('the rules', () => {
  it('name only metrics, labels and values that there are, their words too', () => {
    const problems = rules.flatMap(({ alert, record, expr, annotations }) =>
      lint(expr, recorded, labelsShown(Object.values(annotations ?? {}).join(' '))).map(
        (problem) => `${alert ?? record}: ${problem}`,
      ),
    )
    expect(problems).toEqual([])
  })
})

describe('the lint', () => {
  it.each([
    ['sum(rate(llm_requests_total[5m]))', []],
    ['sum by (provider) (rate(llm_requests_total{status=~"success|error"}[5m])) > 0', []],
    ['provider:ours:rate5m', []],
    ['sum(rate(llm_request_total[5m]))', ['no metric llm_request_total']],
    ['rate(llm_request_duration_seconds[5m])', ['no metric llm_request_duration_seconds']],
    ['rate(llm_requests_total{modle="x"}[5m])', ['llm_requests_total has no label modle']],
    ['rate(llm_requests_total{status=~"5.."}[5m])', ['status of llm_requests_total is never 5..']],
    ['sum by (tier) (rate(llm_requests_total[5m]))', ['nothing has a label tier']],
    ['rate(llm_active_requests[5m])', ['rate of the gauge llm_active_requests']],
    [
      'sum(llm_cost_usd_total)',
      ['llm_cost_usd_total is a counter: without rate or increase it says how long the process has run'],
    ],
    [
      'histogram_quantile(0.95, sum(rate(llm_request_duration_seconds_bucket[5m])))',
      ['llm_request_duration_seconds_bucket without le'],
    ],
    ['label_replace(up, "day", "1", "", "") + on (day) up', []],
  ])('says of %s: %j', (expression, problems) => {
    expect(lint(expression, new Map([['provider:ours:rate5m', ['provider']]]))).toEqual(problems)
  })

  it('looks at the labels that words name', () => {
    expect(lint('up', undefined, labelsShown('{{ $labels.model }} at {{instance}}'))).toEqual([
      'nothing has a label model',
    ])
  })

  it('finds each of the mistakes of llm-edge-monitoring’s rules', () => {
    for (const mistake of [
      'sum(rate(llm_edge_requests_total{status=~"5.."}[5m])) / sum(rate(llm_edge_requests_total[5m])) > 0.01',
      'sum(llm_edge_provider_health) == 0',
      'histogram_quantile(0.95, sum by (le) (rate(llm_edge_request_duration_seconds_bucket[5m]))) > 2',
      'llm_edge_memory_bytes > 3.5e9',
      'llm_edge_circuit_breaker_state{state="open"} == 1',
      'llm_edge_active_connections > 900',
    ])
      expect(lint(mistake), mistake).not.toEqual([])
  })
})
