/**
 * The one name of an agent. Older systems number their agents; `42`, `"42"` and `"agent_42"` are the same agent, written
 * `agent_42` everywhere inside. Leading zeros of a string stay, since they may tell two agents apart.
 *
 * @param agent - a name, or a non-negative integer
 * @example normaliseAgentId(42) // 'agent_42'
 * @example normaliseAgentId('support-bot') // 'support-bot'
 */
export function normaliseAgentId(agent: string | number): string {
  if (typeof agent === 'number') return `agent_${agent}`
  for (let index = 0; index < agent.length; index++) {
    const code = agent.charCodeAt(index)
    if (code < 48 || code > 57) return agent
  }
  return agent === '' ? agent : `agent_${agent}`
}
