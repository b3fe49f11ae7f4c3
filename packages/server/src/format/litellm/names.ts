import { inferProvider, parseProvider } from '@tallystick/core/provider'

/** LiteLLM's spellings that are neither ours nor anybody else's. */
const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['azure_text', 'azure.ai.openai'],
  ['azure_ai', 'azure.ai.inference'],
  ['bedrock_converse', 'aws.bedrock'],
  ['cohere_chat', 'cohere'],
  ['ollama_chat', 'ollama'],
  ['text-completion-openai', 'openai'],
  ['vertex_ai_beta', 'gcp.vertex_ai'],
])

/**
 * The provider that LiteLLM names in `custom_llm_provider`; where it names none, the one that the model tells.
 *
 * @example litellmProvider('bedrock_converse', 'us.meta.llama4') // 'aws.bedrock'
 * @example litellmProvider(undefined, 'gpt-4o') // 'openai'
 */
export function litellmProvider(spoken: string | undefined, model: string | undefined): string | undefined {
  if (spoken !== undefined) return PROVIDERS.get(spoken) ?? parseProvider(spoken)
  const inferred = inferProvider(model ?? '')
  return inferred === 'unknown' ? undefined : inferred
}

/**
 * A model without LiteLLM's provider in front, so that it has one name however it was reached.
 *
 * @param spoken what LiteLLM names in `custom_llm_provider`
 * @example litellmModel('azure/gpt-4o', 'azure') // 'gpt-4o'
 * @example litellmModel('undefined/m', undefined) // 'undefined/m'
 */
export function litellmModel(model: string | undefined, spoken: string | undefined): string | undefined {
  if (spoken === undefined) return model
  const front = `${spoken}/`
  return model?.startsWith(front) && model.length > front.length ? model.slice(front.length) : model
}
