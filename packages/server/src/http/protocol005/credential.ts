import { TallystickError } from '@tallystick/core'
import { bearerOf } from '../../identity/bearer.ts'
import type { IngestRequest } from '../../ingest/ingest.ts'
import type { Lease } from '../../state/lease.ts'
import { readCredential } from '../protocol012/tokens.ts'
import type { Call } from '../route.ts'
import { LEASE_PREFIX } from './body.ts'

type Owner = NonNullable<IngestRequest['principal']>

/**
 * Whose request it is, by `ic_token` in the body, or the header.
 *
 * @throws TallystickError `unauthorized`, `token_expired`, `invalid_token`, `forbidden`
 */
export async function ownerOf(call: Call, token: unknown): Promise<Owner> {
  const credential = await readCredential(token ?? shownIn(call), call.app)
  if (credential.ok) return credential.owner
  const { code, message } = credential
  throw new TallystickError(code, message, { issues: [{ path: 'ic_token', message }] })
}

/**
 * The lease that a request names. Who shows nothing else shows that it knows the id, of which nobody can guess one; who shows
 * a token must be whose the lease is.
 *
 * @throws TallystickError `lease_not_found`, or where keys are asked for `unauthorized`, and as {@link ownerOf}
 */
export async function leaseOf(call: Call, id: string | undefined): Promise<Lease | undefined> {
  const { app } = call
  const lease = id?.startsWith(LEASE_PREFIX) ? app.budgets.leases.find(id) : undefined
  const token = shownIn(call)
  if (token === undefined || token === ipTokenOf(id)) {
    if (lease === undefined && app.identity.closed())
      throw new TallystickError('unauthorized', 'The lease is not known; show a token to be told more.')
    return lease
  }
  const owner = await ownerOf(call, token)
  return lease !== undefined && isLeaseOf(lease, owner) ? lease : undefined
}

/** Is it one of this protocol, and whose? */
export function isLeaseOf(lease: Lease, { tenantId, agentId }: Owner): boolean {
  return (
    lease.id.startsWith(LEASE_PREFIX) &&
    (tenantId === undefined || (tenantId ?? undefined) === lease.tenantId) &&
    (agentId === undefined || agentId === lease.agentId)
  )
}

/** Names the lease, and stands for knowing its id; nothing else takes it for a credential. */
export const ipTokenOf = (leaseId: string | undefined): string => `ip_${leaseId}`

function shownIn({ request: { headers } }: Call): string | undefined {
  return bearerOf(headers) ?? headers.get('x-api-key') ?? undefined
}
