import { at } from '../normalized.ts'
import { isOpenAiMedia } from '../openai-media.ts'
import type { Provider } from '../provider.ts'
import { codeOf, knownCode } from './code.ts'
import type { WantedMembers } from './prune.ts'

export type Members = Record<string, unknown>

/** What is looked for in the answers of providers that speak alike, and how its pieces make one answer. */
export interface Dialect {
  /** Of each piece; nothing else of it is ever held. None of these is text that a model or a person wrote. */
  readonly wanted: WantedMembers
  /** Takes a piece into the answer so far, which has the shape that the normaliser of usage reads. */
  fold(answer: Members, piece: Members): void
  /** Does the protocol end with this piece? A stream that stops before has been cut off. */
  ends(piece: Members): boolean
  /** Kind and code of an error in this piece. */
  error(piece: Members): ProviderError | undefined
  /** Takes what the headers tell, before any piece; their word for an error. */
  begin?(answer: Members, headers: Pick<Headers, 'get'>): ProviderError | undefined
}

/** An error as the provider names it. Its message is left out: it may quote what was sent. */
export interface ProviderError {
  readonly type?: string
  readonly code?: string
}

function errorOf(error: unknown): ProviderError | undefined {
  if (error === undefined || error === null) return undefined
  const type = knownCode(at(error, 'type')) ?? codeOf(at(error, 'status')) ?? codeOf(at(error, 'type'))
  const code = codeOf(at(error, 'code'))
  return { ...(type === undefined ? {} : { type }), ...(code === undefined ? {} : { code }) }
}

/** Members that say something, over those that said it before. */
function over(answer: Members, piece: unknown, names: readonly string[]): void {
  for (const name of names) {
    const value = at(piece, name)
    if (value !== undefined && value !== null) answer[name] = value
  }
}

/** Of a response: is it made in the background, and since when? */
const BACKGROUND = { background: true, created_at: true, completed_at: true } as const
const RESPONSE_TOLD = ['id', 'model', 'status', 'service_tier', 'usage', ...Object.keys(BACKGROUND)]
const CHOICE = { '[]': { finish_reason: true } } as const
const ERROR = { type: true, code: true, status: true } as const

/** Chat completions and responses of OpenAI, and the many who speak the one or the other. */
const OPENAI: Dialect = {
  wanted: {
    ...{ type: true, id: true, object: true, model: true, status: true, service_tier: true, usage: true, code: true },
    choices: CHOICE,
    error: ERROR,
    ...BACKGROUND,
    x_groq: { id: true, usage: true, error: ERROR },
    response: {
      ...{ id: true, object: true, model: true, status: true, service_tier: true, usage: true, error: ERROR },
      ...BACKGROUND,
    },
  },
  fold(answer, piece) {
    const response = piece['response']
    if (isObject(response)) {
      answer['object'] = 'response'
      over(answer, response, RESPONSE_TOLD)
      return
    }
    over(answer, piece, ['id', 'object', 'model', 'status', 'service_tier', 'usage'])
    if (piece['background'] === true) over(answer, piece, RESPONSE_TOLD)
    if (at(at(piece, 'choices'), '0', 'finish_reason') != null) answer['choices'] = piece['choices']
    if (at(piece, 'x_groq', 'usage') !== undefined && answer['usage'] === undefined)
      answer['usage'] = at(piece, 'x_groq', 'usage')
  },
  ends: (piece) =>
    at(at(piece, 'choices'), '0', 'finish_reason') != null ||
    ENDED.has(at(piece, 'response', 'status')) ||
    LAST_OF_MEDIA.has(piece['type']) ||
    (piece['object'] === 'response' && ENDED.has(piece['status'])) ||
    // Embeddings, moderations and the like: one piece, and no word for its end.
    (piece['object'] === 'list' && piece['usage'] !== undefined) ||
    // So are images and transcripts that come whole; pieces of theirs have a type.
    (piece['type'] === undefined && piece['choices'] === undefined && isObject(piece['usage']) && isOpenAiMedia(piece)),
  error: (piece) =>
    errorOf(piece['error']) ??
    errorOf(at(piece, 'response', 'error')) ??
    errorOf(at(piece, 'x_groq', 'error')) ??
    // Mistral and vLLM have no member for it.
    (piece['object'] === 'error' ? errorOf(piece) : undefined) ??
    (piece['type'] === 'error' ? errorOf({ code: piece['code'] }) : undefined),
}
/** What a response's status says when nothing more becomes of it. */
export const ENDED: ReadonlySet<unknown> = new Set(['completed', 'incomplete', 'failed', 'cancelled'])
/** Streams of images and audio have an event for it, and no other word. */
const LAST_OF_MEDIA: ReadonlySet<unknown> = new Set([
  'image_generation.completed',
  'image_edit.completed',
  'transcript.text.done',
  'speech.audio.done',
])

/** One by one: the list of turns may be longer than what is kept of a member, and must not take the totals with it. */
const ANTHROPIC_USAGE: WantedMembers = {
  ...{ input_tokens: true, cache_read_input_tokens: true, cache_creation_input_tokens: true, cache_creation: true },
  ...{ output_tokens: true, output_tokens_details: true, server_tool_use: true, service_tier: true, iterations: true },
}

const ANTHROPIC: Dialect = {
  wanted: {
    ...{ type: true, id: true, model: true, stop_reason: true, usage: ANTHROPIC_USAGE },
    message: { id: true, model: true, stop_reason: true, usage: ANTHROPIC_USAGE },
    delta: { stop_reason: true },
    error: ERROR,
  },
  fold(answer, piece) {
    for (const part of [piece['message'], piece]) {
      over(answer, part, ['id', 'model', 'stop_reason'])
      const usage = at(part, 'usage')
      // Cumulative, and later events repeat only part of it.
      if (isObject(usage)) answer['usage'] = { ...(answer['usage'] as object | undefined), ...known(usage) }
    }
    over(answer, piece['delta'], ['stop_reason'])
  },
  ends: ({ type }) => type === 'message_stop' || type === 'message',
  error: (piece) => (piece['type'] === 'error' ? errorOf(piece['error'] ?? {}) : undefined),
}

const GEMINI: Dialect = {
  wanted: {
    ...{ usageMetadata: true, modelVersion: true, responseId: true },
    candidates: { '[]': { finishReason: true } },
    promptFeedback: { blockReason: true },
    error: ERROR,
  },
  fold(answer, piece) {
    over(answer, piece, ['usageMetadata', 'modelVersion'])
    if (piece['responseId'] != null) answer['id'] = piece['responseId']
    if (at(at(piece, 'candidates'), '0', 'finishReason') != null) answer['candidates'] = piece['candidates']
  },
  ends: (piece) =>
    at(at(piece, 'candidates'), '0', 'finishReason') != null || at(piece, 'promptFeedback', 'blockReason') != null,
  error: (piece) => errorOf(piece['error']),
}

/** Of models of others at Google and Amazon, and of Converse. */
const HOSTED_USAGE: WantedMembers = {
  ...ANTHROPIC_USAGE,
  ...{ prompt_tokens: true, completion_tokens: true, total_tokens: true, cached_tokens: true, reasoning_tokens: true },
  ...{ prompt_tokens_details: true, completion_tokens_details: true, input_tokens_details: true },
  ...{ inputTokens: true, outputTokens: true, totalTokens: true, cacheReadInputTokens: true },
  ...{ cacheWriteInputTokens: true, cacheDetails: true },
}

/** Both speak through it, each in its own words. */
const VERTEX: Dialect = {
  wanted: { ...ANTHROPIC.wanted, ...GEMINI.wanted, usage: HOSTED_USAGE },
  fold(answer, piece) {
    ANTHROPIC.fold(answer, piece)
    GEMINI.fold(answer, piece)
  },
  ends: (piece) => ANTHROPIC.ends(piece) || GEMINI.ends(piece),
  error: (piece) => ANTHROPIC.error(piece) ?? GEMINI.error(piece),
}

const METRICS = 'amazon-bedrock-invocationMetrics'

/** Converse; pieces of InvokeModel are those of the model's own provider and come out of their envelope before. */
const BEDROCK: Dialect = {
  wanted: {
    ...OPENAI.wanted,
    ...ANTHROPIC.wanted,
    ...{ stopReason: true, bytes: true, usage: HOSTED_USAGE },
    metadata: { usage: true },
    [METRICS]: true,
  },
  fold(answer, piece) {
    over(answer, piece, ['stopReason'])
    if (isObject(piece['usage']) && 'inputTokens' in piece['usage']) answer['usage'] = piece['usage']
    else if (piece['choices'] === undefined) ANTHROPIC.fold(answer, piece)
    else OPENAI.fold(answer, piece)
    const metrics = piece[METRICS]
    if (isObject(metrics)) counted(answer, (name) => metrics[`${name}Count`])
    over(answer, piece['metadata'], ['usage'])
  },
  // Usage follows the stop, but a stream that was stopped has been told whole.
  ends: (piece) =>
    piece['stopReason'] != null || piece[METRICS] !== undefined || ANTHROPIC.ends(piece) || OPENAI.ends(piece),
  error: ANTHROPIC.error,
  begin(answer, headers) {
    counted(answer, (_, header) => headers.get(`x-amzn-bedrock-${header}-count`) ?? undefined)
    const error = headers.get('x-amzn-errortype')
    // Behind a colon stands the address of its definition.
    return error === null ? undefined : errorOf({ type: error.split(':', 1)[0] })
  },
}

/** What the service itself counts, by the names of Converse and of the headers. */
const COUNTED = [
  ['inputToken', 'inputTokens', 'input-token'],
  ['outputToken', 'outputTokens', 'output-token'],
  ['cacheReadInputToken', 'cacheReadInputTokens', 'cache-read-input-token'],
  ['cacheWriteInputToken', 'cacheWriteInputTokens', 'cache-write-input-token'],
] as const

/** Figures of the service, of models that say nothing of it in their own words. */
function counted(answer: Members, count: (name: string, header: string) => unknown): void {
  if (answer['usage'] !== undefined) return
  const usage: Members = {}
  for (const [name, member, header] of COUNTED) {
    const value = count(name, header)
    if (value !== undefined) usage[member] = value
  }
  if ('inputTokens' in usage || 'outputTokens' in usage) answer['usage'] = usage
}

const COHERE: Dialect = {
  wanted: {
    ...{ type: true, event_type: true, id: true, generation_id: true, finish_reason: true, usage: true, meta: true },
    delta: { finish_reason: true, usage: true },
    response: { generation_id: true, finish_reason: true, meta: true },
  },
  fold(answer, piece) {
    for (const part of [piece, piece['delta'], piece['response']])
      over(answer, part, ['id', 'finish_reason', 'usage', 'meta'])
    const id = piece['generation_id'] ?? at(piece, 'response', 'generation_id')
    if (id != null) answer['id'] = id
  },
  ends: (piece) =>
    piece['type'] === 'message-end' || piece['event_type'] === 'stream-end' || piece['finish_reason'] != null,
  // An error ends a stream as anything else does, and is told apart by its reason.
  error: (piece) => {
    const reason =
      at(piece, 'delta', 'finish_reason') ?? piece['finish_reason'] ?? at(piece, 'response', 'finish_reason')
    return typeof reason === 'string' && (reason.startsWith('ERROR') || reason === 'TIMEOUT')
      ? errorOf({ type: reason })
      : undefined
  },
}

const OLLAMA: Dialect = {
  wanted: {
    ...{ model: true, done: true, done_reason: true, prompt_eval_count: true, eval_count: true },
    ...OPENAI.wanted,
  },
  fold(answer, piece) {
    over(answer, piece, ['model', 'done_reason', 'prompt_eval_count', 'eval_count'])
    OPENAI.fold(answer, piece)
  },
  ends: (piece) => piece['done'] === true || OPENAI.ends(piece),
  error: (piece) => errorOf(piece['error']),
}

/** THE table of dialects; whoever is not in it is taken to speak OpenAI's. */
const DIALECTS: ReadonlyMap<Provider, Dialect> = new Map<Provider, Dialect>([
  ['anthropic', ANTHROPIC],
  ['gcp.gemini', GEMINI],
  ['gcp.vertex_ai', VERTEX],
  ['aws.bedrock', BEDROCK],
  ['cohere', COHERE],
  ['ollama', OLLAMA],
])

export function dialectOf(provider: Provider | undefined): Dialect {
  return (provider === undefined ? undefined : DIALECTS.get(provider)) ?? OPENAI
}

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null

/** Without members that say nothing: a later null must not undo an earlier figure. */
function known(usage: Members): Members {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null))
}
