import type { IncomingMessage, ServerResponse } from 'node:http'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { EventStore } from '@tallystick/core'
import { captureClient, captureFetch, type Target, targetOf } from '@tallystick/core/capture'
import { captureModel } from '@tallystick/core/capture/ai'
import type { UsageEvent } from '@tallystick/core/event'
import { generateText, streamText, wrapLanguageModel } from 'ai'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openStandIn, type StandIn } from '../../packages/core/src/capture/testing/stand-in.ts'

/** The SDKs that people use, through the wrapped fetch, against a stand-in that answers in their providers' shapes. */
vi.setConfig({ testTimeout: 60_000 })

let server: StandIn
let answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
let store: EventStore
let fetch: typeof globalThis.fetch

beforeEach(async () => {
  server = await openStandIn((request, response) => answer(request, response))
  store = new EventStore()
  const known = (provider: string, target: Target | undefined): Target | undefined => target && { ...target, provider }
  // All of them at one address: whose words they are shows in the path here.
  const target = (url: URL): Target | undefined =>
    known(
      url.pathname.includes('/messages') ? 'anthropic' : url.pathname.includes('/models/') ? 'gemini' : 'openai',
      targetOf(url),
    )
  fetch = captureFetch({ sink: store, names: { agentId: 'agent_7' }, target })
})
afterEach(() => server.close())

const events = (): readonly UsageEvent[] => store.drainAll()
const json =
  (value: object, status = 200, headers: Record<string, string> = {}): typeof answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(value))
  }
const sse =
  (...pieces: readonly (object | string)[]): typeof answer =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const piece of pieces) {
      const type = typeof piece === 'object' && 'type' in piece ? `event: ${piece.type}\n` : ''
      response.write(`${type}data: ${typeof piece === 'string' ? piece : JSON.stringify(piece)}\n\n`)
    }
    response.end()
  }

const COMPLETION = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-4o-2024-08-06' }
const USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
const messages = [{ role: 'user' as const, content: 'Say hi' }]
const chunks = [
  {
    ...COMPLETION,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' }, finish_reason: null }],
  },
  { ...COMPLETION, object: 'chat.completion.chunk', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  { ...COMPLETION, object: 'chat.completion.chunk', choices: [], usage: USAGE },
]

describe('openai', () => {
  const client = (): OpenAI => new OpenAI({ apiKey: 'sk-secret', baseURL: `${server.url}/v1`, fetch, maxRetries: 0 })

  it('uploads: the model stands in the form, and nothing of it is consumed', async () => {
    answer = json({ text: 'x', usage: { type: 'duration', seconds: 2 } })
    const file = new File([new Uint8Array(70_000)], 'a.mp3')
    await client().audio.transcriptions.create({ prompt: 'a secret', file, model: 'whisper-1' })
    expect(server.seen[0]?.body.length).toBeGreaterThan(70_000)
    expect(server.seen[0]?.body).toContain('a secret')
    const [event] = events()
    expect(event).toMatchObject({ requestModel: 'whisper-1', usageBasis: 'measured', units: { audio_seconds: 2 } })
    expect(JSON.stringify(event)).not.toContain('secret')
    // A model that cannot stream answers whole, in whatever words, and nothing is missing then.
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.end('1\n00:00:00,000 --> 00:00:01,000\nx\n')
    }
    const form = new FormData()
    for (const [name, value] of [
      ['model', 'whisper-1'],
      ['stream', 'true'],
      ['response_format', 'srt'],
    ] as const)
      form.append(name, value)
    await (await fetch(`${server.url}/v1/audio/transcriptions`, { method: 'POST', body: form })).text()
    expect(events()).toMatchObject([
      { kind: 'llm_request_completed', requestModel: 'whisper-1', usageBasis: 'unknown' },
    ])
  })

  it('chat: whole and streamed', async () => {
    answer = json({
      ...COMPLETION,
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      usage: USAGE,
    })
    const completion = await client().chat.completions.create({ model: 'gpt-4o', messages })
    expect(completion.choices[0]?.message.content).toBe('Hi')
    answer = sse(...chunks.map((chunk) => ({ ...chunk, id: 'chatcmpl-2' })), '[DONE]')
    let text = ''
    const stream = await client().chat.completions.create({
      model: 'gpt-4o',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('Hi')
    const expected = {
      kind: 'llm_request_completed',
      provider: 'openai',
      requestModel: 'gpt-4o',
      inputTokens: 12,
      outputTokens: 3,
      finishReason: 'stop',
      agentId: 'agent_7',
      attempt: 1,
    }
    expect(events()).toMatchObject([
      { ...expected, eventId: 'chatcmpl-1', stream: false },
      { ...expected, eventId: 'chatcmpl-2', stream: true },
    ])
  })

  it('responses, streamed', async () => {
    const response = { id: 'resp_1', object: 'response', model: 'gpt-5', output: [], status: 'in_progress' }
    answer = sse(
      { type: 'response.created', response },
      {
        type: 'response.completed',
        response: {
          ...response,
          status: 'completed',
          usage: {
            input_tokens: 9,
            output_tokens: 4,
            total_tokens: 13,
            input_tokens_details: { cached_tokens: 8 },
            output_tokens_details: { reasoning_tokens: 2 },
          },
        },
      },
    )
    for await (const _ of await client().responses.create({ model: 'gpt-5', input: 'hi', stream: true }));
    expect(events()).toMatchObject([
      { eventId: 'resp_1', inputTokens: 9, cacheReadTokens: 8, outputTokens: 4, reasoningTokens: 2 },
    ])
  })

  it('a 429 that is tried again: both tries of one operation, numbered, and the second is the one that was paid', async () => {
    const second = json({ ...COMPLETION, choices: [], usage: USAGE })
    answer = (request, response) =>
      request.headers['x-stainless-retry-count'] === '0'
        ? json({ error: { message: 'slow', type: 'requests', code: 'rate_limit_exceeded' } }, 429, {
            'retry-after-ms': '1',
            'x-request-id': 'req_1',
          })(request, response)
        : second(request, response)
    const patient = new OpenAI({ apiKey: 'sk-secret', baseURL: `${server.url}/v1`, fetch, maxRetries: 1 })
    await patient.chat.completions.create({ model: 'gpt-4o', messages })
    const [first, next] = events()
    expect([first, next]).toMatchObject([
      { kind: 'llm_request_failed', statusCode: 429, attempt: 1, success: false, eventId: 'req_1' },
      { kind: 'llm_request_completed', statusCode: 200, attempt: 2, inputTokens: 12 },
    ])
    expect(first?.operationId).toMatch(/^[0-9a-f-]{36}$/)
    expect(next?.operationId).toBe(first?.operationId)
  })

  it('a client that is there already, with a fetch of its own: the same client, recorded', async () => {
    const seen: string[] = []
    const own: typeof globalThis.fetch = (input, init) => {
      seen.push(String(input))
      return globalThis.fetch(input, init)
    }
    const made = new OpenAI({ apiKey: 'sk-secret', baseURL: `${server.url}/v1`, fetch: own, maxRetries: 0 })
    const captured: OpenAI = captureClient(made, { sink: store })
    answer = json({ ...COMPLETION, choices: [], usage: USAGE })
    await captured.chat.completions.create({ model: 'gpt-4o', messages })
    await captured.withOptions({ maxRetries: 1 }).embeddings.create({ model: 'text-embedding-3-small', input: ['a'] })
    await made.chat.completions.create({ model: 'gpt-4o', messages })
    expect(seen).toHaveLength(3)
    expect(server.seen[0]?.headers['authorization']).toBe('Bearer sk-secret')
    // The stand-in gives both answers one id, which is one exchange seen twice.
    expect(store.stats().totalRequests).toBe(1)
    expect(events()).toMatchObject([{ operation: 'chat', messageCount: 1 }])
  })

  it('400, 500, a stream that is aborted, a time limit: the SDK fails as it always does, and each is one event', async () => {
    answer = json({ error: { message: 'no', type: 'invalid_request_error', code: null } }, 400)
    await expect(client().chat.completions.create({ model: 'gpt-4o', messages })).rejects.toBeInstanceOf(
      OpenAI.BadRequestError,
    )
    answer = json({ error: { message: 'oh', type: 'server_error', code: null } }, 500)
    await expect(client().chat.completions.create({ model: 'gpt-4o', messages })).rejects.toBeInstanceOf(
      OpenAI.InternalServerError,
    )
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify(chunks[0])}\n\n`)
    }
    const stream = await client().chat.completions.create({ model: 'gpt-4o', messages, stream: true })
    for await (const _ of stream) break
    answer = () => undefined
    await expect(
      client().chat.completions.create({ model: 'gpt-4o', messages }, { timeout: 300 }),
    ).rejects.toBeInstanceOf(OpenAI.APIConnectionTimeoutError)
    await vi.waitFor(() => expect(store.length).toBe(4))
    expect(events()).toMatchObject([
      { statusCode: 400, success: false, errorType: 'invalid_request_error' },
      { statusCode: 500, success: false, errorType: 'server_error' },
      { statusCode: 200, success: false, aborted: true, usageBasis: 'unknown' },
      { success: false, aborted: true, usageBasis: 'unknown' },
    ])
  })
})

describe('@anthropic-ai/sdk', () => {
  it('messages: whole, streamed, refused', async () => {
    const client = new Anthropic({ apiKey: 'sk-secret', baseURL: server.url, fetch, maxRetries: 0 })
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-4-6',
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 10, cache_read_input_tokens: 90, cache_creation_input_tokens: 0, output_tokens: 5 },
    }
    const request = { model: 'claude-opus-4-6', max_tokens: 64, messages }
    answer = json(message)
    await client.messages.create(request)
    answer = json({ ...message, id: 'msg_3' })
    const plain = new Anthropic({ apiKey: 'sk-secret', baseURL: server.url, maxRetries: 0 })
    await captureClient(plain, { sink: store }).messages.create(request)
    answer = sse(
      {
        type: 'message_start',
        message: {
          ...message,
          id: 'msg_2',
          content: [],
          stop_reason: null,
          usage: { ...message.usage, output_tokens: 1 },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 5 } },
      { type: 'message_stop' },
    )
    const final = await client.messages.stream(request).finalMessage()
    expect(final.usage.output_tokens).toBe(5)
    answer = json({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 529, {
      'request-id': 'req_011',
    })
    await expect(client.messages.create(request)).rejects.toBeInstanceOf(Anthropic.InternalServerError)
    const expected = {
      provider: 'anthropic',
      requestModel: 'claude-opus-4-6',
      inputTokens: 100,
      cacheReadTokens: 90,
      outputTokens: 5,
    }
    expect(events()).toMatchObject([
      { ...expected, eventId: 'msg_1', stream: false },
      { ...expected, eventId: 'msg_3', stream: false },
      { ...expected, eventId: 'msg_2', stream: true },
      { kind: 'llm_request_failed', eventId: 'req_011', statusCode: 529, errorType: 'overloaded_error' },
    ])
  })
})

describe('@google/genai', () => {
  const piece = {
    candidates: [{ content: { parts: [{ text: 'Hi' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 2, totalTokenCount: 6 },
    modelVersion: 'gemini-2.5-flash',
  }
  const expected = {
    ...{ provider: 'gcp.gemini', requestModel: 'gemini-2.5-flash', operation: 'generate_content' },
    ...{ inputTokens: 4, outputTokens: 2, messageCount: 1 },
  }
  const ask = { model: 'gemini-2.5-flash', contents: 'hi' }

  it('through its httpOptions: whole, streamed and refused', async () => {
    const client = new GoogleGenAI({ apiKey: 'secret', httpOptions: { baseUrl: server.url, fetch } })
    answer = json({ ...piece, responseId: 'g-1' })
    expect((await client.models.generateContent(ask)).text).toBe('Hi')
    answer = sse({ ...piece, responseId: 'g-2' })
    for await (const _ of await client.models.generateContentStream(ask));
    answer = json({ error: { code: 400, message: 'no', status: 'INVALID_ARGUMENT' } }, 400)
    await expect(client.models.generateContent(ask)).rejects.toThrow('no')
    expect(events()).toMatchObject([
      { ...expected, eventId: 'g-1', stream: false },
      { ...expected, eventId: 'g-2', stream: true },
      { kind: 'llm_request_failed', statusCode: 400, errorType: 'INVALID_ARGUMENT', errorCode: '400' },
    ])
  })

  it('through the global fetch, for versions that take none of their own', async () => {
    const before = globalThis.fetch
    globalThis.fetch = fetch
    try {
      const client = new GoogleGenAI({ apiKey: 'secret', httpOptions: { baseUrl: server.url } })
      answer = json({ ...piece, responseId: 'g-1' })
      await client.models.generateContent(ask)
      expect(events()).toMatchObject([{ ...expected, eventId: 'g-1', stream: false }])
    } finally {
      globalThis.fetch = before
    }
  })
})

describe('ai', () => {
  it('generateText and streamText through its OpenAI provider', async () => {
    const openai = createOpenAI({ apiKey: 'sk-secret', baseURL: `${server.url}/v1`, fetch })
    answer = json({
      ...COMPLETION,
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      usage: USAGE,
    })
    expect((await generateText({ model: openai.chat('gpt-4o'), prompt: 'hi' })).text).toBe('Hi')
    answer = sse(...chunks.map((chunk) => ({ ...chunk, id: 'chatcmpl-2' })), '[DONE]')
    expect(await streamText({ model: openai.chat('gpt-4o'), prompt: 'hi' }).text).toBe('Hi')
    expect(events()).toMatchObject([
      { eventId: 'chatcmpl-1', inputTokens: 12, outputTokens: 3 },
      { eventId: 'chatcmpl-2', inputTokens: 12, outputTokens: 3, stream: true },
    ])
  })

  it('captureModel: any provider, whole and streamed, tried again, refused and given up', async () => {
    const openai = createOpenAI({ apiKey: 'sk-secret', baseURL: `${server.url}/v1` })
    const middleware = captureModel({ sink: store, names: () => ({ agentId: 'agent_7' }) })
    const model = wrapLanguageModel({ model: openai.chat('gpt-4o'), middleware })
    const whole = json({
      ...COMPLETION,
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
      usage: { ...USAGE, prompt_tokens_details: { cached_tokens: 8 } },
    })
    let tries = 0
    answer = (request, response) =>
      tries++ === 0
        ? json({ error: { message: 'slow down', type: 'requests', code: 'rate_limit_exceeded' } }, 429, {
            'retry-after-ms': '1',
          })(request, response)
        : whole(request, response)
    expect((await generateText({ model, prompt: 'hi', maxRetries: 1 })).text).toBe('Hi')
    answer = sse(...chunks.map((chunk) => ({ ...chunk, id: 'chatcmpl-2' })), '[DONE]')
    expect(await streamText({ model, prompt: 'hi' }).text).toBe('Hi')
    answer = json({ error: { message: 'no', type: 'invalid_request_error', code: 'bad' } }, 400)
    await expect(generateText({ model, prompt: 'hi', maxRetries: 0 })).rejects.toThrow('no')
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify({ ...chunks[0], id: 'chatcmpl-3' })}\n\n`)
    }
    const controller = new AbortController()
    const given = streamText({ model, prompt: 'hi', abortSignal: controller.signal, onError: () => undefined })
    for await (const part of given.fullStream) if (part.type === 'text-delta') controller.abort()
    await vi.waitFor(() => expect(store.length).toBe(5))
    const recorded = events()
    const told = {
      ...{ provider: 'openai', requestModel: 'gpt-4o', agentId: 'agent_7', operation: 'chat', messageCount: 1 },
      ...{ inputTokens: 12, outputTokens: 3, finishReason: 'stop', responseModel: 'gpt-4o-2024-08-06' },
    }
    expect(recorded).toMatchObject([
      { kind: 'llm_request_failed', statusCode: 429, attempt: 1, errorCode: 'rate_limit_exceeded' },
      { ...told, kind: 'llm_request_completed', attempt: 2, eventId: 'chatcmpl-1', cacheReadTokens: 8, stream: false },
      { ...told, kind: 'llm_request_completed', eventId: 'chatcmpl-2', stream: true },
      { kind: 'llm_request_failed', statusCode: 400, errorType: 'invalid_request_error', errorCode: 'bad' },
      { kind: 'llm_request_failed', aborted: true, errorType: 'client_abort', usageBasis: 'unknown' },
    ])
    expect(recorded[1]?.operationId).toBe(recorded[0]?.operationId)
    expect(recorded[2]?.ttfbMs).toBeDefined()
  })
})
