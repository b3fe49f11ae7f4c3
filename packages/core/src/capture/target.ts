import { type Provider, parseProvider } from '../provider/provider.ts'
import { pathSpellings } from './path-spellings.ts'

/** What an address says of the request that goes there. */
export interface Target {
  /** Undefined where neither host nor path names one; then the model's name does. */
  readonly provider?: Provider
  /** Whose words the answer is in, where that is not the provider's own; null for words of its own, which tell no figures. */
  readonly speaks?: Provider | null
  /** As OpenTelemetry names operations: `chat`, `text_completion`, `embeddings`, `generate_content`, ... */
  readonly operation: string
  /** The path as it is usually spelt, without what stands for one request or person; empty where it is not known. */
  readonly endpoint: string
  /** Where the address itself names the model. */
  readonly model?: string
}

/** Ends of host names, most special first. */
const HOSTS: readonly (readonly [string, Provider])[] = [
  ['.openai.azure.com', 'azure.ai.openai'],
  ['.cognitiveservices.azure.com', 'azure.ai.openai'],
  ['.services.ai.azure.com', 'azure.ai.openai'],
  ['api.openai.com', 'openai'],
  ['api.anthropic.com', 'anthropic'],
  ['generativelanguage.googleapis.com', 'gcp.gemini'],
  ['aiplatform.googleapis.com', 'gcp.vertex_ai'],
  ['api.mistral.ai', 'mistral_ai'],
  ['api.cohere.com', 'cohere'],
  ['api.cohere.ai', 'cohere'],
  ['api.groq.com', 'groq'],
  ['api.deepseek.com', 'deepseek'],
  ['api.x.ai', 'x_ai'],
  ['openrouter.ai', 'openrouter'],
  ['api.perplexity.ai', 'perplexity'],
  ['api.moonshot.ai', 'moonshot_ai'],
  ['dashscope.aliyuncs.com', 'alibaba'],
  ['dashscope-intl.aliyuncs.com', 'alibaba'],
]
const BEDROCK = /^bedrock-runtime(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/
const OLLAMA_PORT = '11434'

/** Of our own, for what has no name there. */
const VIDEO = 'video_generation'

/**
 * THE table of paths that ask a model for something: how they end, what is asked, and whose words they are; null: words that nobody
 * reads here yet.
 */
const PATHS: readonly (readonly [RegExp, string, (Provider | null)?])[] = [
  [/\/chat\/completions$/, 'chat'],
  [/\/responses(?:\/compact)?$/, 'chat'],
  [/\/completions$/, 'text_completion'],
  [/\/embeddings$/, 'embeddings'],
  // A message that is put into a thread of OpenAI's asks nobody yet.
  [/(?<!\/threads\/[^/]+)\/messages$/, 'chat', 'anthropic'],
  [/\/models\/([^/:]+):(?:streamGenerateContent|generateContent)$/, 'generate_content', 'gcp.gemini'],
  [/\/models\/([^/:]+):(?:streamRawPredict|rawPredict)$/, 'chat', 'gcp.vertex_ai'],
  [/\/models\/([^/:]+):(?:embedContent|batchEmbedContents)$/, 'embeddings', 'gcp.gemini'],
  [/\/models\/([^/:]+):predict$/, 'generate_content', null],
  [/\/models\/([^/:]+):predictLongRunning$/, VIDEO, null],
  [/\/v1(?:alpha|beta\d*)\/interactions$/, 'generate_content', null],
  [/\/model\/([^/]+)\/(?:converse|converse-stream)$/, 'chat', 'aws.bedrock'],
  [/\/model\/([^/]+)\/(?:invoke|invoke-with-response-stream)$/, 'chat', 'aws.bedrock'],
  [/\/v[12]\/chat$/, 'chat', 'cohere'],
  [/\/v[12]\/embed$/, 'embeddings', 'cohere'],
  [/\/v[12]\/rerank$/, 'rerank', 'cohere'],
  [/\/api\/chat$/, 'chat', 'ollama'],
  [/\/api\/generate$/, 'text_completion', 'ollama'],
  [/\/api\/embed(?:dings)?$/, 'embeddings', 'ollama'],
  [/\/images\/(?:generations|edits|variations)$/, 'image_generation'],
  [/\/v1\/videos(?:\/edits|\/extensions|\/[^/]+\/remix)?$/, VIDEO],
  [/\/audio\/(?:transcriptions|translations|speech)$/, 'audio'],
  [/\/moderations$/, 'moderation'],
  [/\/v1\/ocr$/, 'ocr'],
]
const DEPLOYMENT = /\/deployments\/([^/]+)\//

/**
 * What a request to this address asks for; undefined where nothing that a provider bills by usage lies, e.g. lists of models.
 *
 * @param host - who answers there, where the name of the host does not say so
 * @example targetOf(new URL('https://api.openai.com/v1/chat/completions'))?.operation // 'chat'
 * @example targetOf(new URL('http://10.0.0.5/v1/messages'), 'deepseek')?.speaks // 'anthropic'
 */
export function targetOf(url: URL, host: Provider | undefined = providerOf(url)): Target | undefined {
  const found = askedBy(url.pathname)
  if (found === undefined) return undefined
  const { speaks, ...asked } = found
  const provider = host ?? speaks
  if (provider === undefined || provider === null) return speaks === null ? { speaks, ...asked } : asked
  const words = host === undefined ? undefined : wordsOf(host, speaks)
  return { provider: parseProvider(provider), ...(words === undefined ? {} : { speaks: words }), ...asked }
}

/** Whose own answers are not in OpenAI's words. */
const OF_THEIR_OWN: ReadonlySet<Provider> = new Set([
  'anthropic',
  'gcp.gemini',
  'gcp.vertex_ai',
  'aws.bedrock',
  'cohere',
])
/** They answer in the words of the models' own providers, and are read so. */
const IN_MANY_WORDS: ReadonlySet<Provider> = new Set(['gcp.vertex_ai', 'aws.bedrock'])

/** Many providers have a second door that speaks another's words: OpenAI's at Anthropic and Google, Anthropic's at DeepSeek. */
function wordsOf(host: Provider, path: Provider | null | undefined): Provider | null | undefined {
  if (path === null) return null
  if (path === undefined) return OF_THEIR_OWN.has(host) ? 'openai' : undefined
  return path === host || IN_MANY_WORDS.has(host) ? undefined : path
}

/**
 * What a request to a server of one's own asks for: the path says in whose words it is answered, not who answers in the end.
 *
 * @example ownTargetOf('/v1/messages') // { speaks: 'anthropic', operation: 'chat', endpoint: '/v1/messages' }
 */
export function ownTargetOf(pathname: string): Target | undefined {
  const found = askedBy(pathname)
  if (found === undefined) return undefined
  return { ...found, speaks: found.speaks === undefined ? 'openai' : found.speaks }
}

function askedBy(pathname: string): Omit<Target, 'provider'> | undefined {
  for (const endpoint of pathSpellings(pathname)) {
    for (const [path, operation, speaks] of PATHS) {
      const match = path.exec(endpoint)
      if (match === null) continue
      const named = match[1] ?? DEPLOYMENT.exec(endpoint)?.[1]
      return {
        ...(speaks === undefined ? {} : { speaks }),
        operation,
        endpoint,
        ...(named === undefined ? {} : { model: decoded(named) }),
      }
    }
  }
  return undefined
}

function providerOf({ hostname, port }: URL): Provider | undefined {
  if (BEDROCK.test(hostname)) return 'aws.bedrock'
  if (port === OLLAMA_PORT) return 'ollama'
  return HOSTS.find(
    ([end]) =>
      hostname === end || hostname.endsWith(end.startsWith('.') ? end : `-${end}`) || hostname.endsWith(`.${end}`),
  )?.[1]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
