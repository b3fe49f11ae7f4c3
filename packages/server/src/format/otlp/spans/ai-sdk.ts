import { type AttributeTable, readTable } from '../attribute-table.ts'
import { textOf } from '../attributes.ts'
import type { Draft } from '../draft.ts'
import type { Span } from '../model.ts'
import { GENAI } from './genai.ts'

/** Vercel's AI SDK up to 6: the names of GenAI for the totals, its own for the rest. */
const AI_SDK: AttributeTable = {
  ...GENAI,
  requestModel: ['gen_ai.request.model', 'ai.model.id'],
  responseModel: ['gen_ai.response.model', 'ai.response.model'],
  provider: ['gen_ai.system', 'ai.model.provider'],
  finishReason: ['gen_ai.response.finish_reasons', 'ai.response.finishReason'],
  inputTokens: ['gen_ai.usage.input_tokens', 'ai.usage.inputTokens', 'ai.usage.promptTokens', 'ai.usage.tokens'],
  cacheReadTokens: ['ai.usage.inputTokenDetails.cacheReadTokens', 'ai.usage.cachedInputTokens'],
  cacheWriteTokens: ['ai.usage.inputTokenDetails.cacheWriteTokens'],
  outputTokens: ['gen_ai.usage.output_tokens', 'ai.usage.outputTokens', 'ai.usage.completionTokens'],
  reasoningTokens: ['ai.usage.outputTokenDetails.reasoningTokens', 'ai.usage.reasoningTokens'],
  totalTokens: ['ai.usage.totalTokens'],
  ttfbMs: ['ai.response.msToFirstChunk', 'ai.stream.msToFirstChunk'],
  convention: 'otel.ai_sdk',
}

/** The part of an operation that asks a model once; the operation itself has a span with the sum of several. */
const OPERATIONS: ReadonlyMap<string, Pick<Draft, 'operation' | 'stream'>> = new Map([
  ['ai.generateText.doGenerate', { operation: 'chat', stream: false }],
  ['ai.streamText.doStream', { operation: 'chat', stream: true }],
  ['ai.generateObject.doGenerate', { operation: 'chat', stream: false }],
  ['ai.streamObject.doStream', { operation: 'chat', stream: true }],
  ['ai.embed.doEmbed', { operation: 'embeddings' }],
  ['ai.embedMany.doEmbed', { operation: 'embeddings' }],
])

export const AI_SDK_OPERATION = 'ai.operationId'

export function aiSdkRequest({ attributes }: Span): Draft | undefined {
  const operation = OPERATIONS.get(textOf(attributes, [AI_SDK_OPERATION]) ?? '')
  return operation === undefined ? undefined : { ...readTable(attributes, AI_SDK), ...operation }
}
