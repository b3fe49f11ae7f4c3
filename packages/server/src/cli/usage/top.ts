import { setTimeout as sleep } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import type { QueryResult, ResultRow } from '@tallystick/core/query'
import type { Command } from 'commander'
import { configOf, examples, withData } from '../command.ts'
import { grouped, type Terminal } from '../terminal.ts'
import { type Column, cents, fittedTable } from './columns.ts'
import { type FigureSource, openFigures } from './figure-source.ts'

interface TopFlags {
  readonly by: string
  readonly window: string
  readonly server?: string
  readonly key?: string
  readonly once?: boolean
  readonly json?: boolean
}

const REFRESH_MS = 2000
const MEASURES = ['requests', 'failed_requests', 'total_tokens', 'cost_nano_usd', 'duration_ms_p50', 'duration_ms_p95']
const GROUPS = 200

/** What keys choose: the dimension of the rows, and the figure they are ordered by. */
const BY: ReadonlyMap<string, string> = new Map([
  ['m', 'model'],
  ['p', 'provider'],
  ['a', 'agent_id'],
  ['k', 'api_key_id'],
  ['u', 'user_id'],
  ['n', 'endpoint'],
])
const ORDER: ReadonlyMap<string, string> = new Map([
  ['c', 'cost_nano_usd'],
  ['r', 'requests'],
  ['t', 'total_tokens'],
  ['e', 'failed_requests'],
  ['d', 'duration_ms_p95'],
])
const UNITS: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** What is shown now. */
interface View {
  by: string
  order: string
  readonly windowMs: number
}

/** `tallystick top`: who spends now, in full screen. */
export function registerTop(program: Command, terminal: Terminal): void {
  const command = withData(program.command('top').description('who spends now, in full screen; h shows the keys'))
    .option('--by <dimension>', 'a row for each model, provider, agent_id, api_key_id, user_id or endpoint', 'model')
    .option('-w, --window <age>', 'the last so many minutes, hours or days: 15m, 1h, 1d', '15m')
    .option('--once', 'print it once and end')
    .option('--server <url>', 'ask this server (default: TALLYSTICK_URL, else whoever holds the data directory)')
    .option('--key <key>', 'key for the server (default: TALLYSTICK_KEY)')
    .option('--json', 'print it once as JSON')
  examples(command, ['tallystick top', 'tallystick top --by agent_id --window 1h', 'tallystick top --once'])
  command.action(async () => {
    const flags = command.opts<TopFlags>()
    const view: View = { by: flags.by, order: 'cost_nano_usd', windowMs: windowOf(flags.window) }
    const source = await openFigures(configOf(command, terminal), flags, terminal, Date.now() - view.windowMs)
    try {
      if (flags.json) {
        const { rows, totals } = await ask(source, view)
        terminal.out(
          `${JSON.stringify({ report: 'top', source: source.source, window_ms: view.windowMs, by: view.by, rows, totals }, null, 2)}\n`,
        )
      } else if (flags.once || terminal.screen === undefined) {
        if (!flags.once) terminal.err('This is no terminal, so it is printed once.\n')
        terminal.out(`${await frame(source, view, terminal, terminal.columns, GROUPS)}\n`)
      } else await show(source, view, terminal, terminal.screen)
    } finally {
      await source.close()
    }
  })
}

function windowOf(text: string): number {
  const [, amount, unit] = /^([1-9]\d{0,3})([mhd])$/.exec(text) ?? []
  const ms = UNITS.get(unit ?? '')
  if (ms === undefined) throw new TallystickError('usage', `--window takes an age such as 15m, 1h or 1d, not ${text}`)
  return Number(amount) * ms
}

async function ask(
  source: FigureSource,
  { by, order, windowMs }: View,
): Promise<{ readonly rows: QueryResult['rows']; readonly totals: ResultRow }> {
  const to = Date.now() + 1
  const range = { from: to - windowMs, to, measures: MEASURES }
  const [groups, all] = await Promise.all([
    source.query({ ...range, group_by: [by], order_by: `-${order}`, limit: GROUPS }),
    source.query(range),
  ])
  return { rows: groups.rows, totals: all.rows[0] as ResultRow }
}

async function show(
  source: FigureSource,
  view: View,
  terminal: Terminal,
  screen: NonNullable<Terminal['screen']>,
): Promise<void> {
  let [leaving, help, paused] = [false, false, false]
  let wake = new AbortController()
  const close = screen.open((key) => {
    if (key === 'q' || key === '\x03' || key === '\x1b') leaving = true
    else if (key === 'h' || key === '?') help = !help
    else if (key === ' ') paused = !paused
    else {
      view.by = BY.get(key) ?? view.by
      view.order = ORDER.get(key) ?? view.order
    }
    wake.abort()
  })
  try {
    let text = ''
    while (!leaving) {
      const { columns, rows } = screen.size()
      try {
        if (help) text = helpText()
        else if (!paused || text === '') text = await frame(source, view, terminal, columns, rows - 5)
      } catch (error) {
        text = `${terminal.color.red('error')} ${(error as Error).message}\n\nIt is asked again every ${REFRESH_MS / 1000} s; q ends.`
      }
      const lines = text.split('\n').slice(0, rows - 1)
      // Each line is cleared to its end as it is written over: nothing flickers.
      terminal.out(`\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`)
      wake = new AbortController()
      await sleep(REFRESH_MS, undefined, { signal: wake.signal }).catch(() => undefined)
    }
  } finally {
    close()
  }
}

const keyed = (keys: ReadonlyMap<string, string>): string =>
  [...keys].map(([key, name]) => `${key} ${name.replace('_nano_usd', '')}`).join('   ')

const helpText = (): string =>
  [
    'Rows by',
    `  ${keyed(BY)}`,
    'Ordered by',
    `  ${keyed(ORDER)}`,
    '',
    '  space hold still   h this help   q leave',
  ].join('\n')

async function frame(
  source: FigureSource,
  view: View,
  terminal: Terminal,
  columns: number,
  most: number,
): Promise<string> {
  const { rows, totals } = await ask(source, view)
  const { color } = terminal
  const minutes = view.windowMs / 60_000
  const cost = totals['cost_nano_usd'] ?? null
  const failed = Number(totals['failed_requests'] ?? 0)
  const head = [
    `${color.bold(source.told)}  last ${span(minutes)}`,
    [
      `${grouped(totals['requests'] as number)} requests`,
      failed > 0 ? color.red(`${grouped(failed)} failed`) : '0 failed',
      `${grouped(Math.round(Number(totals['total_tokens'] ?? 0) / minutes))} tokens/min`,
      cost === null
        ? 'unpriced'
        : `${cents(cost as number | string)} (${cents((BigInt(cost as number) * 60n) / BigInt(Math.max(1, Math.round(minutes))))}/h)`,
    ].join(' · '),
    '',
  ]
  const shown = rows.slice(0, Math.max(1, most))
  const table = fittedTable(columnsOf(view.by), shown, { color, columns })
  return [...head, shown.length === 0 ? 'Nothing in this time.' : table].join('\n')
}

const span = (minutes: number): string => (minutes < 60 ? `${minutes} min` : `${minutes / 60} h`)

function columnsOf(by: string): readonly Column<ResultRow>[] {
  const figure = (
    head: string,
    name: string,
    spare: number,
    text: (value: number | string) => string,
  ): Column<ResultRow> => ({
    head,
    align: 'right',
    spare,
    cell: (row) => (row[name] === null || row[name] === undefined ? '-' : text(row[name] as number | string)),
  })
  const ms = (value: number | string): string =>
    Number(value) < 1000 ? `${Math.round(Number(value))} ms` : `${(Number(value) / 1000).toFixed(1)} s`
  return [
    {
      head: by,
      align: 'left',
      spare: 0,
      most: 40,
      cell: (row) => (row['other'] === true ? '(other)' : String(row[by] ?? '-')),
    },
    figure('requests', 'requests', 0, grouped),
    figure('failed', 'failed_requests', 1, grouped),
    figure('tokens', 'total_tokens', 2, grouped),
    figure('p50', 'duration_ms_p50', 4, ms),
    figure('p95', 'duration_ms_p95', 3, ms),
    {
      head: 'cost',
      align: 'right',
      spare: 0,
      cell: (row) => (row['cost_nano_usd'] === null ? 'unpriced' : cents(row['cost_nano_usd'] as number | string)),
    },
  ]
}
