import { AsyncLocalStorage } from 'node:async_hooks'
import * as api from '@opentelemetry/api'
import { AlwaysOffSampler, BasicTracerProvider, type Sampler } from '@opentelemetry/sdk-trace-base'
import { EventStore, type UsageEvent } from '@tallystick/core'
import { captureFetch } from '@tallystick/core/capture'
import { type OpenTelemetryApi, type OpenTelemetryOptions, openTelemetry } from '@tallystick/core/otel'
import { line, machine, median, option } from './report.ts'

/**
 * What a span costs a captured request: whole requests through `captureFetch` over a `fetch` that answers at once, the answer
 * read to its end. Contenders take turns, in stretches of 100 requests, so that figures are of one run; medians count. An
 * SDK's spans end in a processor that drops them: what exporting costs is not ours.
 *
 *   npm run bench -- trace [--requests 20000]
 */
const requests = Number(option('requests', '20000'))
const STRETCH = 100
console.log(machine())

const ANSWER = new TextEncoder().encode(
  JSON.stringify({
    id: 'chatcmpl-0123456789abcdef',
    model: 'gpt-4o-2024-08-06',
    choices: [{ finish_reason: 'stop', message: { content: 'x'.repeat(400) } }],
    usage: { prompt_tokens: 1_200, completion_tokens: 80, prompt_tokens_details: { cached_tokens: 1_000 } },
  }),
)
const HEADERS = { 'content-type': 'application/json' }
const BODY = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x'.repeat(2_000) }] })
const ADDRESS = 'https://api.openai.com/v1/chat/completions'
const answering: typeof globalThis.fetch = async () => new Response(ANSWER, { headers: HEADERS })

type Send = typeof globalThis.fetch
interface Contender {
  readonly name: string
  readonly send: Send
  readonly rest: () => void
}

/** An SDK of its own, without registering it for the whole process: contenders without one run beside it. */
function sdk(sampler?: Sampler): OpenTelemetryApi & { readonly tracer: api.Tracer } {
  const provider = new BasicTracerProvider({
    ...(sampler === undefined ? {} : { sampler }),
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: () => undefined,
        forceFlush: async () => undefined,
        shutdown: async () => undefined,
      },
    ],
  })
  const current = new AsyncLocalStorage<api.Context>()
  return {
    tracer: provider.getTracer('bench'),
    trace: {
      getTracer: (name) => provider.getTracer(name),
      getSpanContext: (context) => api.trace.getSpanContext(context),
      setSpan: (context, span) => api.trace.setSpan(context, span),
    },
    context: {
      active: () => current.getStore() ?? api.ROOT_CONTEXT,
      with: (context, job) => current.run(context, job),
    },
    propagation: api.propagation,
  }
}

function captured(name: string, of?: OpenTelemetryApi, options?: OpenTelemetryOptions): Contender {
  const store = new EventStore()
  const tracing = of === undefined ? {} : { tracing: openTelemetry(of, options) }
  return {
    name,
    send: captureFetch({ sink: store, fetch: answering, ...tracing }),
    rest: () => void store.drainAll(),
  }
}

/** The same span as instrumentation would make it by hand, of figures that are known already. */
function byHand(): Contender {
  const { tracer } = sdk()
  const attributes = spanOf()
  return {
    name: 'span by hand, no capture',
    rest: () => undefined,
    async send() {
      const { 'gen_ai.operation.name': operation = '', ...rest } = attributes
      const span = tracer.startSpan('chat gpt-4o', { kind: api.SpanKind.CLIENT, attributes: { operation } })
      const response = await answering(ADDRESS)
      span.setAttributes(rest)
      span.end()
      return response
    },
  }
}

/** What our span of such a request says. */
function spanOf(): api.Attributes {
  let attributes: api.Attributes = {}
  const span = openTelemetry({
    ...sdk(),
    trace: {
      getTracer: () => ({
        startSpan: () => ({
          spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
          isRecording: () => true,
          updateName: () => undefined,
          setStatus: () => undefined,
          setAttributes: (all) => {
            attributes = all
          },
          end: () => undefined,
        }),
      }),
      getSpanContext: () => undefined,
      setSpan: (context) => context,
    },
  }).begin({
    ...{ incoming: false, operation: 'chat', provider: 'openai', model: 'gpt-4o', startedMs: 0 },
    ...{ url: new URL(ADDRESS), headers: undefined },
  })
  const event: UsageEvent = {
    ...{ eventId: 'chatcmpl-0123456789abcdef', timestampMs: 0, kind: 'llm_request_completed', success: true },
    ...{ operation: 'chat', provider: 'openai', requestModel: 'gpt-4o', responseModel: 'gpt-4o-2024-08-06' },
    ...{ finishReason: 'stop', stream: false, inputTokens: 1_200, outputTokens: 80, cacheReadTokens: 1_000 },
    ...{ statusCode: 200, durationMs: 1 },
  }
  span?.end(event)
  return attributes
}

const contenders: readonly Contender[] = [
  { name: 'bare fetch', send: answering, rest: () => undefined },
  byHand(),
  captured('captured'),
  captured('captured, no SDK', api),
  captured('captured, nothing sampled', sdk(new AlwaysOffSampler())),
  captured('captured, SDK', sdk()),
  captured('captured, SDK, propagated', sdk(), { propagate: true }),
]

async function stretch({ send, rest }: Contender): Promise<number> {
  const start = process.hrtime.bigint()
  for (let request = 0; request < STRETCH; request++) {
    const response = await send(ADDRESS, { method: 'POST', headers: HEADERS, body: BODY })
    await response.arrayBuffer()
  }
  const taken = Number(process.hrtime.bigint() - start) / STRETCH / 1_000
  rest()
  return taken
}

/** Each stretch beside that of plain capture in the same turn. */
const results = new Map<string, { readonly us: number; readonly more: number }[]>(
  contenders.map(({ name }) => [name, []]),
)
for (const contender of contenders) for (let warm = 0; warm < 10; warm++) await stretch(contender)
const turns = Math.ceil(requests / STRETCH)
for (let turn = 0; turn < turns; turn++) {
  const taken = new Map<string, number>()
  // Nobody always comes after the same one, whose litter is then collected.
  const order = [...contenders.slice(turn % contenders.length), ...contenders.slice(0, turn % contenders.length)]
  for (const contender of turn % 2 === 0 ? order : order.reverse()) taken.set(contender.name, await stretch(contender))
  const plain = taken.get('captured') ?? Number.NaN
  for (const [name, us] of taken) results.get(name)?.push({ us, more: us - plain })
}

for (const { name } of contenders) {
  const all = results.get(name) ?? []
  line(name, {
    'µs a request': median(all.map(({ us }) => us)),
    'more than captured': median(all.map(({ more }) => more)),
  })
}
