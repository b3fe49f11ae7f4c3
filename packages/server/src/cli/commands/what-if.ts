import { type Command, Option } from 'commander'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { grouped, type Terminal } from '../terminal.ts'
import { type Column, cents, fittedTable } from '../usage/columns.ts'
import { periodOf } from '../usage/periods.ts'

interface Flags {
  readonly to: readonly string[]
  readonly from?: readonly string[]
  readonly range?: string
  readonly since?: string
  readonly until?: string
  readonly timezone?: string
  readonly cacheShare?: string
  readonly server?: string
  readonly key?: string
  readonly json?: boolean
}

type Amount = number | string

interface Range {
  readonly low: Amount
  readonly likely: Amount
  readonly high: Amount
}

interface Part {
  readonly requests: number
  readonly now_nano_usd: Amount
  readonly there_nano_usd: Range
  readonly unpriced_requests: number
  readonly unpriced_there_nano_usd: Range | null
}

interface Answer {
  readonly requests: number
  readonly unpriced_requests: number
  readonly now_nano_usd: Amount
  readonly now_nano_usd_yearly: Amount
  readonly confidence: string
  readonly targets: readonly (Part & {
    readonly provider: string | null
    readonly model: string
    readonly difference_nano_usd: Range
    readonly there_nano_usd_yearly: Range
    readonly uncertainties: readonly { readonly because: string }[]
    readonly assumptions: readonly string[]
    readonly context: {
      readonly tokens: number
      readonly too_long_at_least: number
      readonly too_long_at_most: number
    } | null
    readonly by_model: readonly (Part & { readonly provider: string | null; readonly model: string | null })[]
  })[]
}

const SHOWN_DAYS = 30
const PATH = '/api/v1/what-if?consistency=applied'

const collected = (name: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), name]

/** `tallystick what-if`: what the traffic of a range would cost on other models. */
export const registerWhatIf: RegisterCommand = (program, terminal) => {
  const command: Command = withData(
    program.command('what-if').description('what the traffic of a range would cost on another model'),
  )
    .requiredOption(
      '--to <model>',
      'the other model, with its provider if need be: openai/gpt-4o-mini; repeatable',
      collected,
    )
    .option('--from <model>', 'only what is asked of this model now; repeatable', collected)
    .addOption(new Option('--range <age>', 'the last 24h, 7d, 30d and so on').conflicts(['since']))
    .option('-s, --since <date>', `from this day on, or an age such as 7d (default: the last ${SHOWN_DAYS} days)`)
    .option('-u, --until <date>', 'up to and with this day')
    .option('-z, --timezone <zone>', 'IANA zone that days belong to (default: that of this machine)')
    .option('--cache-share <percent>', 'so much of the input would be read from a cache (default: as it is)')
    .option('--server <url>', 'ask this server (default: TALLYSTICK_URL, else whoever holds the data directory)')
    .option('--key <key>', 'key for the server (default: TALLYSTICK_KEY)')
    .option('--json', 'print the answer as JSON')
  examples(command, [
    'tallystick what-if --from gpt-4o --to gpt-4o-mini --range 7d',
    'tallystick what-if --to claude-haiku-4-5 --to gemini-2.5-flash --json',
  ])
  command.action(async () => {
    const flags = command.opts<Flags>()
    const share = shareOf(flags.cacheShare, command)
    const since = flags.range ?? flags.since
    const { fromMs, toMs } = periodOf(
      { ...flags, ...(since === undefined ? {} : { since }) },
      '1d',
      SHOWN_DAYS,
      Date.now(),
    )
    const body = {
      from: fromMs,
      to: toMs,
      targets: flags.to.map((name) => ({ model: name })),
      ...(flags.from === undefined ? {} : { filters: { model: flags.from } }),
      ...(share === undefined ? {} : { cache_share: share }),
    }
    const connection = await connect(configOf(command, terminal), flags.server, terminal, 'read', flags.key)
    try {
      const headers = { 'content-type': 'application/json' }
      const answer = await answerOf<Answer>(
        await connection.call(PATH, { method: 'POST', headers, body: JSON.stringify(body) }),
      )
      terminal.out(flags.json ? `${JSON.stringify(answer, null, 2)}\n` : textOf(answer, terminal))
    } finally {
      await connection.close()
    }
  })
}

function shareOf(text: string | undefined, command: Command): number | undefined {
  if (text === undefined) return undefined
  const percent = /^\d{1,3}(?:\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN
  if (percent >= 0 && percent <= 100) return percent / 100
  return command.error(`--cache-share ${text} is no percentage from 0 to 100`)
}

function textOf(answer: Answer, terminal: Terminal): string {
  const { color } = terminal
  if (answer.requests === 0) return 'No requests in this range.\n'
  const head = `${grouped(answer.requests)} requests cost ${cents(answer.now_nano_usd)} now, ${cents(answer.now_nano_usd_yearly)} a year at this rate (confidence ${answer.confidence}).`
  const columns: readonly Column<Answer['targets'][number]>[] = [
    { head: 'On', align: 'left', spare: 0, cell: ({ model }) => model, most: 36 },
    { head: 'Likely', align: 'right', spare: 0, cell: ({ there_nano_usd: there }) => cents(there.likely) },
    { head: 'At least', align: 'right', spare: 2, cell: ({ there_nano_usd: there }) => cents(there.low) },
    { head: 'At most', align: 'right', spare: 2, cell: ({ there_nano_usd: there }) => cents(there.high) },
    { head: 'Difference', align: 'right', spare: 1, cell: (target) => signed(target.difference_nano_usd.likely) },
    { head: 'A year', align: 'right', spare: 3, cell: (target) => cents(target.there_nano_usd_yearly.likely) },
  ]
  const notes = answer.targets.map((target) => {
    const { context } = target
    const parts: readonly Column<(typeof target.by_model)[number]>[] = [
      { head: 'Now on', align: 'left', spare: 0, cell: ({ model }) => model ?? 'unknown', most: 36 },
      {
        head: 'Requests',
        align: 'right',
        spare: 1,
        cell: ({ requests, unpriced_requests: more }) => grouped(requests + more),
      },
      {
        head: 'Now',
        align: 'right',
        spare: 0,
        cell: (part) => (part.requests === 0 ? 'unpriced' : cents(part.now_nano_usd)),
      },
      {
        head: 'There',
        align: 'right',
        spare: 0,
        cell: (part) => cents((part.requests === 0 ? part.unpriced_there_nano_usd : part.there_nano_usd)?.likely ?? 0),
      },
    ]
    const unpriced = target.unpriced_there_nano_usd
    const lines = [
      ...(context !== null && context.too_long_at_most > 0
        ? [
            `${between(context.too_long_at_least, context.too_long_at_most)} requests are longer than the ${grouped(context.tokens)} tokens that it reads.`,
          ]
        : []),
      ...(unpriced === null
        ? []
        : [
            `${grouped(target.unpriced_requests)} requests have no known cost now; there they come to ${cents(unpriced.likely)}, which is in none of the figures above.`,
          ]),
      ...target.uncertainties.map(({ because }) => `Uncertain: ${because}`),
      ...target.assumptions.map((text) => `Assumed: ${text}`),
    ].map((line) => color.dim(`  ${printable(line)}\n`))
    return `${color.bold(printable(target.model))}\n${fittedTable(parts, target.by_model, terminal)}\n${lines.join('')}`
  })
  return `${head}\n\n${fittedTable(columns, answer.targets, terminal)}\n\n${notes.join('\n')}`
}

const signed = (nanoUsd: Amount): string => (BigInt(nanoUsd) > 0n ? `+${cents(nanoUsd)}` : cents(nanoUsd))

const between = (least: number, most: number): string =>
  least === most ? grouped(least) : `${grouped(least)} to ${grouped(most)}`

/** What comes from outside may move the cursor of a terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?')
