import * as api from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { EventStore, SyncClient, type UsageEvent } from '@tallystick/core'
import { captureFetch } from '@tallystick/core/capture'
import { captureModel } from '@tallystick/core/capture/ai'
import { openTelemetry } from '@tallystick/core/otel'
import { generateText, wrapLanguageModel } from 'ai'
import { MockLanguageModelV3 } from 'ai/test'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openStandIn } from '../../packages/core/src/capture/testing/stand-in.ts'
import { type Sdk, startSdk } from '../../packages/core/src/otel/testing/sdk.ts'
import { openReceiver } from '../../packages/server/src/http/otlp/testing/receiver.ts'
import {
  CHAT as CHAT_PATH,
  completion,
  JSON_TYPE,
  openProxied,
  send,
} from '../../packages/server/src/proxy/testing/proxied.ts'
import { GATEWAYS, type Gateway } from './testing/gateways.ts'

/** The SDK of OpenTelemetry, and requests that come in to servers in each framework, or go out through a model of `ai`. */
vi.setConfig({ testTimeout: 30_000 })

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const CHAT = '{"model":"gpt-4o","messages":[{"role":"user","content":"Say hi"}]}'

let sdk: Sdk | undefined
let gateway: Gateway | undefined
afterEach(async () => {
  await gateway?.close()
  await sdk?.stop()
  gateway = undefined
  sdk = undefined
})

async function asked(store: EventStore, headers: Readonly<Record<string, string>>): Promise<UsageEvent> {
  const response = await fetch(`${gateway?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer good', ...headers },
    body: CHAT,
  })
  await response.text()
  await vi.waitFor(() => expect(store.length).toBe(1))
  return store.drainAll()[0] as UsageEvent
}

describe.each(Object.entries(GATEWAYS))('a server in %s', (_, open) => {
  it('is a part of the trace that a request comes with, and what its handlers do is a part of it', async () => {
    sdk = startSdk()
    const store = new EventStore()
    gateway = await open({ capture: { sink: store, tracing: openTelemetry(api) } })
    const event = await asked(store, { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1' })
    expect(event).toMatchObject({ traceId: TRACE, requestModel: 'gpt-4o', inputTokens: 12, outputTokens: 3 })
    await vi.waitFor(() => expect(sdk?.spans()).toHaveLength(1))
    const [span] = sdk.spans()
    expect(span).toMatchObject({ name: 'chat gpt-4o', kind: api.SpanKind.INTERNAL })
    expect(span?.parentSpanContext).toMatchObject({ traceId: TRACE, spanId: SPAN, isRemote: true })
    expect(span?.spanContext().spanId).toBe(event.spanId)
    expect(span?.spanContext().traceState?.serialize()).toBe('vendor=1')
    expect(span?.attributes).toMatchObject({
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.usage.output_tokens': 3,
      'llm.model': 'gpt-4o',
      'llm.request_id': event.eventId,
    })
    expect(JSON.stringify(span?.attributes)).not.toContain('Hi')
    expect(event.tags?.['within']).toBe(event.spanId)
  })

  it('says which trace a request was of without any SDK', async () => {
    const store = new EventStore()
    gateway = await open({ capture: { sink: store } })
    const event = await asked(store, { traceparent: `00-${TRACE}-${SPAN}-00` })
    expect(event).toMatchObject({ traceId: TRACE, spanId: SPAN })
  })
})

describe('a model of ai', () => {
  it('is a span for each call, inside what calls it', async () => {
    sdk = startSdk()
    const store = new EventStore()
    const model = wrapLanguageModel({
      model: new MockLanguageModelV3({
        provider: 'openai.chat',
        modelId: 'gpt-4o',
        doGenerate: async () => ({
          content: [{ type: 'text', text: 'Hi' }],
          finishReason: { unified: 'stop', raw: 'stop' },
          usage: {
            inputTokens: { total: 12, noCache: 12, cacheRead: undefined, cacheWrite: undefined },
            outputTokens: { total: 3, text: 3, reasoning: undefined },
          },
          warnings: [],
        }),
      }),
      middleware: captureModel({ sink: store, tracing: openTelemetry(api) }),
    })
    const outer = api.trace.getTracer('application').startSpan('checkout')
    await api.context.with(api.trace.setSpan(api.context.active(), outer), () =>
      generateText({ model, prompt: 'Say hi' }),
    )
    const [span] = sdk.spans()
    const [event] = store.drainAll()
    expect(span).toMatchObject({
      name: 'chat gpt-4o',
      kind: api.SpanKind.CLIENT,
      attributes: { 'gen_ai.usage.input_tokens': 12, 'gen_ai.usage.output_tokens': 3, 'llm.provider': 'openai' },
    })
    expect(span?.parentSpanContext?.spanId).toBe(outer.spanContext().spanId)
    expect(event).toMatchObject({ traceId: outer.spanContext().traceId, spanId: span?.spanContext().spanId })
    // What a receiver of the span would call it, so that it is counted once however it is told.
    expect(event?.eventId).toBe(`${event?.traceId}-${event?.spanId}`)
  })
})

describe('the capture proxy', () => {
  it('is told of the trace where that is asked for, keeps it, and passes it on as it came', async () => {
    sdk = startSdk()
    const proxied = await openProxied()
    const seen: NodeJS.Dict<string | string[]>[] = []
    proxied.standIn.answer = (request, response) => {
      seen.push(request.headers)
      request.resume()
      response.writeHead(200, JSON_TYPE).end(completion(`answer-number-${seen.length}`))
    }
    const store = new EventStore()
    const tracing = openTelemetry(api, { propagate: (url) => url.pathname.startsWith('/proxy/') })
    const traced = captureFetch({ sink: store, tracing })
    await (await traced(`${proxied.url}${CHAT_PATH}`, { method: 'POST', headers: JSON_TYPE, body: CHAT })).text()
    const own = `00-${TRACE}-${SPAN}-00`
    await send(`${proxied.url}${CHAT_PATH}`, {
      headers: { ...JSON_TYPE, TraceParent: own, tracestate: 'vendor=1,other=2' },
      body: CHAT,
    })
    await send(`${proxied.url}${CHAT_PATH}`, { headers: { ...JSON_TYPE, traceparent: 'none' }, body: CHAT })
    const events = await proxied.events()
    await proxied.close()

    const [mine] = store.drainAll()
    const { traceId, spanId } = mine ?? {}
    expect(traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(seen.map(({ traceparent, tracestate }) => [traceparent, tracestate])).toEqual([
      [`00-${traceId}-${spanId}-01`, undefined],
      [own, 'vendor=1,other=2'],
      ['none', undefined],
    ])
    expect(events.map(({ trace_id: trace, span_id: span }) => [trace, span])).toEqual([
      [traceId, spanId],
      [TRACE, SPAN],
      [undefined, undefined],
    ])
    expect(sdk.spans()).toMatchObject([{ attributes: { 'llm.tokens.input': mine?.inputTokens } }])
  })
})

describe('a server that is sent spans and events of the same requests', () => {
  it.each(['spans', 'events'] as const)('counts each request once, %s first', async (first) => {
    const receiver = await openReceiver({ clock: { now: () => Date.now(), monotonic: () => performance.now() } })
    const { url } = await receiver.tallystick.listen()
    let answers = 0
    const provider = await openStandIn((_, response) => {
      answers++
      if (answers % 4 === 0) response.writeHead(503).end()
      else if (answers % 5 === 0) response.destroy()
      // One without an id of its own, and with a use that no catalogue has a price for.
      else if (answers % 3 === 0)
        response.writeHead(200, JSON_TYPE).end('{"model":"mine","usage":{"prompt_tokens":5,"completion_tokens":1}}')
      else response.writeHead(200, JSON_TYPE).end(completion(`answer-of-some-length-${answers}`))
    })
    sdk = startSdk({ exporter: new OTLPTraceExporter({ url: `${url}/v1/traces` }) })
    const store = new EventStore()
    // Ids are those of an agent, or of a source, which spans have none of.
    const captured = captureFetch({ sink: store, names: { agentId: 'agent_7' }, tracing: openTelemetry(api) })
    for (let request = 0; request < 20; request++)
      await captured(`${provider.url}/v1/chat/completions`, {
        method: 'POST',
        body: CHAT.replace('hi', String(request)),
      })
        .then((response) => response.text())
        .catch(() => undefined)
    const events = store.snapshotEvents()
    const sync = (): Promise<unknown> => SyncClient.start(store, { url }).stop({ timeoutMs: 5_000 })
    if (first === 'events') await sync()
    await sdk.stop()
    sdk = undefined
    if (first === 'spans') await sync()

    const sum = (name: 'inputTokens' | 'outputTokens'): number =>
      events.reduce((all, event) => all + (event[name] ?? 0), 0)
    expect(events).toHaveLength(20)
    expect(await receiver.totals()).toMatchObject({
      requests: 20,
      failed_requests: events.filter(({ success }) => success === false).length,
      input_tokens: sum('inputTokens'),
      output_tokens: sum('outputTokens'),
    })
    await receiver.tallystick.close()
    await provider.close()
  })
})
