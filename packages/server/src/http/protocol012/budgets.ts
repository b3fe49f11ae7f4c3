import type { Exact } from '@tallystick/core/event'

/** What an agent may spend, and what of it is gone. */
export interface AgentBudget {
  readonly amountNanoUsd: Exact
  readonly spentNanoUsd: Exact
}

/**
 * The budget that counts for an agent, undefined where it has none.
 *
 * @param tenantId whose agent; absent: of whoever asks for all tenants
 */
export type BudgetsOf = (agentId: string, tenantId?: string) => AgentBudget | undefined
