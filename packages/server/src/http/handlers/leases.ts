import { TallystickError } from '@tallystick/core'
import { takesRoom } from '../../budget/lease-book.ts'
import { type LeaseTerms, readTerms } from '../../budget/lease-terms.ts'
import type { Usage } from '../../budget/leases.ts'
import { Members } from '../../budget/members.ts'
import { BudgetExceeded } from '../../budget/refusal.ts'
import { FOLLOWER_HEADER } from '../../control/owner.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Lease } from '../../state/lease.ts'
import { addressEvidence } from '../address/evidence.ts'
import { doorDecoder } from '../batch.ts'
import { problemOf, problemResponse } from '../problem.ts'
import { type Call, type Handler, json } from '../route.ts'
import { senderOf } from '../sender.ts'
import { readJson } from './query.ts'

/** `POST /api/v1/leases`: room for one request, or 402 with the budget that has none. */
export const createLease: Handler = async (call) => {
  const { app, principal, request } = call
  // Another server has said whose key it is, and shows its own.
  const { keyId: _, ...keyless } = principal
  const asker = request.headers.get(FOLLOWER_HEADER) === 'itself' ? keyless : principal
  const terms = owned(readTerms(await readJson(request, app), app.prices, app.clock.now()), asker)
  try {
    return json(leaseRow(await app.budgets.leases.reserve(terms)), 201)
  } catch (error) {
    if (error instanceof BudgetExceeded) return refusal(error, app.newRequestId())
    throw error
  }
}

/** `GET /api/v1/leases/:id`. */
export const showLease: Handler = (call) => json(leaseRow(leaseOf(call)))

/**
 * `POST /api/v1/leases/:id/settle`: with `event`, what the request used becomes its event; with `nano_usd` and `tokens`, the
 * event is on its way by itself.
 */
export const settleLease: Handler = async (call) => {
  const { app, request } = call
  const { leases } = app.budgets
  const lease = leaseOf(call)
  const members = new Members(await readJson(request, app), 'settlement', ['event', 'nano_usd', 'tokens'])
  const nanoUsd = members.amount('nano_usd')
  const tokens = members.amount('tokens')
  const event = members.value('event')
  if (!['event', 'nano_usd', 'tokens'].some((name) => members.has(name)))
    members.missing('event', 'what the request used, as a native event; or `nano_usd` and `tokens`')
  if (event !== undefined && (members.has('nano_usd') || members.has('tokens')))
    members.wrong('event', 'unknown_value', 'says what was used; leave `nano_usd` and `tokens` out')
  if (event !== undefined && (typeof event !== 'object' || event === null || Array.isArray(event)))
    members.wrong('event', 'invalid_type', 'must be an object')
  const { event_id: eventId } = (event ?? {}) as { readonly event_id?: unknown }
  if (eventId !== undefined && eventId !== lease.requestId)
    members.wrong('event.event_id', 'unknown_value', 'is the request id of the lease; leave it out')
  members.throwIfWrong()
  if (event === undefined) {
    const amounts = { ...(nanoUsd === undefined ? {} : { nanoUsd }), ...(tokens === undefined ? {} : { tokens }) }
    return json(leaseRow(await leases.settleAmounts(lease, amounts)))
  }
  const usage = { event: event as Readonly<Record<string, unknown>>, ...deliveryOf(call) }
  const settled = await leases.settle(lease, usage)
  return json({
    ...leaseRow(settled.lease),
    event: { event_id: settled.event?.eventId, status: settled.event?.status },
  })
}

/** `POST /api/v1/leases/:id/return`: it was not needed. */
export const returnLease: Handler = async (call) =>
  json(leaseRow(await call.app.budgets.leases.giveBack(leaseOf(call))))

/** How an event of a lease is read, and what the door knows of who sends it. */
export function deliveryOf(call: Call): Pick<Usage, 'decode' | 'observed'> {
  const { clientAddress, limits } = call.app
  const { observed } = senderOf(call.principal, clientAddress.observed(addressEvidence(call)))
  return {
    decode: clientAddress.held(doorDecoder(limits.depth)),
    ...(observed === undefined ? {} : { observed }),
  }
}

/** What the principal may reserve for: its own tenant and agents. */
function owned(terms: LeaseTerms, { tenantId, agentIds, agentId, keyId }: Principal): LeaseTerms {
  // An agent that is of no tenant must not spend in one.
  const { tenantId: _, ...untenanted } = terms
  const own: LeaseTerms = {
    ...(agentIds === undefined ? terms : untenanted),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(agentId === undefined ? {} : { agentId }),
    ...(keyId === undefined || terms.apiKeyId !== undefined ? {} : { apiKeyId: keyId }),
  }
  if (agentIds !== undefined && (own.agentId === undefined || !agentIds.has(own.agentId)))
    throw new TallystickError('unknown_value', 'These credentials are for some agents only: name one of them.', {
      issues: [{ path: 'agent_id', message: 'must be one of the agents of these credentials' }],
    })
  return own
}

/** @throws TallystickError `lease_not_found`, also for what is there for others only */
function leaseOf({ app, principal, params }: Call): Lease {
  const lease = app.budgets.leases.get(params['id'] ?? '', principal.tenantId)
  const { agentIds } = principal
  const isOwn = lease.agentId !== undefined && agentIds?.has(lease.agentId) && lease.tenantId === principal.tenantId
  if (agentIds !== undefined && !isOwn) throw new TallystickError('lease_not_found', 'There is no such lease.')
  return lease
}

function leaseRow(lease: Lease): object {
  return {
    id: lease.id,
    request_id: lease.requestId,
    state: lease.state,
    tenant_id: lease.tenantId ?? null,
    agent_id: lease.agentId ?? null,
    budgets: lease.budgetIds,
    granted_nano_usd: lease.unbounded === 'nano_usd' ? null : lease.reservedNanoUsd,
    granted_tokens: lease.unbounded === 'tokens' ? null : lease.reservedTokens,
    partial: lease.askedNanoUsd !== undefined || lease.askedTokens !== undefined,
    settled_nano_usd: lease.settledNanoUsd ?? null,
    settled_tokens: lease.settledTokens ?? null,
    takes_room: takesRoom(lease),
    created_ms: lease.createdMs,
    expires_ms: lease.expiresMs,
  }
}

/** The problem, and beside it the budget that is at fault. */
function refusal(error: BudgetExceeded, requestId: string): Response {
  const { budgetId, name, unit, amount, spent, reserved, remaining, resetsMs } = error.refusal
  const problem = {
    ...problemOf(error, requestId),
    budget: {
      id: budgetId,
      name,
      unit,
      amount: String(amount),
      spent: String(spent),
      reserved: String(reserved),
      remaining: String(remaining),
      resets_ms: resetsMs ?? null,
    },
  }
  return problemResponse(problem)
}
