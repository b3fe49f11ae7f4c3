import type { IncomingMessage, ServerResponse } from 'node:http'
import { TallystickError } from '@tallystick/core'
import type { Evidence } from '../identity/auth-method.ts'
import { assertScope } from '../identity/authenticator.ts'
import type { AppContext } from './app-context.ts'
import { DISCARD_MS, IncomingBody, tooLarge } from './body.ts'
import { RAW_API_HEADERS } from './headers.ts'
import { type Problem, problemHeaders, problemOf } from './problem.ts'

/** The client went away in the middle of its body: there is nobody to answer. */
const GONE = Symbol('gone')
const INGEST_ROUTE = '/api/v1/events'

/**
 * `POST /api/v1/events` straight on `node:http`.
 *
 * The same as `handlers/ingest.ts` but for how bytes come and go: a `Request` and its web stream cost about as much as
 * everything else in the smallest batch.
 */
export function createNodeIngest(
  app: AppContext,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { door, budget, guard, limits, clientAddress, identity, clock, requests } = app
  return async (request, response) => {
    const { headers } = request
    try {
      const refused = guard.refusal({
        host: headers.host,
        origin: headers.origin,
        fetchSite: headers['sec-fetch-site'] as string | undefined,
        guarded: true,
      })
      if (refused !== undefined) throw refused
      if (app.stopping()) throw new TallystickError('shutting_down')
      const found = identity.authenticate(new NodeEvidence(request, clock.now()))
      const principal = found instanceof Promise ? await found : found
      assertScope(principal, 'ingest')
      const target = request.url as string
      const mark = target.indexOf('?')
      const plan = door.plan({
        contentType: headers['content-type'],
        contentEncoding: headers['content-encoding'],
        idempotencyKey: headers['idempotency-key'] as string | undefined,
        search: mark < 0 ? '' : target.slice(mark),
        header: (name) => headers[name] as string | undefined,
      })
      const observed = clientAddress.observed({
        peer: request.socket.remoteAddress,
        forwarded: headers['forwarded'],
        forwardedFor: headers['x-forwarded-for'] as string | undefined,
      })
      const bytes = await readIncoming(request, limits.bodyBytes, budget)
      let answer: string
      try {
        answer = JSON.stringify(await door.take(bytes, plan, principal, observed))
      } finally {
        budget.give(bytes.byteLength)
      }
      requests.count(INGEST_ROUTE, 200)
      send(response, 200, answer, ['content-type', 'application/json', ...corsHeaders(app, headers.origin)])
    } catch (error) {
      if (error === GONE) return
      const requestId = app.newRequestId()
      const problem = problemOf(error, requestId)
      if (problem.code === 'internal_error') app.onError(error, requestId)
      requests.count(INGEST_ROUTE, problem.status)
      sendProblem(request, response, problem, corsHeaders(app, headers.origin))
    }
  }
}

/** Sends a problem and goes on discarding what the client still sends, for a while. */
export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  problem: Problem,
  more: readonly string[] = [],
): void {
  if (!request.complete) {
    request.resume()
    // Cutting at once would reset the connection, and the client would never see why it was refused.
    response.once('finish', () => {
      const cut = setTimeout(() => request.complete || request.destroy(), DISCARD_MS)
      cut.unref()
    })
  }
  send(response, problem.status, JSON.stringify(problem), [...problemHeaders(problem).flat(), ...more])
}

/** What a request shows, without making a `Request` of it. */
class NodeEvidence implements Evidence {
  readonly headers: Evidence['headers']
  readonly nowMs: number
  readonly #request: IncomingMessage

  constructor(request: IncomingMessage, nowMs: number) {
    this.#request = request
    this.nowMs = nowMs
    // Names come in lower case on both sides; none that may come several times is asked for.
    this.headers = { get: (name) => (request.headers[name] as string | undefined) ?? null }
  }

  get peer(): string | undefined {
    return this.#request.socket.remoteAddress
  }

  get url(): URL {
    return new URL(this.#request.url as string, 'http://localhost')
  }
}

function send(response: ServerResponse, status: number, body: string, headers: readonly string[]): void {
  if (response.destroyed) return
  response.writeHead(status, [...RAW_API_HEADERS, ...headers, 'content-length', String(Buffer.byteLength(body))])
  response.end(body)
}

function corsHeaders(app: AppContext, origin: string | undefined): readonly string[] {
  const allowed = app.guard.corsOrigin(origin)
  return allowed === undefined ? [] : ['access-control-allow-origin', allowed, 'vary', 'origin']
}

/** @throws TallystickError `body_too_large`, `overloaded`; `GONE` when the client leaves */
function readIncoming(request: IncomingMessage, limit: number, budget: AppContext['budget']): Promise<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge(limit))
  return new Promise((resolve, reject) => {
    const body = new IncomingBody(limit, budget)
    const detach = (): void => {
      request.off('data', onData)
      request.off('end', onEnd)
      request.off('close', onGone)
      request.off('error', onGone)
    }
    const fail = (error: unknown): void => {
      detach()
      body.drop()
      reject(error)
    }
    const onData = (piece: Buffer): void => {
      try {
        body.add(piece)
      } catch (error) {
        fail(error)
      }
    }
    const onEnd = (): void => {
      detach()
      resolve(body.whole())
    }
    const onGone = (): void => {
      // Without a listener a late error of the socket would end the process.
      request.on('error', () => undefined)
      fail(GONE)
    }
    request.on('data', onData)
    request.on('end', onEnd)
    request.on('close', onGone)
    request.on('error', onGone)
  })
}
