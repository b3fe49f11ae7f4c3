import { TallystickError } from '@tallystick/core'
import type { LeaseOwner } from '../budget/lease-owner.ts'
import type { LeaseTerms } from '../budget/lease-terms.ts'
import { BudgetExceeded } from '../budget/refusal.ts'
import type { Budget } from '../state/budget.ts'
import type { Lease } from '../state/lease.ts'
import type { ControlCopy } from './copy.ts'
import { assertAnswered, away, codeIn, type Owner, POSITION_HEADER } from './owner.ts'

/** A request to a provider waits for it. */
const WITHIN_MS = 3_000

/** Asks the owner of the control state for room in budgets. */
export function leaseOwnerOf(
  owner: Owner,
  copy: Pick<ControlCopy, 'reached' | 'state'>,
  whenAway: LeaseOwner['whenAway'],
  nowMs: () => number,
): LeaseOwner {
  const post = (path: string, body: unknown): Promise<Response> =>
    owner.ask(path, {
      method: 'POST',
      ours: true,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      timeoutMs: WITHIN_MS,
    })
  return {
    whenAway,
    async reserve(terms) {
      const response = await post('/api/v1/leases', wireTerms(terms))
      if (!response.ok) throw await refusalOf(response, terms, owner, nowMs())
      const { id } = (await response.json()) as { readonly id: string }
      await copy.reached(response.headers.get(POSITION_HEADER) ?? '', WITHIN_MS)
      const lease = copy.state.rows('leases').get(id)
      if (lease === undefined) throw away(owner.url, 'a lease that it has given has not come over')
      return lease
    },
    async giveBack({ id }: Lease) {
      const response = await post(`/api/v1/leases/${encodeURIComponent(id)}/return`, {})
      // It has ended there, or is forgotten: nothing is left to give back.
      if (response.status !== 404 && response.status !== 409) await assertAnswered(owner, response)
    },
  }
}

function wireTerms({ requestId, ttlMs, tenantId, agentId, apiKeyId, userId, nanoUsd, ...terms }: LeaseTerms): object {
  return {
    request_id: requestId,
    ttl_ms: ttlMs,
    tenant_id: tenantId,
    agent_id: agentId,
    api_key_id: apiKeyId,
    user_id: userId,
    provider: terms.provider,
    model: terms.model,
    tags: terms.tags,
    nano_usd: nanoUsd?.toString(),
    tokens: terms.tokens?.toString(),
    partial: terms.partial,
  }
}

/** The same error as if it had been decided here. */
async function refusalOf(
  response: Response,
  { nanoUsd, tokens }: LeaseTerms,
  owner: Owner,
  nowMs: number,
): Promise<TallystickError> {
  const problem = (await response.json().catch(() => ({}))) as {
    readonly detail?: unknown
    readonly budget?: Readonly<Record<string, unknown>>
  }
  const code = codeIn(problem)
  const { budget } = problem
  if (code === 'budget_exceeded' && budget !== undefined) {
    const unit = budget['unit'] as Budget['unit']
    const resetsMs = budget['resets_ms']
    const amountOf = (name: string): bigint => BigInt(String(budget[name]))
    return new BudgetExceeded(
      {
        budgetId: String(budget['id']),
        name: String(budget['name']),
        unit,
        amount: amountOf('amount'),
        spent: amountOf('spent'),
        reserved: amountOf('reserved'),
        remaining: amountOf('remaining'),
        ...(typeof resetsMs === 'number' ? { resetsMs } : {}),
      },
      unit === 'nano_usd' ? nanoUsd : tokens,
      nowMs,
    )
  }
  // That our own key is refused is nothing that whoever sends a request could mend.
  if (code === undefined || response.status >= 500 || response.status === 401 || response.status === 403)
    return away(owner.url, `it answers ${response.status}${code === undefined ? '' : ` ${code}`}`)
  return new TallystickError(code, typeof problem.detail === 'string' ? problem.detail : undefined)
}
