import { watched } from '../observed.ts'
import { factsOf, type RequestFacts, RequestReader } from '../request-facts.ts'

/** The ways to read a body at once that are used of JSON. */
const WHOLE = ['json', 'text', 'arrayBuffer'] as const

/**
 * Watches a request of the web's standard being read at once.
 *
 * @param see given the bytes, where reading gives them
 * @returns what has been read of it by the time it is asked
 */
export function observeReading(request: Request, see: (bytes: Uint8Array) => void): () => RequestFacts {
  let facts: RequestFacts = {}
  for (const name of WHOLE) {
    const read: () => Promise<unknown> = request[name]
    Object.defineProperty(request, name, {
      configurable: true,
      value: async () => {
        const value = await read.call(request)
        if (name === 'json') facts = factsOf(value)
        else {
          const bytes = typeof value === 'string' ? ENCODER.encode(value) : new Uint8Array(value as ArrayBuffer)
          const reader = new RequestReader(request.headers.get('content-type'))
          reader.write(bytes)
          facts = reader.end()
          see(bytes)
        }
        return value
      },
    })
  }
  return () => facts
}

/** Watches its body being read in pieces. Looking at `body` without reading it leaves it as it is. */
export function observeBody(request: Request, see: (bytes: Uint8Array) => void): void {
  let body: ReadableStream<Uint8Array> | null | undefined
  Object.defineProperty(request, 'body', {
    configurable: true,
    get: () => {
      if (body !== undefined) return body
      const own = Reflect.get(Object.getPrototypeOf(request) as object, 'body', request) as typeof body
      body = own === undefined || own === null ? null : watched(own, { data: see }, 'bytes')
      return body
    },
  })
}

const ENCODER = new TextEncoder()
