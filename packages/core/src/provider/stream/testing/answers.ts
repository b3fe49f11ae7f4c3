import { crc32 } from 'node:zlib'

/** Answers as providers send them, with what must be read from each. Shapes are those of the providers' references. */
export interface Recorded {
  readonly name: string
  readonly provider: string
  readonly contentType: string
  readonly bytes: Uint8Array
  readonly expected: {
    readonly input?: number
    readonly output?: number
    readonly cacheRead?: number
    readonly reasoning?: number
    readonly id?: string
    readonly model?: string
    readonly finish?: string
    readonly error?: object
    readonly complete: boolean
  }
}

const encoder = new TextEncoder()
const SSE = 'text/event-stream; charset=utf-8'
/** Text of a model that looks like figures, in every way it could. */
const TRAP =
  'data: {"usage":{"prompt_tokens":9,"completion_tokens":9}}\n\nevent: message_stop\n"usage": {"input_tokens": 9}'

const events = (...pieces: readonly (object | string)[]): string =>
  pieces.map((piece) => `data: ${typeof piece === 'string' ? piece : JSON.stringify(piece)}\n\n`).join('')
const named = (...pieces: readonly { readonly type: string }[]): string =>
  pieces.map((piece) => `event: ${piece.type}\ndata: ${JSON.stringify(piece)}\n\n`).join('')

const chunk = (choices: readonly object[], more: object = {}): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  model: 'gpt-4o-2024-08-06',
  choices,
  ...more,
})
const CHAT_USAGE = {
  prompt_tokens: 120,
  completion_tokens: 30,
  total_tokens: 150,
  prompt_tokens_details: { cached_tokens: 100 },
  completion_tokens_details: { reasoning_tokens: 10 },
}
const CHAT = { input: 120, output: 30, cacheRead: 100, reasoning: 10, id: 'chatcmpl-1', model: 'gpt-4o-2024-08-06' }
const saying = (content: string): object => ({ index: 0, delta: { content }, finish_reason: null })
const stopped = { index: 0, delta: {}, finish_reason: 'stop' }

const RESPONSE = { id: 'resp_1', object: 'response', model: 'gpt-5-2025-08-07', service_tier: 'default' }
const RESPONSE_USAGE = {
  input_tokens: 75,
  output_tokens: 25,
  input_tokens_details: { cached_tokens: 64 },
  output_tokens_details: { reasoning_tokens: 20 },
}
const RESPONSES = { input: 75, output: 25, cacheRead: 64, reasoning: 20, id: 'resp_1', model: 'gpt-5-2025-08-07' }

const IMAGE_USAGE = {
  input_tokens: 50,
  output_tokens: 1_056,
  total_tokens: 1_106,
  input_tokens_details: { text_tokens: 10, image_tokens: 40 },
}

const MESSAGE = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5-20250929' }
const anthropic = (usage: object): readonly { readonly type: string }[] => [
  {
    type: 'message_start',
    message: {
      ...MESSAGE,
      content: [],
      stop_reason: null,
      usage: { input_tokens: 10, cache_read_input_tokens: 90, cache_creation_input_tokens: 0, output_tokens: 1 },
    },
  } as never,
  { type: 'ping' },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as never,
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: TRAP } } as never,
  {
    type: 'content_block_delta',
    index: 1,
    delta: { type: 'input_json_delta', partial_json: '{"usage":{"input_tokens":9' },
  } as never,
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage } as never,
  { type: 'message_stop' },
]
const CLAUDE = {
  input: 100,
  output: 42,
  cacheRead: 90,
  id: 'msg_1',
  model: 'claude-sonnet-4-5-20250929',
  finish: 'end_turn',
}

const gemini = (candidates: number, more: object = {}): object => ({
  candidates: [{ content: { parts: [{ text: TRAP }], role: 'model' }, index: 0, ...more }],
  usageMetadata: {
    promptTokenCount: 20,
    candidatesTokenCount: candidates,
    thoughtsTokenCount: 5,
    totalTokenCount: 25 + candidates,
  },
  modelVersion: 'gemini-2.5-flash',
  responseId: 'g1',
})
const GEMINI = {
  input: 20,
  output: 35,
  reasoning: 5,
  id: 'g1',
  model: 'gemini-2.5-flash',
  finish: 'STOP',
  complete: true,
}

/** A frame of AWS's event stream. */
function frame(headers: Readonly<Record<string, string>>, payload: object): Uint8Array {
  const heads = Object.entries(headers).flatMap(([name, value]) => {
    const [key, text] = [encoder.encode(name), encoder.encode(value)]
    return [key.length, ...key, 7, text.length >> 8, text.length & 255, ...text]
  })
  const body = encoder.encode(JSON.stringify(payload))
  const bytes = new Uint8Array(16 + heads.length + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length)
  view.setUint32(4, heads.length)
  view.setUint32(8, crc32(bytes.subarray(0, 8)))
  bytes.set(heads, 12)
  bytes.set(body, 12 + heads.length)
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)))
  return bytes
}
/** An event of Bedrock's streams. */
export const aws = (type: string, payload: object): Uint8Array =>
  frame({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }, payload)
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]))
const base64 = (value: object): string => btoa(String.fromCharCode(...encoder.encode(JSON.stringify(value))))
const AWS = 'application/vnd.amazon.eventstream'

const recorded = (
  name: string,
  provider: string,
  contentType: string,
  body: string | Uint8Array,
  expected: Recorded['expected'],
): Recorded => ({
  name,
  provider,
  contentType,
  bytes: typeof body === 'string' ? encoder.encode(body) : body,
  expected,
})

export const ANSWERS: readonly Recorded[] = [
  recorded(
    'chat, streamed with usage',
    'openai',
    SSE,
    events(chunk([saying('Hi')]), chunk([saying(TRAP)]), chunk([stopped]), chunk([], { usage: CHAT_USAGE }), '[DONE]'),
    { ...CHAT, finish: 'stop', complete: true },
  ),
  recorded(
    'chat, usage null but in the last',
    'openai',
    SSE,
    events(chunk([saying('Hi')], { usage: null }), chunk([stopped], { usage: CHAT_USAGE }), '[DONE]'),
    { ...CHAT, finish: 'stop', complete: true },
  ),
  recorded(
    'chat, usage in each chunk, cumulative',
    'openai',
    SSE,
    events(
      chunk([saying('a')], { usage: { prompt_tokens: 120, completion_tokens: 1 } }),
      chunk([stopped], { usage: CHAT_USAGE }),
    ),
    { ...CHAT, finish: 'stop', complete: true },
  ),
  recorded('chat, without usage', 'openai', SSE, events(chunk([saying(TRAP)]), chunk([stopped]), '[DONE]'), {
    id: 'chatcmpl-1',
    model: 'gpt-4o-2024-08-06',
    finish: 'stop',
    complete: true,
  }),
  recorded('chat, cut off', 'openai', SSE, events(chunk([saying('Hi')])), {
    id: 'chatcmpl-1',
    model: 'gpt-4o-2024-08-06',
    complete: false,
  }),
  recorded(
    'chat, comments and CRLF',
    'openrouter',
    SSE,
    `: OPENROUTER PROCESSING\r\n\r\n${events(chunk([stopped]), chunk([], { usage: CHAT_USAGE }), '[DONE]').replaceAll('\n', '\r\n')}`,
    { ...CHAT, finish: 'stop', complete: true },
  ),
  recorded(
    'chat, an error in the stream',
    'openai',
    SSE,
    events(chunk([saying('Hi')]), { error: { message: 'secret words', type: 'server_error', code: null } }),
    { id: 'chatcmpl-1', model: 'gpt-4o-2024-08-06', error: { type: 'server_error' }, complete: false },
  ),
  recorded(
    'chat, whole',
    'openai',
    'application/json',
    JSON.stringify(
      {
        ...chunk([{ index: 0, message: { role: 'assistant', content: TRAP }, finish_reason: 'length' }]),
        usage: CHAT_USAGE,
      },
      null,
      2,
    ),
    { ...CHAT, finish: 'length', complete: true },
  ),
  recorded(
    'an error, whole',
    'openai',
    'application/json',
    JSON.stringify({ error: { message: 'No', type: 'invalid_request_error', param: null, code: 'model_not_found' } }),
    { error: { type: 'invalid_request_error', code: 'model_not_found' }, complete: false },
  ),
  recorded(
    'embeddings',
    'openai',
    'application/json',
    JSON.stringify({
      object: 'list',
      data: [{ embedding: [0.1, -2e-9] }],
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 8, total_tokens: 8 },
    }),
    { input: 8, model: 'text-embedding-3-small', complete: true },
  ),
  recorded(
    'responses, streamed',
    'openai',
    SSE,
    named(
      { type: 'response.created', response: { ...RESPONSE, status: 'in_progress', usage: null } } as never,
      { type: 'response.output_text.delta', delta: TRAP } as never,
      {
        type: 'response.completed',
        response: { ...RESPONSE, status: 'completed', output: [{ content: [{ text: TRAP }] }], usage: RESPONSE_USAGE },
      } as never,
    ),
    { ...RESPONSES, finish: 'completed', complete: true },
  ),
  recorded(
    'responses, incomplete',
    'azure',
    SSE,
    named({
      type: 'response.incomplete',
      response: { ...RESPONSE, status: 'incomplete', usage: RESPONSE_USAGE },
    } as never),
    { ...RESPONSES, finish: 'incomplete', complete: true },
  ),
  recorded(
    'responses, failed',
    'openai',
    SSE,
    named({
      type: 'response.failed',
      response: { ...RESPONSE, status: 'failed', error: { code: 'rate_limit_exceeded', message: 'x' }, usage: null },
    } as never),
    { id: 'resp_1', model: 'gpt-5-2025-08-07', error: { code: 'rate_limit_exceeded' }, complete: false },
  ),
  recorded(
    'responses, whole',
    'openai',
    'application/json',
    JSON.stringify({
      ...RESPONSE,
      status: 'completed',
      output: [{ type: 'message', content: [{ text: TRAP }] }],
      usage: RESPONSE_USAGE,
    }),
    { ...RESPONSES, finish: 'completed', complete: true },
  ),
  recorded(
    'images, streamed',
    'openai',
    SSE,
    named(
      { type: 'image_generation.partial_image', b64_json: 'aGk=', partial_image_index: 0 } as never,
      { type: 'image_generation.completed', b64_json: 'aGk=', usage: IMAGE_USAGE } as never,
    ),
    { input: 50, output: 1_056, complete: true },
  ),
  recorded(
    'images, cut off before the last',
    'openai',
    SSE,
    named({ type: 'image_generation.partial_image', b64_json: 'aGk=', partial_image_index: 0 } as never),
    { complete: false },
  ),
  recorded(
    'an edited image, streamed',
    'azure',
    SSE,
    named({ type: 'image_edit.completed', b64_json: 'aGk=', usage: IMAGE_USAGE } as never),
    { input: 50, output: 1_056, complete: true },
  ),
  recorded(
    'images, whole',
    'openai',
    'application/json',
    JSON.stringify({ created: 1, data: [{ b64_json: 'aGk=' }], usage: IMAGE_USAGE }),
    { input: 50, output: 1_056, complete: true },
  ),
  recorded(
    'a transcript, streamed',
    'openai',
    SSE,
    named(
      { type: 'transcript.text.delta', delta: TRAP } as never,
      {
        type: 'transcript.text.done',
        text: TRAP,
        usage: {
          type: 'tokens',
          input_tokens: 14,
          output_tokens: 45,
          total_tokens: 59,
          input_token_details: { text_tokens: 4, audio_tokens: 10 },
        },
      } as never,
    ),
    { input: 14, output: 45, complete: true },
  ),
  recorded(
    'a transcript, whole',
    'openai',
    'application/json',
    JSON.stringify({ text: TRAP, usage: { type: 'tokens', input_tokens: 14, output_tokens: 45, total_tokens: 59 } }),
    { input: 14, output: 45, complete: true },
  ),
  recorded(
    'speech, streamed',
    'openai',
    SSE,
    named(
      { type: 'speech.audio.delta', audio: 'aGk=' } as never,
      {
        type: 'speech.audio.done',
        usage: { input_tokens: 14, output_tokens: 101, total_tokens: 115 },
      } as never,
    ),
    { input: 14, output: 101, complete: true },
  ),
  recorded('messages, streamed', 'anthropic', SSE, named(...anthropic({ output_tokens: 42 })), {
    ...CLAUDE,
    complete: true,
  }),
  recorded(
    'messages, the delta repeats all',
    'anthropic',
    SSE,
    named(
      ...anthropic({
        input_tokens: 10,
        cache_read_input_tokens: 90,
        cache_creation_input_tokens: null,
        output_tokens: 42,
      }),
    ),
    { ...CLAUDE, complete: true },
  ),
  recorded(
    'messages, with a compaction beside the totals',
    'anthropic',
    SSE,
    named(
      ...anthropic({
        output_tokens: 42,
        iterations: [
          { type: 'compaction', input_tokens: 180_000, cache_read_input_tokens: 10, output_tokens: 3_500 },
          { type: 'message', input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 42 },
        ],
      }),
    ),
    { ...CLAUDE, input: 180_110, output: 3_542, cacheRead: 100, complete: true },
  ),
  recorded('messages, cut off', 'anthropic', SSE, named(...anthropic({ output_tokens: 42 }).slice(0, 4)), {
    input: 100,
    output: 1,
    cacheRead: 90,
    id: 'msg_1',
    model: CLAUDE.model,
    complete: false,
  }),
  recorded(
    'messages, overloaded',
    'anthropic',
    SSE,
    named(...anthropic({}).slice(0, 3), {
      type: 'error',
      error: { type: 'overloaded_error', message: 'Overloaded' },
    } as never),
    {
      input: 100,
      output: 1,
      cacheRead: 90,
      id: 'msg_1',
      model: CLAUDE.model,
      error: { type: 'overloaded_error' },
      complete: false,
    },
  ),
  recorded(
    'messages, whole',
    'anthropic',
    'application/json',
    JSON.stringify({
      ...MESSAGE,
      content: [{ type: 'text', text: TRAP }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 42 },
    }),
    { ...CLAUDE, complete: true },
  ),
  recorded('gemini, streamed', 'gemini', SSE, events(gemini(10), gemini(30, { finishReason: 'STOP' })), GEMINI),
  recorded(
    'gemini, an array of pieces',
    'gemini',
    'application/json',
    JSON.stringify([gemini(10), gemini(30, { finishReason: 'STOP' })], null, 1),
    GEMINI,
  ),
  recorded('gemini, whole', 'vertex', 'application/json', JSON.stringify(gemini(30, { finishReason: 'STOP' })), GEMINI),
  recorded('claude through vertex', 'vertex', SSE, named(...anthropic({ output_tokens: 42 })), {
    ...CLAUDE,
    complete: true,
  }),
  recorded(
    'converse, streamed',
    'bedrock',
    AWS,
    joined(
      aws('messageStart', { role: 'assistant' }),
      aws('contentBlockDelta', { delta: { text: TRAP } }),
      aws('messageStop', { stopReason: 'end_turn' }),
      aws('metadata', {
        usage: { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 90 },
        metrics: { latencyMs: 3 },
      }),
    ),
    { input: 100, output: 5, cacheRead: 90, finish: 'end_turn', complete: true },
  ),
  recorded(
    'converse, throttled',
    'bedrock',
    AWS,
    joined(
      aws('messageStart', { role: 'assistant' }),
      frame({ ':message-type': 'exception', ':exception-type': 'throttlingException' }, { message: 'slow down' }),
    ),
    { error: { type: 'throttlingException' }, complete: false },
  ),
  recorded(
    'invoke, streamed',
    'bedrock',
    AWS,
    joined(...anthropic({ output_tokens: 42 }).map((event) => aws('chunk', { bytes: base64(event), p: 'abc' }))),
    { ...CLAUDE, complete: true },
  ),
  recorded(
    'converse, whole',
    'bedrock',
    'application/json',
    JSON.stringify({
      output: { message: { content: [{ text: TRAP }] } },
      stopReason: 'max_tokens',
      usage: { inputTokens: 100, outputTokens: 5 },
    }),
    { input: 100, output: 5, finish: 'max_tokens', complete: true },
  ),
  recorded(
    'cohere, streamed',
    'cohere',
    SSE,
    named(
      { type: 'message-start', id: 'c1' } as never,
      { type: 'content-delta', delta: { message: { content: { text: TRAP } } } } as never,
      {
        type: 'message-end',
        delta: {
          finish_reason: 'COMPLETE',
          usage: {
            billed_units: { input_tokens: 5, output_tokens: 7 },
            tokens: { input_tokens: 71, output_tokens: 7 },
          },
        },
      } as never,
    ),
    { input: 5, output: 7, id: 'c1', finish: 'COMPLETE', complete: true },
  ),
  recorded(
    'ollama, lines',
    'ollama',
    'application/x-ndjson',
    [
      { model: 'llama3.2', message: { content: TRAP }, done: false },
      { model: 'llama3.2', done: true, done_reason: 'stop', prompt_eval_count: 26, eval_count: 298 },
    ]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
    { input: 26, output: 298, model: 'llama3.2', finish: 'stop', complete: true },
  ),
  recorded(
    'ollama, no line feed at the end',
    'ollama',
    'application/x-ndjson',
    JSON.stringify({ model: 'llama3.2', done: true, done_reason: 'stop', eval_count: 2 }),
    { output: 2, model: 'llama3.2', finish: 'stop', complete: true },
  ),
  recorded(
    'mistral, streamed',
    'mistral',
    SSE,
    events(
      chunk([saying(TRAP)]),
      chunk([stopped], { usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } }),
      '[DONE]',
    ),
    { input: 5, output: 2, id: 'chatcmpl-1', model: CHAT.model, finish: 'stop', complete: true },
  ),
  recorded(
    'groq, usage in its own member',
    'groq',
    SSE,
    events(chunk([stopped], { x_groq: { id: 'r', usage: { prompt_tokens: 5, completion_tokens: 2 } } }), '[DONE]'),
    { input: 5, output: 2, id: 'chatcmpl-1', model: CHAT.model, finish: 'stop', complete: true },
  ),
  recorded(
    'chat, line ends of CR alone, a byte order mark, keep-alives within events',
    'openai',
    SSE,
    `\ufeff: hello\r\r${events(chunk([saying(TRAP)]), chunk([stopped]), chunk([], { usage: CHAT_USAGE }), '[DONE]')
      .replaceAll('data: ', ': keep-alive\nid: 7\nretry: 10\ndata:')
      .replaceAll('\n', '\r')}`,
    { ...CHAT, finish: 'stop', complete: true },
  ),
  recorded(
    'chat, JSON over many lines of data',
    'openai',
    SSE,
    `data: ${JSON.stringify(chunk([stopped], { usage: CHAT_USAGE }), null, 2).replaceAll('\n', '\ndata: ')}\n\ndata: [DONE]\n\n`,
    { ...CHAT, finish: 'stop', complete: true },
  ),
  recorded(
    'chat, events that are called text',
    'openai',
    'text/plain',
    events(chunk([stopped]), chunk([], { usage: CHAT_USAGE }), '[DONE]'),
    { ...CHAT, finish: 'stop', complete: true },
  ),
  recorded(
    'an error of JSON where events were promised',
    'openai',
    SSE,
    `\n ${JSON.stringify({ error: { message: TRAP, type: 'overloaded', code: 529 } })}`,
    { error: { type: 'overloaded', code: '529' }, complete: false },
  ),
  recorded(
    'whole, behind a byte order mark',
    'openai',
    'application/json; charset=utf-8',
    `\ufeff${JSON.stringify({ ...chunk([{ index: 0, message: {}, finish_reason: 'stop' }]), usage: CHAT_USAGE })}`,
    { ...CHAT, finish: 'stop', complete: true },
  ),
  recorded(
    'chat, an error in a stream of OpenRouter',
    'openrouter',
    SSE,
    events(
      chunk([saying('Hi')]),
      chunk([{ index: 0, delta: {}, finish_reason: 'error' }], { error: { code: 'server_error', message: TRAP } }),
    ),
    { id: 'chatcmpl-1', model: CHAT.model, finish: 'error', error: { code: 'server_error' }, complete: false },
  ),
  recorded(
    'chat, an error in a stream of Mistral or vLLM',
    'mistral',
    SSE,
    events(
      chunk([saying('Hi')]),
      { object: 'error', message: TRAP, type: 'BadRequestError', param: null, code: 400 },
      '[DONE]',
    ),
    { id: 'chatcmpl-1', model: CHAT.model, error: { type: 'BadRequestError', code: '400' }, complete: false },
  ),
  recorded(
    'chat, an error in a stream of Groq',
    'groq',
    SSE,
    events(chunk([saying('Hi')]), chunk([], { x_groq: { id: 'r', error: TRAP } })),
    { id: 'chatcmpl-1', model: CHAT.model, error: {}, complete: false },
  ),
  recorded(
    'chat, an error whose code is a sentence',
    'openai',
    SSE,
    events({ error: { message: TRAP, type: `could not read "${TRAP}"`, code: 'no such thing' } }),
    { error: { type: 'other', code: 'other' }, complete: false },
  ),
  recorded(
    'responses, an error event',
    'openai',
    SSE,
    named({ type: 'error', code: 'server_error', message: TRAP, param: null } as never),
    { error: { code: 'server_error' }, complete: false },
  ),
  recorded(
    'responses, cut off',
    'openai',
    SSE,
    named(
      { type: 'response.created', response: { ...RESPONSE, status: 'in_progress', usage: null } } as never,
      { type: 'response.output_text.delta', delta: TRAP } as never,
    ),
    { id: 'resp_1', model: 'gpt-5-2025-08-07', complete: false },
  ),
  recorded(
    'gemini, an error among the pieces',
    'gemini',
    'application/json',
    JSON.stringify([gemini(10), { error: { code: 503, message: TRAP, status: 'UNAVAILABLE' } }]),
    {
      ...{ input: 20, output: 15, reasoning: 5, id: 'g1', model: 'gemini-2.5-flash' },
      ...{ error: { type: 'UNAVAILABLE', code: '503' }, complete: false },
    },
  ),
  recorded(
    'gemini, a prompt that is blocked',
    'gemini',
    SSE,
    events({
      promptFeedback: { blockReason: 'SAFETY' },
      usageMetadata: { promptTokenCount: 7, totalTokenCount: 7 },
      responseId: 'g1',
    }),
    { input: 7, id: 'g1', complete: true },
  ),
  recorded('gemini, cut off', 'gemini', SSE, events(gemini(10)), {
    ...{ input: 20, output: 15, reasoning: 5, id: 'g1', model: 'gemini-2.5-flash', complete: false },
  }),
  recorded(
    'invoke, a model that tells no figures in words of its own',
    'bedrock',
    AWS,
    joined(
      aws('chunk', { bytes: base64({ outputText: TRAP, completionReason: null }) }),
      aws('chunk', {
        bytes: base64({
          outputText: '',
          completionReason: 'FINISH',
          'amazon-bedrock-invocationMetrics': {
            ...{ inputTokenCount: 8, outputTokenCount: 4, invocationLatency: 3 },
            ...{ cacheReadInputTokenCount: 90, cacheWriteInputTokenCount: 2 },
          },
        }),
      }),
    ),
    { input: 100, output: 4, cacheRead: 90, complete: true },
  ),
  recorded(
    'invoke, a model that speaks as OpenAI does',
    'bedrock',
    AWS,
    joined(
      aws('chunk', { bytes: base64(chunk([saying(TRAP)])) }),
      aws('chunk', { bytes: base64(chunk([stopped])) }),
      aws('chunk', {
        bytes: base64(
          chunk([], {
            usage: CHAT_USAGE,
            'amazon-bedrock-invocationMetrics': { inputTokenCount: 120, outputTokenCount: 30 },
          }),
        ),
      }),
    ),
    { ...CHAT, finish: 'stop', complete: true },
  ),
  recorded(
    'converse, cut off within a frame',
    'bedrock',
    AWS,
    joined(aws('messageStart', { role: 'assistant' }), aws('messageStop', { stopReason: 'end_turn' }).subarray(0, 60)),
    { complete: false },
  ),
  recorded(
    'cohere, an error ends the stream',
    'cohere',
    SSE,
    named(
      { type: 'message-start', id: 'c1' } as never,
      {
        type: 'message-end',
        delta: { finish_reason: 'ERROR', error: TRAP },
      } as never,
    ),
    { id: 'c1', finish: 'ERROR', error: { type: 'ERROR' }, complete: false },
  ),
  recorded('cohere, cut off', 'cohere', SSE, named({ type: 'message-start', id: 'c1' } as never), {
    id: 'c1',
    complete: false,
  }),
  recorded(
    'ollama, an error among the lines',
    'ollama',
    'application/x-ndjson',
    `${JSON.stringify({ model: 'llama3.2', message: { content: TRAP }, done: false })}\r\n\r\n${JSON.stringify({ error: TRAP })}\r\n`,
    { model: 'llama3.2', error: {}, complete: false },
  ),
  recorded(
    'ollama, in the words of OpenAI',
    'ollama',
    SSE,
    events(chunk([saying(TRAP)]), chunk([stopped]), chunk([], { usage: CHAT_USAGE }), '[DONE]'),
    { ...CHAT, finish: 'stop', complete: true },
  ),
  recorded(
    'a name of a member spelled in escapes, and one that is a trap',
    'openai',
    'application/json',
    `{"choices":[{"finish_reason":"stop","message":{"usage":{"prompt_tokens":9}}}],"us\\u0061ge":{"prompt_tokens":5,"completion_tokens":2,"__proto__":{"prompt_tokens":9}},"__proto__":{"usage":{"prompt_tokens":9}}}`,
    { input: 5, output: 2, finish: 'stop', complete: true },
  ),
  recorded('no JSON at all', 'openai', 'text/html', '<html>Bad gateway</html>', { complete: false }),
  recorded('nothing', 'openai', 'application/json', '', { complete: false }),
]
