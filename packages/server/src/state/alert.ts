/** What a rule watches. The design's list; each kind says what `threshold` is counted in. */
export type AlertKind =
  | 'budget'
  | 'spend_rate'
  | 'cost_spike'
  | 'error_rate'
  | 'latency_p95'
  | 'cache_hit_rate'
  | 'provider_down'
  | 'no_data'
  | 'source_gap'
  | 'unpriced'
  | 'dropped'

/** Where a firing goes. The secret of a webhook signs what is sent. */
export type AlertTarget =
  | { readonly kind: 'webhook'; readonly url: string; readonly secret?: string }
  | { readonly kind: 'slack'; readonly url: string }
  | { readonly kind: 'mail'; readonly to: string }

/** One definition a rule: evaluated here, and rendered as a Prometheus rule elsewhere. */
export interface AlertRule {
  readonly id: string
  readonly name: string
  readonly kind: AlertKind
  readonly enabled: boolean
  readonly tenantId?: string
  /** An integer in the unit of the kind. Absent: the default of the kind. */
  readonly threshold?: number
  /** Over how long it is measured, ms. */
  readonly windowMs?: number
  /** For how long it must hold before it fires, ms. */
  readonly forMs?: number
  /** With fewer requests than this in the window nothing is concluded from them. */
  readonly minRequests?: number
  /** Narrows what is looked at: values by dimension. */
  readonly filters?: Readonly<Record<string, readonly string[]>>
  readonly targets: readonly AlertTarget[]
  readonly createdMs: number
  readonly updatedMs: number
}

/** That a rule held. One for each key: the same thing is told once. */
export interface Firing {
  readonly id: string
  /** What makes it the same firing: rule, subject, threshold and window. */
  readonly key: readonly (string | number)[]
  readonly ruleId: string
  readonly kind: AlertKind
  readonly severity: 'info' | 'warning' | 'critical'
  readonly tenantId?: string
  readonly title: string
  /** What was measured, in integers and names; shown and sent. */
  readonly facts: Readonly<Record<string, string | number | null>>
  readonly firedMs: number
  readonly resolvedMs?: number
  readonly acknowledgedMs?: number
  /** As the audit log names people. */
  readonly acknowledgedBy?: string
}

/** A firing on its way to one target. */
export interface Delivery {
  readonly id: string
  readonly firingId: string
  /** What is told: that it fired (when absent), or that it is over. */
  readonly event?: 'fired' | 'resolved'
  readonly target: AlertTarget
  readonly attempts: number
  readonly nextMs: number
  readonly deliveredMs?: number
  readonly lastError?: string
  /** Given up, for the reason in `lastError`. */
  readonly givenUpMs?: number
  /** It is given up after this instant. */
  readonly untilMs: number
}
