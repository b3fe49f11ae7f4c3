import { exactToJson } from '@tallystick/core/event'
import { type MonthEnd, outlookOf, outlookQuery } from '@tallystick/core/insight'
import type { Command } from 'commander'
import { configOf, examples } from '../command.ts'
import { grouped, type Terminal } from '../terminal.ts'
import { cents, costCell, figureColumns, fittedTable } from './columns.ts'
import { type FigureSource, openFigures } from './figure-source.ts'
import { type Figures, isEmpty } from './figures.ts'
import { modelList, PERIOD_REPORTS, totalsOf } from './period-reports.ts'
import { dateIn, type Period, periodOf } from './periods.ts'
import { nothing, type ReportFlags, type ReportRow, type UsageReport, withPeriod } from './usage-report.ts'

const SHOWN_DAYS = 7

const OVERVIEW = 'overview'

/** `tallystick` alone: today, and the last days. */
export function registerOverview(program: Command, terminal: Terminal): void {
  const command = withPeriod(program.command(OVERVIEW, { hidden: true }))
    .description(`usage today and on the last ${SHOWN_DAYS} days`)
    .option('--json', 'print it as JSON (docs/cli.md)')
  examples(command, ['tallystick', 'tallystick --server http://127.0.0.1:8088', 'tallystick --logs --json'])
  command.action(async () => {
    const flags = command.opts<ReportFlags>()
    const nowMs = Date.now()
    const days = periodOf(flags, '1d', SHOWN_DAYS, nowMs)
    const month = periodOf({ timezone: days.timeZone }, '1mo', 1, nowMs)
    const today = periodOf({ timezone: days.timeZone }, '1d', 1, nowMs)
    const outlook = outlookQuery(nowMs, days.timeZone)
    const sinceMs = Math.min(days.fromMs, month.fromMs, outlook.from)
    const source = await openFigures(configOf(command, terminal), flags, terminal, sinceMs)
    try {
      const daily = PERIOD_REPORTS[0] as UsageReport
      const { rows, totals } = await daily.find(source, days, flags, nowMs)
      const spans = { today: await totalsOf(source, today), days: totals, month: await totalsOf(source, month) }
      const { monthEnd } = outlookOf((await source.query({ ...outlook })).rows, nowMs, days.timeZone)
      if (flags.json)
        terminal.out(
          `${JSON.stringify({ report: OVERVIEW, source: source.source, time_zone: days.timeZone, ...spans, month_end: monthEndJson(monthEnd), rows: rows.map(withModels) }, null, 2)}\n`,
        )
      else terminal.out(textOf(source, days, rows, spans, monthEnd, terminal, nowMs))
    } finally {
      await source.close()
    }
  })
}

const withModels = ({ parts, ...row }: ReportRow): object => ({ ...row, models: parts ?? [] })

const monthEndJson = (end: MonthEnd | undefined): object | null =>
  end === undefined
    ? null
    : {
        expected_nano_usd: exactToJson(end.expectedNanoUsd),
        low_nano_usd: exactToJson(end.lowNanoUsd),
        high_nano_usd: exactToJson(end.highNanoUsd),
      }

/** A range in words; both ends may be the same cents. */
function rangeText({ lowNanoUsd, highNanoUsd }: MonthEnd): string {
  const [low, high] = [cents(lowNanoUsd), cents(highNanoUsd)]
  return low === high ? `about ${low}` : `between ${low} and ${high} in four cases of five`
}

interface Spans {
  readonly today: Figures
  readonly days: Figures
  readonly month: Figures
}

function textOf(
  source: FigureSource,
  { timeZone }: Period,
  rows: readonly ReportRow[],
  { today, days, month }: Spans,
  end: MonthEnd | undefined,
  terminal: Terminal,
  nowMs: number,
): string {
  const { color } = terminal
  const lead = color.dim(`${source.told}, ${timeZone}, list prices`)
  if (isEmpty(days) && isEmpty(month)) return `${lead}\n${nothing(source)}\n`
  const line = (name: string, figures: Figures): string =>
    `${name.padEnd(12)}${color.bold(costCell(figures).padStart(10))}  ${grouped(figures.requests ?? 0)} requests, ${grouped(figures.total_tokens ?? 0)} tokens`
  const date = dateIn(nowMs, timeZone)
  const table = fittedTable<ReportRow>(
    [
      { head: 'Day', align: 'left', spare: 0, cell: ({ date: day }) => String(day) },
      { head: 'Models', align: 'left', spare: 3, most: 44, cell: ({ parts }) => modelList(parts) },
      ...figureColumns<ReportRow>(),
    ],
    rows,
    terminal,
    { bold: (row) => row['date'] === date },
  )
  const unpriced = Number(month.unpriced_requests ?? 0)
  return [
    lead,
    line('Today', today),
    line(`${SHOWN_DAYS} days`, days),
    line('This month', month),
    `${'At its end'.padEnd(12)}${end === undefined ? color.dim('too early to say') : rangeText(end)}`,
    '',
    table,
    ...(unpriced === 0 ? [] : [color.yellow(`* ${grouped(unpriced)} requests have no price`)]),
    color.dim('More: daily, weekly, monthly, session, models, agents, blocks, tail, top; --help lists everything'),
    '',
  ].join('\n')
}
