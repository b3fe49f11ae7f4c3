import type { Mutable, UsageEvent } from '@tallystick/core/event'
import type { AgentState, StateOf } from './messages.ts'

/** An agent none of whose events ended this recently is idle. */
export const IDLE_MS = 60_000
/** Agents at work at once; of further ones events are told, but no state. */
const MAX_AGENTS = 10_000

/**
 * What agents are doing, as their events show it: `running` when the latest ended less than {@link IDLE_MS} ago, `error` when
 * that one failed, `idle` after it. `completed` is never said, since an agent's last event does not know that it is the last.
 * Old events, as an import brings them, change nothing.
 */
export interface AgentStates {
  /** Takes an event; what the agent has become if that is another than before. */
  observe(event: UsageEvent, nowMs: number): StateOf | undefined
  /** The agents that have become idle since. */
  sweep(nowMs: number): readonly StateOf[]
  /** Those that are not idle. */
  active(): Iterable<StateOf>
  clear(): void
}

export function createAgentStates(): AgentStates {
  // By tenant, then agent. Whoever is not here is idle.
  const tenants = new Map<string | undefined, Map<string, Mutable<StateOf>>>()
  let size = 0

  const sweep = (nowMs: number): readonly StateOf[] => {
    const idle: StateOf[] = []
    for (const [tenantId, agents] of tenants) {
      for (const [agentId, agent] of agents) {
        if (nowMs - agent.lastMs < IDLE_MS) continue
        agents.delete(agentId)
        size--
        idle.push({ ...agent, state: 'idle' })
      }
      if (agents.size === 0) tenants.delete(tenantId)
    }
    return idle
  }
  const begin = (agent: StateOf): StateOf => {
    const agents = tenants.get(agent.tenantId) ?? new Map<string, StateOf>()
    tenants.set(agent.tenantId, agents.set(agent.agentId, agent))
    size++
    return agent
  }
  return {
    observe(event, nowMs) {
      const { tenantId, agentId, tags } = event
      if (agentId === undefined) return undefined
      // A sender's clock that runs ahead must not keep its agent busy for a day.
      const lastMs = Math.min(nowMs, event.timestampMs + (event.durationMs ?? 0))
      if (nowMs - lastMs >= IDLE_MS) return undefined
      const known = tenants.get(tenantId)?.get(agentId)
      if (known !== undefined && known.lastMs > lastMs) return undefined
      if (known === undefined && size >= MAX_AGENTS) return undefined
      const state: AgentState = event.success === false ? 'error' : 'running'
      const currentLead = tags?.['current_lead'] ?? known?.currentLead
      if (known === undefined) return begin({ tenantId, agentId, state, currentLead, lastMs })
      const same = known.state === state && known.currentLead === currentLead
      known.state = state
      known.currentLead = currentLead
      known.lastMs = lastMs
      return same ? undefined : known
    },
    sweep,
    *active() {
      for (const agents of tenants.values()) yield* agents.values()
    },
    clear() {
      tenants.clear()
      size = 0
    },
  }
}
