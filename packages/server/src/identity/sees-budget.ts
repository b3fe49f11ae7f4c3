import type { Budget } from '../state/budget.ts'
import type { Principal } from './principal.ts'

/** Whoever sees some agents only sees their budgets only; a tenant's are asked for by its name. */
export function seesBudget({ subject, tenantId }: Budget, principal: Principal): boolean {
  const { agentIds } = principal
  if (agentIds === undefined) return true
  return tenantId === principal.tenantId && subject?.dimension === 'agent_id' && agentIds.has(subject.value)
}
