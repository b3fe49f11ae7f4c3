import { observeOpenAI } from '@langfuse/openai'
import { LangfuseSpanProcessor } from '@langfuse/otel'
import {
  propagateAttributes,
  setLangfuseTracerProvider,
  startActiveObservation,
  startObservation,
} from '@langfuse/tracing'
import { context } from '@opentelemetry/api'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStandIn, type StandIn } from '../../packages/core/src/capture/testing/stand-in.ts'
import { AsyncContext } from '../../packages/core/src/otel/testing/sdk.ts'
import { openReceiver, type Receiver } from '../../packages/server/src/http/otlp/testing/receiver.ts'

/** Langfuse's own client, version 5, against a server that listens: what it sends is what comes in. */
const PROMPT = 'antidisestablishmentarianism42'
const ANSWER = 'the answer that is nobody’s business'
let provider: StandIn
let receiver: Receiver
let events: ReadonlyMap<unknown, Readonly<Record<string, unknown>>>

beforeAll(async () => {
  receiver = await openReceiver({ clock: { now: () => Date.now(), monotonic: () => performance.now() } })
  const { url } = await receiver.tallystick.listen()
  provider = await openStandIn((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        ...{ id: 'chatcmpl-lf', object: 'chat.completion', created: 1, model: 'gpt-4o-2024-08-06' },
        choices: [{ index: 0, message: { role: 'assistant', content: ANSWER }, finish_reason: 'stop' }],
        usage: {
          prompt_tokens: 12,
          completion_tokens: 3,
          total_tokens: 15,
          prompt_tokens_details: { cached_tokens: 4 },
        },
      }),
    )
  })
  context.setGlobalContextManager(new AsyncContext())
  const langfuse = new LangfuseSpanProcessor({
    ...{ baseUrl: url, publicKey: 'anything', secretKey: 'tsk_x', environment: 'production', release: 'v1.2.3' },
  })
  const tracing = new BasicTracerProvider({ spanProcessors: [langfuse] })
  setLangfuseTracerProvider(tracing)
  const said = { userId: 'ada', sessionId: 's-1', tags: ['web', 'team:search'], version: '7', traceName: 'checkout' }
  await propagateAttributes({ ...said, metadata: { note: PROMPT } }, () =>
    startActiveObservation('answer a customer', async (span) => {
      span.update({ input: PROMPT })
      const start = new Date()
      startObservation(
        'llm-call',
        { model: 'gpt-4o', input: PROMPT, modelParameters: { stop: PROMPT } },
        { asType: 'generation', startTime: start },
      )
        .update({
          completionStartTime: new Date(start.getTime() + 40),
          output: ANSWER,
          usageDetails: { input: 60, input_cached_tokens: 40, output: 15, total: 115 },
          costDetails: { total: 0.25 },
        })
        .end()
      startObservation(
        'embed',
        { model: 'text-embedding-3-small', usageDetails: { input: 8, total: 8 } },
        { asType: 'embedding' },
      ).end()
      const refused = { model: 'gpt-4o-mini', level: 'ERROR', statusMessage: PROMPT } as const
      startObservation('refused', refused, { asType: 'generation' }).end()
      const openai = observeOpenAI(new OpenAI({ apiKey: 'k', baseURL: `${provider.url}/v1` }), {
        generationName: 'by openai',
      })
      await openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: PROMPT }] })
    }),
  )
  await tracing.shutdown()
  events = new Map(
    (await receiver.events()).map((event) => [(event['tags'] as { generation: string }).generation, event]),
  )
})
afterAll(async () => {
  setLangfuseTracerProvider(null)
  context.disable()
  await provider.close()
  await receiver.tallystick.close()
})

it('its generations are requests, and nothing else is', () => {
  expect([...events.keys()].toSorted()).toEqual(['by openai', 'embed', 'llm-call', 'refused'])
  expect(events.get('llm-call')).toMatchObject({
    ...{ success: true, request_model: 'gpt-4o', operation: 'chat' },
    ...{ input_tokens: 100, cache_read_tokens: 40, output_tokens: 15, cost_reported_nano_usd: 250_000_000 },
  })
  expect(events.get('embed')).toMatchObject({ operation: 'embeddings', input_tokens: 8 })
  expect(events.get('by openai')).toMatchObject({ input_tokens: 12, cache_read_tokens: 4, output_tokens: 3 })
})

it('user, session, tags, environment, release and version of its trace are those of each', () => {
  for (const [generation, event] of events)
    expect(event).toMatchObject({
      user_id: 'ada',
      session_id: 's-1',
      tags: {
        ...{ web: 'true', team: 'search', generation, trace: 'checkout' },
        ...{ environment: 'production', release: 'v1.2.3', version: '7' },
      },
    })
})

it('one of level ERROR has failed, and one that streamed tells when the first of it came', () => {
  expect(events.get('refused')).toMatchObject({ kind: 'llm_request_failed', success: false, error_type: 'error' })
  expect(events.get('llm-call')).toMatchObject({ ttfb_ms: 40 })
})

it('nothing of what was asked, answered or noted is kept', () => {
  const kept = JSON.stringify([...events.values()])
  for (const text of [PROMPT, ANSWER]) expect(kept).not.toContain(text)
})
