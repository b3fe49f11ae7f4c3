import { asciiLower, type Provider } from './provider.ts'

/** Prefix -> provider, in the order of the replaced system. */
const SEED_PREFIXES: readonly (readonly [prefix: string, provider: 'openai' | 'anthropic'])[] = [
  ['gpt-', 'openai'],
  ['o1-', 'openai'],
  ['o3-', 'openai'],
  ['chatgpt-', 'openai'],
  ['claude-', 'anthropic'],
]

/** Names in front of a slash or a dot that say who serves the model. */
const ROUTES: readonly (readonly [prefix: string, provider: Provider])[] = [
  ['openrouter/', 'openrouter'],
  ['azure/', 'azure.ai.openai'],
  ['bedrock/', 'aws.bedrock'],
  ['vertex_ai/', 'gcp.vertex_ai'],
  ['publishers/', 'gcp.vertex_ai'],
  ['projects/', 'gcp.vertex_ai'],
  ['gemini/', 'gcp.gemini'],
  ['models/', 'gcp.gemini'],
  ['groq/', 'groq'],
  ['ollama/', 'ollama'],
  ['mistral/', 'mistral_ai'],
  ['deepseek/', 'deepseek'],
  ['xai/', 'x_ai'],
  ['cohere/', 'cohere'],
  ['perplexity/', 'perplexity'],
  ['openai/', 'openai'],
  ['anthropic/', 'anthropic'],
]

/** Publishers as Bedrock writes them, with or without a region in front: `us.anthropic.claude-…`. */
const BEDROCK =
  /^(?:(?:us|eu|apac|au|ca|jp|global|us-gov)\.)?(?:ai21|amazon|anthropic|cohere|deepseek|luma|meta|mistral|openai|qwen|stability|twelvelabs|writer)\./

/** Beginnings of model names beyond the replaced system's, longest wishes first where one begins another. */
const PREFIXES: readonly (readonly [prefix: string, provider: Provider])[] = [
  ['ft:gpt-', 'openai'],
  ['ft:o', 'openai'],
  ['gpt', 'openai'],
  ['codex-', 'openai'],
  ['computer-use-', 'openai'],
  ['text-embedding-', 'openai'],
  ['text-davinci-', 'openai'],
  ['davinci-', 'openai'],
  ['babbage-', 'openai'],
  ['omni-moderation-', 'openai'],
  ['whisper-', 'openai'],
  ['tts-', 'openai'],
  ['dall-e-', 'openai'],
  ['sora-', 'openai'],
  ['gemini-', 'gcp.gemini'],
  ['gemma-', 'gcp.gemini'],
  ['learnlm-', 'gcp.gemini'],
  ['imagen-', 'gcp.gemini'],
  ['veo-', 'gcp.gemini'],
  ['text-bison', 'gcp.vertex_ai'],
  ['chat-bison', 'gcp.vertex_ai'],
  ['mistral-', 'mistral_ai'],
  ['ministral-', 'mistral_ai'],
  ['mixtral-', 'mistral_ai'],
  ['open-mistral-', 'mistral_ai'],
  ['open-mixtral-', 'mistral_ai'],
  ['codestral-', 'mistral_ai'],
  ['magistral-', 'mistral_ai'],
  ['devstral-', 'mistral_ai'],
  ['voxtral-', 'mistral_ai'],
  ['pixtral-', 'mistral_ai'],
  ['deepseek-', 'deepseek'],
  ['grok-', 'x_ai'],
  ['command', 'cohere'],
  ['c4ai-', 'cohere'],
  ['embed-english-', 'cohere'],
  ['embed-multilingual-', 'cohere'],
  ['rerank-', 'cohere'],
  ['sonar', 'perplexity'],
  ['kimi-', 'moonshot_ai'],
  ['moonshot-', 'moonshot_ai'],
  ['qwen', 'alibaba'],
  ['qwq-', 'alibaba'],
  ['llama-', 'meta'],
  ['llama3', 'meta'],
  ['llama4', 'meta'],
  ['meta-llama', 'meta'],
  ['nova-', 'aws.bedrock'],
  ['titan-', 'aws.bedrock'],
]

/** OpenAI's reasoning models by their bare names: `o1`, `o3`, `o4-mini`. */
const O_SERIES = /^o[1-9](?:$|[-:])/

/**
 * The provider that a model's name suggests by the replaced system's rules alone: five prefixes, ASCII case ignored.
 *
 * @source contract A5
 * @example inferSeedProvider('GPT-4') // 'openai'
 * @example inferSeedProvider('o1') // 'unknown'
 */
export function inferSeedProvider(model: string): 'openai' | 'anthropic' | 'unknown' {
  const name = asciiLower(model.slice(0, 16))
  for (const [prefix, provider] of SEED_PREFIXES) if (name.startsWith(prefix)) return provider
  return 'unknown'
}

/**
 * The provider that a model's name suggests: the rules of {@link inferSeedProvider} first, so that their answers stand,
 * then the wider table. `unknown` when the name says nothing. Never throws, whatever the text.
 *
 * A name in front (`bedrock/`, `us.anthropic.`, `models/`) says who serves the model and therefore who bills.
 *
 * @example inferProvider('claude-3-opus-20240229') // 'anthropic'
 * @example inferProvider('us.anthropic.claude-sonnet-4-5-20250929-v1:0') // 'aws.bedrock'
 * @example inferProvider('custom-model') // 'unknown'
 */
export function inferProvider(model: string): Provider {
  const seed = inferSeedProvider(model)
  if (seed !== 'unknown') return seed
  // No rule looks further than this, and names come from outside.
  const name = asciiLower(model.slice(0, 64))
  for (const [route, provider] of ROUTES) if (name.startsWith(route)) return provider
  if (BEDROCK.test(name)) return 'aws.bedrock'
  if (O_SERIES.test(name)) return 'openai'
  for (const [prefix, provider] of PREFIXES) if (name.startsWith(prefix)) return provider
  return 'unknown'
}
