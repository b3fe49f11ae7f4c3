/**
 * THE table of what is called how in OpenTelemetry: spans of requests, metrics of their figures. Nothing else spells these
 * names. The conventions for GenAI are in development and have moved; both generations that people run are here.
 *
 * @source https://github.com/open-telemetry/semantic-conventions/tree/v1.41.0/docs/gen-ai (the last release with them)
 * @source https://github.com/open-telemetry/semantic-conventions-genai (where they live now; retrieved 2026-11-20)
 */

/** `v1.41`: what most SDKs and backends know today. `latest`: what replaces it. */
export type Generation = 'v1.41' | 'latest'

const LATEST = 'gen_ai_latest_experimental'

/**
 * The generation that the variable `OTEL_SEMCONV_STABILITY_OPT_IN` asks for: a list with commas, whose other entries are about
 * other conventions.
 *
 * @example generationOf('http,gen_ai_latest_experimental') // 'latest'
 */
export function generationOf(optIn: string | undefined): Generation {
  return optIn?.split(',').some((entry) => entry.trim() === LATEST) === true ? 'latest' : 'v1.41'
}

/** Attributes that spans and metrics share; they are the same in both generations. */
export const ATTRIBUTES = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  tokenType: 'gen_ai.token.type',
  tokenModality: 'gen_ai.token.modality',
  errorType: 'error.type',
  /** Ours: whose figures they are, where a server has several tenants. */
  tenant: 'tallystick.tenant',
} as const

/** What `error.type` is of a failure that nobody has a name for. */
export const OTHER_ERROR = '_OTHER'

/** Attributes of spans alone. */
export const SPAN_ATTRIBUTES = {
  responseId: 'gen_ai.response.id',
  finishReasons: 'gen_ai.response.finish_reasons',
  stream: 'gen_ai.request.stream',
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  agent: 'gen_ai.agent.id',
  conversation: 'gen_ai.conversation.id',
  /** Of OpenAI and whoever serves its models; there is none for others. */
  serviceTier: 'openai.response.service_tier',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  statusCode: 'http.response.status_code',
  /** 1 for the first try again. */
  resendCount: 'http.request.resend_count',
  /** No part of the conventions, which know no money; what most who tell of it say. USD. */
  cost: 'gen_ai.usage.cost',
} as const

/** The one attribute of spans that has been renamed. */
export const CACHE_WRITE_TOKENS: { readonly [G in Generation]: string } = {
  'v1.41': 'gen_ai.usage.cache_creation.input_tokens',
  latest: 'gen_ai.usage.cache_write.input_tokens',
}

/** What llm-edge-monitoring calls the same. */
export const LLM_ATTRIBUTES = {
  provider: 'llm.provider',
  model: 'llm.model',
  requestId: 'llm.request_id',
  inputTokens: 'llm.tokens.input',
  outputTokens: 'llm.tokens.output',
  cost: 'llm.cost_usd',
  cacheHit: 'llm.cache.hit',
  cacheTier: 'llm.cache.tier',
} as const

/** No part of the conventions either: LiteLLM's name, which backends have panels for. */
const COST = 'gen_ai.client.token.cost'

/** Metrics. A generation has names for what it knows. */
export const METRICS = {
  'v1.41': {
    tokenUsage: 'gen_ai.client.token.usage',
    duration: 'gen_ai.client.operation.duration',
    timeToFirstChunk: 'gen_ai.client.operation.time_to_first_chunk',
    cost: COST,
  },
  latest: {
    inputTokens: 'gen_ai.client.inference.usage.input_tokens',
    outputTokens: 'gen_ai.client.inference.usage.output_tokens',
    cacheReadTokens: 'gen_ai.client.inference.usage.cache_read.input_tokens',
    cacheWriteTokens: 'gen_ai.client.inference.usage.cache_write.input_tokens',
    reasoningTokens: 'gen_ai.client.inference.usage.reasoning.output_tokens',
    inputTokensOfRequest: 'gen_ai.client.inference.operation.input_tokens',
    outputTokensOfRequest: 'gen_ai.client.inference.operation.output_tokens',
    duration: 'gen_ai.client.inference.duration',
    timeToFirstChunk: 'gen_ai.client.inference.time_to_first_chunk',
    cost: COST,
  },
} as const satisfies { readonly [G in Generation]: Readonly<Record<string, string>> }

/** Upper bounds of histograms as the conventions advise them; of durations in integer ms. */
export const BOUNDS = {
  durationMs: [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480, 40_960, 81_920],
  tokens: Array.from({ length: 14 }, (_, power) => 4 ** power),
} as const satisfies Readonly<Record<string, readonly number[]>>
