import { type Command, Option } from 'commander'
import { stringify } from 'yaml'
import { configOf, examples, withData } from './command.ts'
import { answerOf, connect } from './connection.ts'
import { plainTable, type Terminal } from './terminal.ts'

/** A row, or a whole answer, of Protocol 012. */
export type Members = Readonly<Record<string, unknown>>

/** A column of a table: its head, and what stands below it. */
export interface Column {
  readonly head: string
  readonly cell: (row: Members) => string
  /** Words stand to the left, figures to the right. */
  readonly words?: true
}

/** An answer of Protocol 012 on the command line: what is asked, and how it is shown. */
export interface Report {
  readonly name: string
  readonly description: string
  /** Below `/api/v1/analytics/`. */
  readonly path: string
  readonly columns: readonly Column[]
  /** The line below the table. */
  readonly summary: (answer: Members) => string
  /** The answer is one row. Otherwise it is a page of `data`. */
  readonly single?: true
  /** It is of now: there is no period to name, and nothing to tell providers and models apart by. */
  readonly timeless?: true
  /** Parameters that this one has beside the others, by the flag they are given with. */
  readonly options?: readonly { readonly flag: string; readonly parameter: string; readonly description: string }[]
  readonly examples: readonly string[]
  /** Called once the answer is printed; may throw to end with another exit code. */
  readonly after?: (answer: Members) => void
}

type Flags = Readonly<Record<string, string | boolean | undefined>>

const PERIOD_OPTIONS = [
  {
    flag: '--period <name>',
    parameter: 'period',
    description: 'today, yesterday, last-7-days, last-30-days, this-month, last-month or all-time (default)',
  },
  { flag: '--start <instant>', parameter: 'start', description: 'instead of a period: a day, RFC 3339 or ms' },
  { flag: '--end <instant>', parameter: 'end', description: 'as --start; itself not included, unless a day' },
]
const AGENT = { flag: '--agent <id>', parameter: 'agent_id', description: 'one agent; 42 and agent_42 are the same' }
const SOURCE_OPTIONS = [
  { flag: '--provider <name>', parameter: 'provider', description: 'one provider' },
  { flag: '--provider-id <id>', parameter: 'provider_id', description: 'one credential at a provider' },
  { flag: '--model <name>', parameter: 'model', description: 'one model' },
]
const PAGE_OPTIONS = [
  { flag: '--page <number>', parameter: 'page', description: 'from 1 (default)' },
  { flag: '--per-page <rows>', parameter: 'per_page', description: '1 to 100 (default: 50)' },
]

/** Declares the command of a report: its flags, its help, and what it prints in which format. */
export function registerReport(parent: Command, terminal: Terminal, report: Report): void {
  const parameters = [
    ...(report.timeless ? [] : PERIOD_OPTIONS),
    AGENT,
    ...(report.timeless ? [] : SOURCE_OPTIONS),
    ...(report.options ?? []),
    ...(report.single ? [] : PAGE_OPTIONS),
  ]
  const command = withData(parent.command(report.name).description(report.description))
  for (const { description, flag } of parameters) command.option(flag, description)
  command
    .option(
      '--server <url>',
      'ask this server (default: TALLYSTICK_URL, else the one that holds the data directory, else the directory itself)',
    )
    .addOption(new Option('--format <name>', 'how to print it').choices(['table', 'json', 'yaml']).default('table'))
    .option('--json', 'the same as --format json')
  examples(command, report.examples)
  command.action(async () => {
    const flags = command.opts<Flags>()
    const search = new URLSearchParams()
    for (const { flag, parameter } of parameters) {
      const value = flags[optionName(flag)]
      if (typeof value === 'string') search.set(parameter, value)
    }
    const server = typeof flags['server'] === 'string' ? flags['server'] : undefined
    const connection = await connect(configOf(command, terminal), server, terminal, 'read')
    try {
      const answer = await answerOf<Members>(await connection.call(`/api/v1/analytics/${report.path}?${search}`))
      terminal.out(printed(report, answer, flags['json'] ? 'json' : String(flags['format'])))
      report.after?.(answer)
    } finally {
      await connection.close()
    }
  })
}

/** `--per-page <rows>` -> `perPage`, as the parser names it. */
function optionName(flag: string): string {
  const [name = ''] = flag.slice(2).split(' ')
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function printed(report: Report, answer: Members, format: string): string {
  if (format === 'json') return `${JSON.stringify(answer, null, 2)}\n`
  if (format === 'yaml') return stringify(answer)
  const rows = report.single ? [answer] : (answer['data'] as readonly Members[])
  const summary = `${report.summary(answer)}\n`
  if (rows.length === 0) return summary
  const table = plainTable(
    report.columns.map(({ head }) => head),
    report.columns.map(({ words }) => (words ? 'left' : 'right')),
  )
  for (const row of rows) table.push(report.columns.map(({ cell }) => cell(row)))
  return `${table.toString()}\n${summary}`
}
