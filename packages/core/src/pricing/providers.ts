/** Names of providers, as sources spell them, to the ids of the price catalogue. A `Map`: the keys come from outside. */
const PROVIDER_IDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    anthropic: ['claude'],
    aws: [
      'aws.bedrock',
      'bedrock',
      'aws_bedrock',
      'aws-bedrock',
      'amazon',
      'amazon-bedrock',
      'amazon_bedrock',
      'bedrock_converse',
    ],
    azure: [
      'azure.ai.openai',
      'azure.ai.inference',
      'az.ai.openai',
      'az.ai.inference',
      'azure_openai',
      'azure-openai',
      'azure_ai',
      'azureopenai',
      'microsoft.foundry',
    ],
    cohere: ['cohere_chat'],
    deepseek: [],
    fireworks: ['fireworks_ai', 'fireworks-ai', 'fireworks.ai'],
    'github-copilot': ['github_copilot', 'copilot'],
    google: [
      'gcp.gemini',
      'gcp.vertex_ai',
      'gcp.gen_ai',
      'gcp',
      'gemini',
      'vertex',
      'vertex_ai',
      'vertexai',
      'vertex-ai',
      'google_genai',
      'google-genai',
      'google_vertexai',
      'google-vertex',
      'google_ai_studio',
      'google.generative-ai',
      'google.vertex',
    ],
    groq: [],
    mistral: ['mistral_ai', 'mistralai', 'mistral-ai'],
    moonshotai: ['moonshot', 'moonshot_ai', 'moonshot-ai', 'kimi'],
    openai: ['openai.chat', 'openai.responses', 'openai_chat', 'text-completion-openai', 'openai-codex'],
    openrouter: ['open_router', 'open-router'],
    perplexity: ['perplexity_ai', 'perplexity-ai'],
    together: ['together_ai', 'together-ai', 'togetherai', 'together.ai'],
    voyageai: ['voyage', 'voyage_ai', 'voyage-ai'],
    'x-ai': ['xai', 'x_ai', 'x.ai', 'grok'],
    zai: ['z.ai', 'z-ai', 'z_ai', 'zai-org'],
    zhipuai: ['zhipu', 'zhipu_ai', 'zhipu-ai', 'bigmodel'],
  }).flatMap(([id, names]) => names.map((name): [string, string] => [name, id])),
)

/** Providers that only pass requests on and bill nothing themselves: they say nothing about who does. */
const ROUTERS: ReadonlySet<string> = new Set([
  '',
  'unknown',
  'other',
  'litellm',
  'routiium',
  'portkey',
  'helicone',
  'gateway',
  'proxy',
])

/**
 * Whose price lists are looked through, in this order, when nobody says who bills: those who publish models first, then
 * those whose model names cannot be mistaken for anybody else's.
 */
export const PUBLISHERS: readonly string[] = [
  'openai',
  'anthropic',
  'google',
  'mistral',
  'deepseek',
  'x-ai',
  'cohere',
  'moonshotai',
  'minimax',
  'zai',
  'zhipuai',
  'perplexity',
  'voyageai',
  'aws',
  'cloudflare',
  'fireworks',
  'cursor',
  'typesafe',
]

/**
 * The catalogue's id of a provider as an event names it; undefined when it is a mere router, or nobody said.
 *
 * @example providerId('gcp.vertex_ai') // 'google'
 * @example providerId('litellm') // undefined
 * @example providerId('my-own-gpu') // 'my-own-gpu'
 */
export function providerId(name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  const lower = name.trim().toLowerCase()
  return ROUTERS.has(lower) ? undefined : (PROVIDER_IDS.get(lower) ?? lower)
}
