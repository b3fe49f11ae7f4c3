import { randomFillSync } from 'node:crypto'

/** A body of spans as an instrumentation of the GenAI conventions makes them; only ids differ from one send to the next. */
export interface SpanBody {
  readonly bytes: Buffer
  /** Gives every span an id of its own. */
  renew(): void
}

const TRACE = Buffer.from('5bada55f0123456789abcdef5bada55f', 'hex')
const MODELS = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'gemini-2.5-pro', 'o3', 'gpt-5']

export function spanBody(spans: number, nowMs: number): SpanBody {
  const bytes = part(1, resourceSpans(spans, nowMs))
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

function resourceSpans(spans: number, nowMs: number): Buffer {
  const items = Array.from({ length: spans }, (_, index) => part(2, span(index, nowMs)))
  const scope = Buffer.concat([part(1, part(1, 'my-instrumentation')), ...items])
  return Buffer.concat([part(1, attribute(1, 'service.name', 'checkout')), part(2, scope)])
}

function span(index: number, nowMs: number): Buffer {
  const model = MODELS[index % MODELS.length] as string
  const start = BigInt(nowMs - 5_000 + (index % 4_000)) * 1_000_000n
  return Buffer.concat([
    part(1, TRACE),
    part(2, Buffer.alloc(8)),
    part(5, `chat ${model}`),
    number(6, 3),
    instant(7, start),
    instant(8, start + BigInt(300 + (index % 900)) * 1_000_000n),
    attribute(9, 'gen_ai.operation.name', 'chat'),
    attribute(9, 'gen_ai.provider.name', model.startsWith('claude') ? 'anthropic' : 'openai'),
    attribute(9, 'gen_ai.request.model', model),
    attribute(9, 'gen_ai.response.model', model),
    attribute(9, 'gen_ai.request.max_tokens', 4_096),
    attribute(9, 'gen_ai.usage.input_tokens', 1_000 + ((index * 37) % 8_000)),
    attribute(9, 'gen_ai.usage.output_tokens', 20 + ((index * 11) % 700)),
    attribute(9, 'gen_ai.usage.cache_read.input_tokens', (index * 13) % 900),
    attribute(9, 'gen_ai.conversation.id', `session-${index % 200}`),
    attribute(9, 'user.id', `user-${index % 50}`),
    attribute(9, 'server.address', 'api.openai.com'),
    attribute(9, 'server.port', 443),
  ])
}

function attribute(field: number, key: string, value: string | number): Buffer {
  return part(
    field,
    Buffer.concat([part(1, key), part(2, typeof value === 'string' ? part(1, value) : number(3, value))]),
  )
}

/** A member that has a length: text, bytes, or a message. */
function part(field: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.byteLength), bytes])
}

const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)])

function instant(field: number, nanos: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(nanos)
  return Buffer.concat([varint(field * 8 + 1), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left >= 128 ? (left % 128) + 128 : left)
    if (left < 128) return Buffer.from(bytes)
  }
}
