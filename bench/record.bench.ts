import { PerformanceObserver } from 'node:perf_hooks'
import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { type EventPayload, EventStore, type EventStoreOptions, type RecordableEvent } from '@tallystick/core'
import { feedMetrics, MetricRegistry } from '@tallystick/core/metrics'
import { destination, pino } from 'pino'
import { Counter, Histogram, Registry } from 'prom-client'
import { fullEvents, PREPARED, seedEvents, seedPayloads, without } from './record-events.ts'
import { line, machine, median, option, quantile } from './report.ts'

/**
 * What recording costs its host: one call, on one thread, of events that exist already. Every contender takes its turn in
 * each round, in stretches of 1,000 calls; between them a store gives its events away as a sync client takes them, which is
 * not measured. A stretch is shorter than the time that a scheduler gives to one of many, so the median one is a figure of
 * this process alone, also on a busy machine; ratios are of medians in one run.
 *
 *   npm run bench -- record [--rounds 9] [--calls 200000] [--only store]
 */
const rounds = Number(option('rounds', '9'))
const calls = Number(option('calls', '200000'))
const only = option('only', '')
const STRETCH = 1_000
const MASK = PREPARED - 1
console.log(machine())

interface Contender {
  readonly name: string
  /** Records the prepared event of that number. */
  readonly record: (index: number) => void
  /** Between stretches, not measured. */
  readonly rest?: () => void
}

const payloads = seedPayloads()
const seeds = seedEvents()
const full = fullEvents()
// Ids would be known already the second time round; what remembering them costs has a line of its own.
const anonymous = without(full, () => ['eventId'])
const OPTIONAL = ['agentId', 'stream', 'cacheReadTokens', 'finishReason', 'ttfbMs', 'userId', 'tenantId'] as const
const shapes = without(full, (index) => ['eventId', ...OPTIONAL.filter((_, bit) => (index >> bit) & 1)])

const at = <T>(events: readonly T[], index: number): T => events[index & MASK] as T
const byRecord =
  (events: readonly RecordableEvent[]) =>
  (store: EventStore) =>
  (index: number): void => {
    store.record(at(events, index))
  }
const byRecordEvent =
  (events: readonly (EventPayload | RecordableEvent)[]) =>
  (store: EventStore) =>
  (index: number): void => {
    store.recordEvent(at(events, index))
  }

const contenders: readonly Contender[] = [
  bareArray(),
  emptied('record, seed-shaped', byRecord(seeds)),
  emptied('record, 25 members', byRecord(anonymous)),
  emptied('record, 128 shapes', byRecord(shapes)),
  emptied('recordEvent, seed-shaped', byRecordEvent(payloads)),
  emptied('recordEvent, 25 members', byRecordEvent(anonymous)),
  ownIds(),
  streaming(),
  counted(),
  full10k('full, drop-newest, seed', {}, byRecord(seeds)),
  full10k('full, drop-oldest, seed', { overflow: 'drop-oldest' }, byRecord(seeds)),
  full10k('full, drop-oldest, 25', { overflow: 'drop-oldest' }, byRecord(anonymous)),
  full10k('disabled', { enabled: false }, byRecord(seeds)),
  promClient(),
  openTelemetry(),
  logger(),
].filter((contender) => contender.name.includes(only))

function bareArray(): Contender {
  let held: RecordableEvent[] = []
  return {
    name: 'array push',
    record: (index) => held.push(at(seeds, index)),
    rest: () => {
      held = []
    },
  }
}

function emptied(name: string, make: (store: EventStore) => (index: number) => void): Contender {
  const store = new EventStore()
  return { name, record: make(store), rest: () => store.settle(store.take(STRETCH), 'acked') }
}

/** A store that nobody empties. */
function full10k(name: string, options: EventStoreOptions, make: (store: EventStore) => (index: number) => void) {
  const record = make(new EventStore(options))
  for (let index = 0; index < 10_000; index++) record(index)
  return { name, record }
}

function ownIds(): Contender {
  const store = new EventStore()
  let events: RecordableEvent[] = []
  const rest = (): void => {
    store.settle(store.take(STRETCH), 'acked')
    events = Array.from({ length: STRETCH }, (_, index) => ({ eventId: crypto.randomUUID(), ...at(seeds, index) }))
  }
  rest()
  return { name: 'record, ids of the caller', record: (index) => store.record(at(events, index % STRETCH)), rest }
}

function streaming(): Contender {
  const [store, receiver] = EventStore.withStreaming(10_000, 100)
  return {
    name: 'recordEvent, streamed',
    record: (index) => {
      store.recordEvent(at(payloads, index))
      receiver.tryReceive()
    },
    rest: () => store.settle(store.take(STRETCH), 'acked'),
  }
}

/** Every figure that Prometheus may ask for, beside what recording does anyway. */
function counted(): Contender {
  const store = new EventStore()
  feedMetrics(store, new MetricRegistry())
  return {
    name: 'record, 25, fed to metrics',
    record: (index) => store.record(at(anonymous, index)),
    rest: () => store.settle(store.take(STRETCH), 'acked'),
  }
}

function promClient(): Contender {
  const registers = [new Registry()]
  const labelNames = ['provider', 'model'] as const
  const requests = new Counter({ name: 'requests_total', help: 'requests', labelNames, registers })
  const duration = new Histogram({ name: 'duration_seconds', help: 'duration', labelNames, registers })
  return {
    name: 'prom-client',
    record: (index) => {
      const { provider = '', requestModel: model = '', durationMs = 0 } = at(full, index)
      requests.inc({ provider, model })
      duration.observe({ provider, model }, durationMs / 1000)
    },
  }
}

function openTelemetry(): Contender {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 })
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
  const meter = metrics.getMeter('bench')
  const requests = meter.createCounter('requests')
  const duration = meter.createHistogram('duration')
  return {
    name: 'OpenTelemetry',
    record: (index) => {
      const { provider = '', requestModel: model = '', durationMs = 0 } = at(full, index)
      requests.add(1, { provider, model })
      duration.record(durationMs, { provider, model })
    },
  }
}

function logger(): Contender {
  const log = pino(destination({ dest: '/dev/null', sync: false, minLength: 8_192 }))
  return { name: 'pino', record: (index) => log.info(at(full, index)) }
}

let gcMs = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) gcMs += entry.duration
}).observe({ entryTypes: ['gc'] })
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2))

interface Round {
  /** One call in the median stretch. */
  readonly ns: number
  /** One call's share of collections within the measured stretches and between them, so rather too much. */
  readonly gcNs: number
}

async function round({ record, rest }: Contender, count: number): Promise<Round> {
  rest?.()
  globalThis.gc?.()
  await turn()
  gcMs = 0
  const stretches: number[] = []
  for (let done = 0; done < count; done += STRETCH) {
    const start = process.hrtime.bigint()
    for (let index = done; index < done + STRETCH; index++) record(index)
    stretches.push(Number(process.hrtime.bigint() - start) / STRETCH)
    rest?.()
  }
  await turn()
  return { ns: median(stretches), gcNs: (gcMs * 1e6) / count }
}

/** Single calls with a clock around each, whose own time of some 40 ns is in all of them. */
function latencies({ record, rest }: Contender, count: number): number[] {
  const taken: number[] = []
  for (let done = 0; done < count; done += STRETCH) {
    rest?.()
    for (let index = done; index < done + STRETCH; index++) {
      const start = process.hrtime.bigint()
      record(index)
      taken.push(Number(process.hrtime.bigint() - start))
    }
  }
  return taken
}

const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]))
for (const contender of contenders) await round(contender, 50_000)
for (let index = 0; index < rounds; index++) {
  for (const contender of contenders) {
    // A log line takes as long as a hundred events; fewer of them tell as much.
    results.get(contender.name)?.push(await round(contender, contender.name === 'pino' ? calls / 20 : calls))
  }
}

const costOf = (name: string): number => median((results.get(name) ?? []).map((result) => result.ns))
const peers = { prom: costOf('prom-client'), otel: costOf('OpenTelemetry'), pino: costOf('pino') }
for (const contender of contenders) {
  const { name } = contender
  const taken = latencies(contender, 100_000)
  line(name, {
    ns: costOf(name),
    'GC ns': median((results.get(name) ?? []).map((result) => result.gcNs)),
    'of prom-client': costOf(name) / peers.prom,
    'of OTel': costOf(name) / peers.otel,
    'of pino': costOf(name) / peers.pino,
    'p50 ns': quantile(taken, 0.5),
    'p99 ns': quantile(taken, 0.99),
  })
}

/**
 * Memory of 10,000 events that nobody else holds. `fresh`: every text of every event is its own, as JSON gives them;
 * otherwise events share the texts that requests have in common.
 */
function bytesPerSlot(name: string, make: (index: number) => RecordableEvent, fresh: boolean): void {
  const capacity = 10_000
  const used = (): number => {
    for (let time = 0; time < 3; time++) globalThis.gc?.()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  const store = new EventStore({ capacity })
  for (let index = 0; index < capacity; index++) {
    const event = make(index)
    store.record(fresh ? JSON.parse(JSON.stringify(event)) : event)
  }
  const after = used()
  if (store.length !== capacity) throw new Error(`expected ${capacity} events, found ${store.length}`)
  line(name, { 'bytes per slot': (after - before) / capacity, 'as estimated': store.bytes / capacity })
}

// A text that was just put together is a tree of its parts until somebody reads it; what comes over a network is not.
const uuid = (): string => JSON.parse(JSON.stringify(crypto.randomUUID()))
const own = (index: number): RecordableEvent => ({
  ...at(full, index),
  eventId: uuid(),
  traceId: uuid(),
  sessionId: uuid(),
})
if (only === '') {
  bytesPerSlot('seed-shaped', (index) => at(seeds, index), false)
  bytesPerSlot('seed-shaped, own ids', (index) => ({ ...at(seeds, index), eventId: uuid() }), false)
  bytesPerSlot('26 members', own, false)
  bytesPerSlot('26 members, fresh texts', own, true)
}
process.exit(0)
