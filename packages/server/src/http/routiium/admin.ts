import { createHash, timingSafeEqual } from 'node:crypto'
import { TallystickError } from '@tallystick/core'
import type { Evidence } from '../../identity/auth-method.ts'
import { LOCAL, type Principal } from '../../identity/principal.ts'
import type { AppContext } from '../app-context.ts'

/**
 * Lets in the administrator as Routiium knows one: with a token configured whoever bears it, without one everybody if the
 * server was opened on purpose. Beside it the credentials of all routes count; a token that is configured closes these
 * routes on a server that is otherwise open.
 *
 * @throws TallystickError `unauthorized`
 */
export function admitAdmin({ headers }: Evidence, { admin, identity }: AppContext): Principal | undefined {
  const { token, insecure = false } = admin
  if (token === undefined) return insecure ? LOCAL : undefined
  const sent = /^bearer +(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  if (sent !== undefined && sameText(sent, token)) return ADMINISTRATOR
  if (identity.closed()) return undefined
  throw new TallystickError(
    'unauthorized',
    sent === undefined ? 'Send Authorization: Bearer with the admin token.' : 'The admin token is wrong.',
  )
}

const ADMINISTRATOR: Principal = { ...LOCAL, name: 'the admin token of Routiium', method: 'admin_token' }

/** Digests are of one length, so the comparison takes the same time wherever the texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
