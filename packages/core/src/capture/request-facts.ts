import { Pruner } from '../provider/stream/prune.ts'

/** What a request's body says that no message is part of. */
export interface RequestFacts {
  readonly model?: string
  readonly stream?: boolean
  readonly serviceTier?: string
  readonly messageCount?: number
}

const LENGTH = 'length' as const
const WANTED = {
  ...({ model: true, stream: true, service_tier: true } as const),
  ...{ messages: LENGTH, input: LENGTH, contents: LENGTH },
}

/**
 * Reads a request's body in pieces, as it goes by; what it says to the model is passed over and never held.
 *
 * @example
 * const reader = new RequestReader()
 * reader.write(new TextEncoder().encode('{"model":"gpt-4o","messages":[{"content":"\\"model\\":\\"x\\""}]}'))
 * reader.end() // { model: 'gpt-4o', messageCount: 1 }
 */
export class RequestReader {
  #facts: RequestFacts | undefined
  readonly #pruner = new Pruner(WANTED, (document) => {
    this.#facts = factsOf(document)
  })

  /** What has been read; undefined until the body is whole, and for one that is no JSON, e.g. an upload. */
  get facts(): RequestFacts | undefined {
    return this.#facts
  }

  write(bytes: Uint8Array): void {
    this.#pruner.write(bytes)
  }

  /** Nothing is known of a body that is no JSON. */
  end(): RequestFacts {
    return (this.#pruner.end() ? this.#facts : undefined) ?? {}
  }
}

/**
 * The same from a body that somebody has parsed; nothing of what is no object.
 *
 * @example factsOf({ model: 'gpt-4o', messages: [{}, {}] }) // { model: 'gpt-4o', messageCount: 2 }
 */
export function factsOf(body: unknown): RequestFacts {
  if (typeof body !== 'object' || body === null) return {}
  const { model, stream, service_tier: tier, messages, input, contents } = body as Readonly<Record<string, unknown>>
  const messageCount = [messages, input, contents].map(lengthOf).find((count) => count !== undefined)
  return {
    ...(typeof model === 'string' && model !== '' ? { model } : {}),
    ...(typeof stream === 'boolean' ? { stream } : {}),
    ...(typeof tier === 'string' && tier !== '' ? { serviceTier: tier } : {}),
    ...(messageCount === undefined ? {} : { messageCount }),
  }
}

/** Of a list, or the length itself, which is all that a reader keeps of one. */
function lengthOf(list: unknown): number | undefined {
  return Array.isArray(list) ? list.length : typeof list === 'number' ? list : undefined
}
