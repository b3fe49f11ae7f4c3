import { count, duration, money, ratio, toExact } from '../lib/format.ts'

/** A kind of rules, as `GET /api/v1/alerts/rules` lists them. */
export interface KindRow {
  readonly kind: string
  readonly label: string
  readonly about: string
  readonly unit: string
  readonly holds: 'above' | 'below' | 'from'
  readonly threshold: number
  readonly window_ms: number
}

export interface TargetRow {
  readonly kind: 'webhook' | 'slack' | 'mail'
  readonly url?: string
  readonly to?: string
}

export interface RuleRow {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly enabled: boolean
  readonly threshold: number
  readonly window_ms: number
  readonly targets: readonly TargetRow[]
  readonly evaluated_ms: number | null
  readonly error: string | null
  readonly firing: number
}

export interface FiringRow {
  readonly id: string
  readonly kind: string
  readonly severity: 'info' | 'warning' | 'critical'
  readonly title: string
  readonly fired_ms: number
  readonly resolved_ms: number | null
  readonly acknowledged_ms: number | null
  readonly deliveries: readonly {
    readonly id: string
    readonly event: string
    readonly target: TargetRow
    readonly delivered_ms: number | null
    readonly given_up_ms: number | null
    readonly attempts: number
    readonly error: string | null
  }[]
}

const UNITS = new Map<string, (value: number) => string>([
  ['nano_usd', (value) => money(toExact(value))],
  ['percent', (value) => `${count(value)} %`],
  ['basis_points', (value) => ratio(value / 10_000)],
  ['ms', duration],
])

/** @example thresholdText({ unit: 'basis_points', holds: 'above' }, 100) // 'over 1 %' */
export function thresholdText({ unit, holds }: Pick<KindRow, 'unit' | 'holds'>, value: number): string {
  const text = UNITS.get(unit)?.(value) ?? `${count(value)} ${unit}`
  return `${holds === 'below' ? 'under' : holds === 'above' ? 'over' : 'from'} ${text}`
}

export function targetText({ kind, url, to }: TargetRow): string {
  return kind === 'mail' ? `mail to ${to}` : `${kind} ${url}`
}
