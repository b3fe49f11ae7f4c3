import type { Budget } from '../../state/budget.ts'
import type { Subject } from '../live/audience.ts'

/** That spend has come to a threshold of a budget, as budgets tell it. */
export interface Crossing {
  readonly budget: Pick<Budget, 'id' | 'tenantId' | 'subject' | 'unit'>
  /** Percent of the amount that was come to. */
  readonly threshold: number
  /** In the unit of the budget, exact. */
  readonly spent: bigint
  readonly amount: bigint
}

/** Whose spend it is: an agent's only where the budget is one agent's, else the tenant's or the whole server's. */
export function subjectOf({ budget: { tenantId, subject } }: Crossing): Subject {
  return { tenantId, agentId: subject?.dimension === 'agent_id' ? subject.value : undefined }
}
