import type { IncomingMessage, ServerResponse } from 'node:http'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { EventStore } from '@tallystick/core'
import { captureFetch } from '@tallystick/core/capture'
import { generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openProxied, type Proxied } from '../../packages/server/src/proxy/testing/proxied.ts'

/** The SDKs that people use, with the proxy as their base URL, against a stand-in that answers in their providers' shapes. */
vi.setConfig({ testTimeout: 60_000 })

type Answer = (request: IncomingMessage, response: ServerResponse) => void

let proxied: Proxied
let seen = 0
const sent: { url: string; headers: IncomingMessage['headers'] }[] = []
let answer: Answer

beforeAll(async () => {
  proxied = await openProxied({
    proxy: {
      entries: [
        'claude=STAND_IN provider=anthropic private',
        'google=STAND_IN provider=gemini private',
        'deep=STAND_IN provider=deepseek private',
      ],
    },
  })
  proxied.standIn.answer = (request, response) => {
    sent.push({ url: request.url ?? '', headers: request.headers })
    request.resume()
    request.on('end', () => answer(request, response))
  }
})
afterAll(() => proxied.close())
beforeEach(async () => {
  seen = (await proxied.events()).length
  sent.length = 0
})

/** Those of the test that runs. */
const events = async (): Promise<readonly Record<string, unknown>[]> => (await proxied.events()).slice(seen)
const json =
  (value: object, status = 200, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(value))
  }
const sse =
  (...pieces: readonly (object | string)[]): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const piece of pieces) {
      const type = typeof piece === 'object' && 'type' in piece ? `event: ${piece.type}\n` : ''
      response.write(`${type}data: ${typeof piece === 'string' ? piece : JSON.stringify(piece)}\n\n`)
    }
    response.end()
  }

const COMPLETION = { object: 'chat.completion', created: 1, model: 'gpt-4o-2024-08-06' }
const USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
const messages = [{ role: 'user' as const, content: 'Say hi' }]
const whole = (id: string): object => ({
  ...COMPLETION,
  id,
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: USAGE,
})
const chunks = (id: string): readonly object[] =>
  [
    { choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' }, finish_reason: null }] },
    { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    { choices: [], usage: USAGE },
  ].map((more) => ({ ...COMPLETION, id, object: 'chat.completion.chunk', ...more }))
const headers = { 'X-Tallystick-Agent': '7', 'X-Tallystick-Tags': 'team=search,env=prod' }

const client = (more: object = {}): OpenAI =>
  new OpenAI({
    apiKey: 'sk-secret',
    baseURL: `${proxied.url}/proxy/up/v1`,
    maxRetries: 0,
    defaultHeaders: headers,
    ...more,
  })

describe('openai', () => {
  it('chat: whole and streamed, priced, with who asked and what for', async () => {
    answer = json(whole('oa-1'))
    const completion = await client().chat.completions.create({ model: 'gpt-4o', messages })
    expect(completion.choices[0]?.message.content).toBe('Hi')
    answer = sse(...chunks('oa-2'), '[DONE]')
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
      request_model: 'gpt-4o',
      input_tokens: 12,
      output_tokens: 3,
      finish_reason: 'stop',
      agent_id: 'agent_7',
      tags: { team: 'search', env: 'prod' },
      attempt: 1,
      endpoint: '/v1/chat/completions',
      status_code: 200,
      cost_nano_usd: 12 * 2500 + 3 * 10_000,
    }
    const found = await events()
    expect(found).toMatchObject([
      { ...expected, event_id: 'oa-1', stream: false },
      { ...expected, event_id: 'oa-2', stream: true },
    ])
    expect(found[0]?.['api_key_id']).toMatch(/^pk_[0-9a-f]{32}$/)
    expect(JSON.stringify(found)).not.toContain('sk-secret')
    // The provider gets its own key, and nothing that was meant for us.
    expect(sent).toHaveLength(2)
    for (const request of sent) {
      expect(request.url).toBe('/v1/chat/completions')
      expect(request.headers['authorization']).toBe('Bearer sk-secret')
      expect(request.headers['host']).toBe(new URL(proxied.standIn.url).host)
      expect(Object.keys(request.headers).filter((name) => name.includes('tallystick'))).toEqual([])
    }
  })

  it('images and audio: uploads name their model, streams have an end, and both are priced', async () => {
    const file = new File([new Uint8Array(70_000).fill(13)], 'a.mp3', { type: 'audio/mpeg' })
    const image = new File([new Uint8Array(70_000).fill(10)], 'a.png', { type: 'image/png' })
    const tokens = { input_tokens: 50, output_tokens: 1_000, total_tokens: 1_050 }
    const usage = { ...tokens, input_tokens_details: { text_tokens: 10, image_tokens: 40 } }
    const audio = { ...tokens, type: 'tokens', input_token_details: { text_tokens: 10, audio_tokens: 40 } }
    const { images, audio: sound } = client()
    const last = async (stream: AsyncIterable<{ type: string }>): Promise<string | undefined> => {
      let type: string | undefined
      for await (const event of stream) type = event.type
      return type
    }

    answer = sse(
      { type: 'image_generation.partial_image', b64_json: 'aGk=', partial_image_index: 0 },
      { type: 'image_generation.completed', b64_json: 'aGk=', usage },
    )
    const drawn = await images.generate({ model: 'gpt-image-1.5', prompt: 'a secret', stream: true })
    expect(await last(drawn)).toBe('image_generation.completed')
    answer = sse({ type: 'image_edit.completed', b64_json: 'aGk=', usage })
    const edited = await images.edit({ prompt: 'a secret', image, model: 'gpt-image-1', stream: true })
    expect(await last(edited)).toBe('image_edit.completed')
    answer = json({ created: 1, data: [{ b64_json: 'aGk=' }] })
    await images.createVariation({ image, model: 'dall-e-2' })
    answer = sse(
      { type: 'transcript.text.delta', delta: 'x' },
      { type: 'transcript.text.done', text: 'x', usage: audio },
    )
    const heard = await sound.transcriptions.create({
      prompt: 'a secret',
      file,
      model: 'gpt-4o-transcribe',
      stream: true,
    })
    expect(await last(heard)).toBe('transcript.text.done')
    // It cannot stream, and answers whole.
    answer = json({ text: 'x', usage: { type: 'duration', seconds: 9 } })
    await sound.transcriptions.create({ file, model: 'whisper-1', stream: true as never })
    answer = json({ text: 'x' })
    await sound.translations.create({ file, model: 'whisper-1' })
    answer = sse({ type: 'speech.audio.delta', audio: 'aGk=' }, { type: 'speech.audio.done', usage: tokens })
    const said = await sound.speech.create({ input: 'x', model: 'gpt-4o-mini-tts', voice: 'ash', stream_format: 'sse' })
    expect(await said.text()).toContain('speech.audio.done')

    const found = await events()
    const measured = { kind: 'llm_request_completed', usage_basis: 'measured', input_tokens: 50, output_tokens: 1_000 }
    expect(found).toMatchObject([
      {
        ...measured,
        request_model: 'gpt-image-1.5',
        stream: true,
        input_image_tokens: 40,
        output_image_tokens: 1_000,
        cost_nano_usd: 10 * 5_000 + 40 * 8_000 + 1_000 * 32_000,
      },
      { ...measured, request_model: 'gpt-image-1', stream: true, cost_nano_usd: 10 * 5_000 + 40 * 10_000 + 40_000_000 },
      { kind: 'llm_request_completed', request_model: 'dall-e-2', usage_basis: 'unknown' },
      {
        ...measured,
        request_model: 'gpt-4o-transcribe',
        stream: true,
        input_audio_tokens: 40,
        cost_nano_usd: 10 * 2_500 + 40 * 6_000 + 1_000 * 10_000,
      },
      {
        kind: 'llm_request_completed',
        request_model: 'whisper-1',
        usage_basis: 'measured',
        units: { audio_seconds: 9 },
        cost_nano_usd: 900_000,
      },
      { kind: 'llm_request_completed', request_model: 'whisper-1', usage_basis: 'unknown' },
      { ...measured, request_model: 'gpt-4o-mini-tts', cost_nano_usd: 50 * 600 + 1_000 * 12_000 },
    ])
    expect(JSON.stringify(found)).not.toContain('secret')
  })

  it('responses in the background: one event, of the look that finds it over, however often one looks', async () => {
    const response = { id: 'oa-bg', object: 'response', model: 'gpt-4o-2024-08-06', background: true, output: [] }
    const { responses } = client()
    answer = json({ ...response, created_at: 1_700_000_000, status: 'queued', usage: null })
    const { id } = await responses.create({ model: 'gpt-4o', input: 'a secret', background: true })
    expect((await responses.retrieve(id)).status).toBe('queued')
    const usage = { input_tokens: 12, output_tokens: 3, total_tokens: 15 }
    answer = json({ ...response, created_at: 1_700_000_000, status: 'completed', usage })
    for (let look = 0; look < 3; look++) expect((await responses.retrieve(id)).status).toBe('completed')
    answer = json({ ...response, id: 'oa-old', background: false, status: 'completed', usage })
    await responses.retrieve('oa-old')
    expect(sent.map(({ url }) => url)).toContain('/v1/responses/oa-bg')
    // It stands where it was asked for, before everything else here.
    const found = (await proxied.events()).filter(({ endpoint }) => endpoint === '/v1/responses')
    expect(found).toHaveLength(1)
    expect(found).toMatchObject([
      {
        event_id: 'oa-bg',
        kind: 'llm_request_completed',
        timestamp_ms: 1_700_000_000_000,
        endpoint: '/v1/responses',
        usage_basis: 'measured',
        agent_id: 'agent_7',
        cost_nano_usd: 12 * 2500 + 3 * 10_000,
      },
    ])
  })

  it('400, 500, a 429 that is tried again: the SDK fails as it always does, and each try is one event', async () => {
    answer = json({ error: { message: 'no', type: 'invalid_request_error', code: 'bad_model' } }, 400)
    await expect(client().chat.completions.create({ model: 'gpt-4o', messages })).rejects.toMatchObject({
      status: 400,
      code: 'bad_model',
    })
    answer = json({ error: { message: 'oh', type: 'server_error', code: null } }, 500)
    await expect(client().chat.completions.create({ model: 'gpt-4o', messages })).rejects.toBeInstanceOf(
      OpenAI.InternalServerError,
    )
    answer = (request, response) =>
      request.headers['x-stainless-retry-count'] === '0'
        ? json({ error: { message: 'slow', type: 'requests', code: 'rate_limit_exceeded' } }, 429, {
            'retry-after-ms': '1',
            'x-request-id': 'oa-req-1',
          })(request, response)
        : json(whole('oa-3'))(request, response)
    await client({ maxRetries: 1 }).chat.completions.create({ model: 'gpt-4o', messages })
    const found = await events()
    expect(found).toMatchObject([
      { kind: 'llm_request_failed', status_code: 400, error_code: 'bad_model', error_type: 'invalid_request_error' },
      { kind: 'llm_request_failed', status_code: 500, error_type: 'server_error' },
      { kind: 'llm_request_failed', status_code: 429, attempt: 1, event_id: 'oa-req-1' },
      { kind: 'llm_request_completed', status_code: 200, attempt: 2, event_id: 'oa-3' },
    ])
    expect(found[3]?.['operation_id']).toBe(found[2]?.['operation_id'])
    expect(found[3]?.['operation_id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('responses that are compacted and videos are billed too', async () => {
    answer = json({
      ...{ id: 'resp-c', object: 'response.compaction', created_at: 1, output: [] },
      usage: { input_tokens: 75, output_tokens: 25, total_tokens: 100, input_tokens_details: { cached_tokens: 64 } },
    })
    await client().responses.compact({ model: 'gpt-5', input: 'hi' })
    answer = json({ id: 'video-1', object: 'video', model: 'sora-2', status: 'queued', seconds: '4' })
    await client().videos.create({ model: 'sora-2', prompt: 'a tally stick' })
    answer = json({ object: 'response.input_tokens', input_tokens: 3 })
    await client().responses.inputTokens.count({ model: 'gpt-5', input: 'hi' })
    expect(await events()).toMatchObject([
      {
        ...{ event_id: 'resp-c', operation: 'chat', endpoint: '/v1/responses/compact', request_model: 'gpt-5' },
        ...{ input_tokens: 75, cache_read_tokens: 64, output_tokens: 25, usage_basis: 'measured' },
      },
      { event_id: 'video-1', operation: 'video_generation', success: true, usage_basis: 'unknown' },
    ])
  })

  it('a stream that is given up and a time limit: the upstream is let go, and each is one event', async () => {
    let closed = 0
    answer = (request, response) => {
      response.on('close', () => closed++)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify(chunks('oa-4')[0])}\n\n`)
      request.resume()
    }
    const stream = await client().chat.completions.create({ model: 'gpt-4o', messages, stream: true })
    for await (const _ of stream) break
    answer = (_, response) => {
      response.on('close', () => closed++)
    }
    await expect(
      client().chat.completions.create({ model: 'gpt-4o', messages }, { timeout: 300 }),
    ).rejects.toBeInstanceOf(OpenAI.APIConnectionTimeoutError)
    await vi.waitFor(() => expect(closed).toBe(2))
    expect(await events()).toMatchObject([
      {
        event_id: 'oa-4',
        kind: 'llm_request_failed',
        aborted: true,
        error_type: 'client_abort',
        usage_basis: 'unknown',
      },
      { kind: 'llm_request_failed', aborted: true, error_type: 'client_abort', request_model: 'gpt-4o' },
    ])
  })

  it('one exchange that the application records too is one event, whoever tells of it first', async () => {
    const store = new EventStore({ sourceId: 'checkout' })
    const fetch = captureFetch({ sink: store, names: { agentId: 'agent_7' } })
    answer = json(whole('oa-5'))
    await client({ fetch }).chat.completions.create({ model: 'gpt-4o', messages })
    // Without an agent it is the source by which it is known.
    const unnamed = captureFetch({ sink: store })
    answer = json(whole('oa-6'))
    await client({ fetch: unnamed, defaultHeaders: { 'X-Tallystick-Source': 'checkout' } }).chat.completions.create({
      model: 'gpt-4o',
      messages,
    })
    await proxied.events()
    const recorded = store.drainAll()
    expect(recorded.map(({ eventId }) => eventId)).toEqual(['oa-5', 'oa-6'])
    const { encodeWireEvent } = await import('@tallystick/core/event')
    const answered = await proxied.tallystick.fetch(
      new Request('http://localhost/api/v1/events', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ source_id: 'checkout', events: recorded.map(encodeWireEvent) }),
      }),
      { trusted: true },
    )
    // Known: only how long it took differs between the two who saw it, and the first of them stands.
    expect(await answered.json()).toMatchObject({ received: 2, accepted: 0 })
    expect(await events()).toMatchObject([{ event_id: 'oa-5' }, { event_id: 'oa-6', source_id: 'checkout' }])
  })
})

describe("a provider's second door", () => {
  it("OpenAI's words at Gemini and Anthropic, Anthropic's at DeepSeek: read as they are spoken, billed by who is asked", async () => {
    answer = json({ ...whole('door-1'), model: 'gemini-2.5-flash' })
    const through = (baseURL: string): OpenAI => client({ baseURL: `${proxied.url}/proxy/${baseURL}` })
    await through('google/v1beta/openai').chat.completions.create({ model: 'gemini-2.5-flash', messages })
    answer = json({ ...whole('door-2'), model: 'claude-opus-4-6' })
    await through('claude/v1').chat.completions.create({ model: 'claude-opus-4-6', messages })
    answer = json({
      ...{
        id: 'door-3',
        type: 'message',
        role: 'assistant',
        model: 'deepseek-chat',
        content: [],
        stop_reason: 'end_turn',
      },
      usage: { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 5 },
    })
    await new Anthropic({
      apiKey: 'sk-secret',
      baseURL: `${proxied.url}/proxy/deep/anthropic`,
    }).messages.create({ model: 'deepseek-chat', max_tokens: 64, messages })
    expect(await events()).toMatchObject([
      { event_id: 'door-1', provider: 'gcp.gemini', input_tokens: 12, output_tokens: 3, usage_basis: 'measured' },
      { event_id: 'door-2', provider: 'anthropic', input_tokens: 12, output_tokens: 3, usage_basis: 'measured' },
      { event_id: 'door-3', provider: 'deepseek', input_tokens: 100, cache_read_tokens: 90, output_tokens: 5 },
    ])
  })
})

describe('@anthropic-ai/sdk', () => {
  it('messages: whole, streamed, refused, given up', async () => {
    const client = new Anthropic({
      apiKey: 'sk-ant-secret',
      baseURL: `${proxied.url}/proxy/claude`,
      maxRetries: 0,
      defaultHeaders: headers,
    })
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
    const start = {
      type: 'message_start',
      message: {
        ...message,
        id: 'msg_2',
        content: [],
        stop_reason: null,
        usage: { ...message.usage, output_tokens: 1 },
      },
    }
    answer = sse(
      start,
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
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(
        `event: message_start\ndata: ${JSON.stringify({ ...start, message: { ...start.message, id: 'msg_3' } })}\n\n`,
      )
    }
    for await (const _ of await client.messages.create({ ...request, stream: true })) break
    const expected = {
      provider: 'anthropic',
      request_model: 'claude-opus-4-6',
      input_tokens: 100,
      cache_read_tokens: 90,
      output_tokens: 5,
    }
    expect(await events()).toMatchObject([
      { ...expected, event_id: 'msg_1', stream: false },
      { ...expected, event_id: 'msg_2', stream: true },
      { kind: 'llm_request_failed', event_id: 'req_011', status_code: 529, error_type: 'overloaded_error' },
      { kind: 'llm_request_failed', event_id: 'msg_3', aborted: true, input_tokens: 100, usage_basis: 'estimated' },
    ])
    expect(sent[0]?.headers['authorization']).toBe('Bearer sk-ant-secret')
  })
})

describe('@google/genai', () => {
  it('whole, streamed, refused', async () => {
    const client = new GoogleGenAI({ apiKey: 'secret', httpOptions: { baseUrl: `${proxied.url}/proxy/google` } })
    const piece = {
      candidates: [{ content: { parts: [{ text: 'Hi' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 2, totalTokenCount: 6 },
      modelVersion: 'gemini-2.5-flash',
    }
    const model = 'gemini-2.5-flash'
    answer = json({ ...piece, responseId: 'g-1' })
    expect((await client.models.generateContent({ model, contents: 'hi' })).text).toBe('Hi')
    answer = sse({ ...piece, responseId: 'g-2' })
    for await (const _ of await client.models.generateContentStream({ model, contents: 'hi' }));
    answer = json({ error: { code: 400, message: 'no', status: 'INVALID_ARGUMENT' } }, 400)
    await expect(client.models.generateContent({ model, contents: 'hi' })).rejects.toThrow('INVALID_ARGUMENT')
    const expected = { provider: 'gcp.gemini', request_model: model, input_tokens: 4, output_tokens: 2 }
    expect(await events()).toMatchObject([
      { ...expected, event_id: 'g-1', stream: false },
      { ...expected, event_id: 'g-2', stream: true },
      { kind: 'llm_request_failed', status_code: 400, request_model: model },
    ])
    expect(sent[0]?.headers['x-goog-api-key']).toBe('secret')
  })
})

describe('ai', () => {
  it('what it tries again is one operation, although it does not say so', async () => {
    const openai = createOpenAI({ apiKey: 'sk-secret', baseURL: `${proxied.url}/proxy/up/v1`, headers })
    let tried = 0
    answer = (request, response) =>
      (tried++ === 0
        ? json({ error: { message: 'slow', type: 'requests', code: 'rate_limit_exceeded' } }, 429, {
            'retry-after-ms': '1',
          })
        : json(whole('ai-3')))(request, response)
    expect((await generateText({ model: openai.chat('gpt-4o'), prompt: 'again' })).text).toBe('Hi')
    const found = await events()
    expect(found).toMatchObject([
      { kind: 'llm_request_failed', status_code: 429, attempt: 1 },
      { kind: 'llm_request_completed', event_id: 'ai-3', attempt: 2 },
    ])
    expect(found[0]?.['operation_id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(found[1]?.['operation_id']).toBe(found[0]?.['operation_id'])
  })

  it('generateText and streamText through its OpenAI provider', async () => {
    const openai = createOpenAI({ apiKey: 'sk-secret', baseURL: `${proxied.url}/proxy/up/v1`, headers })
    answer = json(whole('ai-1'))
    expect((await generateText({ model: openai.chat('gpt-4o'), prompt: 'hi' })).text).toBe('Hi')
    answer = sse(...chunks('ai-2'), '[DONE]')
    expect(await streamText({ model: openai.chat('gpt-4o'), prompt: 'hi' }).text).toBe('Hi')
    expect(await events()).toMatchObject([
      { event_id: 'ai-1', input_tokens: 12, output_tokens: 3, agent_id: 'agent_7' },
      { event_id: 'ai-2', input_tokens: 12, output_tokens: 3, stream: true },
    ])
  })
})
