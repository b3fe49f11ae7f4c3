import { TallystickError } from '@tallystick/core'
import type { AuthMethod, Evidence } from './auth-method.ts'
import { fromOwnPage } from './same-origin.ts'
import { cookieOf, SESSION_COOKIE } from './session-cookie.ts'
import { SESSION_METHOD, type Sessions } from './sessions.ts'

/**
 * By the cookie of a session.
 *
 * @throws TallystickError `forbidden_origin` when the request comes from a page that is not ours, whatever it asks for
 */
export function sessionMethod(sessions: Sessions, isHttps: (evidence: Evidence) => boolean): AuthMethod {
  return {
    name: SESSION_METHOD,
    authenticate(evidence) {
      const { headers, url, nowMs } = evidence
      const secret = cookieOf(headers, SESSION_COOKIE, isHttps(evidence))
      const principal = secret === undefined ? undefined : sessions.principal(secret, nowMs)
      // A cookie without a session may be that of another server: browsers do not tell the ports of one host apart.
      if (principal === undefined) return undefined
      if (!fromOwnPage(headers, url))
        throw new TallystickError('forbidden_origin', 'A session counts in requests of our own pages only.')
      return principal
    },
  }
}
