import { isTallystickError, TallystickError } from '@tallystick/core'
import type { LeaseTerms } from '../../budget/lease-terms.ts'
import type { Lease } from '../../state/lease.ts'
import { type Call, type Handler, json } from '../route.ts'
import { amountIn, LEASE_PREFIX, readMembers, told } from './body.ts'
import { ipTokenOf, isLeaseOf, ownerOf } from './credential.ts'
import { remainingOf } from './remaining.ts'

const DEFAULT_NANO = 10_000_000_000n
const HANDSHAKE_MOST_MICROS = 100_000_000n
const REFRESH_MOST_MICROS = 1_000_000_000n
const TTL_MS = 3_600_000
const SECRET_BYTES = 16

/**
 * `POST /api/v1/budget/handshake`: a lease for an agent, of as much as was asked for or as is left. `ip_token` names the
 * lease and stands for knowing its id; no provider's key is in it.
 */
export const handshake: Handler = async (call) => {
  const members = await readMembers(call, [
    ...['ic_token', 'provider', 'provider_key_id', 'requested_budget', 'requested_budget_usd', 'request_id'],
  ])
  const owner = await ownerOf(call, members.value('ic_token'))
  const provider = members.text('provider')
  if (!members.has('provider')) members.missing('provider', 'whose models the agent will ask')
  members.text('provider_key_id')
  const requestId = members.text('request_id')
  const asked = askedIn(members, HANDSHAKE_MOST_MICROS)
  members.throwIfWrong()
  const lease = await grant(call, owner, {
    ...asked,
    ...(provider === undefined ? {} : { provider }),
    ...(requestId === undefined ? {} : { requestId }),
  })
  return json(grantRow(call, lease))
}

/** `POST /api/v1/budget/refresh`: a further lease. Always 200; `denied` says why. */
export const refresh: Handler = async (call) => {
  const members = await readMembers(call, [
    ...['ic_token', 'current_lease_id', 'requested_budget', 'requested_budget_usd', 'request_id'],
  ])
  const owner = await ownerOf(call, members.value('ic_token'))
  const currentId = members.text('current_lease_id')
  if (!members.has('current_lease_id')) members.missing('current_lease_id', 'the lease that is nearly used up')
  const requestId = members.text('request_id')
  const asked = askedIn(members, REFRESH_MOST_MICROS)
  members.throwIfWrong()
  const current = call.app.budgets.leases.find(currentId as string)
  if (current === undefined || !isLeaseOf(current, owner))
    throw new TallystickError('lease_not_found', 'There is no such lease of this agent.')
  try {
    const lease = await grant(call, owner, {
      ...asked,
      ...(current.provider === undefined ? {} : { provider: current.provider }),
      ...(requestId === undefined ? {} : { requestId }),
    })
    return json({ status: 'approved', ...grantRow(call, lease) })
  } catch (error) {
    if (!isTallystickError(error) || error.code !== 'budget_exceeded') throw error
    return json({ status: 'denied', reason: error.message, ...told('budget_granted', 0n), ...remaining(call, current) })
  }
}

function askedIn(members: Awaited<ReturnType<typeof readMembers>>, most: bigint): { readonly nanoUsd: bigint } {
  const asked = amountIn(members, 'requested_budget', ['requested_budget_usd'], most)
  if (asked === 0n) members.wrong('requested_budget', 'out_of_range', 'must be more than 0')
  return { nanoUsd: asked ?? DEFAULT_NANO }
}

async function grant(
  { app }: Call,
  { agentId, tenantId }: Awaited<ReturnType<typeof ownerOf>>,
  asked: Pick<LeaseTerms, 'nanoUsd' | 'provider'> & { readonly requestId?: string },
): Promise<Lease> {
  const leaseId = LEASE_PREFIX + app.newSecret(SECRET_BYTES)
  return app.budgets.leases.reserve({
    requestId: leaseId,
    ...asked,
    leaseId,
    ...(agentId === undefined ? {} : { agentId }),
    ...(tenantId === undefined || tenantId === null ? {} : { tenantId }),
    ttlMs: TTL_MS,
    partial: true,
    unboundedPasses: true,
  })
}

function grantRow(call: Call, lease: Lease): object {
  return {
    ip_token: ipTokenOf(lease.id),
    lease_id: lease.id,
    ...told('budget_granted', BigInt(lease.reservedNanoUsd)),
    ...remaining(call, lease),
    expires_at: lease.expiresMs,
  }
}

function remaining({ app }: Call, lease: Lease): object {
  return told('budget_remaining', remainingOf(app.budgets, lease))
}
