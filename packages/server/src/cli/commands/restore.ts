import { resolve } from 'node:path'
import { TallystickError } from '@tallystick/core'
import { systemClock } from '@tallystick/core/event'
import { restoreBackup } from '../../backup/restore.ts'
import { configOf, examples, type RegisterCommand } from '../command.ts'
import { runningServer } from '../connection.ts'
import { byteSize, grouped, Progress } from '../terminal.ts'
import { sentenceOf, summaryOf } from './backup.ts'

/** `tallystick restore`: a data directory from a backup, after every byte of it has been checked. */
export const registerRestore: RegisterCommand = (program, terminal) => {
  const command = program
    .command('restore')
    .description('make a data directory of a backup, after checking every byte of it')
    .argument('<backup>', 'a directory or archive that `tallystick backup` made')
    .option('--config <file>', 'configuration file (default: tallystick.config.json here, if there is one)')
    .option('--data <dir>', 'data directory; must be empty or not exist')
    .option('--force', 'move what stands in the data directory to a folder in it')
    .option('--json', 'print the result as JSON')
  examples(command, [
    'tallystick restore /backups/tallystick-2026-11-21 --data /var/lib/tallystick',
    'tallystick restore /backups/tallystick.tar --data ./data --force',
  ])
  command.action(async (name: string) => {
    const { force = false, json } = command.opts<{ force?: boolean; json?: boolean }>()
    const dataDir = resolve(terminal.cwd, configOf(command, terminal).text('data_dir'))
    const holder = await runningServer(dataDir)
    if (holder !== undefined)
      throw new TallystickError('journal_locked', `The server at ${holder} holds the data directory. Stop it first.`)
    const progress = new Progress(terminal)
    const restored = await restoreBackup({
      backup: resolve(terminal.cwd, name),
      dataDir,
      force,
      nowMs: systemClock.now(),
      onBytes: (step, bytes, of) => progress.show(() => `${step} ${byteSize(bytes)} of ${byteSize(of)}`),
    })
    const seconds = progress.done()
    const { movedTo = null, damage } = restored
    if (json) {
      const result = { data_dir: dataDir, seconds: Math.round(seconds * 1000) / 1000, moved_to: movedTo }
      terminal.out(`${JSON.stringify({ ...result, ...summaryOf(restored) })}\n`)
      return
    }
    terminal.out(`${dataDir} in ${seconds.toFixed(1)} s. ${sentenceOf(restored)}\n`)
    if (movedTo !== null) terminal.err(`What was there before is in ${movedTo}.\n`)
    if (damage > 0)
      terminal.err(
        `${terminal.color.yellow('damaged')} ${grouped(damage)} places of the journal were damaged already when it was copied.\n`,
      )
    terminal.err(
      `\`tallystick serve --data ${dataDir}\` serves it${restored.manifest.store === null ? ' and makes the store from the journal' : ''}; \`tallystick verify --data ${dataDir}\` compares everything.\n`,
    )
  })
}
