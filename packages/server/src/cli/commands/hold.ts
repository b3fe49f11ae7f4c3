import { systemClock } from '@tallystick/core/event'
import type { Command } from 'commander'
import { instantOf } from '../age.ts'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { plainTable, type Terminal } from '../terminal.ts'

interface Where {
  readonly server?: string
  readonly key?: string
  readonly json?: boolean
}

interface AddOptions extends Where {
  readonly reason: string
  readonly from?: string
  readonly to?: string
}

interface HoldRow {
  readonly name: string
  readonly reason: string
  readonly from_ms: number | null
  readonly to_ms: number | null
  readonly created_ms: number
}

/** `tallystick hold add|list|remove`: ranges of time in which nothing is dropped. */
export const registerHold: RegisterCommand = (program, terminal) => {
  const group = examples(
    program.command('hold').description('legal holds: ranges of time in which nothing is dropped'),
    [
      'tallystick hold add case-117 --reason "Discovery, Acme" --from 2026-09-01 --to 2026-10-01',
      'tallystick hold list',
      'tallystick hold remove case-117',
    ],
  )

  const add = withServer(group.command('add').description('keep everything of a range of time'))
    .argument('<name>', 'letters, digits, dots, dashes and underscores')
    .requiredOption('--reason <text>', 'why it stands')
    .option('--from <time>', 'instant, or age such as 30d (default: from the beginning)')
    .option('--to <time>', 'instant, itself not held (default: for ever)')
  examples(add, ['tallystick hold add case-117 --reason "Discovery, Acme" --from 2026-09-01'])
  add.action(async (name: string) => {
    const { json, from, reason, to } = add.opts<AddOptions>()
    const nowMs = systemClock.now()
    const instant = (flag: string, text: string | undefined): number | undefined =>
      text === undefined ? undefined : instantOf(flag, text, 'UTC', nowMs)
    const row = await ask<HoldRow>(add, terminal, '/api/v1/holds', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, reason, from_ms: instant('--from', from), to_ms: instant('--to', to) }),
    })
    if (json) return terminal.out(`${JSON.stringify(row)}\n`)
    terminal.err(`Hold ${row.name} stands: nothing ${rangeOf(row)} is dropped.\n`)
  })

  const list = withServer(group.command('list').description('list the holds that stand'))
  examples(list, ['tallystick hold list --json'])
  list.action(async () => {
    const { holds } = await ask<{ readonly holds: readonly HoldRow[] }>(list, terminal, '/api/v1/holds')
    if (list.opts<Where>().json) return terminal.out(`${JSON.stringify(holds)}\n`)
    if (holds.length === 0) return terminal.err('There are no holds.\n')
    const table = plainTable(['name', 'keeps', 'since', 'reason'], [])
    for (const row of holds) table.push([row.name, rangeOf(row), dayOf(row.created_ms), row.reason])
    terminal.out(`${table.toString()}\n`)
  })

  const remove = withServer(group.command('remove').description('let retention go on')).argument('<name>', 'its name')
  examples(remove, ['tallystick hold remove case-117'])
  remove.action(async (name: string) => {
    const row = await ask<HoldRow>(remove, terminal, `/api/v1/holds/${encodeURIComponent(name)}`, { method: 'DELETE' })
    if (remove.opts<Where>().json) return terminal.out(`${JSON.stringify(row)}\n`)
    terminal.err(`Hold ${row.name} is removed; what has expired meanwhile goes within a minute.\n`)
  })
}

function withServer(command: Command): Command {
  return withData(command)
    .option(
      '--server <url>',
      'ask this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option(
      '--key <key>',
      'a key with the scope admin (default: TALLYSTICK_KEY); on the command line others can see it',
    )
    .option('--json', 'print JSON')
}

async function ask<T>(command: Command, terminal: Terminal, path: string, init?: RequestInit): Promise<T> {
  const { server, key } = command.opts<Where>()
  const connection = await connect(configOf(command, terminal), server, terminal, 'read', key)
  try {
    return await answerOf<T>(await connection.call(path, init))
  } finally {
    await connection.close()
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

function rangeOf({ from_ms: from, to_ms: to }: HoldRow): string {
  const text = (ms: number): string => new Date(ms).toISOString()
  if (from === null) return to === null ? 'of all times' : `before ${text(to)}`
  return to === null ? `from ${text(from)} on` : `from ${text(from)} to ${text(to)}`
}
