/** Requests that come in to an Express server, or to any server of Node's that has its kind of middleware, recorded. */
import { factsOf } from '../request-facts.ts'
import { begin } from '../server/begin.ts'
import { type NodeRequest, type NodeResponse, nodeHeaders, observeNode } from '../server/node.ts'
import type { ServerCaptureOptions } from '../server/options.ts'

export type { ExchangeNames } from '../exchange.ts'
export { type ExchangeHandle, exchangeOf } from '../server/exchange-of.ts'
export type { NodeRequest, NodeResponse, ServerCaptureOptions }

/**
 * Middleware that records each request to a model that comes in: refused, failed and given up ones too, exactly once each. It
 * changes nothing of what is sent, and holds nothing of what is said.
 *
 * To be mounted before whatever may answer or reads bodies, and after what compresses answers: it sees what passes through it.
 *
 * @example
 * app.use(captureExpress({ sink: store, names: (request) => ({ userId: request.get('x-user') }) }))
 */
export function captureExpress<R extends NodeRequest>(
  options: ServerCaptureOptions<R>,
): (request: R, response: NodeResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    const { originalUrl = request.url ?? '/' } = request as { readonly originalUrl?: string }
    const exchange = begin(options, request, {
      method: request.method,
      url: originalUrl,
      headers: nodeHeaders(request),
      peer: request.socket?.remoteAddress,
      read: () => factsOf((request as { readonly body?: unknown }).body),
      known: [request],
    })
    if (exchange === undefined) {
      next()
      return
    }
    observeNode(request, response, exchange)
    exchange.within(next)
  }
}
