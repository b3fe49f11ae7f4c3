import type { Agent } from '../state/agent.ts'
import type { ControlState } from '../state/state.ts'
import type { Principal } from './principal.ts'

/** What is known of the agents that the principal may know of: those of its tenant, and of them its own where it has some. */
export function visibleAgents(state: ControlState, principal: Principal): readonly Agent[] {
  return [...state.rows('agents').values()].filter((agent) => mayKnow(principal, agent))
}

/** May it know this of an agent? The same rule as for events. */
export function mayKnow({ tenantId, agentIds }: Principal, agent: Agent): boolean {
  if (agentIds !== undefined) return agent.tenantId === tenantId && agentIds.has(agent.id)
  return tenantId === undefined || agent.tenantId === tenantId
}
