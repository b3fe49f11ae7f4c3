import type { Mutable } from '../event/index.ts'
import { Pruner, type WantedMembers } from '../provider/stream/prune.ts'
import { FormReader } from './form-reader.ts'

/** What a request's body says that no message is part of. */
export interface RequestFacts {
  readonly model?: string
  readonly stream?: boolean
  readonly serviceTier?: string
  readonly messageCount?: number
  /** Most tokens that one answer may have, where the request says so. */
  readonly maxOutputTokens?: number
  /** How many answers it asks for, where it says so. */
  readonly answers?: number
  /** Does it ask a stream for its usage, in the words of OpenAI? Absent: it says nothing of that. */
  readonly includeUsage?: boolean
  /** It says how the stream is to be, in the words of OpenAI. */
  readonly streamOptions?: true
}

const WANTED: WantedMembers = {
  messages: 'length',
  input: 'length',
  contents: 'length',
  model: true,
  stream: true,
  service_tier: true,
  max_tokens: true,
  max_completion_tokens: true,
  max_output_tokens: true,
  n: true,
  stream_options: true,
  generationConfig: { maxOutputTokens: true, candidateCount: true },
  options: { num_predict: true },
}

/**
 * Reads a request's body in pieces, as it goes by; what it says to the model is passed over and never held. Its `content-type` tells
 * a form, as uploads of audio and images are, from JSON.
 *
 * @example
 * const reader = new RequestReader()
 * reader.write(new TextEncoder().encode('{"model":"gpt-4o","messages":[{"content":"\\"model\\":\\"x\\""}]}'))
 * reader.end() // { model: 'gpt-4o', messageCount: 1 }
 */
export class RequestReader {
  #facts: RequestFacts | undefined
  readonly #form: FormReader | undefined
  readonly #pruner = new Pruner(WANTED, (body) => {
    this.#facts = factsOf(body)
  })

  constructor(contentType?: string | null) {
    this.#form = FormReader.of(contentType)
  }

  /** What has been read; undefined until JSON is whole, and for what is neither that nor a form. */
  get facts(): RequestFacts | undefined {
    return this.#form === undefined ? this.#facts : this.#form.facts
  }

  write(bytes: Uint8Array): void {
    if (this.#form === undefined) this.#pruner.write(bytes)
    else this.#form.write(bytes)
  }

  /** Nothing is known of a body that is neither JSON nor a form. */
  end(): RequestFacts {
    if (this.#form !== undefined) return this.#form.facts ?? {}
    return (this.#pruner.end() ? this.#facts : undefined) ?? {}
  }
}

type Members = Readonly<Record<string, unknown>>

/**
 * The same from a body that somebody has parsed; nothing of what is no object.
 *
 * @example factsOf({ model: 'gpt-4o', messages: [{}, {}] }) // { model: 'gpt-4o', messageCount: 2 }
 */
export function factsOf(value: unknown): RequestFacts {
  const body = objectOf(value)
  if (body === undefined) return {}
  const messageCount = [body['messages'], body['input'], body['contents']]
    .map(lengthOf)
    .find((count) => count !== undefined)
  const { model, stream, service_tier: tier, stream_options: streamOptions } = body
  const options = objectOf(streamOptions)
  const config = objectOf(body['generationConfig'])
  // APIs differ in which of these they obey, so the largest is what must be reckoned with.
  const maxOutputTokens = largestCount(
    body['max_completion_tokens'],
    body['max_tokens'],
    body['max_output_tokens'],
    config?.['maxOutputTokens'],
    objectOf(body['options'])?.['num_predict'],
  )
  const answers = largestCount(body['n'], config?.['candidateCount'])
  const includeUsage = options?.['include_usage']
  const facts: Mutable<RequestFacts> = {}
  if (typeof model === 'string' && model !== '') facts.model = model
  if (typeof stream === 'boolean') facts.stream = stream
  if (typeof tier === 'string' && tier !== '') facts.serviceTier = tier
  if (messageCount !== undefined) facts.messageCount = messageCount
  if (maxOutputTokens !== undefined) facts.maxOutputTokens = maxOutputTokens
  if (answers !== undefined) facts.answers = answers
  if (typeof includeUsage === 'boolean') facts.includeUsage = includeUsage
  if (streamOptions !== undefined) facts.streamOptions = true
  return facts
}

const objectOf = (value: unknown): Members | undefined =>
  typeof value === 'object' && value !== null ? (value as Members) : undefined

function largestCount(...values: readonly unknown[]): number | undefined {
  const counts = values.filter((value): value is number => Number.isSafeInteger(value) && (value as number) >= 0)
  return counts.length === 0 ? undefined : Math.max(...counts)
}

/** Of a list, or the length itself, which is all that a reader keeps of one. */
function lengthOf(list: unknown): number | undefined {
  return Array.isArray(list) ? list.length : typeof list === 'number' ? list : undefined
}
