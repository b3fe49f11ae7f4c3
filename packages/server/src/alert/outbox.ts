import type { AlertRule, Delivery, Firing } from '../state/alert.ts'
import type { Change, ControlState } from '../state/state.ts'
import type { Message } from './delivery/message.ts'
import { GIVE_UP_MS } from './delivery/queue.ts'

/** Deliveries that are not settled; beyond it new ones are not tried, which their rows tell. */
const MAX_OPEN = 10_000

/** The rows by which firings are told to the targets of their rules. */
export function deliveriesOf(
  firings: readonly Firing[],
  event: 'fired' | 'resolved',
  rule: AlertRule,
  { nowMs, newId, open }: { readonly nowMs: number; readonly newId: () => string; readonly open: number },
): readonly Delivery[] {
  const full = open >= MAX_OPEN ? { givenUpMs: nowMs, lastError: `${open} deliveries wait already` } : {}
  return firings.flatMap(({ id: firingId }) =>
    rule.targets.map((target) => ({
      id: newId(),
      firingId,
      event,
      target,
      attempts: 0,
      nextMs: nowMs,
      untilMs: nowMs + GIVE_UP_MS,
      ...full,
    })),
  )
}

export const rowsOf = (deliveries: readonly Delivery[]): readonly Change[] =>
  deliveries.map((row) => ({ table: 'deliveries', id: row.id, row }))

/** What a delivery says, from the rows as they are now; undefined once its firing is gone. */
export function messageOf(state: ControlState, delivery: Delivery, url: string | undefined): Message | undefined {
  const firing = state.rows('firings').get(delivery.firingId)
  if (firing === undefined) return undefined
  return {
    id: delivery.id,
    type: delivery.event === 'resolved' ? 'alert.resolved' : 'alert.fired',
    firing,
    ruleName: state.rows('rules').get(firing.ruleId)?.name ?? firing.kind,
    ...(url === undefined ? {} : { url }),
  }
}
