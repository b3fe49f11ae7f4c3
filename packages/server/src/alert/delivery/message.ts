import type { Firing } from '../../state/alert.ts'

/** What is told of a firing. */
export type MessageType = 'alert.fired' | 'alert.resolved' | 'alert.test'

/** What goes to a target, whatever it is written in. A repeat is the same in every byte. */
export interface Message {
  /** Names this message: one that comes again under it is a repeat. */
  readonly id: string
  readonly type: MessageType
  readonly firing: Firing
  readonly ruleName: string
  /** Page of the dashboard; absent while its address is not known. */
  readonly url?: string
}

/** The body that a webhook receives. */
export function messageJson({ id, type, firing, ruleName, url }: Message): object {
  return {
    id,
    type,
    alert: {
      id: firing.id,
      kind: firing.kind,
      severity: firing.severity,
      title: firing.title,
      facts: firing.facts,
      fired_ms: firing.firedMs,
      // Only in what tells of it: a repeat of the first message is the same although it is over by now.
      resolved_ms: type === 'alert.resolved' ? (firing.resolvedMs ?? null) : null,
      ...(firing.tenantId === undefined ? {} : { tenant_id: firing.tenantId }),
      rule: { id: firing.ruleId, name: ruleName },
    },
    ...(url === undefined ? {} : { url }),
  }
}

const PREFIX: Readonly<Record<MessageType, string>> = {
  'alert.fired': '',
  'alert.resolved': 'Resolved: ',
  'alert.test': 'Test: ',
}

/** One line: `[critical] openai: 100 % of requests failed within 5 min`. */
export function headline({ type, firing }: Message): string {
  return `[${firing.severity}] ${PREFIX[type]}${firing.title}`
}
