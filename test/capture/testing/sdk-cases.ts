import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { generateText, streamText } from 'ai'
import OpenAI from 'openai'

/** Where an SDK sends its requests, and through which `fetch`. */
export interface Way {
  readonly baseUrl: string
  readonly fetch: typeof globalThis.fetch
}

export interface Ask {
  readonly stream: boolean
  readonly signal: AbortSignal
  /** How long the SDK itself waits for an answer, ms; undefined: as long as it does by default. */
  readonly timeoutMs?: number
  /** Called with every piece of the answer. */
  onPiece(): void
}

/** One SDK: how it asks, and how its provider answers. */
export interface SdkCase {
  readonly name: string
  /** Upstream of the proxy, and what its base URL ends in. */
  readonly upstream: string
  readonly path: string
  /** The text of the answer; rejects as the SDK does. */
  ask(way: Way, how: Ask): Promise<string>
  whole(id: string): object
  pieces(id: string): readonly (object | string)[]
  refusal(status: number): object
  /** By which the provider names a request that it refused. */
  readonly idHeader?: string
  readonly expected: Readonly<Record<string, unknown>>
}

const messages = [{ role: 'user' as const, content: 'Say hi' }]
const CHAT = { object: 'chat.completion', created: 1, model: 'gpt-4o-2024-08-06' }
const CHAT_USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
const chat: Pick<SdkCase, 'upstream' | 'path' | 'whole' | 'pieces' | 'refusal' | 'idHeader' | 'expected'> = {
  upstream: 'up',
  path: '/v1',
  whole: (id) => ({
    ...CHAT,
    id,
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
    usage: CHAT_USAGE,
  }),
  pieces: (id) => [
    ...[
      { choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' }, finish_reason: null }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { choices: [], usage: CHAT_USAGE },
    ].map((more) => ({ ...CHAT, id, object: 'chat.completion.chunk', ...more })),
    '[DONE]',
  ],
  refusal: (status) => ({ error: { message: 'Say hi is not said', type: `type_${status}`, code: null } }),
  idHeader: 'x-request-id',
  expected: {
    provider: 'openai',
    request_model: 'gpt-4o',
    input_tokens: 12,
    output_tokens: 3,
    // $2.50 and $10 a million.
    cost_nano_usd: 12 * 2_500 + 3 * 10_000,
  },
}

const openai: SdkCase = {
  ...chat,
  name: 'openai',
  async ask({ baseUrl, fetch }, { stream, signal, timeoutMs, onPiece }) {
    const client = new OpenAI({ apiKey: 'sk-secret', baseURL: baseUrl, fetch, maxRetries: 0 })
    const options = { signal, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) }
    const body = { model: 'gpt-4o', messages }
    if (!stream) {
      const answer = await client.chat.completions.create(body, options)
      return answer.choices[0]?.message.content ?? ''
    }
    let text = ''
    const pieces = await client.chat.completions.create(
      { ...body, stream, stream_options: { include_usage: true } },
      options,
    )
    for await (const piece of pieces) {
      text += piece.choices[0]?.delta.content ?? ''
      onPiece()
    }
    // It ends a stream that was given up without a word.
    signal.throwIfAborted()
    return text
  },
}

const MESSAGE = {
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-4-6',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 10, cache_read_input_tokens: 90, cache_creation_input_tokens: 0, output_tokens: 5 },
}

const anthropic: SdkCase = {
  name: '@anthropic-ai/sdk',
  upstream: 'claude',
  path: '',
  async ask({ baseUrl, fetch }, { stream, signal, timeoutMs, onPiece }) {
    const client = new Anthropic({ apiKey: 'sk-ant-secret', baseURL: baseUrl, fetch, maxRetries: 0 })
    const options = { signal, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) }
    const body = { model: 'claude-opus-4-6', max_tokens: 64, messages }
    if (!stream) {
      const [block] = (await client.messages.create(body, options)).content
      return block?.type === 'text' ? block.text : ''
    }
    let text = ''
    for await (const piece of await client.messages.create({ ...body, stream }, options)) {
      if (piece.type === 'content_block_delta' && piece.delta.type === 'text_delta') text += piece.delta.text
      onPiece()
    }
    signal.throwIfAborted()
    return text
  },
  whole: (id) => ({ ...MESSAGE, id }),
  pieces: (id) => [
    {
      type: 'message_start',
      message: { ...MESSAGE, id, content: [], stop_reason: null, usage: { ...MESSAGE.usage, output_tokens: 1 } },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ],
  refusal: (status) => ({ type: 'error', error: { type: `type_${status}`, message: 'Say hi is not said' } }),
  idHeader: 'request-id',
  expected: {
    provider: 'anthropic',
    request_model: 'claude-opus-4-6',
    input_tokens: 100,
    cache_read_tokens: 90,
    output_tokens: 5,
    // $5, $0.50 from the cache, $25 a million.
    cost_nano_usd: 10 * 5_000 + 90 * 500 + 5 * 25_000,
  },
}

const PIECE = {
  candidates: [{ content: { parts: [{ text: 'Hi' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 2, totalTokenCount: 6 },
  modelVersion: 'gemini-2.5-flash',
}

const genai: SdkCase = {
  name: '@google/genai',
  upstream: 'google',
  path: '',
  async ask({ baseUrl, fetch }, { stream, signal, timeoutMs, onPiece }) {
    const httpOptions = { baseUrl, fetch, ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) }
    const client = new GoogleGenAI({ apiKey: 'secret', httpOptions })
    const body = { model: 'gemini-2.5-flash', contents: 'Say hi', config: { abortSignal: signal } }
    if (!stream) return (await client.models.generateContent(body)).text ?? ''
    let text = ''
    for await (const piece of await client.models.generateContentStream(body)) {
      text += piece.text ?? ''
      onPiece()
    }
    return text
  },
  whole: (id) => ({ ...PIECE, responseId: id }),
  pieces: (id) => [
    {
      ...PIECE,
      responseId: id,
      candidates: [{ content: { parts: [{ text: 'Hi' }], role: 'model' }, index: 0 }],
      usageMetadata: { ...PIECE.usageMetadata, candidatesTokenCount: 1 },
    },
    { ...PIECE, responseId: id, candidates: [{ ...PIECE.candidates[0], content: { parts: [], role: 'model' } }] },
  ],
  refusal: (status) => ({ error: { code: status, message: 'Say hi is not said', status: `type_${status}` } }),
  expected: {
    provider: 'gcp.gemini',
    request_model: 'gemini-2.5-flash',
    input_tokens: 4,
    output_tokens: 2,
    // $0.30 and $2.50 a million.
    cost_nano_usd: 4 * 300 + 2 * 2_500,
  },
}

const vercel: SdkCase = {
  ...chat,
  name: 'ai',
  async ask({ baseUrl, fetch }, { stream, signal, timeoutMs, onPiece }) {
    const provider = createOpenAI({ apiKey: 'sk-secret', baseURL: baseUrl, fetch })
    const abortSignal = timeoutMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const call = { model: provider.chat('gpt-4o'), prompt: 'Say hi', maxRetries: 0, abortSignal }
    if (!stream) return (await generateText(call)).text
    let failure: unknown
    const answer = streamText({
      ...call,
      onError: ({ error }) => {
        failure = error
      },
    })
    let text = ''
    for await (const part of answer.fullStream)
      if (part.type === 'text-delta') {
        text += part.text
        onPiece()
      }
    if (failure !== undefined) throw failure
    abortSignal.throwIfAborted()
    return text
  },
}

export const SDKS: readonly SdkCase[] = [openai, anthropic, genai, vercel]
