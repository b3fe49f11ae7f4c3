import { isTallystickError, TallystickError } from '@tallystick/core'
import type { OidcLogin } from '../../identity/oidc/login.ts'
import { cookieHeader, cookieOf, cookieRemovals, LOGIN_COOKIE } from '../../identity/session-cookie.ts'
import type { Call, Handler } from '../route.ts'
import { evidenceOf, withSession } from './session.ts'

const CALLBACK = '/auth/oidc/callback'

/** `GET /auth/oidc/login`: sends the browser to the issuer. */
export const beginOidc: Handler = (call) =>
  orPage(call, async () => {
    const { app, url } = call
    const { location, keep, https } = await oidcOf(call).begin(
      ownAddress(call) + CALLBACK,
      url.searchParams.get('return_to'),
      app.clock.now(),
    )
    const response = seeOther(location)
    const maxAgeSeconds = Math.floor(oidcOf(call).withinMs / 1000)
    // The issuer's page leads the browser back here, which a strict cookie would not survive.
    response.headers.append('set-cookie', cookieHeader(LOGIN_COOKIE, keep, { https, maxAgeSeconds, sameSite: 'lax' }))
    return response
  })

/** `GET /auth/oidc/callback`: where the issuer sends the browser back to. */
export const finishOidc: Handler = async (call) => {
  const response = await orPage(call, async () => {
    const { app, request, url } = call
    const kept = cookieOf(request.headers, LOGIN_COOKIE, app.login.isHttps(evidenceOf(call)))
    const { principal, returnTo, https } = await oidcOf(call).finish(kept, url.searchParams, app.clock.now())
    return withSession(seeOther(returnTo), call, principal, https)
  })
  for (const header of cookieRemovals(LOGIN_COOKIE)) response.headers.append('set-cookie', header)
  return response
}

/** A browser gets our page, which says what went wrong; whoever else asks gets the problem itself. */
async function orPage(call: Call, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (!isTallystickError(error) || !(call.request.headers.get('accept') ?? '').includes('text/html')) throw error
    // The page knows the code alone; whoever runs the server needs the cause.
    if (error.code === 'issuer_unavailable') call.app.onError(error, call.app.newRequestId())
    return seeOther(`/#login=${error.code}`)
  }
}

function oidcOf({ app }: Call): OidcLogin {
  if (app.login.oidc === undefined)
    throw new TallystickError('not_found', 'OpenID Connect is not configured here; log in with a key.')
  return app.login.oidc
}

/** As the browser knows us: the guard has found the host to be one of ours. */
function ownAddress(call: Call): string {
  const { request, url, app } = call
  return `${app.login.isHttps(evidenceOf(call)) ? 'https' : 'http'}://${request.headers.get('host') ?? url.host}`
}

const seeOther = (location: string): Response => new Response(null, { status: 303, headers: { location } })
