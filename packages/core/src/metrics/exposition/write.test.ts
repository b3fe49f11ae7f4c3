import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MetricFamily } from '../family.ts'
import { MetricRegistry } from '../registry.ts'
import type { FamilySamples } from '../samples.ts'
import { Histogram } from '../series.ts'
import { parseExposition } from '../testing/parse.ts'
import { negotiateFormat } from './negotiate.ts'
import { writeNumber } from './number.ts'
import { writeExposition } from './write.ts'

const counter: MetricFamily = { name: 'work_seconds_total', type: 'counter', help: 'Work.', labels: ['b', 'a'], unit: 'seconds', set: 'operation' } // biome-ignore format: one line
const histogram: MetricFamily = { name: 'wait_seconds', type: 'histogram', help: 'Wait.', labels: ['kind'], buckets: [0.5, 1], set: 'operation' } // biome-ignore format: one line
const exemplar = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', value: 700, timestampMs: 1_795_262_400_500 }

const families = (): FamilySamples[] => {
  const wait = Histogram.of(histogram, 1_000, { kind: 'disk' })
  wait.observe(100)
  wait.observe(700, exemplar)
  wait.observe(2_000)
  return [
    {
      family: counter,
      per: 1_000,
      samples: [
        { labels: { a: 'z', b: 'y' }, value: 1_500, exemplar },
        { labels: { a: 'x' }, value: 2 },
      ],
    },
    { family: histogram, per: 1_000, samples: [wait.sample()] },
  ]
}

describe('the text format 0.0.4', () => {
  it('is written in the order of labels, without exemplars', () => {
    expect(writeExposition(families(), 'text')).toBe(`# HELP work_seconds_total Work.
# TYPE work_seconds_total counter
work_seconds_total{a="x"} 0.002
work_seconds_total{b="y",a="z"} 1.5
# HELP wait_seconds Wait.
# TYPE wait_seconds histogram
wait_seconds_bucket{kind="disk",le="0.5"} 1
wait_seconds_bucket{kind="disk",le="1"} 2
wait_seconds_bucket{kind="disk",le="+Inf"} 3
wait_seconds_sum{kind="disk"} 2.8
wait_seconds_count{kind="disk"} 3
`)
  })

  it('escapes what would end a label or a line', () => {
    const family: MetricFamily = { ...counter, name: 'a_total', help: 'One\\two\n"three"', labels: ['a'] }
    const samples = [{ labels: { a: 'q"b\\n\n' }, value: 1 }]
    expect(writeExposition([{ family, samples }], 'text')).toBe(
      '# HELP a_total One\\\\two\\n"three"\n# TYPE a_total counter\na_total{a="q\\"b\\\\n\\n"} 1\n',
    )
    expect(writeExposition([{ family, samples }], 'openmetrics')).toContain('# HELP a One\\\\two\\n\\"three\\"\n')
  })

  it('of nothing is nothing', () => {
    expect(writeExposition([], 'text')).toBe('')
    expect(writeExposition([], 'openmetrics')).toBe('# EOF\n')
  })
})

describe('OpenMetrics 1.0', () => {
  it('names counters without _total, tells units and exemplars, and ends', () => {
    const trace = '# {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.7 1795262400.5'
    expect(writeExposition(families(), 'openmetrics')).toBe(`# HELP work_seconds Work.
# TYPE work_seconds counter
# UNIT work_seconds seconds
work_seconds_total{a="x"} 0.002
work_seconds_total{b="y",a="z"} 1.5 ${trace}
# HELP wait_seconds Wait.
# TYPE wait_seconds histogram
wait_seconds_bucket{kind="disk",le="0.5"} 1
wait_seconds_bucket{kind="disk",le="1.0"} 2 ${trace}
wait_seconds_bucket{kind="disk",le="+Inf"} 3
wait_seconds_sum{kind="disk"} 2.8
wait_seconds_count{kind="disk"} 3
# EOF
`)
  })

  it('has the trace of a request on its bucket, its first byte and its count', () => {
    const metrics = new MetricRegistry({ names: 'both' })
    metrics.observeEvent({
      eventId: 'e',
      timestampMs: 1_795_262_400_500,
      kind: 'llm_request_completed',
      provider: 'openai',
      requestModel: 'gpt-4o',
      success: true,
      durationMs: 1_250,
      ttfbMs: 7,
      traceId: exemplar.traceId,
    })
    const read = parseExposition(writeExposition(metrics.snapshot({ names: 'both' }), 'openmetrics'), true)
    const found = [...read.values()].flatMap(({ samples }) => samples.filter((one) => one.exemplar !== undefined))
    expect(
      found.map(({ name, labels, exemplar: of }) => [name, labels['le'], of?.value, of?.labels['trace_id']]),
    ).toEqual([
      ['llm_edge_requests_total', undefined, '1', exemplar.traceId],
      ['llm_edge_request_duration_ms_bucket', '2500.0', '1250', exemplar.traceId],
      ['llm_requests_total', undefined, '1', exemplar.traceId],
      ['llm_request_duration_seconds_bucket', '2.5', '1.25', exemplar.traceId],
      ['llm_time_to_first_byte_seconds_bucket', '0.01', '0.007', exemplar.traceId],
    ])
  })
})

describe('numbers', () => {
  it.each([
    [15_000_000, 1e9, '0.015'],
    [1, 1e9, '1e-9'],
    [0, 1, '0'],
    [-0, 1, '0'],
    [Number.NaN, 1, 'NaN'],
    [Number.POSITIVE_INFINITY, 1, '+Inf'],
    [Number.NEGATIVE_INFINITY, 1, '-Inf'],
    [9_007_199_254_740_993n, 1, '9007199254740993'],
    [9_007_199_254_740_993n, 1e9, '9007199.254740993'],
    [10_000_000_000_000_000_000n, 1e9, '10000000000'],
    [-5n, 1_000, '-0.005'],
  ])('%s in units of 1/%s is %s', (value, per, text) => {
    expect(writeNumber(value, per)).toBe(text)
  })

  it('read back as the double next to the exact quotient', () => {
    const per = fc.constantFrom(1, 1_000, 1e6, 1e9)
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 80n }), per, (value, by) => {
        const exact = value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
        const digits = String(by).length - 1
        const text = value.toString().padStart(digits + 1, '0')
        const quotient = Number(`${text.slice(0, text.length - digits)}.${text.slice(text.length - digits)}`)
        expect(Number(writeNumber(exact, by))).toBe(quotient)
      }),
      { seed: 11, numRuns: 500 },
    )
  })
})

describe('the format that a scraper gets', () => {
  const PROMETHEUS_2 =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  const PROMETHEUS_3 =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1'
  it.each([
    [PROMETHEUS_2, 'openmetrics'],
    [PROMETHEUS_3, 'openmetrics'],
    [undefined, 'text'],
    [null, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
    ['text/plain', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['APPLICATION/OpenMetrics-Text; Version="1.0.0"; charset=utf-8', 'openmetrics'],
    ['application/openmetrics-text; version=0.0.1', 'text'],
    ['application/openmetrics-text; version=2.0.0', 'text'],
    ['application/openmetrics-text;q=0.4,text/plain;q=0.5', 'text'],
    ['application/openmetrics-text;q=0.5,text/plain;q=0.4', 'openmetrics'],
    ['text/plain,application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text;q=0.5,*/*', 'text'],
    ['application/openmetrics-text;q=0,text/plain;q=0', 'text'],
    ['application/openmetrics-text;q=2', 'text'],
    ['application/json', 'text'],
    [';;;,,q=,=', 'text'],
  ])('by Accept: %s is %s', (accept, format) => {
    expect(negotiateFormat(accept)).toBe(format)
  })
})

const promtool = spawnSync('promtool', ['--version']).error === undefined

describe.skipIf(!promtool)('promtool', () => {
  it('finds nothing wrong but the unit in the name of llm-edge-monitoring', () => {
    const metrics = new MetricRegistry({ names: 'both' })
    for (let index = 0; index < 100; index++) {
      const name = `a\\"\n${index}\u00e9`
      metrics.recordRequestSuccess(name, name, index)
      metrics.recordRequestFailure(name, name, name)
      metrics.recordTokenUsage(name, name, index, 2 ** 53 - 1)
      metrics.recordCost(name, name, 0.1)
      metrics.recordCost(name, name, Number.NaN)
      metrics.recordUnpriced(name, name)
      metrics.recordCacheHit(name)
      metrics.recordProviderHealth(name, true)
      metrics.incActiveRequests()
    }
    const text = writeExposition(metrics.snapshot({ names: 'both', routiium: true }), 'text')
    const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect(`${stdout}${stderr}`.trim()).toBe(
      'llm_edge_request_duration_ms metric names should not contain abbreviated units',
    )
  })
})
