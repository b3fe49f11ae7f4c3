import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** Bodies of OTLP's protobuf, written by hand, so that they can be wrong. */

export interface SpanParts {
  readonly traceId?: Uint8Array
  readonly spanId?: Uint8Array
  readonly parentSpanId?: Uint8Array
  readonly startNanos?: bigint
  readonly endNanos?: bigint
}

let spans = 0

/** A chat of gpt-4o with these attributes beside; each with an id of its own unless it is given one. */
export function spanBytes(
  attributes: Readonly<Record<string, number | bigint | string>>,
  parts: SpanParts = {},
): Uint8Array<ArrayBuffer> {
  const own = new Uint8Array(8).fill(7)
  new DataView(own.buffer).setUint32(0, ++spans)
  const { traceId = new Uint8Array(16).fill(5), spanId = own, parentSpanId } = parts
  const { startNanos = 1_795_215_593_209_000_000n, endNanos = 1_795_215_594_109_000_000n } = parts
  return message((writer) => {
    writer.tag(1, WireType.LengthDelimited).bytes(traceId as Uint8Array<ArrayBuffer>)
    writer.tag(2, WireType.LengthDelimited).bytes(spanId as Uint8Array<ArrayBuffer>)
    if (parentSpanId) writer.tag(4, WireType.LengthDelimited).bytes(parentSpanId as Uint8Array<ArrayBuffer>)
    writer.tag(7, WireType.Bit64).fixed64(startNanos)
    writer.tag(8, WireType.Bit64).fixed64(endNanos)
    const all = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', ...attributes }
    for (const [key, value] of Object.entries(all)) writer.tag(9, WireType.LengthDelimited).bytes(pair(key, value))
  })
}

/** An `ExportTraceServiceRequest` of one resource and scope. */
export function tracesBody(items: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const scope = message((writer) => {
    for (const span of items) writer.tag(2, WireType.LengthDelimited).bytes(span)
  })
  const resource = message((writer) => writer.tag(2, WireType.LengthDelimited).bytes(scope))
  return message((writer) => writer.tag(1, WireType.LengthDelimited).bytes(resource))
}

export function message(write: (writer: BinaryWriter) => unknown): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter()
  write(writer)
  return writer.finish()
}

function pair(key: string, value: number | bigint | string): Uint8Array<ArrayBuffer> {
  const any = message((writer) => {
    if (typeof value === 'string') writer.tag(1, WireType.LengthDelimited).string(value)
    else if (typeof value === 'bigint' || Number.isSafeInteger(value)) writer.tag(3, WireType.Varint).int64(value)
    else writer.tag(4, WireType.Bit64).double(value)
  })
  return message((writer) => {
    writer.tag(1, WireType.LengthDelimited).string(key)
    writer.tag(2, WireType.LengthDelimited).bytes(any)
  })
}
