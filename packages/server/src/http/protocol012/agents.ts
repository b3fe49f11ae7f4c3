import type { Principal } from '../../identity/principal.ts'
import type { Agent } from '../../state/agent.ts'
import type { ControlState } from '../../state/state.ts'

/** What the protocol calls an agent that an event does not name. */
const NO_AGENT = 'Unknown'

/**
 * The name of an agent, by one rule for every answer: the one it was given; else `Agent` and its number, or its id where
 * that is no number; `Unknown` where there is no agent at all.
 *
 * @example agentName(openMemoryState(), LOCAL, 'agent_42') // 'Agent 42'
 */
export function agentName(state: ControlState, principal: Principal, agentId: string | null): string {
  if (agentId === null) return NO_AGENT
  const agent = state.rows('agents').get(agentId)
  if (agent?.name !== undefined && agent.name !== '' && isVisible(agent, principal)) return agent.name
  const number = /^agent_(\d+)$/.exec(agentId)?.[1]
  return number === undefined ? agentId : `Agent ${number}`
}

/** May the principal know of what belongs to this agent and tenant? */
export function isVisible(
  { id, tenantId }: Pick<Agent, 'id' | 'tenantId'>,
  { agentIds, tenantId: own }: Pick<Principal, 'agentIds' | 'tenantId'>,
): boolean {
  return (own === undefined || tenantId === own) && (agentIds === undefined || agentIds.has(id))
}
