import { usageFromAnthropic } from './anthropic.ts'
import { usageFromBedrock } from './bedrock.ts'
import { usageFromCohere } from './cohere.ts'
import { usageFromGemini } from './gemini.ts'
import { at, type NormalizedUsage } from './normalized.ts'
import { usageFromOllama } from './ollama.ts'
import { usageFromOpenAiChat } from './openai-chat.ts'
import { usageFromDeepSeek, usageFromGroq, usageFromMistral, usageFromXai } from './openai-like.ts'
import { isOpenAiMedia, usageFromOpenAiMedia } from './openai-media.ts'
import { usageFromOpenAiResponses } from './openai-responses.ts'
import { usageFromOpenRouter } from './openrouter.ts'
import { type Provider, parseProvider } from './provider.ts'

/** Reads usage out of one provider's answer; undefined where there is none. */
export type Normalizer = (body: unknown) => NormalizedUsage | undefined

/** OpenAI's three shapes differ in the names of their details, by which they are told apart. */
function openAi(body: unknown, provider: string = 'openai'): NormalizedUsage | undefined {
  if (isOpenAiMedia(body)) return usageFromOpenAiMedia(body, `${provider}.media`)
  return isResponses(body)
    ? usageFromOpenAiResponses(body, `${provider}.responses`)
    : usageFromOpenAiChat(body, `${provider}.chat`)
}

/** THE table of providers whose way of counting we know. */
export const NORMALIZERS: ReadonlyMap<Provider, Normalizer> = new Map<Provider, Normalizer>([
  ['openai', (body) => openAi(body)],
  ['azure.ai.openai', (body) => openAi(body, 'azure')],
  ['anthropic', usageFromAnthropic],
  ['gcp.gemini', usageFromGemini],
  ['gcp.vertex_ai', (body) => (isGemini(body) ? usageFromGemini(body) : usageFromAnthropic(body))],
  ['aws.bedrock', usageFromBedrock],
  ['mistral_ai', usageFromMistral],
  ['deepseek', usageFromDeepSeek],
  // Of xAI's two APIs only chat counts reasoning beside the output.
  ['x_ai', (body) => (isResponses(body) ? usageFromOpenAiResponses(body, 'xai.responses') : usageFromXai(body))],
  ['groq', usageFromGroq],
  ['cohere', usageFromCohere],
  ['openrouter', usageFromOpenRouter],
  // It has a door that speaks OpenAI's words.
  ['ollama', (body) => (at(body, 'usage') === undefined ? usageFromOllama(body) : openAi(body, 'ollama'))],
])

/**
 * Usage of an answer in canonical counting, by the rules of its provider; by the shape of the answer when the provider is
 * unknown. Pure, never throws; figures that cannot be so are mended and named in `anomalies`.
 *
 * @param body - the parsed answer (of a stream its last piece with usage), or its usage object alone
 * @returns undefined when the answer holds no figures: usage is then unknown, not zero
 */
export function normalizeUsage(provider: Provider | undefined, body: unknown): NormalizedUsage | undefined {
  const known = provider === undefined ? undefined : NORMALIZERS.get(parseProvider(provider))
  return (known ?? byShape(body))(body)
}

function byShape(body: unknown): Normalizer {
  if (isGemini(body)) return usageFromGemini
  const usage = at(body, 'usage') ?? at(body, 'message', 'usage') ?? at(body, 'response', 'usage') ?? body
  if (at(usage, 'inputTokens') !== undefined) return usageFromBedrock
  if (at(usage, 'billed_units') !== undefined || at(usage, 'tokens', 'input_tokens') !== undefined)
    return usageFromCohere
  if (at(usage, 'prompt_cache_hit_tokens') !== undefined) return usageFromDeepSeek
  if (at(body, 'eval_count') !== undefined) return usageFromOllama
  if (isOpenAiMedia(body)) return (value) => usageFromOpenAiMedia(value, 'compatible.media')
  if (isResponses(body)) return (value) => usageFromOpenAiResponses(value, 'compatible.responses')
  if (at(usage, 'prompt_tokens') !== undefined) return (value) => usageFromOpenAiChat(value, 'compatible.chat')
  // Bare input_tokens and output_tokens: Anthropic names its cache members, everybody else counts inclusively.
  if (at(usage, 'cache_read_input_tokens') !== undefined || at(usage, 'cache_creation_input_tokens') !== undefined)
    return usageFromAnthropic
  return (value) => usageFromOpenAiChat(value, 'compatible.chat')
}

const isGemini = (body: unknown): boolean =>
  at(body, 'usageMetadata') !== undefined || at(body, 'promptTokenCount') !== undefined

function isResponses(body: unknown): boolean {
  if (at(body, 'object') === 'response' || at(body, 'response', 'usage') !== undefined) return true
  const usage = at(body, 'usage') ?? body
  return (
    at(usage, 'input_tokens_details') !== undefined ||
    at(usage, 'output_tokens_details', 'reasoning_tokens') !== undefined
  )
}
