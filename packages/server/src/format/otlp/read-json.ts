import { TallystickError } from '@tallystick/core'
import { eventNameOf, spanIdOf, traceIdOf } from './ids.ts'
import type { Attributes, AttributeValue, Emitted, LogRecord, Metric, MetricPoint, Origin, Span } from './model.ts'

type Members = Readonly<Record<string, unknown>>

const NO_RECORDED_VALUE = 1
const TEMPORALITIES: ReadonlyMap<unknown, Metric['temporality']> = new Map<unknown, Metric['temporality']>([
  [1, 'delta'],
  [2, 'cumulative'],
  ['AGGREGATION_TEMPORALITY_DELTA', 'delta'],
  ['AGGREGATION_TEMPORALITY_CUMULATIVE', 'cumulative'],
])

/** The spans of an `ExportTraceServiceRequest` in OTLP's JSON: hex ids, 64-bit integers as text or number. */
export const jsonSpans = (body: unknown): Generator<Emitted<Span>> =>
  items(body, 'resourceSpans', 'scopeSpans', 'spans', spanOf)

/** The records of an `ExportLogsServiceRequest`. */
export const jsonLogs = (body: unknown): Generator<Emitted<LogRecord>> =>
  items(body, 'resourceLogs', 'scopeLogs', 'logRecords', logOf)

/** The metrics of an `ExportMetricsServiceRequest`. */
export const jsonMetrics = (body: unknown): Generator<Emitted<Metric>> =>
  items(body, 'resourceMetrics', 'scopeMetrics', 'metrics', metricOf)

/** @throws TallystickError `invalid_body` where an object or a list has to be and is not */
function* items<T>(
  body: unknown,
  resources: string,
  scopes: string,
  names: string,
  read: (item: Members) => T,
): Generator<Emitted<T>> {
  for (const resourceItems of list(object(body, 'body'), resources)) {
    const resource = attributesOf(object(resourceItems['resource'] ?? {}, 'resource'))
    for (const scopeItems of list(resourceItems, scopes)) {
      const { name } = object(scopeItems['scope'] ?? {}, 'scope')
      const origin: Origin = { resource, scope: typeof name === 'string' ? name : '' }
      for (const item of list(scopeItems, names)) yield { origin, item: read(item) }
    }
  }
}

function spanOf(span: Members): Span {
  return {
    traceId: traceIdOf(text(span['traceId'])),
    spanId: spanIdOf(text(span['spanId'])),
    parentSpanId: spanIdOf(text(span['parentSpanId'])),
    name: text(span['name']),
    startNanos: nanos(span['startTimeUnixNano']),
    endNanos: nanos(span['endTimeUnixNano']),
    attributes: attributesOf(span),
    failed: isError(object(span['status'] ?? {}, 'status')['code']),
  }
}

const isError = (code: unknown): boolean => code === 2 || code === 'STATUS_CODE_ERROR'

function logOf(record: Members): LogRecord {
  const attributes = attributesOf(record)
  const time = nanos(record['timeUnixNano'])
  return {
    timeNanos: time === 0n ? nanos(record['observedTimeUnixNano']) : time,
    traceId: traceIdOf(text(record['traceId'])),
    spanId: spanIdOf(text(record['spanId'])),
    eventName: eventNameOf(text(record['eventName']), attributes, plainValue(record['body'])),
    attributes,
  }
}

function metricOf(metric: Members): Metric {
  const name = text(metric['name'])
  for (const kind of ['sum', 'histogram', 'exponentialHistogram']) {
    if (metric[kind] === undefined || metric[kind] === null) continue
    const data = object(metric[kind], kind)
    // A sum that may fall has no part to be added.
    if (kind === 'sum' && data['isMonotonic'] !== true) break
    return {
      name,
      temporality: TEMPORALITIES.get(data['aggregationTemporality']),
      points: list(data, 'dataPoints').map((point) => pointOf(point, kind === 'sum' ? sumOf(point) : point['sum'])),
    }
  }
  return { name, temporality: undefined, points: [] }
}

const sumOf = (point: Members): unknown => point['asInt'] ?? point['asDouble']

function pointOf(point: Members, value: unknown): MetricPoint {
  const { flags } = point
  const recorded = value !== undefined && value !== null && !(Number(flags ?? 0) & NO_RECORDED_VALUE)
  return {
    startNanos: nanos(point['startTimeUnixNano']),
    timeNanos: nanos(point['timeUnixNano']),
    attributes: attributesOf(point),
    // `NaN` and `Infinity` are texts in JSON; so is whatever else is no number.
    value: recorded ? Number(value) : undefined,
  }
}

function attributesOf(holder: Members): Attributes {
  const attributes = new Map<string, AttributeValue>()
  for (const { key, value } of list(holder, 'attributes')) {
    const plain = plainValue(value)
    if (plain !== undefined && typeof key === 'string') attributes.set(key, plain)
  }
  return attributes
}

function plainValue(any: unknown): AttributeValue | undefined {
  const scalar = scalarOf(any)
  if (scalar !== undefined || typeof any !== 'object' || any === null) return scalar
  const { arrayValue } = any as Members
  if (typeof arrayValue !== 'object' || arrayValue === null) return undefined
  return list(arrayValue as Members, 'values')
    .map(scalarOf)
    .filter((value) => value !== undefined)
}

function scalarOf(any: unknown): string | number | boolean | undefined {
  if (typeof any !== 'object' || any === null) return undefined
  const { stringValue, intValue, doubleValue, boolValue } = any as Members
  if (typeof stringValue === 'string') return stringValue
  if (intValue !== undefined && intValue !== null) return Number(intValue)
  if (doubleValue !== undefined && doubleValue !== null) return Number(doubleValue)
  return typeof boolValue === 'boolean' ? boolValue : undefined
}

/** Of a number the nearest microsecond: what writes instants as numbers has lost the last digits already. */
function nanos(value: unknown): bigint {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value)
  return typeof value === 'number' && Number.isFinite(value) && value > 0
    ? BigInt(Math.round(value / 1000)) * 1000n
    : 0n
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function object(value: unknown, name: string): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
  throw new TallystickError('invalid_body', `${name} must be an object.`)
}

/** The objects of a list; none where the member is absent. */
function list(holder: Members, name: string): readonly Members[] {
  const value = holder[name]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new TallystickError('invalid_body', `${name} must be an array.`)
  for (const item of value) object(item, name)
  return value as readonly Members[]
}
