import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { ERRORS, type ErrorCode, TallystickError } from '@tallystick/core'
import { NO_ROUTE } from '../metrics/request-counts.ts'
import { isProxied } from '../proxy/proxy.ts'
import type { App } from './app.ts'
import type { AppContext } from './app-context.ts'
import { bound, type Listening } from './bind.ts'
import { goesOver } from './break-off.ts'
import { RAW_API_HEADERS, secureHeaders } from './headers.ts'
import { createNodeIngest, sendProblem } from './node-ingest.ts'
import { createNodeProxy } from './node-proxy.ts'
import { problemHeaders, problemOf, problemResponse } from './problem.ts'
import { createUpgrades } from './websocket/upgrade.ts'
import { withoutUpgrade } from './without-upgrade.ts'

/** Where a server listens. */
export interface ListenOptions {
  /** Address to bind; loopback when absent. */
  readonly host?: string
  /** 0, or absent: a free one. */
  readonly port?: number
  /** How long requests in flight may take to finish on `close`, ms. */
  readonly drainMs?: number
  readonly timeouts?: Partial<Timeouts>
}

/** How long a client may take, ms. */
export interface Timeouts {
  /** From the first byte to the end of the headers. */
  readonly headersMs: number
  /** From the first byte to the end of the body. */
  readonly requestMs: number
  /** Between two requests on one connection. */
  readonly keepAliveMs: number
  /** How often the first two are checked, so they may be exceeded by as much. */
  readonly checkMs: number
}

const TIMEOUTS: Timeouts = { headersMs: 10_000, requestMs: 30_000, keepAliveMs: 15_000, checkMs: 5_000 }
/** No byte either way for this long: a stream has a heartbeat every 15 s, so only a stalled reader gets here. */
const SILENT_SOCKET_MS = 120_000
const MAX_HEADER_BYTES = 16 * 1024
const DRAIN_MS = 10_000
const SWEEP_MS = 20
const INGEST_PATH = '/api/v1/events'
const WEBSOCKET_PATH = '/ws'
const PROXY_ROUTE = '/proxy/:upstream/*'

/**
 * Serves an application on a socket.
 *
 * @throws TallystickError `invalid_config` when the address cannot be bound
 */
export async function listen(app: App, options: ListenOptions = {}): Promise<Listening> {
  const { host = '127.0.0.1', port = 0, drainMs = DRAIN_MS } = options
  const timeouts = { ...TIMEOUTS, ...options.timeouts }
  const { context } = app
  context.guard.bind(host)
  const ingest = createNodeIngest(context)
  const proxied = context.proxy && createNodeProxy(context, context.proxy)
  const others = getRequestListener(
    async (request, { incoming, outgoing }) => {
      const answer = await app.fetch(request, incoming.socket.remoteAddress)
      goesOver(outgoing as ServerResponse, answer.body)
      return answer
    },
    {
      // The globals belong to the process that embeds us.
      overrideGlobalObjects: false,
      errorHandler: () => malformed(context.newRequestId()),
    },
  )
  let closing = false
  /** Answers under way: a refusal written into the middle of one would be taken for part of it. */
  const answers = new WeakMap<Duplex, Set<ServerResponse>>()

  const server = createServer({
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: timeouts.checkMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    noDelay: true,
  })
  server.timeout = SILENT_SOCKET_MS

  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request
    const open = answers.get(socket) ?? new Set()
    answers.set(socket, open.add(response))
    response.once('close', () => open.delete(response))
    if (closing) response.shouldKeepAlive = false
    if (namesManyHosts(request.rawHeaders)) {
      const error = new TallystickError('malformed_request', 'The request has more than one Host header.')
      const problem = problemOf(error, context.newRequestId())
      context.requests.count(NO_ROUTE, problem.status)
      sendProblem(request, response, problem)
    } else if (proxied !== undefined && isProxied(request.url)) {
      response.once('close', () => {
        // Whoever left before that was not answered.
        if (response.headersSent) context.requests.count(PROXY_ROUTE, response.statusCode)
      })
      void proxied(request, response)
    } else if (request.method === 'POST' && isIngest(request.url)) void ingest(request, response)
    else void others(request, response)
  }
  server.on('request', handle)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // A body that announces itself as too large is refused before it is sent.
    const fits = Number(request.headers['content-length'] ?? 0) <= context.limits.bodyBytes
    if (fits || (proxied !== undefined && isProxied(request.url))) response.writeContinue()
    handle(request, response)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const begun = [...(answers.get(socket) ?? [])].some((response) => response.headersSent)
    if (error.code === 'ECONNRESET' || !socket.writable || begun) socket.destroy()
    else socket.end(rawProblem(new TallystickError(clientErrorCode(error.code)), context.newRequestId()))
  })
  const upgrades = createUpgrades(context.feed)
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // Whatever is written to it now would be taken for part of an answer that is under way.
    if ([...(answers.get(socket) ?? [])].some((response) => !response.writableEnded)) socket.destroy()
    else if (proxied !== undefined && isProxied(request.url) && offersWebSocket(request))
      endWith(socket, rawProblem(new TallystickError('upgrade_refused'), context.newRequestId()))
    else if (!asksForWebSocket(request)) {
      socket.unshift(withoutUpgrade(request, head))
      server.emit('connection', socket)
    } else {
      const refused = closing ? new TallystickError('shutting_down') : upgradeRefusal(request, context)
      context.requests.count(WEBSOCKET_PATH, refused === undefined ? 101 : ERRORS[refused.code].status)
      if (refused !== undefined) endWith(socket, rawProblem(refused, context.newRequestId()))
      else
        upgrades.accept(request, socket, head).catch((error: unknown) => {
          context.onError(error, context.newRequestId())
          socket.destroy()
        })
    }
  })

  return {
    ...(await bound(server, { host, port, onError: (error) => context.onError(error, context.newRequestId()) })),
    async close() {
      closing = true
      // Whoever is answered now must not send the next request on a connection that is about to be closed.
      for (const socket of sockets)
        for (const response of answers.get(socket) ?? []) if (!response.headersSent) response.shouldKeepAlive = false
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // A connection that has got its answer is kept for a next request, and one that was opened ahead of need has yet to
      // send its first; neither will be taken.
      const sweep = setInterval(() => {
        server.closeIdleConnections()
        for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
      }, SWEEP_MS)
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, drainMs)
      await closed
      clearInterval(sweep)
      clearTimeout(cut)
    },
  }
}

const isIngest = (url: string | undefined): boolean =>
  url === INGEST_PATH || url?.startsWith(`${INGEST_PATH}?`) === true

/** Other protocols, and WebSockets where there are none, are offers that a server may leave alone. */
const asksForWebSocket = (request: IncomingMessage): boolean => offersWebSocket(request) && isWebSocketPath(request.url)

const isWebSocketPath = (url: string | undefined): boolean =>
  url === WEBSOCKET_PATH || url?.startsWith(`${WEBSOCKET_PATH}?`) === true

const offersWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket'

/** Node has let go of a connection that asked for an upgrade: nobody else hears its errors, or ends it when the other side does not. */
function endWith(socket: Socket, text: string): void {
  socket.on('error', () => undefined)
  socket.once('finish', () => socket.destroy())
  socket.end(text)
}

/** What is asked of every request that opens a stream. */
function upgradeRefusal({ headers, rawHeaders }: IncomingMessage, app: AppContext): TallystickError | undefined {
  if (namesManyHosts(rawHeaders))
    return new TallystickError('malformed_request', 'The request has more than one Host header.')
  const { host, origin, 'sec-fetch-site': fetchSite } = headers
  return (
    app.guard.refusal({ host, origin, fetchSite: fetchSite as string | undefined, guarded: true }) ??
    (app.stopping() ? new TallystickError('shutting_down') : app.feed.refusal())
  )
}

/** Node keeps the first of several and drops the rest without a word; the one a proxy in front believed may be another. */
export function namesManyHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts > 1
}

function malformed(requestId: string): Response {
  const response = problemResponse(problemOf(new TallystickError('malformed_request'), requestId))
  secureHeaders(response.headers)
  return response
}

function clientErrorCode(code: string | undefined): ErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'malformed_request'
}

/** An answer for a connection that never became a request. */
function rawProblem(error: TallystickError, requestId: string): string {
  const problem = problemOf(error, requestId)
  const body = JSON.stringify(problem)
  const headers = [
    ...RAW_API_HEADERS,
    ...problemHeaders(problem).flat(),
    'content-length',
    String(Buffer.byteLength(body)),
    'connection',
    'close',
  ]
  let head = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n`
  for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`
  return `${head}\r\n${body}`
}
