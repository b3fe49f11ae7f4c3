import { isTallystickError } from '@tallystick/core'
import { type Attempts, createAttempts } from '../identity/attempts.ts'
import type { AuthMethod, Evidence } from '../identity/auth-method.ts'
import { createOidcLogin, type OidcLogin } from '../identity/oidc/login.ts'
import type { OidcOptions } from '../identity/oidc/options.ts'
import type { Principal } from '../identity/principal.ts'
import { type ProxyHeaderOptions, proxyMethod } from '../identity/proxy-method.ts'
import { sessionMethod } from '../identity/session-method.ts'
import { createSessions, type SessionLife, type Sessions } from '../identity/sessions.ts'
import type { ControlState } from '../state/state.ts'
import type { ClientAddress } from './address/client-address.ts'

/** How people's browsers get in, beside by a key. */
export interface LoginOptions {
  readonly session?: Partial<SessionLife>
  /** Believed from trusted proxies only. */
  readonly proxy?: ProxyHeaderOptions
  readonly oidc?: OidcOptions
}

/** What the routes of logging in work with. */
export interface Login {
  readonly sessions: Sessions
  readonly attempts: Attempts
  /** Absent where no issuer is configured. */
  readonly oidc?: OidcLogin
  /** What a request may show beside a key or a token. */
  readonly methods: readonly AuthMethod[]
  /** Whose key it is; undefined for any text that is no key in force. */
  keyPrincipal(text: string, nowMs: number): Promise<Principal | undefined>
  /** Did the browser send the request by https? */
  isHttps(evidence: Pick<Evidence, 'headers' | 'url' | 'peer'>): boolean
}

export interface LoginParts {
  readonly state: ControlState
  readonly clientAddress: Pick<ClientAddress, 'trusts'>
  /** By which a session is opened. */
  readonly keys: AuthMethod
  readonly onError: (error: unknown) => void
}

/** @throws TallystickError `invalid_config` */
export function createLogin(options: LoginOptions, { state, clientAddress, keys, onError }: LoginParts): Login {
  const trusts = (peer: string | undefined): boolean => clientAddress.trusts(peer)
  const isHttps: Login['isHttps'] = ({ headers, url, peer }) =>
    url.protocol === 'https:' ||
    // A browser that lies about it deceives itself alone: its cookie is the stricter one.
    headers.get('origin')?.startsWith('https://') === true ||
    (trusts(peer) && forwardedProtocol(headers) === 'https')
  const sessions = createSessions({ ...options.session, state, keyless: options.oidc !== undefined, onError })
  return {
    sessions,
    attempts: createAttempts(),
    ...(options.oidc === undefined ? {} : { oidc: createOidcLogin(options.oidc) }),
    methods: [
      // A person who logs in with an issuer must be asked to, so the server is closed to whoever does not.
      { ...sessionMethod(sessions, isHttps), closes: () => options.oidc !== undefined },
      ...(options.proxy === undefined ? [] : [proxyMethod(options.proxy, trusts)]),
    ],
    async keyPrincipal(text, nowMs) {
      const headers = { get: (name: string) => (name === 'x-api-key' ? text : null) }
      try {
        return await keys.authenticate({ headers, url: NOWHERE, peer: undefined, nowMs })
      } catch (error) {
        if (isTallystickError(error)) return undefined
        throw error
      }
    },
    isHttps,
  }
}

const NOWHERE = new URL('http://localhost/')

/** What the outermost proxy was asked by. */
function forwardedProtocol(headers: Pick<Headers, 'get'>): string | undefined {
  const [first = ''] = (headers.get('x-forwarded-proto') ?? '').split(',')
  const named = /^[^,]*\bproto="?([a-z]+)/i.exec(headers.get('forwarded') ?? '')?.[1]
  return (first.trim() || named)?.toLowerCase()
}
