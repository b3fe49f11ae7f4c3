import { TallystickError } from '@tallystick/core'
import type { Budget } from '../state/budget.ts'

/** Which budget has no room, and when it will. */
export interface Refusal {
  readonly budgetId: string
  readonly name: string
  readonly unit: Budget['unit']
  readonly amount: bigint
  readonly spent: bigint
  readonly reserved: bigint
  /** What could still be had; 0 when nothing. */
  readonly remaining: bigint
  /** When its window begins anew; absent where it never does. */
  readonly resetsMs?: number
}

/** `budget_exceeded`, with the budget that is at fault. */
export class BudgetExceeded extends TallystickError {
  readonly refusal: Refusal

  constructor(refusal: Refusal, asked: bigint | undefined, nowMs: number) {
    const { name, budgetId, unit, amount, remaining, resetsMs } = refusal
    const left = remaining === 0n ? 'is used up' : `has ${said(remaining, unit)} left`
    const wanted = asked === undefined || remaining === 0n ? '' : `, less than the ${said(asked, unit)} asked for`
    const again = resetsMs === undefined ? '' : ` It begins anew at ${new Date(resetsMs).toISOString()}.`
    super('budget_exceeded', `The budget "${name}" (${budgetId}) of ${said(amount, unit)} ${left}${wanted}.${again}`, {
      issues: [{ path: `budgets.${budgetId}`, message: `${left}${wanted}` }],
      ...(resetsMs === undefined ? {} : { retryAfterSeconds: Math.max(1, Math.ceil((resetsMs - nowMs) / 1000)) }),
    })
    this.refusal = refusal
  }
}

function said(value: bigint, unit: Budget['unit']): string {
  if (unit === 'tokens') return `${value} tokens`
  const digits = value.toString().padStart(10, '0')
  return `$${digits.slice(0, -9)}.${digits.slice(-9).replace(/0+$/, '').padEnd(2, '0')}`
}
