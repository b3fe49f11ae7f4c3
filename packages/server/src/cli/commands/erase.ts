import { setTimeout as sleep } from 'node:timers/promises'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, type Connection, connect } from '../connection.ts'
import { Progress } from '../terminal.ts'

interface EraseOptions {
  readonly user: string
  readonly tenant?: string
  readonly dryRun?: boolean
  readonly server?: string
  readonly key?: string
  readonly json?: boolean
}

interface Erased {
  readonly events: number
  readonly pseudonym?: string
  readonly records?: number
  readonly segments?: number
  readonly rows?: number
}

interface Running {
  readonly running: {
    readonly step: string
    readonly segments_done: number | null
    readonly segments: number | null
  } | null
}

const LOOK_EVERY_MS = 500

/** `tallystick erase --user ID`: takes a user out of everything that is kept. */
export const registerErase: RegisterCommand = (program, terminal) => {
  const command = withData(program.command('erase'))
    .description('take a user out of everything that is kept; figures stay')
    .requiredOption('--user <id>', 'the user, as events name it')
    .option('--tenant <id>', 'only of this tenant (default: of every tenant)')
    .option('--dry-run', 'only count the events')
    .option(
      '--server <url>',
      'ask this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option(
      '--key <key>',
      'a key with the scope admin (default: TALLYSTICK_KEY); on the command line others can see it',
    )
    .option('--json', 'print JSON')
  examples(command, [
    'tallystick erase --user ada@example.com --dry-run',
    'tallystick erase --user ada@example.com --tenant acme',
    'tallystick erase --user 4711 --server https://tallystick.example.com --json',
  ])
  command.action(async () => {
    const { dryRun = false, json, key, server, tenant, user } = command.opts<EraseOptions>()
    const connection = await connect(configOf(command, terminal), server, terminal, 'read', key)
    try {
      const asked = connection.call('/api/v1/erasures', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user_id: user, tenant_id: tenant, dry_run: dryRun }),
      })
      const progress = new Progress(terminal)
      const done = new AbortController()
      const shown = dryRun ? Promise.resolve() : show(connection, progress, done.signal)
      const response = await asked.finally(() => done.abort())
      await shown
      const seconds = progress.done()
      const erased = await answerOf<Erased>(response)
      if (json) terminal.out(`${JSON.stringify(erased)}\n`)
      else if (dryRun) terminal.out(`${erased.events} events name this user.\n`)
      else {
        terminal.err(
          `${erased.events} events, ${erased.records} records in ${erased.segments} segments of the journal and ${erased.rows} rows of the control state in ${seconds.toFixed(1)} s.\n` +
            'Backups made before keep the user. The pseudonym:\n',
        )
        terminal.out(`${erased.pseudonym}\n`)
      }
    } finally {
      await connection.close()
    }
  })
}

/** Says how far it is until it is done; that it cannot be asked is told by the answer itself. */
async function show(connection: Connection, progress: Progress, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    try {
      const { running } = await answerOf<Running>(await connection.call('/api/v1/erasures'))
      if (running === null) continue
      const { segments, segments_done: done, step } = running
      progress.show(() =>
        segments === null ? `erasing: ${step}` : `erasing: ${step}, ${done} of ${segments} segments`,
      )
    } catch {
      return
    }
  }
}
