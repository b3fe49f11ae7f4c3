import { createOpenAI } from '@ai-sdk/openai'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { generateText, jsonSchema, stepCountIs, tool } from 'ai'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openStandIn } from '../../packages/core/src/capture/testing/stand-in.ts'
import { openReceiver, type Receiver } from '../../packages/server/src/http/otlp/testing/receiver.ts'

/** The exporters of OpenTelemetry against a server that listens: both encodings, gzip on, as their own variables set them. */
vi.setConfig({ testTimeout: 60_000 })

const resource = resourceFromAttributes({ 'service.name': 'checkout', 'service.instance.id': 'i-1' })
let receiver: Receiver
let url: string

beforeEach(async () => {
  receiver = await openReceiver({ clock: { now: () => Date.now(), monotonic: () => performance.now() } })
  url = (await receiver.tallystick.listen()).url
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', url)
  vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', 'gzip')
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-tallystick-team=payments,x-tallystick-tag-stage=prod')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await receiver.tallystick.close()
})

const tracing = (exporter: OTLPTraceExporter): BasicTracerProvider =>
  new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] })

const CHAT = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 1_200,
  'gen_ai.usage.cache_read.input_tokens': 1_000,
  'gen_ai.usage.output_tokens': 80,
  'gen_ai.input.messages': '[{"role":"user","content":"something private"}]',
  'gen_ai.response.finish_reasons': ['stop'],
}

describe.each([
  ['protobuf', () => new OTLPTraceExporter()],
  ['JSON', () => new JsonTraceExporter()],
] as const)('spans in %s', (_, exporter) => {
  it('of which the innermost requests to a model are counted, and nothing of what was said is kept', async () => {
    const provider = tracing(exporter())
    const tracer = provider.getTracer('my-agent')
    const agent = tracer.startSpan('invoke_agent helper', {
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.name': 'helper',
        'gen_ai.usage.input_tokens': 2_400,
      },
    })
    const within = trace.setSpan(context.active(), agent)
    for (let call = 0; call < 2; call++) {
      const outer = tracer.startSpan('chat gpt-4o', { attributes: CHAT }, within)
      const inner = tracer.startSpan(
        'openai.chat',
        { attributes: { ...CHAT, 'gen_ai.agent.name': 'helper' } },
        trace.setSpan(within, outer),
      )
      inner.end()
      outer.end()
    }
    const failed = tracer.startSpan(
      'chat gpt-4o',
      {
        attributes: {
          ...CHAT,
          'error.type': '429',
          'gen_ai.usage.input_tokens': 0,
          'gen_ai.usage.cache_read.input_tokens': 0,
          'gen_ai.usage.output_tokens': 0,
        },
      },
      within,
    )
    failed.setStatus({ code: SpanStatusCode.ERROR, message: 'something private' })
    failed.end()
    agent.end()
    await provider.forceFlush()
    await provider.shutdown()
    expect(await receiver.totals()).toMatchObject({
      requests: 3,
      failed_requests: 1,
      input_tokens: 2_400,
      cache_read_tokens: 2_000,
      output_tokens: 160,
      // 200 fresh at 2.5, 1,000 cached at 1.25, 80 of output at 10 USD a million; twice.
      cost_nano_usd: 2 * (500_000 + 1_250_000 + 800_000),
    })
    const events = await receiver.events()
    expect(events[0]).toMatchObject({
      agent_id: 'helper',
      operation: 'chat',
      provider: 'openai',
      finish_reason: 'stop',
      tags: { service: 'checkout', team: 'payments', stage: 'prod' },
    })
    expect(events.at(-1)).toMatchObject({ kind: 'llm_request_failed', error_type: '429' })
    expect(JSON.stringify(events)).not.toContain('private')
  })
})

describe('log records in protobuf', () => {
  it('of Gemini CLI and of Codex are counted once each, with counts as texts', async () => {
    const provider = new LoggerProvider({
      processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter() })],
    })
    const logger = provider.getLogger('gemini-cli')
    logger.emit({
      body: 'API response from gemini-3-pro. Status: 200. Duration: 900ms.',
      attributes: {
        'event.name': 'gemini_cli.api_response',
        model: 'gemini-3-pro',
        input_token_count: 1_000,
        cached_content_token_count: 400,
        output_token_count: 30,
        thoughts_token_count: 70,
        tool_token_count: 5,
        total_token_count: 1_105,
        duration_ms: 900,
        'session.id': 'g-1',
      },
    })
    logger.emit({
      attributes: { 'event.name': 'gen_ai.client.inference.operation.details', 'gen_ai.request.model': 'gemini-3-pro' },
    })
    const codex = provider.getLogger('codex_otel')
    const completed = {
      'event.name': 'codex.sse_event',
      'event.kind': 'response.completed',
      'conversation.id': 'c-1',
      model: 'gpt-5.4',
    }
    codex.emit({ attributes: completed })
    codex.emit({
      attributes: {
        ...completed,
        input_token_count: '5000',
        cached_token_count: 4_000,
        output_token_count: '300',
        reasoning_token_count: 200,
        tool_token_count: 5_300,
      },
    })
    await provider.forceFlush()
    await provider.shutdown()
    const events = await receiver.events()
    expect(
      events
        .map(({ provider: by, input_tokens, output_tokens, reasoning_tokens }) => [
          by,
          input_tokens,
          output_tokens,
          reasoning_tokens,
        ])
        .sort(),
    ).toEqual([
      ['gcp.gemini', 1_005, 100, 70],
      ['openai', 5_000, 300, 200],
    ])
  })
})

describe.each([
  ['delta', AggregationTemporality.DELTA],
  ['cumulative', AggregationTemporality.CUMULATIVE],
] as const)('%s metrics', (_, temporality) => {
  it('add up to what was counted, over many exports', async () => {
    const reader = new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({ temporalityPreference: temporality }),
      exportIntervalMillis: 3_600_000,
    })
    const provider = new MeterProvider({ resource, readers: [reader] })
    const usage = provider.getMeter('my-metrics').createHistogram('gen_ai.client.token.usage', { unit: '{token}' })
    const of = (type: string): Record<string, string> => ({
      'gen_ai.operation.name': 'chat',
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.token.type': type,
    })
    for (let round = 1; round <= 4; round++) {
      usage.record(100 * round, of('input'))
      usage.record(7, of('output'))
      if (round !== 2) await provider.forceFlush()
    }
    await provider.forceFlush()
    await provider.shutdown()
    expect(await receiver.totals()).toMatchObject({ input_tokens: 1_000, output_tokens: 28 })
  })
})

describe('a service that sends spans and metrics', () => {
  it('is counted by its spans', async () => {
    const provider = tracing(new OTLPTraceExporter())
    provider.getTracer('a').startSpan('chat gpt-4o', { attributes: CHAT }).end()
    await provider.forceFlush()
    const reader = new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter(),
      exportIntervalMillis: 3_600_000,
    })
    const metrics = new MeterProvider({ resource, readers: [reader] })
    const counter = metrics.getMeter('b').createCounter('gen_ai.client.inference.usage.input_tokens')
    counter.add(1_200, { 'gen_ai.request.model': 'gpt-4o', 'gen_ai.token.modality': 'text' })
    await metrics.forceFlush()
    await Promise.all([provider.shutdown(), metrics.shutdown()])
    expect(await receiver.totals()).toMatchObject({ requests: 1, input_tokens: 1_200, output_tokens: 80 })
  })
})

describe("Vercel's AI SDK", () => {
  it('is counted by what it asked the model, not by the operation around that', async () => {
    let round = 0
    const model = await openStandIn((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const asks = round++ === 0
      const message = asks
        ? {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 't1', type: 'function', function: { name: 'clock', arguments: '{}' } }],
          }
        : { role: 'assistant', content: 'Noon' }
      response.end(
        JSON.stringify({
          id: `chatcmpl-A1b2C3d4E5f6G7h8I9j0K1${round}`,
          object: 'chat.completion',
          created: 1,
          model: 'gpt-4o-2024-08-06',
          choices: [{ index: 0, message, finish_reason: asks ? 'tool_calls' : 'stop' }],
          usage: {
            prompt_tokens: 100,
            completion_tokens: 10,
            total_tokens: 110,
            prompt_tokens_details: { cached_tokens: 64 },
          },
        }),
      )
    })
    const provider = tracing(new OTLPTraceExporter())
    const openai = createOpenAI({ apiKey: 'sk-secret', baseURL: `${model.url}/v1` })
    const { text } = await generateText({
      model: openai.chat('gpt-4o'),
      prompt: 'something private',
      tools: {
        clock: tool({ inputSchema: jsonSchema<object>({ type: 'object', properties: {} }), execute: () => 'noon' }),
      },
      stopWhen: stepCountIs(3),
      experimental_telemetry: { isEnabled: true, tracer: provider.getTracer('ai') },
    })
    expect(text).toBe('Noon')
    await provider.forceFlush()
    await Promise.all([provider.shutdown(), model.close()])
    expect(await receiver.totals()).toMatchObject({
      requests: 2,
      input_tokens: 200,
      cache_read_tokens: 128,
      output_tokens: 20,
    })
    const events = await receiver.events()
    expect(events[0]).toMatchObject({
      event_id: 'chatcmpl-A1b2C3d4E5f6G7h8I9j0K11',
      provider: 'openai',
      response_model: 'gpt-4o-2024-08-06',
      usage_convention: 'otel.ai_sdk',
      stream: false,
    })
    expect(JSON.stringify(events)).not.toContain('private')
  })
})
