import type { Exchange } from '../exchange.ts'

/** What is used of Node's `IncomingMessage`, and of whatever stands in for one. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined
}

/** What is used of Node's `ServerResponse`. */
export interface NodeResponse {
  readonly statusCode: number
  readonly writableFinished: boolean
  getHeader(name: string): unknown
  once(event: 'finish' | 'close', listener: () => void): unknown
}

/** The methods that bytes go through. They are wrapped, not replaced: what they do and return is theirs. */
type Method = (this: unknown, ...args: unknown[]) => unknown
type Methods<Name extends string> = { [Each in Name]?: Method }

/** Headers of Node's requests as `Headers` would tell them. */
export function nodeHeaders({ headers }: NodeRequest): Pick<Headers, 'get'> {
  return {
    get: (name) => {
      const value = Object.hasOwn(headers, name) ? headers[name] : undefined
      return value === undefined ? null : typeof value === 'string' ? value : value.join(', ')
    },
  }
}

/**
 * Watches a request and its answer on Node. Bytes are seen as they come from the connection and as they are handed to it; neither
 * is held, delayed or changed, whoever reads the one and writes the other.
 */
export function observeNode(request: NodeRequest, response: NodeResponse, exchange: Exchange): void {
  observeRequest(request as Methods<'push'>, exchange)
  observeResponse(response, response as NodeResponse & Methods<'writeHead' | 'write' | 'end'>, exchange)
}

/** The parser of HTTP pushes what it reads; a listener for data would take it from whoever reads it later. */
function observeRequest(request: Methods<'push'>, exchange: Exchange): void {
  const { push } = request
  if (typeof push !== 'function') return
  request.push = function (...args) {
    guarded(() => {
      const bytes = bytesOf(args[0], args[1])
      if (bytes !== undefined) exchange.requested(bytes)
    })
    return push.apply(this, args)
  }
}

function observeResponse(
  response: NodeResponse,
  methods: Methods<'writeHead' | 'write' | 'end'>,
  exchange: Exchange,
): void {
  const { writeHead, write, end } = methods
  /** Headers are told once: by `writeHead`, or when the first byte goes without it. */
  const answered = (status: number, given: readonly unknown[]): void => {
    if (exchange.status !== undefined) return
    const get = (name: string): string | null => headerIn(given, name) ?? shown(response.getHeader(name))
    exchange.answered(status, { get }, (get('content-encoding') ?? 'identity') !== 'identity')
  }
  /** Over HTTP/2 `end` hands its last piece to `write`, which must not be counted twice. */
  let ending = false
  const wrote = (args: readonly unknown[]): void => {
    if (ending) return
    guarded(() => {
      const bytes = bytesOf(args[0], args[1])
      if (bytes === undefined) return
      answered(response.statusCode, [])
      exchange.data(bytes)
    })
  }
  if (writeHead !== undefined)
    methods.writeHead = function (...args) {
      guarded(() => {
        const status = Number(args[0])
        // 1xx is no answer yet.
        if (status >= 200) answered(status, args.slice(1))
      })
      return writeHead.apply(this, args)
    }
  if (write !== undefined)
    methods.write = function (...args) {
      wrote(args)
      return write.apply(this, args)
    }
  if (end !== undefined)
    methods.end = function (...args) {
      wrote(args)
      ending = true
      try {
        return end.apply(this, args)
      } finally {
        ending = false
      }
    }
  response.once('finish', () => {
    guarded(() => {
      answered(response.statusCode, [])
      exchange.ended()
    })
  })
  response.once('close', () => {
    const { errored } = response as { readonly errored?: unknown }
    if (response.writableFinished) exchange.ended()
    // Broken off on this side: by a pipeline whose source failed, say.
    else if (errored !== undefined && errored !== null) exchange.failed({ cause: errored })
    else exchange.aborted()
  })
}

/** Whatever goes wrong in looking must not reach who is looked at. */
function guarded(look: () => void): void {
  try {
    look()
  } catch {
    // The record then says less.
  }
}

const ENCODER = new TextEncoder()

/** What `write` and `push` take, as bytes; undefined for callbacks, ends and encodings that nobody writes answers in. */
function bytesOf(chunk: unknown, encoding: unknown): Uint8Array | undefined {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk !== 'string') return undefined
  if (typeof encoding !== 'string' || /^utf-?8$/i.test(encoding)) return ENCODER.encode(chunk)
  if (/^(?:latin1|binary|ascii)$/i.test(encoding)) return Uint8Array.from(chunk, (character) => character.charCodeAt(0))
  return undefined
}

/** Of what `writeHead` was given: an object, or names and values in turn or in pairs. */
function headerIn(given: readonly unknown[], wanted: string): string | undefined {
  const headers = given.find((each) => typeof each === 'object' && each !== null)
  if (headers === undefined) return undefined
  const entries: readonly (readonly unknown[])[] = !Array.isArray(headers)
    ? Object.entries(headers as object)
    : Array.isArray(headers[0])
      ? headers
      : headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]]] : []))
  const found = entries.find(([name]) => String(name).toLowerCase() === wanted)?.[1]
  return shown(found) ?? undefined
}

function shown(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return Array.isArray(value) ? value.join(', ') : String(value)
}
