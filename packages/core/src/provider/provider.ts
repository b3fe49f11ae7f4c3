/**
 * Who answers and bills. An open set: names we know are spelled as below, any other name is kept as it came.
 * `openai`, `anthropic` and `unknown` are the three of the replaced systems.
 */
export type Provider = string

/** Providers with a rule of their own somewhere in this package. */
export const KNOWN_PROVIDERS = [
  'openai',
  'anthropic',
  'azure.ai.openai',
  'gcp.gemini',
  'gcp.vertex_ai',
  'aws.bedrock',
  'mistral_ai',
  'deepseek',
  'x_ai',
  'groq',
  'cohere',
  'openrouter',
  'ollama',
  'perplexity',
  'moonshot_ai',
  'alibaba',
  'meta',
] as const

/** Other spellings people and SDKs use. */
const ALIASES: ReadonlyMap<string, Provider> = new Map([
  ['azure', 'azure.ai.openai'],
  ['azure_openai', 'azure.ai.openai'],
  ['az.ai.openai', 'azure.ai.openai'],
  ['google', 'gcp.gemini'],
  ['gemini', 'gcp.gemini'],
  ['google_genai', 'gcp.gemini'],
  ['gcp.gen_ai', 'gcp.gemini'],
  ['vertex', 'gcp.vertex_ai'],
  ['vertex_ai', 'gcp.vertex_ai'],
  ['vertexai', 'gcp.vertex_ai'],
  ['bedrock', 'aws.bedrock'],
  ['aws_bedrock', 'aws.bedrock'],
  ['mistral', 'mistral_ai'],
  ['mistralai', 'mistral_ai'],
  ['xai', 'x_ai'],
  ['x-ai', 'x_ai'],
  ['grok', 'x_ai'],
  ['claude', 'anthropic'],
])

const KNOWN: ReadonlySet<string> = new Set(KNOWN_PROVIDERS)

/**
 * The provider that a text names, whatever its case; the text itself, in lower case, when it is none we know, and
 * `unknown` when it is empty. Never fails.
 *
 * @example parseProvider('OpenAI') // 'openai'
 * @example parseProvider('Bedrock') // 'aws.bedrock'
 */
export function parseProvider(text: string): Provider {
  if (KNOWN.has(text)) return text
  const name = asciiLower(text.trim())
  if (name === '') return 'unknown'
  return ALIASES.get(name) ?? name
}

/**
 * The closed set of the replaced systems: `openai`, `anthropic`, and `unknown` for everything else.
 *
 * @source contract A5
 */
export function parseSeedProvider(text: string): 'openai' | 'anthropic' | 'unknown' {
  const name = asciiLower(text)
  return name === 'openai' || name === 'anthropic' ? name : 'unknown'
}

/** A to Z only: other alphabets have letters whose lower case is longer, or an ASCII letter (the Kelvin sign). */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
