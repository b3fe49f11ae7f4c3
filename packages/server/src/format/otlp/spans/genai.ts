import { type AttributeTable, hasUsage, INCLUSIVE, readTable } from '../attribute-table.ts'
import { first, type Names, textOf } from '../attributes.ts'
import type { Draft } from '../draft.ts'
import type { Attributes, Span } from '../model.ts'

/**
 * OpenTelemetry's GenAI conventions in their three generations, and OpenLLMetry, which writes some of the names with
 * underscores. Newest names first.
 *
 * @source https://github.com/open-telemetry/semantic-conventions-genai
 */
export const GENAI: AttributeTable = {
  requestModel: ['gen_ai.request.model'],
  responseModel: ['gen_ai.response.model'],
  provider: ['gen_ai.provider.name', 'gen_ai.system'],
  operation: ['gen_ai.operation.name'],
  finishReason: ['gen_ai.response.finish_reasons', 'gen_ai.response.finish_reason', 'llm.response.finish_reason'],
  serviceTier: [
    'openai.response.service_tier',
    'gen_ai.openai.response.service_tier',
    'openai.request.service_tier',
    'gen_ai.openai.request.service_tier',
  ],
  stream: ['gen_ai.request.stream', 'gen_ai.is_streaming', 'llm.is_streaming'],
  statusCode: ['http.response.status_code', 'http.status_code'],
  errorType: ['error.type'],
  inputTokens: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.usage.prompt_tokens'],
  cacheReadTokens: ['gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens'],
  cacheWriteTokens: [
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
  ],
  outputTokens: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.usage.completion_tokens'],
  reasoningTokens: ['gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.reasoning_tokens'],
  inputAudioTokens: ['gen_ai.usage.audio.input_tokens'],
  inputImageTokens: ['gen_ai.usage.image.input_tokens'],
  outputAudioTokens: ['gen_ai.usage.audio.output_tokens'],
  outputImageTokens: ['gen_ai.usage.image.output_tokens'],
  totalTokens: ['gen_ai.usage.total_tokens', 'llm.usage.total_tokens'],
  costUsd: ['gen_ai.usage.cost', 'gen_ai.cost.total_cost', 'litellm.cost.total', 'operation.cost'],
  ttfbSeconds: ['gen_ai.response.time_to_first_chunk'],
  counting: INCLUSIVE,
  convention: 'otel.genai',
}

export const RESPONSE_ID: Names = ['gen_ai.response.id']

const OPERATION: Names = ['gen_ai.operation.name']
const REQUEST_TYPE: Names = ['llm.request.type']
const RESPONSE_MODEL: Names = ['gen_ai.response.model']

/** Operations that are one request to a model. */
const INFERENCE: ReadonlySet<string> = new Set([
  'chat',
  'text_completion',
  'generate_content',
  'embeddings',
  'completion',
  'responses',
  'messages',
])
/** Operations around requests, whose usage is the sum of what is inside, or of another time. */
const AROUND: ReadonlySet<string> = new Set([
  'invoke_agent',
  'create_agent',
  'execute_tool',
  'invoke_workflow',
  'plan',
  'retrieval',
  'fetch_response',
  'agent',
  'tool',
  'workflow',
  'task',
])
/** What OpenLLMetry calls the same: an older attribute, and other names for its values. */
const REQUEST_TYPES: ReadonlyMap<string, string> = new Map([
  ['chat', 'chat'],
  ['completion', 'text_completion'],
  ['embedding', 'embeddings'],
])
/** A span that OpenLLMetry says is something around requests. */
const AROUND_KIND = 'traceloop.span.kind'
/** LiteLLM answered out of its own cache: the id and the cost are those of the request it remembers. */
const FROM_LITELLM_CACHE = /["']cache_key["']\s*:\s*["'][^"']/

/** The request that a span, or the log event of the conventions, tells of. */
export function genaiRequest({ attributes }: Pick<Span, 'attributes'>): Draft | undefined {
  const operation = textOf(attributes, OPERATION)
  const requestType = textOf(attributes, REQUEST_TYPE)
  if (operation !== undefined && (AROUND.has(operation) || operation.endsWith('_memory'))) return undefined
  if (attributes.has(AROUND_KIND) || isFromCache(attributes)) return undefined
  const named =
    operation === undefined ? requestType !== undefined && REQUEST_TYPES.has(requestType) : INFERENCE.has(operation)
  if (first(attributes, GENAI.requestModel) === undefined && first(attributes, RESPONSE_MODEL) === undefined) {
    if (!named) return undefined
  }
  const draft = readTable(attributes, GENAI)
  if (!named && !hasUsage(draft)) return undefined
  const type = REQUEST_TYPES.get(requestType ?? '')
  if (draft.operation === undefined && type !== undefined) draft.operation = type
  return draft
}

function isFromCache(attributes: Attributes): boolean {
  const hidden = attributes.get('hidden_params')
  return typeof hidden === 'string' && FROM_LITELLM_CACHE.test(hidden)
}
