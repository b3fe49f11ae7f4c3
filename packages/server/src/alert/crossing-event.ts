import { createHash } from 'node:crypto'
import { nanoToMicros } from '@tallystick/core/event'
import type { Ingest } from '../ingest/ingest.ts'
import type { BudgetCrossing } from './crossing.ts'

/** Crossings that were recorded by this process; a repeat would be a conflict with its own first. */
const MAX_KNOWN = 10_000

/**
 * Records crossings as events `budget_threshold_reached`, beside what is told by rules. Budgets in tokens have no place in
 * that event, whose amounts are money. The id is that of the crossing, so that after a restart the first one stands.
 */
export class CrossingEvents {
  readonly #ingest: Pick<Ingest, 'submit'>
  readonly #known = new Set<string>()

  constructor(ingest: Pick<Ingest, 'submit'>) {
    this.#ingest = ingest
  }

  /** @returns rejects as `Ingest.submit`; then it is to be told again */
  async record(crossing: BudgetCrossing): Promise<void> {
    const { budget, threshold, windowStartMs, spent, amount } = crossing
    if (budget.unit !== 'nano_usd') return
    const identity = JSON.stringify([budget.id, threshold, windowStartMs, String(amount), budget.countedFromMs ?? 0])
    const id = `budget-${createHash('sha256').update(identity).digest('hex').slice(0, 32)}`
    if (this.#known.has(id)) return
    const item = {
      event_id: id,
      kind: 'budget_threshold_reached',
      ...(budget.tenantId === undefined ? {} : { tenant_id: budget.tenantId }),
      ...subjectOf(budget.subject),
      threshold_percent: Math.trunc(threshold),
      current_spend_micros: micros(spent),
      budget_micros: micros(amount),
      detail: { budget_id: budget.id },
    }
    await this.#ingest.submit({ items: [item], door: 'alert' })
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.add(id)
  }
}

function subjectOf(subject: BudgetCrossing['budget']['subject']): object {
  if (subject === undefined) return {}
  const { dimension, value } = subject
  return dimension.startsWith('tags.') ? { tags: { [dimension.slice(5)]: value } } : { [dimension]: value }
}

/** The event holds no more than 2^53 - 1. */
function micros(nano: bigint | number | string): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Number(nanoToMicros(BigInt(nano))))
}
