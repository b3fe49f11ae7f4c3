import { isTallystickError } from '@tallystick/core'
import { assertScope } from '../../identity/authenticator.ts'
import type { TokenReading } from '../../identity/ic-token.ts'
import type { Principal } from '../../identity/principal.ts'
import type { IngestRequest, Observed } from '../../ingest/ingest.ts'
import type { AppContext } from '../app-context.ts'
import { ownerOf, shownBy } from '../sender.ts'

/** What the token of an item says of whose the item is, or why it is refused. */
export type Credential =
  | {
      readonly ok: true
      /** An agent or a tenant of null is none, whatever the item says; undefined leaves it to the item. */
      readonly owner: NonNullable<IngestRequest['principal']>
      readonly observed: Observed
    }
  | Exclude<TokenReading, { readonly ok: true }>

const INVALID: Credential = { ok: false, code: 'unauthorized', message: 'Invalid or expired IC token' }

/**
 * Reads what stands in `ic_token`, or in the header for a whole body: an IC token or an API key. Where keys are asked for, a
 * token that nobody can verify is refused.
 */
export async function readCredential(token: unknown, app: AppContext): Promise<Credential> {
  const { identity, protocol012, clock } = app
  try {
    const principal = typeof token === 'string' ? await identity.authenticateToken(token) : undefined
    if (principal !== undefined) return credentialOf(principal)
    const reading = protocol012.readToken(token, clock.now())
    if (!reading.ok) return reading
    if (protocol012.verifies || identity.closed()) return INVALID
    const { agentId } = reading
    return {
      ok: true,
      owner: agentId === undefined ? {} : { agentId },
      observed: { authMethod: 'ic_token', authenticated: false },
    }
  } catch (error) {
    if (!isTallystickError(error)) throw error
    return { ok: false, code: error.code, message: error.message }
  }
}

/** @throws TallystickError `forbidden` */
function credentialOf(principal: Principal): Credential {
  assertScope(principal, 'ingest')
  return { ok: true, owner: ownerOf(principal) ?? {}, observed: shownBy(principal) ?? {} }
}
