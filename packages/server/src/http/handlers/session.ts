import { isTallystickError, TallystickError } from '@tallystick/core'
import type { Evidence } from '../../identity/auth-method.ts'
import { NOBODY, type Principal } from '../../identity/principal.ts'
import { fromOwnPage } from '../../identity/same-origin.ts'
import { cookieHeader, cookieOf, cookieRemovals, SESSION_COOKIE } from '../../identity/session-cookie.ts'
import { SESSION_METHOD } from '../../identity/sessions.ts'
import { truncatedAddress } from '../address/address.ts'
import { addressEvidence } from '../address/evidence.ts'
import { bodyFormat } from '../media.ts'
import { type Call, type Handler, json } from '../route.ts'
import { readJson } from './query.ts'

/** `POST /api/v1/session`: a key becomes a session; from then on the browser shows a cookie and can forget the key. */
export const openSession: Handler = async (call) => {
  const { request, app } = call
  if (bodyFormat(request.headers.get('content-type') ?? undefined) !== 'json')
    throw new TallystickError('unsupported_media_type', 'A session is opened with one JSON object.')
  const principal = await keyPrincipal(keyIn(await readJson(request, app)), call)
  return withSession(json(shown(principal, call, true)), call, principal, app.login.isHttps(evidenceOf(call)))
}

/** `DELETE /api/v1/session`: the session ends, not only its cookie in this browser. */
export const endSession: Handler = async (call) => {
  if (!fromOwnPage(call.request.headers, call.url))
    throw new TallystickError('forbidden_origin', 'Only our own pages end a session.')
  const response = json({ ended: await endOwn(call) })
  for (const header of cookieRemovals(SESSION_COOKIE)) response.headers.append('set-cookie', header)
  return response
}

/** `GET /api/v1/session`: who asks, and how somebody could log in. Answers without credentials, and with wrong ones. */
export const showSession: Handler = async (call) => {
  const principal = await whoAsks(call)
  return json(shown(principal, call, principal.method === SESSION_METHOD))
}

/** Opens a session and puts its cookie on the answer; one that the browser had before ends. */
export async function withSession(
  response: Response,
  call: Call,
  principal: Principal,
  https: boolean,
): Promise<Response> {
  const { app } = call
  await endOwn(call)
  const secret = await app.login.sessions.open(principal, app.clock.now())
  const maxAgeSeconds = Math.floor(app.login.sessions.life.maxMs / 1000)
  response.headers.append(
    'set-cookie',
    cookieHeader(SESSION_COOKIE, secret, { https, maxAgeSeconds, sameSite: 'strict' }),
  )
  return response
}

export function evidenceOf({ request, url, peer, app }: Call): Evidence {
  return { headers: request.headers, url, peer, nowMs: app.clock.now() }
}

function keyIn(body: unknown): string {
  const { key, ...more } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  if (typeof key !== 'string' || Object.keys(more).length > 0)
    throw new TallystickError('invalid_body', 'Send {"key": "tsk_..."} and nothing else.')
  return key
}

/**
 * The same answer for an unknown id, a wrong secret, a key that has expired and one that was revoked.
 *
 * @throws TallystickError `unauthorized`; `rate_limit_exceeded` after many of those
 */
async function keyPrincipal(text: string, call: Call): Promise<Principal> {
  const { attempts, keyPrincipal: find } = call.app.login
  const nowMs = call.app.clock.monotonic()
  const who = attempterOf(call)
  const waitMs = attempts.waitMs(who, nowMs)
  if (waitMs > 0)
    throw new TallystickError('rate_limit_exceeded', 'Too many keys from this address were not valid.', {
      retryAfterSeconds: Math.ceil(waitMs / 1000),
    })
  // Before it is known, so that many at once are no more than many one after another.
  attempts.failed(who, nowMs)
  const principal = await find(text, call.app.clock.now())
  if (principal === undefined) throw new TallystickError('unauthorized', 'The key is not valid.')
  attempts.succeeded(who)
  return principal
}

/** An address, or of IPv6 the network: there one attacker has more addresses than could be remembered. */
function attempterOf(call: Call): string {
  const address = call.app.clientAddress.sender(addressEvidence(call)) ?? ''
  return address.includes(':') ? truncatedAddress(address) : address
}

async function whoAsks(call: Call): Promise<Principal> {
  try {
    return await call.app.identity.authenticate(evidenceOf(call))
  } catch (error) {
    if (isTallystickError(error)) return NOBODY
    throw error
  }
}

const ownSecret = (call: Call): string | undefined =>
  cookieOf(call.request.headers, SESSION_COOKIE, call.app.login.isHttps(evidenceOf(call)))

async function endOwn(call: Call): Promise<boolean> {
  const secret = ownSecret(call)
  return secret !== undefined && (await call.app.login.sessions.end(secret))
}

function shown(principal: Principal, { app }: Call, session: boolean): object {
  const { kind, name, scopes, tenantId } = principal
  return {
    authenticated: kind !== 'nobody',
    kind,
    name: kind === 'nobody' ? null : name,
    scopes: [...scopes],
    tenant_id: tenantId ?? null,
    session,
    login: ['key', ...(app.login.oidc === undefined ? [] : ['oidc'])],
  }
}
