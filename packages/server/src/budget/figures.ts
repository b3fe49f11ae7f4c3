import { divideHalfEven, type Exact, normalizeExact } from '@tallystick/core/event'
import type { LeaseBook } from './lease-book.ts'
import { basisPointsOf, type Risk, riskOf } from './risk.ts'
import type { SpendCounter } from './spend-counter.ts'

/** How a budget stands. Amounts are in its unit. */
export interface BudgetFigures extends Risk {
  readonly windowStartMs: number
  /** When spend begins anew; absent where it never does by itself. */
  readonly resetsMs?: number
  readonly amount: bigint
  /** The sum of the events of the window. */
  readonly spent: bigint
  /** Promised to requests that are under way. */
  readonly reserved: bigint
  readonly leases: number
  /** What can still be promised; never below 0. */
  readonly remaining: bigint
  /** Share of the amount that is spent, in hundredths of a percent, rounded down. */
  readonly percentBp: bigint
  readonly requests: number
  /** Requests without a cost: they are in no amount. */
  readonly unpricedRequests: number
  /** What the whole window will have cost if it goes on like this; absent where a window has no end. */
  readonly projected?: bigint
}

/** The counter's figures must be known. */
export function figuresOf(counter: SpendCounter, book: LeaseBook, nowMs: number): BudgetFigures {
  const { budget, amount } = counter
  const { amount: spent, requests, unpriced } = counter.spent(nowMs)
  const { fromMs, resetsMs } = counter.window.at(nowMs)
  const reservedOf = book.reserved(budget.id)
  const reserved = budget.unit === 'tokens' ? reservedOf.tokens : reservedOf.nanoUsd
  const remaining = amount - spent - reserved
  const windowStartMs = Math.max(fromMs, budget.countedFromMs ?? 0)
  const projected = resetsMs === undefined ? undefined : projection(spent, windowStartMs, nowMs, resetsMs)
  return {
    windowStartMs,
    ...(resetsMs === undefined ? {} : { resetsMs }),
    amount,
    spent,
    reserved,
    leases: reservedOf.leases,
    remaining: remaining > 0n ? remaining : 0n,
    percentBp: basisPointsOf(spent, amount),
    ...riskOf(spent, amount),
    requests,
    unpricedRequests: unpriced,
    ...(projected === undefined ? {} : { projected }),
  }
}

/** A straight line from the start of the window through now to its end. */
function projection(spent: bigint, startMs: number, nowMs: number, endMs: number): bigint {
  const elapsed = Math.max(1, nowMs - startMs)
  return elapsed >= endMs - startMs ? spent : divideHalfEven(spent * BigInt(endMs - startMs), BigInt(elapsed))
}

/** The budget that an agent is measured by, and how it stands: what Protocol 012 shows of an agent. */
export interface AgentBudget extends Risk {
  readonly budgetId: string
  readonly amountNanoUsd: Exact
  readonly spentNanoUsd: Exact
  readonly reservedNanoUsd: Exact
  readonly percentBp: bigint
}

export function agentBudgetOf(counter: SpendCounter, book: LeaseBook, nowMs: number): AgentBudget {
  const { amount, spent, reserved, percentBp, status, riskLevel } = figuresOf(counter, book, nowMs)
  return {
    budgetId: counter.budget.id,
    amountNanoUsd: normalizeExact(amount),
    spentNanoUsd: normalizeExact(spent),
    reservedNanoUsd: normalizeExact(reserved),
    percentBp,
    status,
    riskLevel,
  }
}
