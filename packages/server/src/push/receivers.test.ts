import { setTimeout } from 'node:timers/promises'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openReceiver, type Receiver } from '../http/otlp/testing/receiver.ts'
import { openTallystick, type Tallystick } from '../open.ts'
import { INSTRUMENTS } from './instruments.ts'
import type { PushSettings } from './settings.ts'
import { type Collector, metricsOf, openCollector, type Received } from './testing/collector.ts'

/** What is pushed, as others read it: another Tallystick, and beside what the SDK of OpenTelemetry sends of the same. */

const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const open: Tallystick[] = []
let collector: Collector
beforeEach(async () => {
  collector = await openCollector()
})
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
  await collector.close()
})

async function pushing(push: PushSettings): Promise<Tallystick> {
  const tallystick = await openTallystick({ dataDir: '/nowhere', store: 'memory:', clock, push })
  open.push(tallystick)
  return tallystick
}

const ITEMS = [
  { model: 'gpt-4o', input_tokens: 1_200, cache_read_tokens: 1_000, output_tokens: 80, duration_ms: 900 },
  { model: 'gpt-4o', input_tokens: 300, output_tokens: 7, duration_ms: 1_280, stream: true, ttfb_ms: 40 },
  { model: 'claude-opus-4-5', input_tokens: 5_000, cache_read_tokens: 4_000, output_tokens: 600, duration_ms: 9_000 },
  { model: 'no-such-model', provider: 'mine', input_tokens: 11, output_tokens: 2 },
  { model: 'gpt-4o', success: false, status_code: 429, duration_ms: 30 },
].map((item) => ({ provider: 'openai', operation: 'chat', ...item }))
const SUM = (name: 'input_tokens' | 'output_tokens' | 'cache_read_tokens'): number =>
  ITEMS.reduce((sum, item) => sum + ((item as Partial<Record<typeof name, number>>)[name] ?? 0), 0)

describe.each(['delta', 'cumulative'] as const)('another Tallystick, told in %s figures', (temporality) => {
  it.each([
    ['v1.41', ''],
    ['latest', 'gen_ai_latest_experimental'],
  ])('counts each token and each cent once, by the names of %s', async (generation, optIn) => {
    const other: Receiver = await openReceiver({ clock })
    open.push(other.tallystick)
    const { url } = await other.tallystick.listen()
    const sender = await pushing({ endpoint: url, temporality, optIn, intervalMs: 40 })
    let costNanoUsd = 0
    sender.ingest.onAccepted((events) => {
      for (const { event } of events) costNanoUsd += event.costNanoUsd ?? 0
    })
    for (let round = 0; round < 3; round++) {
      await sender.ingest.submit({ items: ITEMS, door: 'native' })
      // Some of it in one push, some in the next.
      await setTimeout(60)
    }
    await sender.close()
    const totals = await other.totals()
    expect(totals).toMatchObject({
      input_tokens: 3 * SUM('input_tokens'),
      output_tokens: 3 * SUM('output_tokens'),
      cost_nano_usd: costNanoUsd,
      ...(generation === 'latest' ? { cache_read_tokens: 3 * SUM('cache_read_tokens') } : {}),
    })
    expect(costNanoUsd).toBeGreaterThan(0)
    for (const event of await other.events())
      expect(event).toMatchObject({ tags: { service: 'tallystick' }, detail: { signal: 'metric' } })
  })
})

it('what a Tallystick was pushed it does not push on, or a ring of them would never end', async () => {
  const tallystick = await pushing({ endpoint: collector.url, intervalMs: 3_600_000 })
  const { url } = await tallystick.listen()
  const itself = await pushing({ endpoint: url, temporality: 'delta', intervalMs: 30 })
  // What the one pushes, the other has; what it has of that it does not push on.
  await itself.ingest.submit({ items: ITEMS, door: 'native' })
  await itself.close()
  await tallystick.close()
  expect(collector.taken).toEqual([])
})

it('is refused by what stands in the configuration, before anything is opened', async () => {
  await expect(pushing({ endpoint: 'collector:4318' })).rejects.toMatchObject({
    code: 'invalid_config',
    issues: [{ path: 'otlp.push.endpoint' }],
  })
})

/** Without what is its own of each sender: times, the resource, the smallest and the largest value, empty members. */
function shapeOf(received: Received): unknown {
  return metricsOf(received)
    .map(({ name, unit, sum, histogram }) => ({
      name,
      unit,
      kind: sum === undefined ? 'histogram' : 'sum',
      temporality: (sum ?? histogram)?.aggregationTemporality,
      monotonic: sum?.isMonotonic,
      points: (sum ?? histogram)?.dataPoints
        .map(({ attributes, count, sum: total, asInt, asDouble, bucketCounts, explicitBounds }) => ({
          attributes: [...attributes].sort((a, b) => (a.key < b.key ? -1 : 1)),
          count: count === undefined ? undefined : Number(count),
          value: Number(total ?? asInt ?? asDouble),
          buckets: bucketCounts?.map(Number),
          bounds: explicitBounds,
        }))
        .sort((a, b) => (JSON.stringify(a.attributes) < JSON.stringify(b.attributes) ? -1 : 1)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

describe.each([
  ['v1.41', ''],
  ['latest', 'gen_ai_latest_experimental'],
] as const)('the SDK of OpenTelemetry, told the same under the names of %s', (generation, optIn) => {
  it('sends the same', async () => {
    const instruments = INSTRUMENTS[generation]
    const exporter = new OTLPMetricExporter({ url: `${collector.url}/v1/metrics` })
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
    const inUnit = (value: number, digits: number): number => value / 10 ** digits
    const views = instruments.flatMap(({ name, bounds, digits }) =>
      bounds === undefined
        ? []
        : [
            {
              instrumentName: name,
              aggregation: {
                type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM as const,
                options: { boundaries: bounds.map((bound) => inUnit(bound, digits)) },
              },
            },
          ],
    )
    const provider = new MeterProvider({ readers: [reader], views })
    const meter = provider.getMeter('sdk')
    const recorders = instruments.map(({ name, unit, bounds }) => {
      if (bounds === undefined) {
        const counter = meter.createCounter(name, { unit })
        return (value: number, attributes: Record<string, string>) => counter.add(value, attributes)
      }
      const histogram = meter.createHistogram(name, { unit })
      return (value: number, attributes: Record<string, string>) => histogram.record(value, attributes)
    })

    const tallystick = await pushing({ endpoint: collector.url, optIn })
    tallystick.ingest.onAccepted((events) => {
      for (const { event } of events) {
        const { operation = '', provider: answerer = '', requestModel = '' } = event
        const names = {
          'gen_ai.operation.name': operation,
          'gen_ai.provider.name': answerer,
          'gen_ai.request.model': requestModel,
        }
        for (const [at, { add, split, digits }] of instruments.entries())
          add(event, (value, own) =>
            recorders[at]?.(inUnit(value, digits), {
              ...names,
              ...(split === undefined || own === undefined ? {} : { [split]: own }),
            }),
          )
      }
    })
    await tallystick.ingest.submit({ items: ITEMS, door: 'native' })
    await provider.shutdown()
    await tallystick.close()
    await vi.waitFor(() => expect(collector.taken).toHaveLength(2))
    const [theirs, ours] = collector.taken as [Received, Received]
    expect(shapeOf(ours)).toEqual(shapeOf(theirs))
  })
})
