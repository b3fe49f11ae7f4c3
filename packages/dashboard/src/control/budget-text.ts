import { count, money, NONE, toExact } from '../lib/format.ts'

/** A budget as `GET /api/v1/budgets` tells it. Amounts are decimal integers of the unit. */
export interface BudgetRow {
  readonly id: string
  readonly name: string
  readonly subject: { readonly dimension: string; readonly value: string } | null
  readonly unit: 'nano_usd' | 'tokens'
  readonly amount: string
  readonly window: { readonly kind: string; readonly time_zone?: string; readonly ms?: number }
  readonly mode: 'soft' | 'hard'
  readonly thresholds: readonly number[]
  readonly spent: string
  readonly reserved: string
  readonly remaining: string
  /** Of the amount, in hundredths of a percent. */
  readonly used_basis_points: number | null
  readonly resets_ms: number | null
  readonly unpriced_requests: number
  readonly revision: number
}

/** @example amountText('25000000000', 'nano_usd') // '$25' */
export function amountText(amount: string, unit: BudgetRow['unit']): string {
  const exact = toExact(amount)
  return unit === 'tokens' ? `${exact === null ? NONE : count(exact)} tokens` : money(exact)
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** @example windowText({ kind: 'rolling', ms: 86_400_000 }) // 'any 24 h' */
export function windowText({ kind, time_zone: zone, ms = 0 }: BudgetRow['window']): string {
  if (kind === 'total') return 'in all'
  if (kind === 'rolling')
    return ms > 2 * DAY_MS ? `any ${Math.round(ms / DAY_MS)} days` : `any ${Math.round(ms / HOUR_MS)} h`
  return `a ${kind}${zone === undefined || zone === 'UTC' ? '' : `, ${zone}`}`
}

export type Level = 'good' | 'warn' | 'error'

/** The bands of Protocol 012: high from 80 %, critical from 95 %, exhausted from 100 %. */
export function levelOf(basisPoints: number | null): { readonly level: Level; readonly word: string } {
  const used = basisPoints ?? 0
  if (used >= 10_000) return { level: 'error', word: 'exhausted' }
  if (used >= 9_500) return { level: 'error', word: 'critical' }
  if (used >= 8_000) return { level: 'warn', word: 'high' }
  if (used >= 5_000) return { level: 'good', word: 'medium' }
  return { level: 'good', word: 'low' }
}
