import { inferProvider, KNOWN_PROVIDERS, parseProvider } from '@tallystick/core/provider'

const KNOWN: ReadonlySet<string> = new Set(KNOWN_PROVIDERS)

/** Beginnings of what telemetry calls providers beside the names of the convention: `openai.responses`, `vertex.anthropic.messages`. */
const BEGINNINGS: readonly (readonly [beginning: string, provider: string])[] = [
  ['azure', 'azure.ai.openai'],
  ['openai', 'openai'],
  ['anthropic', 'anthropic'],
  ['google.vertex', 'gcp.vertex_ai'],
  ['vertex', 'gcp.vertex_ai'],
  ['google', 'gcp.gemini'],
  ['amazon-bedrock', 'aws.bedrock'],
  ['bedrock', 'aws.bedrock'],
  ['aws', 'aws.bedrock'],
  ['mistral', 'mistral_ai'],
  ['xai', 'x_ai'],
  ['groq', 'groq'],
  ['cohere', 'cohere'],
  ['deepseek', 'deepseek'],
  ['perplexity', 'perplexity'],
  ['openrouter', 'openrouter'],
  ['ollama', 'ollama'],
  ['moonshot', 'moonshot_ai'],
]

/**
 * Who answers and bills, by what telemetry calls it; by the model where it calls it nothing.
 *
 * @example providerOf('openai.responses', 'gpt-5') // 'openai'
 * @example providerOf(undefined, 'claude-opus-5') // 'anthropic'
 */
export function providerOf(name: string | undefined, model: string): string {
  if (name === undefined) return inferProvider(model)
  let provider = resolved.get(name)
  if (provider === undefined) {
    provider = resolve(name)
    // Names come from outside: what is remembered of them has an end.
    if (resolved.size < MAX_RESOLVED) resolved.set(name, provider)
  }
  return provider
}

const MAX_RESOLVED = 1_000
const resolved = new Map<string, string>()

function resolve(name: string): string {
  const parsed = parseProvider(name)
  // `azure.ai.inference` serves what others made as well, and is not Azure OpenAI.
  if (KNOWN.has(parsed) || parsed === 'azure.ai.inference') return parsed
  return BEGINNINGS.find(([beginning]) => parsed.startsWith(beginning))?.[1] ?? parsed
}
