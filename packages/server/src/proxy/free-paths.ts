import { pathSpellings } from '@tallystick/core/capture'
import type { Provider } from '@tallystick/core/provider'

/** Asking what there is, and taking away, costs nothing at any provider. */
const FREE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE'])
/** What APIs of Google take for the method in place of the real one. */
const METHOD_HEADER = 'x-http-method-override'

const ID = '[\\w.-]+'

/**
 * THE table of paths that no provider bills by use: whole behind whatever a gateway puts before, and of one provider only where
 * others bill at the same. What is not here may spend.
 */
const FREE: readonly (readonly [RegExp, Provider?])[] = [
  [ending('/v1/messages/count_tokens')],
  [ending('/v1/responses/input_tokens')],
  [ending(`/models/${ID}:(?:countTokens|computeTokens)`)],
  [ending(`/model/${ID}/count-tokens`), 'aws.bedrock'],
  [ending('/(?:de)?tokenize')],
  // What is kept in a store of vectors is paid for by the day.
  [ending(`(?<!/vector_stores/${ID})/files`)],
  [ending('/files:register'), 'gcp.gemini'],
  [ending(`/uploads(?:/${ID}/(?:parts|complete|cancel))?`)],
  [ending(`/(?:batches|responses|jobs|videos|interactions|runs)/${ID}/cancel`)],
  [ending(`/(?:batches|operations|batchPredictionJobs|tuningJobs)/${ID}:cancel`)],
  // Mistral's conversations ask a model at once.
  [ending(`/conversations(?:/${ID}(?:/items)?)?`), 'openai'],
  [ending(`/(?:assistants|threads)(?:/${ID})?`), 'openai'],
  [ending(`/threads/${ID}/messages`), 'openai'],
  [ending('/api/(?:show|pull|push|create|copy)'), 'ollama'],
]
/** Of a path that holds anything else, nobody can say how whoever answers reads it. */
const PLAIN = /^[\w/.:~@-]*$/

function ending(path: string): RegExp {
  return new RegExp(`${path}$`)
}

/** Is it known that a request of this method to this path costs nothing, whoever answers? */
export function isFree(
  method: string,
  pathname: string,
  provider: Provider | undefined,
  headers: { readonly [name: string]: unknown },
): boolean {
  if (FREE_METHODS.has(method)) return headers[METHOD_HEADER] === undefined
  const [path = '', another] = pathSpellings(pathname)
  if (another !== undefined || !PLAIN.test(path)) return false
  return FREE.some(([free, only]) => (only === undefined || only === provider) && free.test(path))
}
