/** Requests that come in to a Hono server, on Node or wherever else Hono runs, recorded. */
import type { Exchange } from '../exchange.ts'
import { observed } from '../observed.ts'
import type { RequestFacts } from '../request-facts.ts'
import { type Arrived, begin } from '../server/begin.ts'
import { type NodeRequest, type NodeResponse, observeNode } from '../server/node.ts'
import type { ServerCaptureOptions } from '../server/options.ts'
import { observeBody, observeReading } from '../server/web-request.ts'

export type { ExchangeNames } from '../exchange.ts'
export { type ExchangeHandle, exchangeOf } from '../server/exchange-of.ts'
export type { ServerCaptureOptions }

/** What is used of Hono's context. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request }
  readonly env: unknown
  res: Response
}

/**
 * Middleware that records each request to a model that comes in: refused, failed and given up ones too, exactly once each. It
 * changes nothing of what is sent, and holds nothing of what is said.
 *
 * On Node (`@hono/node-server`) the connection is watched, and not a byte passes differently. Elsewhere the answer's body passes
 * through a stream of ours, piece by piece; an answer whose length only the runtime knew goes out in chunks then.
 *
 * To be mounted before whatever may answer or reads bodies. Of answers that are compressed only status and size are seen.
 *
 * @example
 * app.use(captureHono({ sink: store, names: (c) => ({ apiKeyId: c.get('keyId') }) }))
 */
export function captureHono<C extends HonoContextLike>(
  options: ServerCaptureOptions<C>,
): (context: C, next: () => Promise<void>) => Promise<void> {
  return async (context, next) => {
    const { raw } = context.req
    const node = nodeOf(context.env)
    let read = (): RequestFacts => ({})
    const exchange = begin(options, context, {
      ...arrived(raw),
      peer: node?.incoming.socket?.remoteAddress,
      read: () => read(),
      known: [context, raw],
    })
    if (exchange === undefined) return next()
    if (node !== undefined) {
      // What came before this middleware was reached is known only by who reads it.
      read = observeReading(raw, () => undefined)
      observeNode(node.incoming, node.outgoing, exchange)
      return exchange.within(next)
    }
    const see = (bytes: Uint8Array): void => exchange.requested(bytes)
    read = observeReading(raw, see)
    observeBody(raw, see)
    return watching(context, () => exchange.within(next), exchange)
  }
}

const arrived = ({ method, url, headers }: Request): Pick<Arrived, 'method' | 'url' | 'headers'> => ({
  method,
  url,
  headers,
})

async function watching(context: HonoContextLike, next: () => Promise<void>, exchange: Exchange): Promise<void> {
  try {
    await next()
  } catch (error) {
    exchange.add({ errorType: 'server_error' })
    exchange.failed(error)
    throw error
  }
  const encoded = (context.res.headers.get('content-encoding') ?? 'identity') !== 'identity'
  context.res = observed(context.res, exchange, encoded)
}

/** The pair below a request that `@hono/node-server` serves. */
function nodeOf(env: unknown): { readonly incoming: NodeRequest; readonly outgoing: NodeResponse } | undefined {
  const { incoming, outgoing } = (env ?? {}) as { readonly incoming?: object; readonly outgoing?: object }
  if (!has(incoming, 'push') || !has(outgoing, 'writeHead')) return undefined
  return { incoming: incoming as unknown as NodeRequest, outgoing: outgoing as unknown as NodeResponse }
}

const has = (value: object | undefined, name: string): boolean =>
  typeof value === 'object' && value !== null && name in value
