import { Exchange, type ExchangeNames } from '../exchange.ts'
import type { RequestFacts } from '../request-facts.ts'
import { attemptOf, operationOf } from '../retries.ts'
import { ownTargetOf, type Target } from '../target.ts'
import { keptAddress } from './address.ts'
import { link, linked } from './exchange-of.ts'
import type { ServerCaptureOptions } from './options.ts'

/** What every framework's request says, in its own spelling. */
export interface Arrived {
  readonly method: string | undefined
  /** As it came, from the root: with its query, which is never kept. */
  readonly url: string
  readonly headers: Pick<Headers, 'get'>
  /** The address at the other end of the connection. */
  readonly peer: string | undefined
  /** What the framework or a handler has read of the body by the end. */
  readonly read: () => RequestFacts
  /** Whatever a handler may know the request by. */
  readonly known: readonly object[]
}

/** Undefined for what is not recorded, cannot be looked at, or is being recorded already. */
export function begin<R>(options: ServerCaptureOptions<R>, request: R, arrived: Arrived): Exchange | undefined {
  try {
    const { method = 'GET', headers, known, read } = arrived
    if (method !== 'POST' || known.some(linked)) return undefined
    const target = targetFor(options, request, arrived)
    if (target === undefined) return undefined
    const attempt = attemptOf(headers)
    const exchange: Exchange = new Exchange(options, {
      target,
      method,
      read,
      ours: true,
      headers,
      names: () => ({ ...said(options, arrived, exchange.status), ...namesFor(options, request) }),
      ...(attempt === undefined ? {} : { attempt }),
    })
    link(known, exchange)
    return exchange
  } catch {
    return undefined
  }
}

function targetFor<R>({ target }: ServerCaptureOptions<R>, request: R, { url }: Arrived): Target | undefined {
  if (target === undefined) return ownTargetOf(pathOf(url))
  return typeof target === 'function' ? target(request) : target
}

/** Not by `URL`: a path may begin with two slashes, which it would read as a host. */
function pathOf(url: string): string {
  const path = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  return path.split(/[?#]/, 1)[0] ?? path
}

/** What headers and connection say. */
function said<R>(options: ServerCaptureOptions<R>, { headers, peer }: Arrived, status?: number): ExchangeNames {
  const authMethod = authMethodOf(headers)
  const userAgent = headers.get('user-agent')
  const clientIp = keptAddress(peer, options.clientAddress ?? 'off')
  return {
    ...operationOf(headers),
    ...(authMethod === undefined ? {} : { authMethod }),
    ...(status === 401 ? { authenticated: false } : {}),
    ...(userAgent === null || userAgent === '' ? {} : { userAgent }),
    ...(clientIp === undefined ? {} : { clientIp }),
  }
}

const KEY_HEADERS = ['x-api-key', 'api-key', 'x-goog-api-key'] as const

/** How the sender said who it is: the scheme of the header, never what follows it. */
function authMethodOf(headers: Pick<Headers, 'get'>): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9-]{0,31}) /.exec(headers.get('authorization') ?? '')?.[1]
  if (scheme !== undefined) return scheme.toLowerCase()
  return KEY_HEADERS.some((name) => headers.get(name) !== null) ? 'api_key' : undefined
}

function namesFor<R>({ names }: ServerCaptureOptions<R>, request: R): ExchangeNames {
  if (typeof names !== 'function') return names ?? {}
  try {
    return names(request)
  } catch {
    return {}
  }
}
