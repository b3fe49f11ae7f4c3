import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import { instantOf } from '../age.ts'
import { configOf, EXIT, Exit, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, type Connection, connect } from '../connection.ts'
import { type Repricing, repricingCsv, repricingTable } from '../repricing-table.ts'
import { dollars, grouped, Progress, type Terminal } from '../terminal.ts'

interface Options {
  readonly from: string
  readonly to: string
  readonly model?: string
  readonly provider?: string
  readonly timeZone: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly json?: boolean
  readonly csv?: boolean
  readonly server?: string
}

/** A short run is over by the first look; a long one is looked at now and then. */
const FIRST_LOOK_MS = 20
const LAST_LOOK_MS = 500

/** `tallystick reprice`: events of a range at the prices in force now, beside what was billed. */
export const registerReprice: RegisterCommand = (program, terminal) => {
  const command = withData(
    program.command('reprice').description('price events of a range anew; what was billed stays beside it'),
  )
    .requiredOption('--from <instant>', 'RFC 3339, ms, or an age such as 30d')
    .requiredOption('--to <instant>', 'as --from; itself not included')
    .option('--model <name>', 'requests of this model only')
    .option('--provider <name>', 'requests of this provider only')
    .option('--time-zone <zone>', 'IANA zone that days belong to', 'UTC')
    .option('--dry-run', 'show the difference and write nothing')
    .option('--yes', 'go ahead without being asked')
    .option(
      '--server <url>',
      'ask this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--json', 'print the comparison as JSON')
    .option('--csv', 'print the comparison as CSV')
  examples(command, [
    'tallystick reprice --from 2026-11-01 --to 2026-12-01 --dry-run',
    'tallystick reprice --from 30d --to now --model gpt-4o --yes',
    'tallystick reprice --from 2026-11-01 --to 2026-12-01 --time-zone Europe/Berlin --dry-run --csv > november.csv',
  ])
  command.action(async () => {
    const options = command.opts<Options>()
    if (options.json && options.csv) throw new TallystickError('usage', 'Say --json or --csv, not both.')
    const use = options.dryRun ? 'read' : 'write'
    const connection = await connect(configOf(command, terminal), options.server, terminal, use)
    try {
      await reprice(connection, options, terminal)
    } finally {
      await connection.close()
    }
  })
}

async function reprice(connection: Connection, options: Options, terminal: Terminal): Promise<void> {
  const nowMs = Date.now()
  const body = {
    from: instantOf('--from', options.from, options.timeZone, nowMs),
    to: instantOf('--to', options.to, options.timeZone, nowMs),
    ...(options.model === undefined ? {} : { model: options.model }),
    ...(options.provider === undefined ? {} : { provider: options.provider }),
    time_zone: options.timeZone,
  }
  const compared = await run(connection, { ...body, dry_run: true }, terminal)
  if (options.json && options.dryRun) terminal.out(`${JSON.stringify(compared, null, 2)}\n`)
  else if (options.csv) terminal.out(repricingCsv(compared))
  else if (!options.json) terminal.out(repricingTable(compared))
  if (options.dryRun) return
  const { changed, difference_nano_usd: difference } = compared.report.totals
  if (changed > 0 && !(options.yes ?? (await confirmed(terminal, changed, difference)))) throw new Exit(EXIT.failed)
  const applied = changed === 0 ? compared : await run(connection, { ...body, dry_run: false }, terminal)
  if (options.json) terminal.out(`${JSON.stringify(applied, null, 2)}\n`)
  else if (changed === 0) terminal.err('Nothing changes.\n')
  else terminal.err(`${grouped(applied.report.totals.changed)} events repriced: ${applied.version}\n`)
}

/** Begins one and waits for its end. */
async function run(connection: Connection, body: object, terminal: Terminal): Promise<Repricing> {
  const progress = new Progress(terminal)
  const started = await connection.call('/api/v1/repricings', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  let now = await answerOf<Repricing>(started)
  for (let waitMs = FIRST_LOOK_MS; now.state === 'running'; waitMs = Math.min(waitMs * 2, LAST_LOOK_MS)) {
    await sleep(waitMs)
    now = await answerOf<Repricing>(await connection.call(`/api/v1/repricings/${now.id}`))
    const { events, of } = now.progress
    progress.show(() => `${grouped(events)} of ${grouped(of)} requests`)
  }
  progress.done()
  if (now.state === 'done') return now
  throw new TallystickError(
    'internal_error',
    `The re-pricing ${now.id} ${now.state === 'failed' ? `failed: ${now.error}` : 'was interrupted'}. What it wrote counts; run it again for the rest.`,
  )
}

async function confirmed(terminal: Terminal, changed: number, difference: number | string): Promise<boolean> {
  if (!terminal.interactive || !process.stdin.isTTY)
    throw new TallystickError(
      'usage',
      'Nobody is there to be asked. Say --yes to go ahead, or --dry-run to compare only.',
    )
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question(
      `Show ${grouped(changed)} requests at newer prices, ${dollars(difference)} beside what was billed? [y/N] `,
    )
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}
