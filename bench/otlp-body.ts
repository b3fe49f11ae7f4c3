import { randomFillSync } from 'node:crypto'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** A body of spans as an instrumentation of the GenAI conventions makes them; only ids differ from one send to the next. */
export interface SpanBody {
  readonly bytes: Buffer
  /** Gives every span an id of its own. */
  renew(): void
}

const TRACE = Buffer.from('5bada55f0123456789abcdef5bada55f', 'hex')
const MODELS = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'gemini-2.5-pro', 'o3', 'gpt-5']

export function spanBody(spans: number, nowMs: number): SpanBody {
  const bytes = Buffer.from(
    message((request) => request.tag(1, WireType.LengthDelimited).bytes(resourceSpans(spans, nowMs))),
  )
  const places: number[] = []
  // The id of the span stands behind that of the trace, after its tag and length.
  for (let at = bytes.indexOf(TRACE); at >= 0; at = bytes.indexOf(TRACE, at + 1)) places.push(at + TRACE.length + 2)
  return {
    bytes,
    renew() {
      for (const at of places) randomFillSync(bytes, at, 8)
    },
  }
}

function message(write: (writer: BinaryWriter) => unknown): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter()
  write(writer)
  return writer.finish()
}

function resourceSpans(spans: number, nowMs: number): Uint8Array<ArrayBuffer> {
  const resource = message((writer) => attribute(writer, 1, 'service.name', 'checkout'))
  const scope = message((writer) => {
    writer
      .tag(1, WireType.LengthDelimited)
      .bytes(message((inner) => inner.tag(1, WireType.LengthDelimited).string('my-instrumentation')))
    for (let index = 0; index < spans; index++) writer.tag(2, WireType.LengthDelimited).bytes(span(index, nowMs))
  })
  return message((writer) => {
    writer.tag(1, WireType.LengthDelimited).bytes(resource)
    writer.tag(2, WireType.LengthDelimited).bytes(scope)
  })
}

function span(index: number, nowMs: number): Uint8Array<ArrayBuffer> {
  const model = MODELS[index % MODELS.length] as string
  const start = BigInt(nowMs - 5_000 + (index % 4_000)) * 1_000_000n
  return message((writer) => {
    writer.tag(1, WireType.LengthDelimited).bytes(TRACE)
    writer.tag(2, WireType.LengthDelimited).bytes(new Uint8Array(8))
    writer.tag(5, WireType.LengthDelimited).string(`chat ${model}`)
    writer.tag(6, WireType.Varint).uint32(3)
    writer.tag(7, WireType.Bit64).fixed64(start)
    writer.tag(8, WireType.Bit64).fixed64(start + BigInt(300 + (index % 900)) * 1_000_000n)
    attribute(writer, 9, 'gen_ai.operation.name', 'chat')
    attribute(writer, 9, 'gen_ai.provider.name', model.startsWith('claude') ? 'anthropic' : 'openai')
    attribute(writer, 9, 'gen_ai.request.model', model)
    attribute(writer, 9, 'gen_ai.response.model', model)
    attribute(writer, 9, 'gen_ai.request.max_tokens', 4_096)
    attribute(writer, 9, 'gen_ai.usage.input_tokens', 1_000 + ((index * 37) % 8_000))
    attribute(writer, 9, 'gen_ai.usage.output_tokens', 20 + ((index * 11) % 700))
    attribute(writer, 9, 'gen_ai.usage.cache_read.input_tokens', (index * 13) % 900)
    attribute(writer, 9, 'gen_ai.conversation.id', `session-${index % 200}`)
    attribute(writer, 9, 'user.id', `user-${index % 50}`)
    attribute(writer, 9, 'server.address', 'api.openai.com')
    attribute(writer, 9, 'server.port', 443)
  })
}

function attribute(writer: BinaryWriter, number: number, key: string, value: string | number): void {
  const any = message((inner) =>
    typeof value === 'string'
      ? inner.tag(1, WireType.LengthDelimited).string(value)
      : inner.tag(3, WireType.Varint).int64(value),
  )
  const pair = message((inner) => {
    inner.tag(1, WireType.LengthDelimited).string(key)
    inner.tag(2, WireType.LengthDelimited).bytes(any)
  })
  writer.tag(number, WireType.LengthDelimited).bytes(pair)
}
