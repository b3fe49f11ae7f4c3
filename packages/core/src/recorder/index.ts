/** Recording inside a process, and what waits there for a server. */

export {
  BudgetError,
  type BudgetStatus,
  CostController,
  type FullBudgetStatus,
  type Reservation,
} from '../pricing/cost-controller.ts'
export { calculateMaxCost, estimateMaxCost, estimateMaxCostNanoUsd } from '../pricing/max-cost.ts'
export * from './pending.ts'
