import type { Mutable } from '@tallystick/core/event'
import type { Principal } from '../identity/principal.ts'
import type { IngestRequest, Observed } from '../ingest/ingest.ts'

/** What the pipeline is told of who delivers: whose the events are whatever they say, and what fills their gaps. */
export function senderOf(
  principal: Principal,
  observed: Observed | undefined,
): { readonly principal?: NonNullable<IngestRequest['principal']>; readonly observed?: Observed } {
  const owner = ownerOf(principal)
  const seen = shownBy(principal)
  const sender: Mutable<ReturnType<typeof senderOf>> = {}
  if (owner !== undefined) sender.principal = owner
  if (seen !== undefined) sender.observed = { ...observed, ...seen }
  else if (observed !== undefined) sender.observed = observed
  return sender
}

/** Whose events the principal's are; undefined where it may say so itself. */
export function ownerOf({ tenantId, agentIds, agentId }: Principal): IngestRequest['principal'] {
  // An agent that is of no tenant must not write into one: it could not see there what it wrote.
  const tenant = tenantId ?? (agentIds === undefined ? undefined : null)
  if (tenant === undefined && agentId === undefined) return undefined
  return { ...(tenant === undefined ? {} : { tenantId: tenant }), ...(agentId === undefined ? {} : { agentId }) }
}

/** How whoever delivers has said who it is; undefined where it did not have to. */
export function shownBy({ method, keyId }: Principal): Observed | undefined {
  if (method === undefined) return undefined
  return { authMethod: method, authenticated: true, ...(keyId === undefined ? {} : { apiKeyId: keyId }) }
}
