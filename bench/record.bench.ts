import { PerformanceObserver } from 'node:perf_hooks'
import { metrics } from '@opentelemetry/api'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { type EventPayload, EventStore, type RecordableEvent, type UsageEvent } from '@tallystick/core'
import { destination, pino } from 'pino'
import { Counter, Histogram, Registry } from 'prom-client'
import { fullEvents, PREPARED, seedPayloads, without } from './record-events.ts'
import { line, machine, median, option, quantile } from './report.ts'

/**
 * What recording costs its host: one call, on one thread, of events that exist already. Every contender takes its turn in
 * each round; ratios are of medians in one run, and of processor time, since a clock also counts other people's work.
 *
 *   npm run bench -- record [--rounds 7] [--calls 500000] [--only store]
 */
const rounds = Number(option('rounds', '7'))
const calls = Number(option('calls', '500000'))
const only = option('only', '')
console.log(machine())

interface Contender {
  readonly name: string
  /** Records the prepared event of that number. */
  readonly record: (index: number) => void
  /** Between rounds, not measured: what would otherwise grow without end. */
  readonly rest?: () => void
}

const MASK = PREPARED - 1
const seeds = seedPayloads()
const full = fullEvents()
// Ids would be known already the second time round; what remembering them costs has a line of its own.
const anonymous = without(full, () => ['eventId'])
const OPTIONAL = ['agentId', 'stream', 'cacheReadTokens', 'finishReason', 'ttfbMs', 'userId', 'tenantId'] as const
const shapes = without(full, (index) => ['eventId', ...OPTIONAL.filter((_, bit) => (index >> bit) & 1)])

const contenders: readonly Contender[] = [
  bareArray(),
  store('store record, 25 members', (target) => (index) => target.record(anonymous[index & MASK] as RecordableEvent)),
  store('store record, 128 shapes', (target) => (index) => target.record(shapes[index & MASK] as RecordableEvent)),
  store('store record, seed', (target) => {
    const events = seeds.map((payload, index) => ({ timestampMs: 1_793_491_200_000 + index, ...payload }))
    return (index) => target.record(events[index & MASK] as RecordableEvent)
  }),
  store('store recordEvent, seed', (target) => (index) => target.recordEvent(seeds[index & MASK] as EventPayload)),
  store('store recordEvent, 25', (target) => (index) => target.recordEvent(anonymous[index & MASK] as RecordableEvent)),
  fullStore(),
  ownIds(),
  streaming(),
  disabled(),
  promClient(),
  openTelemetry(),
  logger(),
].filter((contender) => contender.name.includes(only))

function bareArray(): Contender {
  let held: UsageEvent[] = []
  return {
    name: 'array push',
    record: (index) => {
      if (held.length === 10_000) held = []
      held.push(full[index & MASK] as UsageEvent)
    },
  }
}

/** A store whose events leave as they do when a server answers: the oldest make room, slots are used again. */
function store(name: string, make: (target: EventStore) => (index: number) => void): Contender {
  return { name, record: make(new EventStore({ overflow: 'drop-oldest' })) }
}

function fullStore(): Contender {
  const target = new EventStore({ capacity: 10_000 })
  return { name: 'store full, drop-newest', record: (index) => target.record(anonymous[index & MASK] as RecordableEvent) }
}

function ownIds(): Contender {
  const target = new EventStore({ overflow: 'drop-oldest' })
  let ids: string[] = []
  let at = 0
  const rest = (): void => {
    ids = Array.from({ length: calls }, () => crypto.randomUUID())
    at = 0
  }
  rest()
  return {
    name: 'store record, own ids',
    record: (index) => target.record({ eventId: ids[at++] as string, ...seeds[index & MASK] } as RecordableEvent),
    rest,
  }
}

function streaming(): Contender {
  const { store: target, receiver } = EventStore.withStreaming(10_000, 100, { overflow: 'drop-oldest' })
  return {
    name: 'store streaming, read',
    record: (index) => {
      target.recordEvent(seeds[index & MASK] as EventPayload)
      receiver.tryReceive()
    },
  }
}

function disabled(): Contender {
  const target = EventStore.disabled()
  return { name: 'store disabled', record: (index) => target.record(full[index & MASK] as UsageEvent) }
}

function promClient(): Contender {
  const registers = [new Registry()]
  const labelNames = ['provider', 'model'] as const
  const requests = new Counter({ name: 'requests_total', help: 'requests', labelNames, registers })
  const duration = new Histogram({ name: 'duration_seconds', help: 'duration', labelNames, registers })
  return {
    name: 'prom-client',
    record: (index) => {
      const { provider = '', requestModel: model = '', durationMs = 0 } = full[index & MASK] as UsageEvent
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
      const { provider = '', requestModel: model = '', durationMs = 0 } = full[index & MASK] as UsageEvent
      requests.add(1, { provider, model })
      duration.record(durationMs, { provider, model })
    },
  }
}

function logger(): Contender {
  const log = pino(destination({ dest: '/dev/null', sync: false, minLength: 8_192 }))
  return { name: 'pino', record: (index) => log.info(full[index & MASK]) }
}

let gcMs = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) gcMs += entry.duration
}).observe({ entryTypes: ['gc'] })
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

interface Round {
  readonly cpuNs: number
  readonly wallNs: number
  readonly gcNs: number
}

async function round({ record, rest }: Contender, count: number): Promise<Round> {
  rest?.()
  globalThis.gc?.()
  await turn()
  gcMs = 0
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  for (let index = 0; index < count; index++) record(index)
  const wall = Number(process.hrtime.bigint() - start)
  const { user, system } = process.cpuUsage(cpu)
  await turn()
  return { cpuNs: ((user + system) * 1000) / count, wallNs: wall / count, gcNs: (gcMs * 1e6) / count }
}

/** Single calls with a clock around each, whose own time (the first line) is in all of them. */
function latencies({ record, rest }: Contender, count: number): Float64Array {
  rest?.()
  const taken = new Float64Array(count)
  for (let index = 0; index < count; index++) {
    const start = process.hrtime.bigint()
    record(index)
    taken[index] = Number(process.hrtime.bigint() - start)
  }
  return taken
}

const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]))
for (const contender of contenders) await round(contender, Math.min(calls, 100_000))
for (let index = 0; index < rounds; index++) {
  for (const contender of contenders) {
    // A log line takes as long as a hundred events; fewer of them tell as much.
    const count = contender.name === 'pino' ? Math.ceil(calls / 20) : calls
    results.get(contender.name)?.push(await round(contender, count))
  }
}

const cpuOf = (name: string): number => median((results.get(name) ?? []).map((result) => result.cpuNs))
const peers = { prom: cpuOf('prom-client'), otel: cpuOf('OpenTelemetry') }
for (const contender of contenders) {
  const { name } = contender
  const all = results.get(name) ?? []
  const taken = [...latencies(contender, Math.min(calls, 200_000))]
  line(name, {
    'CPU ns': cpuOf(name),
    'wall ns': median(all.map((result) => result.wallNs)),
    'GC ns': median(all.map((result) => result.gcNs)),
    'of prom-client': cpuOf(name) / peers.prom,
    'of OTel': cpuOf(name) / peers.otel,
    'p50 ns': quantile(taken, 0.5),
    'p99 ns': quantile(taken, 0.99),
  })
}

/** Memory of 10,000 events that nobody else holds, each with texts of its own as JSON or a socket would give them. */
function bytesPerSlot(make: (index: number) => object): number {
  const capacity = 10_000
  const used = (): number => {
    for (let time = 0; time < 3; time++) globalThis.gc?.()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  const target = new EventStore({ capacity })
  for (let index = 0; index < capacity; index++) target.record(JSON.parse(JSON.stringify(make(index))))
  const after = used()
  if (target.length !== capacity) throw new Error(`expected ${capacity} events, found ${target.length}`)
  line('estimate beside it', { 'bytes per slot': target.bytes / capacity })
  return (after - before) / capacity
}

const own = (index: number): object => ({
  ...full[index & MASK],
  eventId: crypto.randomUUID(),
  traceId: crypto.randomUUID(),
  sessionId: `session-${index}-${crypto.randomUUID()}`,
})
line('seed-shaped', { 'bytes per slot': bytesPerSlot((index) => seeds[index & MASK] as object) })
line('seed-shaped, own ids', {
  'bytes per slot': bytesPerSlot((index) => ({ ...seeds[index & MASK], eventId: crypto.randomUUID() })),
})
line('26 members', { 'bytes per slot': bytesPerSlot(own) })
process.exit(0)
