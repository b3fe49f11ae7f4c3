import { parseProvider } from '../../provider/provider.ts'
import { codeOf, knownCode } from '../../provider/stream/code.ts'
import type { ExchangeNames } from '../exchange.ts'

/** A part of a model's stream; what it says beside is looked at by name. */
export interface Part {
  readonly type: string
}

type Members = Readonly<Record<string, unknown>>

const membersOf = (value: unknown): Members => (typeof value === 'object' && value !== null ? (value as Members) : {})

/** What the result of a whole call tells. */
export function namesOfResult(result: unknown): ExchangeNames {
  const { usage, finishReason, response } = membersOf(result)
  return { ...finished(usage, finishReason), ...metadata(response) }
}

/** What a part of a stream tells. A call that fails after it began tells so in a part of its own. */
export function namesOfPart(part: Part): ExchangeNames {
  const { type, usage, finishReason, error } = part as Part & Members
  if (type === 'finish') return finished(usage, finishReason)
  if (type === 'response-metadata') return metadata(part)
  if (type === 'error') return { errorType: 'stream_error', ...refusalOf(error).names }
  return {}
}

/** Totals are inclusive there too; parts are subsets of them. */
function finished(usage: unknown, finishReason: unknown): ExchangeNames {
  const { inputTokens, outputTokens } = membersOf(usage)
  const input = membersOf(inputTokens)
  const output = membersOf(outputTokens)
  const { raw, unified } = membersOf(finishReason)
  const reason = knownCode(raw) ?? codeOf(unified) ?? codeOf(raw)
  return {
    ...count('inputTokens', input['total']),
    ...count('cacheReadTokens', input['cacheRead']),
    ...count('cacheWriteTokens', input['cacheWrite']),
    ...count('outputTokens', output['total']),
    ...count('reasoningTokens', output['reasoning']),
    ...(reason === undefined ? {} : { finishReason: reason }),
  }
}

function count(name: keyof ExchangeNames, value: unknown): ExchangeNames {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? { [name]: value } : {}
}

function metadata(response: unknown): ExchangeNames {
  const { id, modelId } = membersOf(response)
  return {
    ...(typeof id === 'string' && id !== '' && id.length <= 128 ? { eventId: id } : {}),
    ...(typeof modelId === 'string' && modelId !== '' ? { responseModel: modelId } : {}),
  }
}

/** What an error of `ai` tells of an answer. Its message is left out, and so are bodies: they may quote the prompt. */
export function refusalOf(error: unknown): { readonly status: number | undefined; readonly names: ExchangeNames } {
  const { statusCode, data, name } = membersOf(error)
  const { type, status, code } = membersOf(membersOf(data)['error'])
  const errorType = knownCode(type) ?? codeOf(status) ?? codeOf(type)
  const errorCode = codeOf(code)
  const own =
    typeof name === 'string' && name.startsWith('AI_') && name !== 'AI_APICallError' ? codeOf(name) : undefined
  const told = errorType ?? own
  return {
    status: typeof statusCode === 'number' && statusCode >= 400 ? statusCode : undefined,
    names: {
      ...(told === undefined ? {} : { errorType: told }),
      ...(errorCode === undefined ? {} : { errorCode }),
    },
  }
}

/** How `ai` names providers that are spelled differently here; the first that the name begins with. */
const PROVIDERS: readonly (readonly [string, string | undefined])[] = [
  ['google.vertex', 'gcp.vertex_ai'],
  ['google-vertex', 'gcp.vertex_ai'],
  ['vertex', 'gcp.vertex_ai'],
  ['google', 'gcp.gemini'],
  ['amazon-bedrock', 'aws.bedrock'],
  ['azure', 'azure.ai.openai'],
  // Goes to whoever the model's name says.
  ['gateway', undefined],
]

/**
 * Who answers, by the name that `ai` has for a model's provider.
 *
 * @example providerOfModel('anthropic.messages') // 'anthropic'
 */
export function providerOfModel(name: string): string | undefined {
  const known = PROVIDERS.find(([beginning]) => name.startsWith(beginning))
  return known === undefined ? parseProvider(name.split('.', 1)[0] ?? '') : known[1]
}
