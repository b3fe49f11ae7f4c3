import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { TallystickError } from '@tallystick/core'
import { type CaptureProxy, isProxied } from '../proxy/proxy.ts'
import { bind, type Listening } from './bind.ts'
import type { Guard } from './guard.ts'
import { namesManyHosts } from './listen.ts'
import { assertMeant } from './node-proxy.ts'

/** Where a proxy listens that is all there is. */
export interface ProxyServerOptions {
  readonly host: string
  readonly port: number
  readonly guard: Guard
  readonly onError: (error: unknown) => void
}

const MAX_HEADER_BYTES = 16 * 1024
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 300_000, keepAliveTimeout: 15_000 }

/**
 * Serves a proxy and nothing else, to this machine only: there is nobody here who could say who asks.
 *
 * @throws TallystickError `invalid_config` when the address cannot be bound
 */
export async function listenProxy(
  proxy: CaptureProxy,
  { host, port, guard, onError }: ProxyServerOptions,
): Promise<Listening> {
  guard.bind(host)
  const server = createServer({ ...TIMEOUTS, maxHeaderSize: MAX_HEADER_BYTES, noDelay: true })
  let closing = false
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (closing) response.shouldKeepAlive = false
    try {
      if (namesManyHosts(request.rawHeaders))
        throw new TallystickError('malformed_request', 'The request has more than one Host header.')
      assertMeant(request, guard)
      if (request.url === '/healthz') {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end('{"status":"ok"}')
        return
      }
      if (!isProxied(request.url))
        throw new TallystickError('not_found', 'Here is a proxy and nothing else: /proxy/NAME/...')
      if (request.headers.upgrade?.toLowerCase() === 'websocket') throw new TallystickError('upgrade_refused')
      proxy.handle(request, response, {})
    } catch (error) {
      proxy.refuse(request, response, error)
    }
  }
  server.on('request', handle)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    response.writeContinue()
    handle(request, response)
  })
  return bind(server, { host, port, onError }, () => {
    closing = true
  })
}
