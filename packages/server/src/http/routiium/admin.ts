import { createHash, timingSafeEqual } from 'node:crypto'
import { TallystickError } from '@tallystick/core'
import type { AppContext } from '../app-context.ts'
import type { Handler } from '../route.ts'

/**
 * Lets a request through to `handler` only when it comes from the administrator: with a token configured it must bear it,
 * without one the server must be reachable from this machine only, or have been opened on purpose.
 */
export function forAdmin(handler: Handler): Handler {
  return (call) => {
    authorise(call.request.headers.get('authorization'), call.app)
    return handler(call)
  }
}

/** @throws TallystickError `unauthorized` */
function authorise(authorization: string | null, { admin, guard }: AppContext): void {
  const { token, insecure = false } = admin
  if (token === undefined) {
    if (insecure || guard.local()) return
    throw new TallystickError(
      'unauthorized',
      'No admin token is configured, and this server can be reached from other machines; set ROUTIIUM_ADMIN_TOKEN.',
    )
  }
  const sent = /^bearer +(.+)$/i.exec(authorization ?? '')?.[1]
  if (sent === undefined || !sameText(sent, token))
    throw new TallystickError(
      'unauthorized',
      sent === undefined ? 'Send Authorization: Bearer with the admin token.' : 'The admin token is wrong.',
    )
}

/** Digests are of one length, so the comparison takes the same time wherever the texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
