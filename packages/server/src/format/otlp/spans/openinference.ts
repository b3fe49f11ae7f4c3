import { type AttributeTable, INCLUSIVE, readTable } from '../attribute-table.ts'
import { textOf } from '../attributes.ts'
import type { Draft } from '../draft.ts'
import type { Span } from '../model.ts'
import { GENAI } from './genai.ts'

/** OpenInference (Arize Phoenix). @source https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md */
const OPEN_INFERENCE: AttributeTable = {
  requestModel: ['llm.model_name', 'embedding.model_name', 'gen_ai.request.model'],
  responseModel: ['gen_ai.response.model'],
  provider: ['llm.provider', 'llm.system', 'gen_ai.provider.name', 'gen_ai.system'],
  finishReason: ['llm.finish_reason'],
  ...(GENAI.statusCode === undefined ? {} : { statusCode: GENAI.statusCode }),
  errorType: ['error.type'],
  inputTokens: ['llm.token_count.prompt', 'gen_ai.usage.input_tokens'],
  cacheReadTokens: ['llm.token_count.prompt_details.cache_read', 'llm.token_count.prompt_details.cache_input'],
  cacheWriteTokens: ['llm.token_count.prompt_details.cache_write'],
  inputAudioTokens: ['llm.token_count.prompt_details.audio'],
  outputTokens: ['llm.token_count.completion', 'gen_ai.usage.output_tokens'],
  reasoningTokens: ['llm.token_count.completion_details.reasoning'],
  outputAudioTokens: ['llm.token_count.completion_details.audio'],
  totalTokens: ['llm.token_count.total'],
  costUsd: ['llm.cost.total'],
  counting: INCLUSIVE,
  convention: 'openinference',
}

export const OPEN_INFERENCE_KIND = 'openinference.span.kind'
const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['LLM', 'chat'],
  ['EMBEDDING', 'embeddings'],
])

export function openInferenceRequest({ attributes }: Span): Draft | undefined {
  const operation = OPERATIONS.get((textOf(attributes, [OPEN_INFERENCE_KIND]) ?? '').toUpperCase())
  return operation === undefined ? undefined : { ...readTable(attributes, OPEN_INFERENCE), operation }
}
