import { resolve } from 'node:path'
import { type BackupCheck, checkBackup } from '../../backup/check.ts'
import { finishBackup, mustBeFree, writeBackup } from '../../backup/write.ts'
import { configOf, EXIT, Exit, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { byteSize, grouped, Progress } from '../terminal.ts'

interface Options {
  readonly server?: string
  readonly verify: boolean
  readonly json?: boolean
}

/** `tallystick backup`: a consistent copy of everything acknowledged so far, while the server goes on. */
export const registerBackup: RegisterCommand = (program, terminal) => {
  const command = withData(
    program.command('backup').description('copy everything acknowledged so far, while the server takes events'),
  )
    .argument('<target>', 'a directory, or one archive if the name ends in .tar; neither may exist')
    .option(
      '--server <url>',
      'back up this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--no-verify', 'do not read the backup again after it was written')
    .option('--json', 'print the result as JSON')
  examples(command, [
    'tallystick backup /backups/tallystick-2026-11-21',
    'tallystick backup /backups/tallystick.tar --server http://127.0.0.1:8088',
  ])
  command.action(async (name: string) => {
    const options = command.opts<Options>()
    const target = resolve(terminal.cwd, name)
    await mustBeFree(target)
    const connection = await connect(configOf(command, terminal), options.server, terminal, 'read')
    const progress = new Progress(terminal)
    let check: BackupCheck | undefined
    try {
      const waiting = setInterval(() => progress.show(() => 'holding a moment of the server fast ...'), 500)
      const response = await connection.call('/api/v1/backup').finally(() => clearInterval(waiting))
      if (!response.ok || response.body === null) return void (await answerOf(response))
      const size = Number(response.headers.get('content-length'))
      const partial = await writeBackup(target, response.body, (bytes) =>
        progress.show(() => `written ${byteSize(bytes)} of ${byteSize(size)}`),
      )
      if (options.verify)
        check = await checkBackup(partial, (bytes, of) =>
          progress.show(() => `checked ${byteSize(bytes)} of ${byteSize(of)}`),
        )
      await finishBackup(target)
    } finally {
      await connection.close()
    }
    const seconds = progress.done()
    if (options.json) terminal.out(`${JSON.stringify({ target, seconds: rounded(seconds), ...summaryOf(check) })}\n`)
    else {
      const what = check === undefined ? 'Not checked.' : sentenceOf(check)
      terminal.out(`${target} in ${seconds.toFixed(1)} s. ${what}\n`)
      if (check !== undefined) terminal.err(`Not in it: ${check.manifest.not_included.join('; ')}.\n`)
      terminal.err(`Restore it with \`tallystick restore ${name} --data DIR\`.\n`)
    }
    if (check !== undefined && check.damage > 0) {
      terminal.err(
        `${terminal.color.red('damaged')} ${grouped(check.damage)} places of the journal are damaged where it was copied from; run \`tallystick verify\` there.\n`,
      )
      throw new Exit(EXIT.failed)
    }
  })
}

/** What was found, as JSON; shared with `restore`. */
export function summaryOf(check: BackupCheck | undefined): Record<string, unknown> {
  if (check === undefined) return { verified: false }
  const { manifest, bytes, records, damage } = check
  return {
    verified: true,
    created: manifest.created,
    end_ordinal: manifest.journal.end.ordinal,
    accepted_events: manifest.accepted_events,
    records,
    damaged: damage,
    store_copied: manifest.store !== null,
    not_included: manifest.not_included,
    files: manifest.files.length,
    bytes,
  }
}

/** The same for people. */
export function sentenceOf({ manifest, bytes, records }: BackupCheck): string {
  const events = manifest.accepted_events === null ? '' : `${grouped(manifest.accepted_events)} events accepted, `
  const store = manifest.store === null ? '' : ' and a copy of the store'
  return `Checked: ${events}${grouped(records)} records of the journal${store}, ${byteSize(bytes)}, as of ${manifest.created}.`
}

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000
