import type { Command } from 'commander'
import { csvRow } from '../../format/csv.ts'
import { configOf, examples, withData } from '../command.ts'
import { grouped, type Terminal } from '../terminal.ts'
import { type Column, fittedTable } from './columns.ts'
import { type FigureSource, openFigures, type SourceFlags } from './figure-source.ts'
import { FIGURE_NAMES, type Figures } from './figures.ts'
import type { Period, PeriodFlags } from './periods.ts'

/** Flags that every usage report takes. */
export interface ReportFlags extends SourceFlags, PeriodFlags {
  readonly json?: boolean
  readonly csv?: boolean
  readonly breakdown?: boolean
  readonly order?: string
  readonly limit?: string
}

/** A row of a report: what it is about, its figures, and where it has parts the same of each. */
export type ReportRow = Figures & {
  readonly parts?: readonly ReportRow[]
  readonly [name: string]: unknown
}

/** What was found for a period. */
export interface Found {
  readonly rows: readonly ReportRow[]
  readonly totals: Figures
}

/** A report of usage: what it asks and how it is shown. */
export interface UsageReport {
  readonly name: string
  readonly description: string
  /** Members of a row beside its figures, in the order of JSON and CSV. */
  readonly keys: readonly string[]
  readonly columns: readonly Column<ReportRow>[]
  /** Under which name rows have parts; absent where they have none. */
  readonly parts?: string
  readonly period: (flags: ReportFlags, nowMs: number) => Period
  readonly find: (source: FigureSource, period: Period, flags: ReportFlags, nowMs: number) => Promise<Found>
  readonly examples: readonly string[]
  /** Flags of this report alone. */
  readonly options?: readonly (readonly [flags: string, description: string])[]
  /** Printed below the table. */
  readonly after?: (found: Found, period: Period, terminal: Terminal, nowMs: number) => string
}

/** Declares the flags that say whom to ask and about which time. */
export function withPeriod(command: Command): Command {
  return withData(command)
    .option('-s, --since <date>', 'from this day on (2026-11-01 or 20261101), an instant, an age such as 7d, or all')
    .option('-u, --until <date>', 'up to and with this day, or up to an instant')
    .option('-z, --timezone <zone>', 'IANA zone that days belong to (default: that of this machine)')
    .option('--server <url>', 'ask this server (default: TALLYSTICK_URL, else whoever holds the data directory)')
    .option('--key <key>', 'key for the server (default: TALLYSTICK_KEY)')
    .option('--logs', "read this machine's logs of coding agents, whatever else there is")
}

export function registerUsageReport(program: Command, terminal: Terminal, report: UsageReport): void {
  const command = withPeriod(program.command(report.name).description(report.description))
  for (const [flags, description] of report.options ?? []) command.option(flags, description)
  if (report.parts !== undefined) command.option('-b, --breakdown', 'a row for each model below each row')
  command
    .option('-o, --order <order>', 'asc or desc', 'asc')
    .option('--json', 'print rows and totals as JSON (docs/cli.md)')
    .option('--csv', 'print rows as CSV')
  examples(command, report.examples)
  command.action(async () => {
    const flags = command.opts<ReportFlags>()
    const nowMs = Date.now()
    const period = report.period(flags, nowMs)
    const source = await openFigures(configOf(command, terminal), flags, terminal, period.fromMs)
    try {
      const found = await report.find(source, period, flags, nowMs)
      const rows = flags.order === 'desc' ? found.rows.toReversed() : found.rows
      if (flags.json) terminal.out(jsonOf(report, source, period, { ...found, rows }))
      else if (flags.csv) terminal.out(csvOf(report, rows))
      else terminal.out(tableOf(report, source, period, { ...found, rows }, flags, terminal, nowMs))
    } finally {
      await source.close()
    }
  })
}

/** The shape is the same whatever there is to tell; docs/cli.md. */
function jsonOf(report: UsageReport, { source }: FigureSource, period: Period, { rows, totals }: Found): string {
  const member = (row: ReportRow): object => ({
    ...Object.fromEntries(report.keys.map((key) => [key, row[key] ?? null])),
    ...Object.fromEntries(FIGURE_NAMES.map((name) => [name, row[name]])),
    ...(report.parts === undefined ? {} : { [report.parts]: (row.parts ?? []).map(({ parts: _, ...part }) => part) }),
  })
  const document = {
    report: report.name,
    source,
    time_zone: period.timeZone,
    from_ms: period.fromMs,
    to_ms: period.toMs,
    rows: rows.map(member),
    totals,
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

function csvOf({ keys }: UsageReport, rows: readonly ReportRow[]): string {
  const names = [...keys, ...FIGURE_NAMES]
  const lines = rows.map((row) =>
    csvRow(
      names.map((name) => {
        const value = row[name] ?? null
        return typeof value === 'number' || value === null || typeof value === 'boolean' ? value : cellOf(name, value)
      }),
    ),
  )
  return csvRow(names) + lines.join('')
}

/** A figure past 2^53 is text in JSON and yet a figure. */
const cellOf = (name: string, value: unknown): string | { readonly digits: string } =>
  (FIGURE_NAMES as readonly string[]).includes(name) ? { digits: String(value) } : String(value)

function tableOf(
  report: UsageReport,
  source: FigureSource,
  period: Period,
  found: Found,
  flags: ReportFlags,
  terminal: Terminal,
  nowMs: number,
): string {
  const { color } = terminal
  const lead = `${color.dim(`${source.told}, ${period.timeZone}, list prices`)}\n`
  if (found.rows.length === 0) return `${lead}${nothing(source)}\n`
  const rows = found.rows.flatMap((row) => (flags.breakdown ? [row, ...(row.parts ?? [])] : [row]))
  const parts = new Set(found.rows.flatMap((row) => row.parts ?? []))
  const total: ReportRow = { ...found.totals, total: true }
  const table = fittedTable(report.columns, [...rows, total], terminal, {
    bold: (row) => row === total,
    dim: (row) => parts.has(row),
  })
  const unpriced = Number(found.totals.unpriced_requests ?? 0)
  const note = unpriced === 0 ? '' : `${color.yellow(`* ${grouped(unpriced)} requests have no price`)}\n`
  return `${lead}${table}\n${note}${report.after?.(found, period, terminal, nowMs) ?? ''}`
}

/** What to do where there is nothing to show. */
export function nothing({ source }: FigureSource): string {
  if (source.kind !== 'logs' || source.tools.length > 0) return 'No usage in this time. A longer one: --since all'
  return [
    'No usage was found: no server, no data directory here, and no logs of coding agents.',
    'Begin with one of these:',
    '  tallystick serve                      record what applications send, and look at it in a browser',
    '  tallystick import csv FILE            bring in an export',
    '  tallystick daily --server URL         ask a server that runs elsewhere',
  ].join('\n')
}
