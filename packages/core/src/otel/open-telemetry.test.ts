import * as api from '@opentelemetry/api'
import { AlwaysOffSampler, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { captureClient, captureFetch } from '../capture/index.ts'
import { openStandIn, type StandIn } from '../capture/testing/stand-in.ts'
import type { UsageEvent } from '../event/index.ts'
import { createPriceBook } from '../pricing/index.ts'
import { EventStore } from '../recorder/index.ts'
import { type OpenTelemetryOptions, openTelemetry } from './open-telemetry.ts'
import { type Sdk, startSdk } from './testing/sdk.ts'

const CHAT = '{"model":"gpt-4o","messages":[{"role":"user","content":"a secret of mine"}]}'
const USAGE = {
  prompt_tokens: 1_200,
  completion_tokens: 80,
  prompt_tokens_details: { cached_tokens: 1_000 },
  completion_tokens_details: { reasoning_tokens: 30 },
}
const ANSWER = {
  id: 'chatcmpl-0123456789abcdef',
  model: 'gpt-4o-2024-08-06',
  choices: [{ finish_reason: 'stop', message: { content: 'a secret of its own' } }],
  usage: USAGE,
}
const JSON_TYPE = { 'content-type': 'application/json' }

let provider: StandIn
let answer: Parameters<typeof openStandIn>[0]
let sdk: Sdk | undefined
const prices = createPriceBook()

beforeEach(async () => {
  answer = (_, response) => void response.writeHead(200, JSON_TYPE).end(JSON.stringify(ANSWER))
  provider = await openStandIn((request, response) => answer(request, response))
})
afterEach(async () => {
  await provider.close()
  await sdk?.stop()
  sdk = undefined
})

interface Captured {
  send(body?: string, init?: RequestInit): Promise<Response>
  events(): readonly UsageEvent[]
}

function captured(options?: OpenTelemetryOptions): Captured {
  const sink = new EventStore()
  const fetch = captureFetch({ sink, prices, tracing: openTelemetry(api, options) })
  return {
    send: (body = CHAT, init = {}) =>
      fetch(`${provider.url}/v1/chat/completions`, { method: 'POST', headers: JSON_TYPE, body, ...init }),
    events: () => sink.drainAll() as UsageEvent[],
  }
}

const total = (spans: readonly ReadableSpan[], name: string): number =>
  spans.reduce((sum, { attributes }) => sum + Number(attributes[name] ?? 0), 0)
const sum = (events: readonly UsageEvent[], name: keyof UsageEvent): number =>
  events.reduce((all, event) => all + Number(event[name] ?? 0), 0)

describe('with an SDK', () => {
  beforeEach(() => {
    sdk = startSdk()
  })
  const spans = (): readonly ReadableSpan[] => sdk?.spans() ?? []

  it('a request is a span of kind client with its figures, in both sets of names, and nothing of what was said', async () => {
    const { send, events } = captured()
    await (await send()).text()
    const [event] = events()
    const [span] = spans()
    expect(span).toMatchObject({ name: 'chat gpt-4o', kind: api.SpanKind.CLIENT, status: { code: 0 } })
    expect(span?.spanContext()).toMatchObject({ traceId: event?.traceId, spanId: event?.spanId })
    expect(span?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.response.id': 'chatcmpl-0123456789abcdef',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.request.stream': false,
      'gen_ai.usage.input_tokens': 1_200,
      'gen_ai.usage.output_tokens': 80,
      'gen_ai.usage.cache_read.input_tokens': 1_000,
      'gen_ai.usage.reasoning.output_tokens': 30,
      'gen_ai.usage.cost': (event?.costNanoUsd ?? Number.NaN) / 1e9,
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(provider.url).port),
      'llm.provider': 'openai',
      'llm.model': 'gpt-4o',
      'llm.request_id': 'chatcmpl-0123456789abcdef',
      'llm.tokens.input': 1_200,
      'llm.tokens.output': 80,
      'llm.cost_usd': (event?.costNanoUsd ?? Number.NaN) / 1e9,
    })
    expect(JSON.stringify(span?.attributes)).not.toContain('secret')
    const [seconds = 0, nanos = 0] = span?.startTime ?? []
    expect(seconds * 1000 + nanos / 1e6).toBe(event?.timestampMs)
    const [spent = 0, rest = 0] = span?.duration ?? []
    expect(spent * 1000 + rest / 1e6).toBe(event?.durationMs)
  })

  it('the totals of many spans are those of their events, whatever became of the requests', async () => {
    const { send, events } = captured()
    let count = 0
    answer = (_, response) => {
      count++
      if (count % 5 === 0) response.writeHead(429, JSON_TYPE).end('{"error":{"type":"requests","code":"rate_limited"}}')
      else if (count % 7 === 0) response.destroy()
      else {
        const usage = { ...USAGE, prompt_tokens: 1_000 + count, completion_tokens: count }
        response.writeHead(200, JSON_TYPE).end(JSON.stringify({ ...ANSWER, id: `answer-number-${count}`, usage }))
      }
    }
    for (let sent = 0; sent < 35; sent++)
      await send(CHAT.replace('mine', String(sent))).then(
        (response) => response.text(),
        () => undefined,
      )
    const recorded = events()
    expect(recorded).toHaveLength(35)
    expect(spans()).toHaveLength(35)
    expect(total(spans(), 'gen_ai.usage.input_tokens')).toBe(sum(recorded, 'inputTokens'))
    expect(total(spans(), 'llm.tokens.output')).toBe(sum(recorded, 'outputTokens'))
    expect(Math.round(total(spans(), 'llm.cost_usd') * 1e9)).toBe(sum(recorded, 'costNanoUsd'))
    const failed = spans().filter(({ status }) => status.code === api.SpanStatusCode.ERROR)
    expect(failed).toHaveLength(recorded.filter(({ success }) => success === false).length)
    expect(new Set(failed.map(({ attributes }) => attributes['error.type']))).toEqual(
      new Set(['requests', 'connection']),
    )
    expect(new Set(spans().map(({ attributes }) => attributes['llm.request_id']))).toEqual(
      new Set(recorded.map(({ eventId }) => eventId)),
    )
  })

  it('a try again says which it is, and a stream how long its first piece took', async () => {
    const { send, events } = captured()
    let tries = 0
    answer = (_, response) => {
      if (++tries === 1) response.writeHead(503).end()
      else {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end(
          `data: ${JSON.stringify({ ...ANSWER, choices: [{ delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`,
        )
      }
    }
    for (const _ of [1, 2]) await (await send()).text()
    const [first, second] = spans()
    expect(first?.attributes).toMatchObject({ 'error.type': '503', 'http.response.status_code': 503 })
    expect(first?.attributes['http.request.resend_count']).toBeUndefined()
    const [, event] = events()
    expect(second?.attributes).toMatchObject({
      'http.request.resend_count': 1,
      'gen_ai.request.stream': true,
      'gen_ai.response.time_to_first_chunk': (event?.ttfbMs ?? Number.NaN) / 1000,
    })
    expect(event?.attempt).toBe(2)
  })

  it('is a part of what runs around it, and what happens on the way is a part of it', async () => {
    const { send, events } = captured()
    let inside: string | undefined
    const sink = new EventStore()
    const fetch = captureFetch({
      sink,
      tracing: openTelemetry(api),
      fetch: async (input, init) => {
        inside = api.trace.getActiveSpan()?.spanContext().spanId
        return globalThis.fetch(input, init)
      },
    })
    const outer = api.trace.getTracer('application').startSpan('checkout')
    await api.context.with(api.trace.setSpan(api.context.active(), outer), async () => {
      await (await send()).text()
      await (await fetch(`${provider.url}/v1/chat/completions`, { method: 'POST', body: CHAT })).text()
    })
    outer.end()
    const { traceId, spanId } = outer.spanContext()
    const [mine, other] = spans()
    for (const span of [mine, other])
      expect([span?.spanContext().traceId, span?.parentSpanContext?.spanId]).toEqual([traceId, spanId])
    expect(inside).toBe(other?.spanContext().spanId)
    expect(events()).toMatchObject([{ traceId }])
  })

  it('names its trace to nobody unless asked, and then in the headers of the W3C alone', async () => {
    const baggage = api.propagation.createBaggage({ customer: { value: 'acme' } })
    const context = api.propagation.setBaggage(api.context.active(), baggage)
    const ask = (options: OpenTelemetryOptions, init?: RequestInit): Promise<string> =>
      api.context.with(context, async () => (await captured(options).send(CHAT, init)).text())
    await ask({})
    await ask({ propagate: (url) => url.port === '1' })
    await ask({ propagate: true })
    await ask({ propagate: (url) => url.hostname === '127.0.0.1' })
    const own = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'
    await ask({ propagate: true }, { headers: { ...JSON_TYPE, traceparent: own } })
    const sent = provider.seen.map(({ headers }) => headers['traceparent'])
    const expected = spans().map((span) => {
      const { traceId, spanId } = span.spanContext()
      return `00-${traceId}-${spanId}-01`
    })
    expect(sent).toEqual([undefined, undefined, expected[2], expected[3], own])
    for (const { headers } of provider.seen) expect(headers['baggage']).toBeUndefined()
    expect(provider.seen[2]?.headers['content-type']).toBe('application/json')
  })

  it('writes the newest names where they are asked for', async () => {
    answer = (_, response) =>
      void response.writeHead(200, JSON_TYPE).end(
        JSON.stringify({
          id: 'msg_0123456789abcdef',
          model: 'claude-opus-4-5',
          usage: { input_tokens: 5, cache_creation_input_tokens: 40, output_tokens: 7 },
        }),
      )
    for (const optIn of [undefined, 'http', 'http, gen_ai_latest_experimental']) {
      const sink = new EventStore()
      const fetch = captureFetch({ sink, tracing: openTelemetry(api, { optIn }) })
      await (await fetch(`${provider.url}/v1/messages`, { method: 'POST', body: '{"model":"claude-opus-4-5"}' })).text()
    }
    const written = spans().map(({ attributes }) => [
      attributes['gen_ai.usage.cache_creation.input_tokens'],
      attributes['gen_ai.usage.cache_write.input_tokens'],
    ])
    expect(written).toEqual([
      [40, undefined],
      [40, undefined],
      [undefined, 40],
    ])
  })

  it('goes below a client that is there already', async () => {
    const sink = new EventStore()
    const client = {
      fetch: globalThis.fetch,
      withOptions: ({ fetch }: { readonly fetch: typeof globalThis.fetch }) => ({ ...client, fetch }),
    }
    const { fetch } = captureClient(client, { sink, tracing: openTelemetry(api) })
    await (await fetch(`${provider.url}/v1/chat/completions`, { method: 'POST', body: CHAT })).text()
    expect(spans()).toHaveLength(1)
  })
})

describe('without one', () => {
  it('nothing happens: no span, no ids, no header', async () => {
    const { send, events } = captured({ propagate: true })
    await (await send()).text()
    const [event] = events()
    expect(event).toMatchObject({ inputTokens: 1_200, success: true })
    expect(event).not.toHaveProperty('traceId')
    expect(provider.seen[0]?.headers['traceparent']).toBeUndefined()
  })

  it('a trace that the application names by itself is that of the event', async () => {
    const { send, events } = captured()
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    await (await send(CHAT, { headers: { ...JSON_TYPE, traceparent } })).text()
    expect(events()).toMatchObject([{ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }])
    expect(provider.seen[0]?.headers['traceparent']).toBe(traceparent)
  })

  it('one that comes later is found', async () => {
    const { send } = captured()
    sdk = startSdk()
    await (await send()).text()
    expect(sdk.spans()).toHaveLength(1)
  })
})

describe('with one that samples nothing, or fails', () => {
  it('events still say which trace they are of', async () => {
    sdk = startSdk({ sampler: new AlwaysOffSampler() })
    const { send, events } = captured()
    answer = (_, response) => void response.writeHead(200, JSON_TYPE).end('{"usage":{"prompt_tokens":1}}')
    await (await send()).text()
    expect(sdk.spans()).toEqual([])
    const [event] = events()
    expect(event?.traceId).toMatch(/^[0-9a-f]{32}$/)
    // Nobody will ever see that span.
    expect(event?.eventId).not.toContain(event?.spanId)
  })

  it('requests go on and are recorded', async () => {
    const fail = (): never => {
      throw new Error('an SDK failed')
    }
    const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), headers: fail, end: fail }
    for (const tracing of [{ begin: fail }, { begin: () => ({ ...span, within: <T>(job: () => T) => job() }) }]) {
      const sink = new EventStore()
      const fetch = captureFetch({ sink, tracing })
      const response = await fetch(`${provider.url}/v1/chat/completions`, { method: 'POST', body: CHAT })
      expect(await response.json()).toEqual(ANSWER)
      expect(sink.drainAll()).toMatchObject([{ inputTokens: 1_200 }])
    }
  })
})
