import { TallystickError } from '@tallystick/core'
import type { Command } from 'commander'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, type Connection, connect } from '../connection.ts'
import { plainTable, type Terminal } from '../terminal.ts'

interface Where {
  readonly server?: string
  readonly key?: string
  readonly json?: boolean
}

interface CreateOptions extends Where {
  readonly scopes: string
  readonly tenant?: string
  readonly agent?: string
  readonly expires?: string
}

/** A key as the server tells of it. */
interface KeyRow {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly tenant_id: string | null
  readonly agent_id: string | null
  readonly created_ms: number
  readonly expires_ms: number | null
  readonly revoked_ms: number | null
}

/** `tallystick keys create|list|revoke`: who may send, read and manage. */
export const registerKeys: RegisterCommand = (program, terminal) => {
  const group = examples(program.command('keys').description('make, list and revoke the keys of a server'), [
    'tallystick keys create gateway --scopes ingest',
    'tallystick keys create "Acme, reports" --scopes read --tenant acme --expires 90d',
    'tallystick keys list',
    'tallystick keys revoke 7k3fq0mz1d',
  ])

  const create = withServer(group.command('create').description('make a key; it is shown this once'))
    .argument('<name>', 'how people tell it from others')
    .requiredOption('--scopes <scopes>', 'ingest, read, admin, with commas')
    .option('--tenant <id>', 'only for this tenant')
    .option('--agent <id>', 'only for this agent')
    .option('--expires <time>', 'valid for so long, e.g. 12h or 90d (default: until it is revoked)')
  examples(create, ['tallystick keys create gateway --scopes ingest', 'tallystick keys create ada --scopes admin'])
  create.action(async (name: string) => {
    const options = create.opts<CreateOptions>()
    const body = JSON.stringify({
      name,
      scopes: options.scopes.split(',').map((scope) => scope.trim()),
      tenant_id: options.tenant,
      agent_id: options.agent,
      expires_in_seconds: options.expires === undefined ? undefined : secondsOf(options.expires),
    })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
    const made = await ask<KeyRow & { readonly key: string }>(create, terminal, 'write', '/api/v1/keys', init)
    if (options.json) return terminal.out(`${JSON.stringify(made)}\n`)
    terminal.err(`Key ${made.id} (${made.scopes.join(', ')}); keep it, it cannot be shown again:\n`)
    terminal.out(`${made.key}\n`)
  })

  const list = withServer(group.command('list').description('list the keys, without their secrets'))
  examples(list, ['tallystick keys list', 'tallystick keys list --json'])
  list.action(async () => {
    const { keys } = await ask<{ readonly keys: readonly KeyRow[] }>(list, terminal, 'read', '/api/v1/keys')
    if (list.opts<Where>().json) return terminal.out(`${JSON.stringify(keys)}\n`)
    if (keys.length === 0) return terminal.err('There are no keys: the server is open to this machine.\n')
    terminal.out(`${tableOf(keys)}\n`)
  })

  const revoke = withServer(group.command('revoke').description('take a key back at once')).argument(
    '<id>',
    'the part of the key between the underscores',
  )
  examples(revoke, ['tallystick keys revoke 7k3fq0mz1d'])
  revoke.action(async (id: string) => {
    const path = `/api/v1/keys/${encodeURIComponent(id)}/revoke`
    const row = await ask<KeyRow>(revoke, terminal, 'read', path, { method: 'POST' })
    if (revoke.opts<Where>().json) return terminal.out(`${JSON.stringify(row)}\n`)
    terminal.err(`Key ${row.id} (${row.name}) is revoked.\n`)
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

async function ask<T>(
  command: Command,
  terminal: Terminal,
  use: 'read' | 'write',
  path: string,
  init?: RequestInit,
): Promise<T> {
  const { server, key } = command.opts<Where>()
  const connection: Connection = await connect(configOf(command, terminal), server, terminal, use, key)
  try {
    return await answerOf<T>(await connection.call(path, init))
  } finally {
    await connection.close()
  }
}

const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
  ['d', 86_400],
])

function secondsOf(text: string): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (UNIT_SECONDS.get(unit) ?? 0)
  if (seconds > 0) return seconds
  throw new TallystickError('usage', `--expires ${text} is no time such as 12h or 90d.`)
}

function tableOf(keys: readonly KeyRow[]): string {
  const table = plainTable(['id', 'name', 'scopes', 'tenant', 'agent', 'made', 'state'], [])
  for (const key of keys)
    table.push([
      key.id,
      key.name,
      key.scopes.join(' '),
      key.tenant_id ?? '',
      key.agent_id ?? '',
      dayOf(key.created_ms),
      stateOf(key),
    ])
  return table.toString()
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

function stateOf({ expires_ms: expires, revoked_ms: revoked }: KeyRow): string {
  if (revoked !== null) return `revoked ${dayOf(revoked)}`
  return expires === null ? 'in force' : `until ${dayOf(expires)}`
}
