import type { AlertRule, Delivery, Firing } from '../state/alert.ts'
import type { AlertKindSpec } from './kind.ts'
import { settingsOf } from './settings.ts'
import { shownTarget } from './targets.ts'

/** How the last evaluation of a rule went. */
export interface RuleHealth {
  readonly evaluatedMs?: number
  /** Why it failed; absent once one has succeeded. */
  readonly error?: string
}

/** A rule as the API shows it, what it leaves out filled in. */
export function shownRule(rule: AlertRule, health: RuleHealth, firing: number): Record<string, unknown> {
  const { threshold, windowMs, forMs, minRequests } = settingsOf(rule)
  return {
    id: rule.id,
    name: rule.name,
    kind: rule.kind,
    enabled: rule.enabled,
    tenant_id: rule.tenantId ?? null,
    threshold,
    window_ms: windowMs,
    for_ms: forMs,
    min_requests: minRequests,
    filters: rule.filters ?? {},
    targets: rule.targets.map(shownTarget),
    created_ms: rule.createdMs,
    updated_ms: rule.updatedMs,
    evaluated_ms: health.evaluatedMs ?? null,
    error: health.error ?? null,
    firing,
  }
}

export function shownFiring(firing: Firing, deliveries: readonly Delivery[]): Record<string, unknown> {
  return {
    id: firing.id,
    rule_id: firing.ruleId,
    kind: firing.kind,
    severity: firing.severity,
    tenant_id: firing.tenantId ?? null,
    title: firing.title,
    facts: firing.facts,
    fired_ms: firing.firedMs,
    resolved_ms: firing.resolvedMs ?? null,
    acknowledged_ms: firing.acknowledgedMs ?? null,
    acknowledged_by: firing.acknowledgedBy ?? null,
    deliveries: deliveries.map((delivery) => ({
      id: delivery.id,
      event: delivery.event ?? 'fired',
      target: shownTarget(delivery.target),
      attempts: delivery.attempts,
      delivered_ms: delivery.deliveredMs ?? null,
      given_up_ms: delivery.givenUpMs ?? null,
      next_ms: delivery.deliveredMs === undefined && delivery.givenUpMs === undefined ? delivery.nextMs : null,
      error: delivery.lastError ?? null,
    })),
  }
}

export function shownKind(spec: AlertKindSpec): Record<string, unknown> {
  return {
    kind: spec.kind,
    label: spec.label,
    about: spec.about,
    unit: spec.unit,
    holds: spec.holds,
    threshold: spec.threshold.default,
    window_ms: spec.windowMs.default,
    for_ms: spec.forMs.default,
    min_requests: spec.minRequests,
  }
}
