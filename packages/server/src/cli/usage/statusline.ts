import type { Command } from 'commander'
import { configOf, examples } from '../command.ts'
import type { Terminal } from '../terminal.ts'
import type { BurnRate } from './blocks.ts'
import { blockRows, span } from './blocks-report.ts'
import { cents, costCell } from './columns.ts'
import { openFigures } from './figure-source.ts'
import { FIGURE_NAMES, figuresOf } from './figures.ts'
import { totalsOf } from './period-reports.ts'
import { periodOf } from './periods.ts'
import { type ReportFlags, withPeriod } from './usage-report.ts'

const LOOK_BACK_MS = 86_400_000

/** What Claude Code tells its status line on standard input, as far as it is used. */
interface Told {
  readonly session_id?: unknown
  readonly model?: { readonly display_name?: unknown }
}

/** `tallystick statusline`: one line, for the status line of a coding agent or a prompt. */
export function registerStatusline(program: Command, terminal: Terminal): void {
  const command = withPeriod(program.command('statusline'))
    .description('one line: model, this session, today, and the five-hour block under way')
    .option('--json', 'print it as JSON')
  examples(command, ['tallystick statusline', 'echo \'{"session_id":"…"}\' | tallystick statusline --logs'])
  command.action(async () => {
    const flags = command.opts<ReportFlags>()
    const nowMs = Date.now()
    const told = parsed((await terminal.piped?.()) ?? '')
    const today = periodOf({ ...flags, since: undefined as never }, '1d', 1, nowMs)
    const recent = { ...today, fromMs: Math.min(today.fromMs, nowMs - LOOK_BACK_MS) }
    const source = await openFigures(configOf(command, terminal), flags, terminal, recent.fromMs)
    try {
      const day = await totalsOf(source, today)
      const block = (await blockRows(source, recent, nowMs)).find(({ active }) => active === true)
      const rate = block?.['rate'] as BurnRate | undefined
      const session =
        typeof told.session_id === 'string' && told.session_id !== ''
          ? figuresOf(
              (
                await source.query({
                  from: recent.fromMs,
                  to: recent.toMs,
                  measures: FIGURE_NAMES,
                  filters: { session_id: [told.session_id] },
                })
              ).rows[0] ?? {},
            )
          : null
      if (flags.json)
        terminal.out(
          `${JSON.stringify({ report: 'statusline', today: day, session, block: block === undefined ? null : { ...block, rate: undefined } })}\n`,
        )
      else {
        const model = typeof told.model?.display_name === 'string' ? [printable(told.model.display_name)] : []
        const parts = [
          ...model,
          ...(session === null ? [] : [`session ${costCell(session)}`]),
          `today ${costCell(day)}`,
          ...(block === undefined || rate === undefined
            ? []
            : [
                `block ${costCell(block)} (${span(rate.leftMs)} left${rate.nanoUsdPerHour === null ? '' : `, ${cents(rate.nanoUsdPerHour)}/h`})`,
              ]),
        ]
        terminal.out(`${parts.join(' · ')}\n`)
      }
    } finally {
      await source.close()
    }
  })
}

const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?').slice(0, 64)

/** Whatever is piped in: what is no JSON object says nothing. */
function parsed(text: string): Told {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Told) : {}
  } catch {
    return {}
  }
}
