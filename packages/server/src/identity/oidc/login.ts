import { isTallystickError, TallystickError } from '@tallystick/core'
import type { Configuration } from 'openid-client'
import type { Principal } from '../principal.ts'
import { createIssuer, reasonOf, unavailable } from './issuer.ts'
import { assertOidcOptions, type OidcOptions } from './options.ts'
import { type Claims, personOf } from './person.ts'
import { returnPath } from './return-path.ts'
import { createSeal } from './seal.ts'

/** Logging in with OpenID Connect: the authorization code flow with PKCE, state and nonce. */
export interface OidcLogin {
  /** How long somebody has for it, ms. */
  readonly withinMs: number
  /**
   * @param callback where the issuer is to send the browser, unless the options say so
   * @throws TallystickError `issuer_unavailable`
   */
  begin(callback: string, returnTo: string | null, nowMs: number): Promise<OidcStart>
  /**
   * @param kept what the browser was given to keep at the start
   * @param answer the query string it comes back with
   * @throws TallystickError `login_failed`, `login_refused`, `issuer_unavailable`
   */
  finish(kept: string | undefined, answer: URLSearchParams, nowMs: number): Promise<OidcEnd>
}

export interface OidcStart {
  /** Where the browser is sent. */
  readonly location: string
  /** What it keeps meanwhile. */
  readonly keep: string
  /** Does it come back by https? */
  readonly https: boolean
}

export interface OidcEnd {
  readonly principal: Principal
  /** A path of this server. */
  readonly returnTo: string
  readonly https: boolean
}

/** Between start and end. */
interface Pending {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly callback: string
  readonly returnTo: string
  readonly untilMs: number
}

const WITHIN_MS = 10 * 60_000
const SCOPES: readonly string[] = ['openid', 'email', 'profile']
const isHttps = (callback: string): boolean => callback.startsWith('https:')

/** @throws TallystickError `invalid_config` */
export function createOidcLogin(options: OidcOptions): OidcLogin {
  assertOidcOptions(options)
  const issuer = createIssuer(options)
  const seal = createSeal()
  return {
    withinMs: WITHIN_MS,
    async begin(callback, returnTo, nowMs) {
      const configuration = await issuer.configuration(nowMs)
      const client = await import('openid-client')
      const pending: Pending = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
        callback: options.redirectUrl ?? callback,
        returnTo: returnPath(returnTo),
        untilMs: nowMs + WITHIN_MS,
      }
      const location = client.buildAuthorizationUrl(configuration, {
        redirect_uri: pending.callback,
        scope: (options.scopes ?? SCOPES).join(' '),
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
      })
      return { location: location.href, keep: seal.close(JSON.stringify(pending)), https: isHttps(pending.callback) }
    },
    async finish(kept, answer, nowMs) {
      const text = kept === undefined ? undefined : seal.open(kept)
      if (text === undefined) throw new TallystickError('login_failed', 'No login was begun in this browser.')
      const pending = JSON.parse(text) as Pending
      if (nowMs >= pending.untilMs) throw new TallystickError('login_failed', 'The login was begun too long ago.')
      const configuration = await issuer.configuration(nowMs)
      const claims = await claimsOf(configuration, pending, answer).catch((error: unknown) => {
        throw isTallystickError(error) ? error : failureOf(error)
      })
      return {
        principal: personOf(claims, options),
        returnTo: pending.returnTo,
        https: isHttps(pending.callback),
      }
    },
  }
}

/** Exchanges the code for what the issuer says, and verifies that. */
async function claimsOf(configuration: Configuration, pending: Pending, answer: URLSearchParams): Promise<Claims> {
  const client = await import('openid-client')
  const back = new URL(pending.callback)
  back.search = answer.toString()
  const tokens = await client.authorizationCodeGrant(configuration, back, {
    expectedState: pending.state,
    expectedNonce: pending.nonce,
    pkceCodeVerifier: pending.verifier,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  if (claims === undefined) throw new TallystickError('login_failed', 'The issuer sends no ID token.')
  // Some issuers keep the ID token small and say the rest when asked.
  if (claims['email'] !== undefined || configuration.serverMetadata().userinfo_endpoint === undefined) return claims
  return { ...(await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)), ...claims }
}

/** Is it the issuer that does not work for us, or this one login that is not right? */
function failureOf(error: unknown): TallystickError {
  const { code, error: said, status } = error as { code?: unknown; error?: unknown; status?: unknown }
  const reason = typeof said === 'string' && /^[a-z_]{1,64}$/.test(said) ? said : reasonOf(error)
  if (code === 'OAUTH_AUTHORIZATION_RESPONSE_ERROR')
    return new TallystickError('login_failed', `The issuer ended the login: ${reason}.`, { cause: error })
  const unreachable = error instanceof TypeError && error.message === 'fetch failed'
  const down = unreachable || code === 'OAUTH_TIMEOUT' || code === 'OAUTH_RESPONSE_IS_NOT_CONFORM'
  if (down) return unavailable(`The issuer does not answer as it should: ${reason}.`, error)
  if (typeof status === 'number' && reason !== 'invalid_grant')
    return unavailable(`The issuer refuses this server: ${reason}. Check auth.oidc.client_id and client_secret.`, error)
  return new TallystickError('login_failed', `What the issuer sent cannot be right: ${reason}.`, { cause: error })
}
