/** Requests that come in to a Fastify server, recorded. */
import { factsOf } from '../request-facts.ts'
import { begin } from '../server/begin.ts'
import { type NodeRequest, type NodeResponse, nodeHeaders, observeNode } from '../server/node.ts'
import type { ServerCaptureOptions } from '../server/options.ts'

export type { ExchangeNames } from '../exchange.ts'
export { type ExchangeHandle, exchangeOf } from '../server/exchange-of.ts'
export type { NodeRequest, NodeResponse, ServerCaptureOptions }

/** What is used of Fastify's request. */
export interface FastifyRequestLike {
  readonly raw: NodeRequest
  readonly body?: unknown
}

/** What is used of a Fastify server. */
export interface FastifyLike<R extends FastifyRequestLike> {
  addHook(
    name: 'onRequest',
    hook: (request: R, reply: { readonly raw: NodeResponse }, done: () => void) => void,
  ): unknown
}

/**
 * A plugin that records each request to a model that comes in: refused, failed and given up ones too, exactly once each. It
 * changes nothing of what is sent, and holds nothing of what is said. It is for all routes of the server it is registered with,
 * and to be registered before plugins that may answer.
 *
 * @example
 * await server.register(captureFastify({ sink: store, names: (request) => ({ userId: request.user?.id }) }))
 */
export function captureFastify<R extends FastifyRequestLike>(
  options: ServerCaptureOptions<R>,
): (server: FastifyLike<R>, settings: unknown, done: () => void) => void {
  const plugin = (server: FastifyLike<R>, _settings: unknown, done: () => void): void => {
    server.addHook('onRequest', (request, reply, next) => {
      const { raw } = request
      const exchange = begin(options, request, {
        method: raw.method,
        url: raw.url ?? '/',
        headers: nodeHeaders(raw),
        peer: raw.socket?.remoteAddress,
        read: () => factsOf(request.body),
        known: [request, raw],
      })
      if (exchange === undefined) {
        next()
        return
      }
      observeNode(raw, reply.raw, exchange)
      exchange.within(next)
    })
    done()
  }
  // Else Fastify gives the plugin a scope of its own, and the hook would see no route outside it.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'tallystick',
  })
}
