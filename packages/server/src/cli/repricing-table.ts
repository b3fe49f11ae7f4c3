import { csvRow } from '../format/csv.ts'
import { dollars, grouped, plainTable } from './terminal.ts'

type Amount = number | string

interface Figures {
  readonly events: number
  readonly changed: number
  readonly unpriced_before: number
  readonly unpriced_now: number
  readonly billed_nano_usd: Amount | null
  readonly repriced_nano_usd: Amount | null
  readonly difference_nano_usd: Amount
}

/** What `GET /api/v1/repricings/:id` tells of one that is done. */
export interface Repricing {
  readonly id: string
  readonly state: 'running' | 'done' | 'failed' | 'interrupted'
  readonly version: string
  readonly error?: string
  readonly progress: { readonly events: number; readonly of: number }
  readonly report: {
    readonly time_zone: string
    readonly totals: Figures
    readonly reported: number
    readonly kept: number
    readonly foreign: number
    readonly expired: number
    readonly rows: readonly ({ readonly day: string; readonly model: string | null } & Figures)[]
  }
}

const HEAD = ['day', 'model', 'requests', 'changed', 'billed', 'repriced', 'difference', 'unpriced before', 'now']

/** A table of the days and models that something changes for, the sum of all below it, and what could not be repriced. */
export function repricingTable({ version, report }: Repricing): string {
  const { rows, time_zone, totals } = report
  const table = plainTable(
    HEAD,
    HEAD.map((_, index) => (index < 2 ? 'left' : 'right')),
  )
  const shown = rows.filter((row) => row.changed > 0 || BigInt(row.difference_nano_usd) !== 0n)
  // What comes from outside may move the cursor of a terminal.
  for (const row of shown) table.push([row.day, (row.model ?? '').replace(/\p{Cc}/gu, '?'), ...cells(row)])
  table.push(['all', '', ...cells(totals)])
  const beside = [
    [rows.length - shown.length, 'rows of a day and a model without a difference are not shown'],
    [report.reported, 'requests have a cost that was reported to us: it stays'],
    [report.kept, 'requests have no price any more and keep the figure they have'],
    [report.foreign, 'requests that others brought into the store are not repriced'],
    [report.expired, 'requests have expired, only their totals are left: they cannot be repriced'],
  ] as const
  const notes = beside.filter(([count]) => count > 0).map(([count, what]) => `${grouped(count)} ${what}\n`)
  return `Prices ${version.slice(0, version.lastIndexOf('/'))} (days of ${time_zone})\n${table.toString()}\n${notes.join('')}`
}

function cells(figures: Figures): readonly string[] {
  return [
    grouped(figures.events),
    grouped(figures.changed),
    money(figures.billed_nano_usd),
    money(figures.repriced_nano_usd),
    dollars(figures.difference_nano_usd),
    grouped(figures.unpriced_before),
    grouped(figures.unpriced_now),
  ]
}

const money = (amount: Amount | null): string => (amount === null ? 'unpriced' : dollars(amount))

const COLUMNS = [
  'events',
  'changed',
  'unpriced_before',
  'unpriced_now',
  'billed_nano_usd',
  'repriced_nano_usd',
  'difference_nano_usd',
] as const

/** Every row, amounts in nano-USD: they add up. */
export function repricingCsv({ report }: Repricing): string {
  const lines = [csvRow(['day', 'model', ...COLUMNS])]
  for (const row of report.rows)
    lines.push(
      csvRow([
        row.day,
        row.model,
        ...COLUMNS.map((name) => (typeof row[name] === 'string' ? { digits: row[name] } : row[name])),
      ]),
    )
  return lines.join('')
}
