import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { TallystickError } from '@tallystick/core'
import {
  InstrumentationScopeSchema,
  LogRecordSchema,
  type Metric as MetricMessage,
  MetricSchema,
  type NumberDataPoint,
  ResourceSchema,
  SpanSchema,
} from './generated/otlp_pb.ts'
import { eventNameOf } from './ids.ts'
import { attributesOf, valueOfBytes } from './key-values.ts'
import type { Emitted, LogRecord, Metric, MetricPoint, Origin, Span } from './model.ts'

/** Bodies of the three signals have one skeleton: resources of scopes of items, under these numbers. */
const RESOURCES = 1
const RESOURCE = 1
const SCOPES = 2
const SCOPE = 1
const ITEMS = 2
/** A message below this cannot become more than some thousands of objects. */
const WEIGHED_BYTES = 64 * 1024
/** Objects that one item may become: more than the widest honest one. */
const MAX_PIECES = 20_000
const READ_OPTIONS = { readUnknownFields: false }
const NO_RECORDED_VALUE = 1

/** The spans of an `ExportTraceServiceRequest`, one at a time, so that a body never stands whole in memory as objects. */
export const protobufSpans = (body: Uint8Array): Generator<Emitted<Span>> => items(body, SpanSchema, spanOf)

/** The records of an `ExportLogsServiceRequest`. */
export const protobufLogs = (body: Uint8Array): Generator<Emitted<LogRecord>> => items(body, LogRecordSchema, logOf)

/** The metrics of an `ExportMetricsServiceRequest`. */
export const protobufMetrics = (body: Uint8Array): Generator<Emitted<Metric>> => items(body, MetricSchema, metricOf)

/** @throws whatever the reader of the wire format throws at bytes that are none; TallystickError `too_many_entries` */
function* items<D extends DescMessage, T>(
  body: Uint8Array,
  schema: D,
  read: (message: MessageShape<D>) => T,
): Generator<Emitted<T>> {
  for (const resourceItems of submessages(body, RESOURCES)) {
    const resource = attributesOf(
      [...submessages(resourceItems, RESOURCE)].flatMap((bytes) => decode(ResourceSchema, bytes).attributes),
    )
    for (const scopeItems of submessages(resourceItems, SCOPES)) {
      let scope = ''
      for (const bytes of submessages(scopeItems, SCOPE)) scope = decode(InstrumentationScopeSchema, bytes).name
      const origin: Origin = { resource, scope }
      for (const bytes of submessages(scopeItems, ITEMS)) yield { origin, item: read(decode(schema, bytes)) }
    }
  }
}

/** The bytes of each submessage under a number. */
function* submessages(bytes: Uint8Array, number: number): Generator<Uint8Array> {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [no, type] = reader.tag()
    if (no !== number) reader.skip(type, no)
    else if (type === WireType.LengthDelimited) yield reader.bytes()
    else throw new Error(`field ${number} is not a message`)
  }
}

function decode<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  if (bytes.byteLength > WEIGHED_BYTES && piecesIn(schema, new BinaryReader(bytes), bytes.byteLength, 0) > MAX_PIECES)
    throw new TallystickError(
      'too_many_entries',
      `An item of the body has more than ${MAX_PIECES} attributes and values.`,
    )
  return fromBinary(schema, bytes, READ_OPTIONS)
}

/** How many messages and attributes there are in one, counted no further than needed. Ends: none of ours nests in itself. */
function piecesIn(schema: DescMessage, reader: BinaryReader, end: number, before: number): number {
  let count = before
  while (reader.pos < end && count <= MAX_PIECES) {
    const [no, type] = reader.tag()
    const field = type === WireType.LengthDelimited ? schema.fields.find(({ number }) => number === no) : undefined
    if (field !== undefined) count++
    if (field?.message === undefined) reader.skip(type, no)
    else {
      const length = reader.uint32()
      count = piecesIn(field.message, reader, reader.pos + length, count)
    }
  }
  return count
}

function spanOf(message: MessageShape<typeof SpanSchema>): Span {
  const { traceId, spanId, parentSpanId, name, startTimeUnixNano, endTimeUnixNano, attributes, status } = message
  return {
    traceId: idOf(traceId, 16),
    spanId: idOf(spanId, 8),
    parentSpanId: idOf(parentSpanId, 8),
    name,
    startNanos: startTimeUnixNano,
    endNanos: endTimeUnixNano,
    attributes: attributesOf(attributes),
    failed: status?.code === 2,
  }
}

function logOf(message: MessageShape<typeof LogRecordSchema>): LogRecord {
  const { timeUnixNano, observedTimeUnixNano, traceId, spanId, eventName, body } = message
  const attributes = attributesOf(message.attributes)
  return {
    timeNanos: timeUnixNano === 0n ? observedTimeUnixNano : timeUnixNano,
    traceId: idOf(traceId, 16),
    spanId: idOf(spanId, 8),
    eventName: eventNameOf(eventName, attributes, valueOfBytes(body)),
    attributes,
  }
}

function metricOf({ name, data }: MetricMessage): Metric {
  const temporality = (code: number): Metric['temporality'] =>
    code === 1 ? 'delta' : code === 2 ? 'cumulative' : undefined
  switch (data.case) {
    case 'sum':
      // A sum that may fall has no part to be added.
      if (!data.value.isMonotonic) break
      return {
        name,
        temporality: temporality(data.value.aggregationTemporality),
        points: data.value.dataPoints.map((point) => pointOf(point, numberOfPoint(point))),
      }
    case 'histogram':
    case 'exponentialHistogram':
      return {
        name,
        temporality: temporality(data.value.aggregationTemporality),
        points: data.value.dataPoints.map((point) => pointOf(point, point.sum)),
      }
  }
  return { name, temporality: undefined, points: [] }
}

function pointOf(
  point: Pick<NumberDataPoint, 'startTimeUnixNano' | 'timeUnixNano' | 'attributes' | 'flags'>,
  value: number | undefined,
): MetricPoint {
  return {
    startNanos: point.startTimeUnixNano,
    timeNanos: point.timeUnixNano,
    attributes: attributesOf(point.attributes),
    value: (point.flags & NO_RECORDED_VALUE) === 0 ? value : undefined,
  }
}

function numberOfPoint({ value }: NumberDataPoint): number | undefined {
  return value.case === undefined ? undefined : Number(value.value)
}

/** Empty where it is not one: of another length, or all zeroes. */
function idOf(bytes: Uint8Array, length: number): string {
  if (bytes.byteLength !== length || bytes.every((byte) => byte === 0)) return ''
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('hex')
}
