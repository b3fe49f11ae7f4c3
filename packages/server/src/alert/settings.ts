import type { AlertRule } from '../state/alert.ts'
import type { AlertKindSpec } from './kind.ts'
import { ALERT_KIND_OF } from './kinds.ts'

/** What a rule is evaluated with, everything it leaves out taken from its kind. */
export interface RuleSettings {
  readonly spec: AlertKindSpec
  readonly threshold: number
  readonly windowMs: number
  readonly forMs: number
  readonly minRequests: number
}

export function settingsOf(rule: AlertRule): RuleSettings {
  const spec = ALERT_KIND_OF.get(rule.kind) as AlertKindSpec
  return {
    spec,
    threshold: rule.threshold ?? spec.threshold.default,
    windowMs: rule.windowMs ?? spec.windowMs.default,
    forMs: rule.forMs ?? spec.forMs.default,
    minRequests: rule.minRequests ?? spec.minRequests,
  }
}
