import { Pruner } from '../provider/stream/prune.ts'

/** What a request's body says that no message is part of. */
export interface RequestFacts {
  readonly model?: string
  readonly stream?: boolean
  readonly serviceTier?: string
}

const WANTED = { model: true, stream: true, service_tier: true } as const

/**
 * Reads a request's body in pieces, as it goes by; what it says to the model is passed over and never held.
 *
 * @example
 * const reader = new RequestReader()
 * reader.write(new TextEncoder().encode('{"model":"gpt-4o","messages":[{"content":"\\"model\\":\\"x\\""}]}'))
 * reader.end() // { model: 'gpt-4o' }
 */
export class RequestReader {
  #facts: RequestFacts = {}
  readonly #pruner = new Pruner(WANTED, ({ model, stream, service_tier: tier }) => {
    this.#facts = {
      ...(typeof model === 'string' && model !== '' ? { model } : {}),
      ...(typeof stream === 'boolean' ? { stream } : {}),
      ...(typeof tier === 'string' && tier !== '' ? { serviceTier: tier } : {}),
    }
  })

  write(bytes: Uint8Array): void {
    this.#pruner.write(bytes)
  }

  /** Nothing is known of a body that is no JSON, e.g. of an upload. */
  end(): RequestFacts {
    return this.#pruner.end() ? this.#facts : {}
  }
}
