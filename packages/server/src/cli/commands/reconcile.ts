import type { Command } from 'commander'
import type { BillDay, BillPart } from '../../import/bills/bill.ts'
import { BILLERS, type Biller } from '../../import/bills/providers.ts'
import { billFromApi, billFromFiles } from '../../import/bills/read-bill.ts'
import { baseUrl, keyFrom } from '../../import/exports/http.ts'
import { instantOf } from '../age.ts'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, type Connection, connect } from '../connection.ts'
import { printReconciliation, type Reconciliation } from '../reconciliation-table.ts'
import { grouped, type Terminal } from '../terminal.ts'

const DAY_MS = 86_400_000
/** Rows of a bill in one request; the server takes some more. */
const BATCH_ROWS = 1_000

interface Options {
  readonly provider?: string
  readonly from?: string
  readonly to?: string
  readonly tenant?: string
  readonly baseUrl?: string
  readonly keyFile?: string
  readonly server?: string
  readonly json?: boolean
}

/** `tallystick reconcile`: what was recorded beside what providers bill. */
export const registerReconcile: RegisterCommand = (program, terminal) => {
  const group = examples(
    program.command('reconcile').description('compare what was recorded with what providers bill'),
    ['tallystick reconcile --from 30d', 'OPENAI_ADMIN_KEY=... tallystick reconcile import openai --from 30d'],
  )
  registerShow(group, terminal)
  const importing = examples(group.command('import').description('take in the reports of a provider'), [
    'tallystick reconcile import openai costs.json usage.json',
    'ANTHROPIC_ADMIN_KEY=... tallystick reconcile import anthropic --from 30d',
  ])
  for (const biller of BILLERS) registerBiller(importing, biller, terminal)
}

const withServer = (command: Command): Command =>
  withData(command)
    .option('--tenant <id>', 'the account of this tenant, beside its events')
    .option(
      '--server <url>',
      'ask this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--json', 'print the answer as JSON')

function registerShow(group: Command, terminal: Terminal): void {
  const command = withServer(
    group.command('show', { isDefault: true }).description('by day and model: ours, theirs, and why they differ'),
  )
    .option('--provider <name>', 'one provider')
    .option('--from <day>', 'a day of UTC, or an age such as 30d (default: 31 days before --to)')
    .option('--to <day>', 'as --from; itself not included (default: tomorrow)')
  examples(command, ['tallystick reconcile --provider openai --from 2026-11-01 --to 2026-12-01'])
  command.action(async () => {
    const options = command.opts<Options>()
    const search = new URLSearchParams({ consistency: 'applied' })
    if (options.provider !== undefined) search.set('provider', options.provider)
    if (options.tenant !== undefined) search.set('tenant_id', options.tenant)
    for (const name of ['from', 'to'] as const) {
      const text = options[name]
      if (text !== undefined) search.set(name, dayText(dayOf(`--${name}`, text)))
    }
    await withConnection(command, options, terminal, 'read', async (connection) => {
      const answer = await answerOf<Reconciliation>(await connection.call(`/api/v1/reconciliation?${search}`))
      if (options.json) terminal.out(`${JSON.stringify(answer, null, 2)}\n`)
      else printReconciliation(answer, terminal)
    })
  })
}

function registerBiller(group: Command, biller: Biller, terminal: Terminal): void {
  const [key] = biller.keys
  const command = withServer(
    group
      .command(biller.provider)
      .description(`reports of costs and usage of ${biller.provider}, from files or its admin API`)
      .argument('[file...]', `pages as the API answered them; without a file the API is asked, with the key in ${key}`),
  )
    .option('--from <day>', 'from the API: a day of UTC, or an age such as 30d', '31d')
    .option('--to <day>', 'from the API: as --from; itself not included', 'now')
    .option('--base-url <address>', 'where the API is', biller.baseUrl)
    .option('--key-file <file>', 'the admin key is in this file')
  examples(command, [
    `tallystick reconcile import ${biller.provider} costs.json usage.json`,
    `${key}=... tallystick reconcile import ${biller.provider} --from 2026-11-01`,
  ])
  command.action(async (files: readonly string[]) => {
    const options = command.opts<Options>()
    const bill =
      files.length > 0
        ? await billFromFiles(biller, files)
        : await billFromApi(
            biller,
            baseUrl(options.baseUrl as string, '--base-url'),
            keyFrom(terminal.env, biller.keys, options.keyFile),
            dayOf('--from', options.from as string),
            dayOf('--to', options.to as string),
          )
    await withConnection(command, options, terminal, 'write', async (connection) => {
      const parts = []
      for (const part of ['cost', 'usage'] as const) {
        const days = bill.days(part)
        await send(connection, biller.provider, part, days, options.tenant)
        parts.push({ part, days: days.length, rows: days.reduce((sum, { rows }) => sum + rows.length, 0) })
      }
      if (options.json) terminal.out(`${JSON.stringify({ provider: biller.provider, parts }, null, 2)}\n`)
      else
        for (const { part, days, rows } of parts)
          terminal.out(`${part}: ${grouped(days)} days, ${grouped(rows)} rows\n`)
    })
  })
}

async function send(
  connection: Connection,
  provider: string,
  part: BillPart,
  days: readonly BillDay[],
  tenant: string | undefined,
): Promise<void> {
  for (let at = 0; at < days.length; ) {
    let rows = 0
    const start = at
    do rows += days[at++]?.rows.length ?? 0
    while (at < days.length && rows + (days[at]?.rows.length ?? 0) <= BATCH_ROWS)
    const body = {
      provider,
      part,
      ...(tenant === undefined ? {} : { tenant_id: tenant }),
      days: days.slice(start, at),
    }
    const response = await connection.call('/api/v1/reconciliation', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    await answerOf(response)
  }
}

async function withConnection(
  command: Command,
  options: Options,
  terminal: Terminal,
  use: 'read' | 'write',
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = await connect(configOf(command, terminal), options.server, terminal, use)
  try {
    await work(connection)
  } finally {
    await connection.close()
  }
}

/** Midnight of UTC at or before an instant or age. */
function dayOf(flag: string, text: string): number {
  const ms = instantOf(flag, text, 'UTC', Date.now())
  return ms - (ms % DAY_MS)
}

const dayText = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
