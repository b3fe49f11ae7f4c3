import { Exchange, type ExchangeNames, type ExchangeOptions } from './exchange.ts'
import { type RequestFacts, RequestReader } from './request-facts.ts'
import { attemptOf, operationOf } from './retries.ts'
import { type Target, targetOf } from './target.ts'

/** How requests are recorded that go through a wrapped `fetch`. */
export interface CaptureOptions extends ExchangeOptions {
  /** What sends the requests; the global `fetch` when absent. */
  readonly fetch?: typeof globalThis.fetch
  /** Who asks, for every request or for each. What it throws counts as nothing said. */
  readonly names?: ExchangeNames | ((request: { readonly url: URL; readonly headers: Headers }) => ExchangeNames)
  /** Knows providers at addresses of their own, e.g. a gateway; asked before the table of well-known ones. */
  readonly target?: (url: URL) => Target | undefined
}

/**
 * A `fetch` that does what the other does and records each request to a provider: model, tokens, outcome, times. Requests to
 * anybody else pass untouched. Bodies go by unchanged and unbuffered, and nothing of what they say is kept.
 *
 * @example
 * const store = new EventStore()
 * const fetch = captureFetch({ sink: store }) // then e.g. new OpenAI({ fetch })
 */
export function captureFetch(options: CaptureOptions): typeof globalThis.fetch {
  const send = options.fetch ?? globalThis.fetch
  return async (input, init) => {
    const exchange = begin(options, input, init)
    if (exchange === undefined) return send(input, init)
    let response: Response
    try {
      response = await send(input, init)
    } catch (error) {
      exchange.failed(error)
      throw error
    }
    return observed(response, exchange)
  }
}

/** Undefined for what is no request to a provider, or cannot be looked at: it goes out as if nobody had. */
function begin(
  options: CaptureOptions,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Exchange | undefined {
  try {
    const request = input instanceof Request ? input : undefined
    const method = (init?.method ?? request?.method ?? 'GET').toUpperCase()
    if (method !== 'POST') return undefined
    const url = new URL(request?.url ?? String(input))
    const target = options.target?.(url) ?? targetOf(url)
    if (target === undefined) return undefined
    const headers = new Headers(init?.headers ?? request?.headers)
    const body = init?.body
    const bytes = typeof body === 'string' ? ENCODER.encode(body) : body instanceof Uint8Array ? body : undefined
    const attempt = attemptOf(headers)
    return new Exchange(options, {
      target,
      method,
      facts: factsOf(bytes),
      names: { ...operationOf(headers), ...namesOf(options, url, headers) },
      ...(bytes === undefined ? {} : { requestBytes: bytes.length }),
      ...(attempt === undefined ? {} : { attempt }),
    })
  } catch {
    return undefined
  }
}

const ENCODER = new TextEncoder()

function factsOf(bytes: Uint8Array | undefined): RequestFacts {
  const reader = new RequestReader()
  if (bytes !== undefined) reader.write(bytes)
  return reader.end()
}

function namesOf({ names }: CaptureOptions, url: URL, headers: Headers): ExchangeNames {
  if (typeof names !== 'function') return names ?? {}
  try {
    return names({ url, headers })
  } catch {
    return {}
  }
}

/** The same response, whose body is looked at as it is read. */
function observed(response: Response, exchange: Exchange): Response {
  exchange.answered(response.status, response.headers)
  if (response.body === null) {
    exchange.ended()
    return response
  }
  const { status, statusText, headers } = response
  const copy = new Response(observedBody(response.body, exchange), { status, statusText, headers })
  // A constructed response has none of these.
  for (const name of ['url', 'redirected', 'type'] as const)
    Object.defineProperty(copy, name, { value: response[name], configurable: true })
  return copy
}

/** Reads no faster than it is read, and gives up what is given up. */
function observedBody(body: ReadableStream<Uint8Array>, exchange: Exchange): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) {
          exchange.ended()
          controller.close()
          // A reader with a buffer of its own waits for this word.
          controller.byobRequest?.respond(0)
          return
        }
        exchange.data(value)
        controller.enqueue(value as Uint8Array<ArrayBuffer>)
      } catch (error) {
        exchange.failed(error)
        throw error
      }
    },
    cancel(reason) {
      exchange.aborted(reason)
      return reader.cancel(reason)
    },
  })
}
