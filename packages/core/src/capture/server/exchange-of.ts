import type { Exchange, ExchangeNames } from '../exchange.ts'

/** A request that is being recorded, as a handler sees it. */
export interface ExchangeHandle {
  /** False where nothing is recorded: another path, another method, no middleware before this handler. */
  readonly recorded: boolean
  /** Says more of the request, at any time before its answer has gone. Never throws. */
  add(names: ExchangeNames): void
}

const exchanges = new WeakMap<object, Exchange>()

export const linked = (known: object): boolean => exchanges.has(known)

export function link(known: readonly object[], exchange: Exchange): void {
  for (const each of known) exchanges.set(each, exchange)
}

/**
 * The record of a request that is under way, so that whoever learns more of it can say so: a router which backend it chose, a
 * check of keys whose key it was, a handler whose answer tells no figures how many tokens there were.
 *
 * @param request the request of Express or Fastify, Hono's context or request, or Node's own
 * @returns one that records nothing where nothing is recorded, so that handlers need not ask
 *
 * @example
 * exchangeOf(request).add({ backend: 'gpu-2', routingMethod: 'latency', tags: { team: 'search' } })
 */
export function exchangeOf(request: object): ExchangeHandle {
  const exchange = exchanges.get(request) ?? exchanges.get((request as { readonly raw?: object }).raw ?? request)
  return exchange === undefined
    ? NOTHING
    : {
        recorded: true,
        add: (names) => {
          exchange.add(names)
        },
      }
}

const NOTHING: ExchangeHandle = { recorded: false, add: () => undefined }
