import { systemClock, uuidv7Generator } from '../event/index.ts'
import { Attempts, mayBeTriedAgain } from './attempts.ts'
import { Exchange, type ExchangeNames, type ExchangeOptions } from './exchange.ts'
import { formFactsOf } from './form-reader.ts'
import { observed } from './observed.ts'
import { headersFor, isProxied, ownPath } from './proxied.ts'
import { type RequestFacts, RequestReader } from './request-facts.ts'
import { attemptOf, operationOf } from './retries.ts'
import { askedAt } from './retrieval.ts'
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
 * A request that fails and is sent again is a further attempt of the same operation.
 *
 * @example
 * const store = new EventStore()
 * const fetch = captureFetch({ sink: store }) // then e.g. new OpenAI({ fetch })
 */
export function captureFetch(options: CaptureOptions): typeof globalThis.fetch {
  const send = options.fetch ?? globalThis.fetch
  const attempts = new Attempts(options.clock ?? systemClock)
  const mint = uuidv7Generator(options.clock ?? systemClock)
  return async (input, init) => {
    const sent = begin(options, attempts, mint, input, init)
    if (sent === undefined) return send(input, init)
    const { exchange, failed } = sent
    let response: Response
    try {
      response = await exchange.within(() => send(input, told(sent, input, init)))
    } catch (error) {
      failed()
      exchange.failed(error)
      throw error
    }
    if (mayBeTriedAgain(response.status)) failed()
    return observed(response, exchange)
  }
}

interface Sent {
  readonly exchange: Exchange
  /** What a capture proxy on the way is told. */
  readonly headers: readonly (readonly [string, string])[]
  /** Whoever sent it may try again. */
  failed(): void
}

/** Undefined for what is no request to a provider, or cannot be looked at: it goes out as if nobody had. */
function begin(
  options: CaptureOptions,
  attempts: Attempts,
  mint: () => string,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Sent | undefined {
  try {
    const request = isRequest(input) ? input : undefined
    const method = (init?.method ?? request?.method ?? 'GET').toUpperCase()
    if (method !== 'POST' && method !== 'GET') return undefined
    const url = new URL(request?.url ?? String(input))
    const pathname = method === 'POST' ? url.pathname : askedAt(url.pathname)
    if (pathname === undefined) return undefined
    const asked = pathname === url.pathname ? url : Object.assign(new URL(url), { pathname })
    const found = options.target?.(asked) ?? targetOf(asked)
    if (found === undefined) return undefined
    const proxied = isProxied(url)
    const target = proxied ? { ...found, endpoint: ownPath(found.endpoint) } : found
    const headers = new Headers(init?.headers ?? request?.headers)
    const body = init?.body
    const bytes = typeof body === 'string' ? ENCODER.encode(body) : body instanceof Uint8Array ? body : undefined
    const counted = attemptOf(headers)
    const again = attempts.again(url.href, bytes, counted)
    const said = { ...operationOf(headers), ...namesOf(options, url, headers) }
    const names = { ...again, ...said }
    const attempt = counted ?? again?.attempt
    const exchange = new Exchange(options, {
      target,
      method,
      retrieved: method === 'GET',
      facts: isForm(body)
        ? formFactsOf(body.get('model'), body.get('stream'))
        : factsIn(bytes, headers.get('content-type')),
      names,
      headers,
      url,
      ...(bytes === undefined ? {} : { requestBytes: bytes.length }),
      ...(attempt === undefined ? {} : { attempt }),
      ...(proxied ? { exchangeId: mint() } : {}),
    })
    exchange.until(init?.signal ?? request?.signal)
    let sent = { bytes, known: { ...names, ...(attempt === undefined ? {} : { attempt }) } }
    void copyOf(request, init, headers)?.then((copy) => {
      exchange.sent(factsIn(copy, headers.get('content-type')), copy.length)
      const tried = attempts.again(url.href, copy, counted)
      if (tried !== undefined) exchange.add({ ...tried, ...said })
      sent = { bytes: copy, known: { ...tried, ...sent.known } }
    }, ignored)
    const { sourceId, defaults } = options.sink
    const { exchangeId } = exchange
    return {
      exchange,
      headers: proxied ? headersFor({ names: said, defaults, sourceId, exchangeId }) : [],
      failed: () => exchange.add(attempts.failed(url.href, sent.bytes, sent.known)),
    }
  } catch {
    return undefined
  }
}

/**
 * The body of a request that is an object, which only a copy can show. Of JSON alone: that is in memory anyway, while a copy of a
 * stream would be read ahead of the request and held.
 */
function copyOf(
  request: Request | undefined,
  init: RequestInit | undefined,
  headers: Headers,
): Promise<Uint8Array> | undefined {
  const isJson = /^application\/json\b/i.test(headers.get('content-type') ?? '')
  // One that has been read already has nothing left to copy, and is refused by whoever is to send it.
  if (request === undefined || request.body === null || request.bodyUsed) return undefined
  if (!isJson || (init?.body ?? null) !== null) return undefined
  return request
    .clone()
    .arrayBuffer()
    .then((buffer) => new Uint8Array(buffer))
}

/** It was given up; so is what it is recorded by. */
const ignored = (): void => undefined

/** What the application says of the trace, or to a proxy, by itself stays as it is. */
function told(
  { exchange, headers: more }: Sent,
  input: string | URL | Request,
  init: RequestInit | undefined,
): RequestInit | undefined {
  const trace = exchange.traceHeaders
  if (trace.length === 0 && more.length === 0) return init
  const headers = new Headers(init?.headers ?? (isRequest(input) ? input.headers : undefined))
  const added = [...(headers.has('traceparent') ? [] : trace), ...more.filter(([name]) => !headers.has(name))]
  if (added.length === 0) return init
  for (const [name, value] of added) headers.set(name, value)
  return { ...init, headers }
}

/** Not by its class: servers for Node put one of their own in the place of the global. */
const isRequest = (input: string | URL | Request): input is Request => typeof input === 'object' && 'url' in input

const ENCODER = new TextEncoder()

/** Of whatever makes forms: applications may have one of their own. */
const isForm = (body: unknown): body is FormData => Object.prototype.toString.call(body) === '[object FormData]'

function factsIn(bytes: Uint8Array | undefined, contentType: string | null): RequestFacts {
  const reader = new RequestReader(contentType)
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
