import type { Command } from 'commander'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, type Connection, connect } from '../connection.ts'
import type { Terminal } from '../terminal.ts'
import { cents } from '../usage/columns.ts'
import { periodOf } from '../usage/periods.ts'

interface Flags {
  readonly since?: string
  readonly until?: string
  readonly timezone?: string
  readonly dismissed?: boolean
  readonly reason?: string
  readonly server?: string
  readonly key?: string
  readonly json?: boolean
}

interface Answer {
  readonly dismissed: number
  readonly recommendations: readonly {
    readonly id: string
    readonly severity: 'critical' | 'warning' | 'info'
    readonly advice: string
    readonly evidence: string
    readonly assumptions: readonly string[]
    readonly saving_nano_usd_30_days: number | string | null
    readonly bound: string
    readonly confidence: string
    readonly dismissed: object | null
  }[]
}

const SHOWN_DAYS = 30
const PATH = '/api/v1/recommendations'
const BOUNDS: ReadonlyMap<string, string> = new Map([
  ['exact', ''],
  ['about', 'about '],
  ['at_most', 'up to '],
  ['at_least', 'at least '],
])

const withServer = (command: Command): Command =>
  withData(command)
    .option('--server <url>', 'ask this server (default: TALLYSTICK_URL, else whoever holds the data directory)')
    .option('--key <key>', 'key for the server (default: TALLYSTICK_KEY)')
    .option('--json', 'print the answer as JSON')

/** `tallystick recommendations`: what should change, and what that would save. */
export const registerRecommendations: RegisterCommand = (program, terminal) => {
  const group = program.command('recommendations').description('what should change, and what that would save')
  examples(group, ['tallystick recommendations list', 'tallystick recommendations list --since 7d --json'])

  const list = withServer(group.command('list').description(`recommendations by the last ${SHOWN_DAYS} days`))
    .option('-s, --since <date>', 'by what was used from this day on, or an age such as 7d')
    .option('-u, --until <date>', 'up to and with this day')
    .option('-z, --timezone <zone>', 'IANA zone that days belong to (default: that of this machine)')
    .option('--dismissed', 'list those too that were dismissed')
  examples(list, ['tallystick recommendations list', 'tallystick recommendations list --since 7d --json'])
  list.action(async () => {
    const flags = list.opts<Flags>()
    const { fromMs, toMs } = periodOf(flags, '1d', SHOWN_DAYS, Date.now())
    const search = new URLSearchParams({
      from: String(fromMs),
      to: String(toMs),
      consistency: 'applied',
      ...(flags.dismissed ? { dismissed: 'true' } : {}),
    })
    await talk(list, flags, 'read', async (connection) => {
      const answer = await answerOf<Answer>(await connection.call(`${PATH}?${search}`))
      terminal.out(flags.json ? `${JSON.stringify(answer, null, 2)}\n` : textOf(answer, terminal))
    })
  })

  const dismiss = withServer(
    group.command('dismiss').description('leave a recommendation out from now on').argument('<id>', 'as list names it'),
  ).option('--reason <text>', 'why, for whoever looks later')
  examples(dismiss, ["tallystick recommendations dismiss 'paid_failures:…' --reason 'refunded'"])
  dismiss.action(async (id: string) => {
    const flags = dismiss.opts<Flags>()
    await change(dismiss, flags, 'dismiss', { id, ...(flags.reason === undefined ? {} : { reason: flags.reason }) })
  })

  const restore = withServer(
    group
      .command('restore')
      .description('list a recommendation again')
      .argument('<id>', 'as list --dismissed names it'),
  )
  examples(restore, ["tallystick recommendations restore 'paid_failures:…'"])
  restore.action(async (id: string) => change(restore, restore.opts<Flags>(), 'restore', { id }))

  async function change(command: Command, flags: Flags, what: string, body: object): Promise<void> {
    await talk(command, flags, 'write', async (connection) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await answerOf<{ readonly restored?: boolean }>(
        await connection.call(`${PATH}/${what}`, { method: 'POST', headers, body: JSON.stringify(body) }),
      )
      if (flags.json) terminal.out(`${JSON.stringify(answer, null, 2)}\n`)
      else terminal.out(what === 'dismiss' ? 'dismissed\n' : answer.restored ? 'restored\n' : 'it was not dismissed\n')
    })
  }

  async function talk(
    command: Command,
    { server, key }: Flags,
    use: 'read' | 'write',
    say: (connection: Connection) => Promise<void>,
  ): Promise<void> {
    const connection = await connect(configOf(command, terminal), server, terminal, use, key)
    try {
      await say(connection)
    } finally {
      await connection.close()
    }
  }
}

function textOf({ recommendations, dismissed }: Answer, { color }: Terminal): string {
  const marks = { critical: color.red, warning: color.yellow, info: (text: string) => text }
  const blocks = recommendations.map((one) => {
    const saving = one.saving_nano_usd_30_days
    const amount =
      saving === null
        ? ''
        : ` ${color.green(`Saves ${BOUNDS.get(one.bound) ?? ''}${cents(saving)} in 30 days`)} (confidence ${one.confidence}).`
    return [
      `${marks[one.severity](color.bold(printable(one.advice)))}${one.dismissed === null ? '' : color.dim(' (dismissed)')}`,
      `  ${printable(one.evidence)}${amount}`,
      ...one.assumptions.map((text) => color.dim(`  Assumed: ${printable(text)}`)),
      color.dim(`  ${printable(one.id)}`),
    ].join('\n')
  })
  const rest = dismissed === 0 ? '' : `${dismissed} dismissed; --dismissed lists them too\n`
  return `${blocks.length === 0 ? 'Nothing to recommend.' : blocks.join('\n\n')}\n${rest}`
}

/** What comes from outside may move the cursor of a terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?')
