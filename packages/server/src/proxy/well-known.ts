import type { Provider } from '@tallystick/core/provider'

/**
 * THE table of upstreams that are there without being configured: name, base URL, provider. A name stands for a host: what comes
 * behind it in a request's path is the provider's own path, e.g. `/proxy/openai/v1/chat/completions`.
 *
 * Providers whose host is each customer's own (Azure, Vertex) or each region's (Bedrock) have none.
 */
export const WELL_KNOWN: readonly (readonly [name: string, base: string, provider: Provider])[] = [
  ['openai', 'https://api.openai.com', 'openai'],
  ['anthropic', 'https://api.anthropic.com', 'anthropic'],
  ['gemini', 'https://generativelanguage.googleapis.com', 'gcp.gemini'],
  ['mistral', 'https://api.mistral.ai', 'mistral_ai'],
  ['cohere', 'https://api.cohere.com', 'cohere'],
  ['groq', 'https://api.groq.com', 'groq'],
  ['deepseek', 'https://api.deepseek.com', 'deepseek'],
  ['openrouter', 'https://openrouter.ai', 'openrouter'],
  ['x_ai', 'https://api.x.ai', 'x_ai'],
  ['perplexity', 'https://api.perplexity.ai', 'perplexity'],
  ['moonshot', 'https://api.moonshot.ai', 'moonshot_ai'],
  ['alibaba', 'https://dashscope-intl.aliyuncs.com', 'alibaba'],
  ['together', 'https://api.together.xyz', 'together_ai'],
  ['fireworks', 'https://api.fireworks.ai', 'fireworks_ai'],
  ['ollama', 'http://127.0.0.1:11434', 'ollama'],
]
