import type { Principal } from '../identity/principal.ts'
import type { AlertRule } from '../state/alert.ts'

/** Whoever belongs to a tenant, or is bound to agents, sees the rules that look at nothing else. */
export function seesRule({ tenantId, agentIds }: Principal, rule: AlertRule): boolean {
  if (tenantId !== undefined && rule.tenantId !== tenantId) return false
  if (agentIds === undefined) return true
  return rule.filters?.['agent_id']?.every((agent) => agentIds.has(agent)) === true
}
