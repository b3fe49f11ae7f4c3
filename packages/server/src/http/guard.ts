import { isIP } from 'node:net'
import { TallystickError } from '@tallystick/core'
import { sameOrigin } from '../identity/same-origin.ts'

/**
 * Who may speak to a server that has no keys. A page of another site can make a browser send requests to a local
 * server, and by DNS rebinding even read the answers; both show in headers that page cannot forge: `Host` names the
 * attacker's domain, `Origin` and `Sec-Fetch-Site` name its origin.
 */
export interface Guard {
  /** Undefined when the request may go on. `guarded`: it changes something, or opens a stream. */
  refusal(request: GuardedRequest): TallystickError | undefined
  /** The origin to name in `access-control-allow-origin`: only one that was configured. */
  corsOrigin(origin: string | undefined): string | undefined
  /** Lets requests name the address the server is bound to. */
  bind(host: string): void
  /** Can nothing but this machine reach the server? True until it is bound to anything but loopback. */
  local(): boolean
}

export interface GuardedRequest {
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly guarded: boolean
}

export interface GuardOptions {
  /** Names beside loopback, without port. */
  readonly allowedHosts?: readonly string[]
  /** Origins beside our own, e.g. `https://dash.example`. */
  readonly allowedOrigins?: readonly string[]
}

const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::\d{1,5})?$/
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i
/** Can only this machine reach a server bound to `host`? Loopback is where one is bound that does not say. */
export function isLoopback(host: string | undefined): boolean {
  return host === undefined || LOOPBACK.test(host)
}

const WILDCARDS: readonly string[] = ['0.0.0.0', '::', '']

export function createGuard(options: GuardOptions = {}): Guard {
  const hosts = new Set([
    'localhost',
    '127.0.0.1',
    '[::1]',
    ...(options.allowedHosts ?? []).map((name) => name.toLowerCase()),
  ])
  const origins = new Set((options.allowedOrigins ?? []).map((origin) => origin.toLowerCase().replace(/\/$/, '')))
  let anyAddress = false
  let local = true
  // One server sees a handful of spellings of its own name; the bound keeps a hostile client from growing the map.
  const known = new Map<string, boolean>()

  const allowedHost = (host: string): boolean => {
    const cached = known.get(host)
    if (cached !== undefined) return cached
    const name = HOST.exec(host.toLowerCase())?.[1]
    const allowed = name !== undefined && (hosts.has(name) || (anyAddress && isIP(name.replace(/^\[|\]$/g, '')) !== 0))
    if (known.size < 64) known.set(host, allowed)
    return allowed
  }

  const allowedOrigin = (origin: string, host: string): boolean =>
    origins.has(origin.toLowerCase()) || sameOrigin(origin, host)

  return {
    refusal({ host, origin, fetchSite, guarded }) {
      if (host === undefined || !allowedHost(host))
        return new TallystickError('misdirected_host', `This server does not answer for the host ${quote(host)}.`)
      if (!guarded) return undefined
      if (origin !== undefined) {
        if (allowedOrigin(origin, host)) return undefined
        return new TallystickError('forbidden_origin', `Requests from the origin ${quote(origin)} are refused.`)
      }
      // Neither header: not a browser. `none` is a person typing the address.
      if (fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none') return undefined
      return new TallystickError('forbidden_origin', `Requests marked ${quote(fetchSite)} by the browser are refused.`)
    },
    corsOrigin: (origin) => (origin !== undefined && origins.has(origin.toLowerCase()) ? origin : undefined),
    bind(host) {
      known.clear()
      if (!isLoopback(host)) local = false
      // A rebinding attack needs a name: an address in `Host` is one the client really meant.
      if (WILDCARDS.includes(host)) anyAddress = true
      else hosts.add(isIP(host) === 6 ? `[${host.toLowerCase()}]` : host.toLowerCase())
    },
    local: () => local,
  }
}

const quote = (text: string | undefined): string => (text === undefined ? '(none)' : JSON.stringify(text.slice(0, 128)))
