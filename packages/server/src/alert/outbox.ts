import type { AlertRule, Delivery, Firing } from '../state/alert.ts'
import type { Change, ControlState } from '../state/state.ts'
import type { Message } from './delivery/message.ts'
import { destinationOf, GIVE_UP_MS, type Letter } from './delivery/queue.ts'

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

/**
 * What a delivery says and to whom, from the rows as they are now; undefined once its firing, its rule or that target of the rule
 * is gone. A secret may have been renewed since it was written down.
 */
export function letterOf(state: ControlState, delivery: Delivery, url: string | undefined): Letter | undefined {
  const firing = state.rows('firings').get(delivery.firingId)
  const rule = firing && state.rows('rules').get(firing.ruleId)
  const target = rule?.targets.find((one) => destinationOf(one) === destinationOf(delivery.target))
  if (firing === undefined || rule === undefined || target === undefined) return undefined
  const message: Message = {
    id: delivery.id,
    type: delivery.event === 'resolved' ? 'alert.resolved' : 'alert.fired',
    firing,
    ruleName: rule.name,
    ...(url === undefined ? {} : { url }),
  }
  return { target, message }
}
