import { dollars, grouped, plainTable } from './terminal.ts'

/** A budget as the server tells it, as far as it is shown. */
export interface BudgetRow {
  readonly id: string
  readonly name: string
  readonly subject: { readonly dimension: string; readonly value: string } | null
  readonly unit: 'nano_usd' | 'tokens'
  readonly amount: string
  readonly window: { readonly kind: string; readonly time_zone?: string; readonly ms?: number }
  readonly mode: string
  readonly spent: string
  readonly reserved: string
  readonly remaining: string
  readonly used_basis_points: number
  readonly status: string
  readonly risk_level: string
  readonly projected: string | null
  readonly unpriced_requests: number
  readonly resets_ms: number | null
}

export function budgetTable(rows: readonly BudgetRow[]): string {
  const table = plainTable(
    ['id', 'name', 'of', 'window', 'amount', 'spent', 'reserved', 'remaining', 'used', 'risk'],
    ['left', 'left', 'left', 'left', 'right', 'right', 'right', 'right', 'right', 'left'],
  )
  for (const row of rows)
    table.push([
      row.id,
      row.name,
      subjectText(row),
      windowText(row),
      ...[row.amount, row.spent, row.reserved, row.remaining].map((value) => amountText(value, row)),
      percentText(row.used_basis_points),
      row.risk_level,
    ])
  return table.toString()
}

export function budgetLines(row: BudgetRow): string {
  const facts: readonly (readonly [string, string])[] = [
    ['budget', `${row.name} (${row.id})`],
    ['of', subjectText(row)],
    ['window', windowText(row)],
    ['amount', `${amountText(row.amount, row)}, ${row.mode}`],
    ['spent', `${amountText(row.spent, row)} (${percentText(row.used_basis_points)}, ${row.risk_level})`],
    ['reserved', amountText(row.reserved, row)],
    ['remaining', amountText(row.remaining, row)],
    ...(row.projected === null ? [] : [['projected', amountText(row.projected, row)] as const]),
    ...(row.unpriced_requests === 0
      ? []
      : [['unpriced', `${grouped(row.unpriced_requests)} requests in no amount`] as const]),
    ...(row.resets_ms === null ? [] : [['resets', new Date(row.resets_ms).toISOString()] as const]),
  ]
  return facts.map(([name, value]) => `${name.padEnd(10)} ${value}`).join('\n')
}

const amountText = (value: string, { unit }: BudgetRow): string =>
  unit === 'tokens' ? `${grouped(value)} tokens` : dollars(value)

/** `5205` -> `52.05 %`. */
const percentText = (basisPoints: number): string =>
  `${Math.floor(basisPoints / 100)}.${String(basisPoints % 100).padStart(2, '0')} %`

const subjectText = ({ subject }: BudgetRow): string =>
  subject === null ? 'everything' : `${subject.dimension}=${subject.value}`

function windowText({ window: { kind, time_zone: zone, ms = 0 } }: BudgetRow): string {
  if (kind === 'rolling') return ms % 3_600_000 === 0 ? `any ${ms / 3_600_000} h` : `any ${Math.round(ms / 60_000)} min`
  return zone === undefined || zone === 'UTC' ? kind : `${kind}, ${zone}`
}
