import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { TallystickError } from '@tallystick/core'
import { type Exchange, RequestReader } from '@tallystick/core/capture'
import { AddressRefused, type Connector } from './connector.ts'
import { responseHeaders } from './headers.ts'
import { UsageHider } from './hide-usage.ts'
import { discardRest } from './refusal.ts'
import { createTap, type Tap } from './tap.ts'
import type { Trying } from './tries.ts'

/** One request on its way to an upstream, and the answer on its way back. */
export interface Forwarding {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connector: Connector
  /** Path and query at the upstream. */
  readonly path: string
  readonly headers: readonly string[]
  /** Undefined for what is no request to a model. */
  readonly exchange: Exchange | undefined
  /** As long as there is an exchange. */
  readonly trying?: Trying | undefined
  /** What has been read of the body; `whole` when that is all of it, changed or not. */
  readonly body?: { readonly bytes: Buffer; readonly whole: boolean }
  /** The client did not ask for the usage that is going to be told. */
  readonly hidesUsage?: boolean
  /** Called once with what went wrong before anything was answered; answers the client. */
  readonly fail: (error: TallystickError) => void
  /** Called once when the request is over, however, and its exchange has been told of all of it. */
  readonly over: () => void
}

class UpstreamSilent extends Error {
  override readonly name = 'TimeoutError'
}

class UpstreamGone extends Error {
  readonly code = 'ECONNRESET'
}

/** Sends a request on and its answer back: no byte changed, none held, no faster than it is read, and cut where it is cut. */
export function forward(job: Forwarding): void {
  new Course(job).begin()
}

class Course {
  readonly #job: Forwarding
  #outgoing: ClientRequest | undefined
  #tap: Tap | undefined
  #hider: UsageHider | undefined
  #hasAnswer = false
  #over = false

  constructor(job: Forwarding) {
    this.#job = job
  }

  begin(): void {
    const { request, response, connector, path, headers, exchange } = this.#job
    // A model may think for longer than a client is otherwise allowed to be silent; what limits it is the upstream's own time.
    request.socket.setTimeout(0)
    response.once('close', () => this.#clientGone())
    let outgoing: ClientRequest
    try {
      outgoing = connector.request(request.method as string, path, headers)
    } catch (error) {
      this.#failed(error)
      return
    }
    this.#outgoing = outgoing
    outgoing.on('response', (incoming) => this.#answered(incoming))
    outgoing.on('information', (news) => this.#informed(news))
    outgoing.on('error', (error) => this.#failed(error))
    // An answer that is none, such as a switch of protocols that nobody asked for, ends without any other word.
    outgoing.on('close', () => this.#hasAnswer || this.#failed(new UpstreamGone('the upstream closed the connection')))
    outgoing.on('timeout', () => outgoing.destroy(new UpstreamSilent('the upstream was silent')))
    this.#sendBody(outgoing, exchange)
  }

  #sendBody(outgoing: ClientRequest, exchange: Exchange | undefined): void {
    const { request, body, trying } = this.#job
    const reader = exchange === undefined ? undefined : new RequestReader(request.headers['content-type'])
    let size = 0
    const told = (): void => {
      exchange?.sent(reader?.end() ?? {}, size)
      trying?.sent()
    }
    outgoing.on('drain', () => request.resume())
    if (body !== undefined) {
      reader?.write(body.bytes)
      trying?.write(body.bytes)
      size = body.bytes.byteLength
      if (body.whole) {
        told()
        outgoing.end(body.bytes)
        return
      }
      outgoing.write(body.bytes)
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.byteLength
      reader?.write(chunk)
      trying?.write(chunk)
      if (!outgoing.write(chunk)) request.pause()
    })
    request.once('end', () => {
      told()
      if (request.rawTrailers.length > 0) outgoing.addTrailers(pairsOf(request.rawTrailers))
      outgoing.end()
    })
    request.resume()
  }

  #answered(incoming: IncomingMessage): void {
    const { response, exchange, trying, hidesUsage } = this.#job
    this.#hasAnswer = true
    const { statusCode = 502, statusMessage = '', rawHeaders, headers } = incoming
    incoming.on('error', (error) => this.#failed(error))
    if (!this.#over) trying?.answered(statusCode)
    if (exchange !== undefined) {
      exchange.answered(statusCode, { get: (name) => (headers[name] as string | undefined) ?? null })
      this.#tap = createTap(exchange, headers['content-encoding'])
    }
    if (hidesUsage && /^text\/event-stream/i.test(headers['content-type'] ?? '')) this.#hider = new UsageHider()
    // Its own date, or none.
    response.sendDate = false
    try {
      response.writeHead(statusCode, statusMessage, responseHeaders(rawHeaders, this.#hider !== undefined))
    } catch (error) {
      this.#failed(error)
      return
    }
    let begun = false
    incoming.on('data', (chunk: Buffer) => {
      begun = true
      const bytes = this.#hider === undefined ? chunk : this.#hider.write(chunk)
      if (bytes.byteLength > 0 && !response.write(bytes)) incoming.pause()
      this.#tap?.data(chunk)
    })
    response.on('drain', () => incoming.resume())
    incoming.once('end', () => {
      begun = true
      this.#ended(incoming)
    })
    // The head goes with the first of the body where that comes at once, and alone where it does not.
    setImmediate(() => {
      if (!begun && !response.destroyed) response.flushHeaders()
    })
  }

  #ended(incoming: IncomingMessage): void {
    const { request, response } = this.#job
    if (!incoming.complete) {
      this.#failed(new UpstreamGone('the answer was cut short'))
      return
    }
    if (this.#over) return
    this.#over = true
    const rest = this.#hider?.end()
    if (rest !== undefined && rest.byteLength > 0) response.write(rest)
    if (incoming.rawTrailers.length > 0) response.addTrailers(pairsOf(incoming.rawTrailers))
    if (!request.complete) {
      // It was answered before all of it was sent, and does not want the rest.
      this.#outgoing?.destroy()
      discardRest(request, response)
    }
    response.end()
    if (this.#tap === undefined) this.#job.over()
    else this.#tap.ended(this.#job.over)
  }

  /** What else a provider says before its answer; `100 Continue` has been said already. */
  #informed({
    statusCode,
    statusMessage,
    rawHeaders,
  }: {
    statusCode: number
    statusMessage: string
    rawHeaders: string[]
  }): void {
    const { response } = this.#job
    const { socket } = response
    if (statusCode === 100 || statusCode === 101 || socket === null || response.headersSent) return
    // An older client would take it for the answer.
    if (response.req.httpVersionMajor === 1 && response.req.httpVersionMinor === 0) return
    const headers = responseHeaders(rawHeaders)
    let head = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`
    for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`
    socket.write(`${head}\r\n`, 'latin1')
  }

  /** The other end of the client's connection is gone, or everything has been sent. */
  #clientGone(): void {
    if (this.#over) return
    this.#over = true
    this.#tap?.drop()
    this.#outgoing?.destroy()
    // Whoever did not wait for an answer may have had no more time, and ask again.
    if (!this.#hasAnswer) this.#job.trying?.failed()
    this.#job.exchange?.aborted()
    this.#job.over()
  }

  #failed(error: unknown): void {
    if (this.#over) return
    this.#over = true
    const { response, exchange } = this.#job
    this.#tap?.drop()
    this.#outgoing?.destroy()
    if (!this.#hasAnswer) this.#job.trying?.failed()
    // `fetch` gives the system's error as the cause of its own, which is how an exchange knows it.
    exchange?.failed(error instanceof UpstreamSilent ? error : { cause: error })
    if (!response.headersSent) this.#job.fail(errorOf(error))
    // The end of a whole answer must never be what a broken one is taken for.
    else response.destroy()
    this.#job.over()
  }
}

/** Codes only: what the runtime writes may hold addresses, and of TLS whole certificates. */
function errorOf(error: unknown): TallystickError {
  if (error instanceof UpstreamSilent) return new TallystickError('upstream_timeout')
  if (error instanceof AddressRefused) return new TallystickError('upstream_refused')
  const { code } = error as { readonly code?: unknown }
  const why = typeof code === 'string' ? ` (${code})` : ''
  return new TallystickError(
    'upstream_unreachable',
    `The upstream cannot be reached, or broke off before it answered${why}.`,
  )
}

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let at = 0; at < raw.length; at += 2) pairs.push([raw[at] as string, raw[at + 1] as string])
  return pairs
}
