import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TallystickError } from '@tallystick/core'
import { verifyJournal } from '@tallystick/core/journal'
import { openTallystick } from '../../open.ts'
import { canReset, resetStore } from '../../store/open-store.ts'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { runningServer } from '../connection.ts'
import { openOptions } from '../open-options.ts'
import { grouped, Progress } from '../terminal.ts'

/** `tallystick rebuild`: throws away what the store made of the journal, and makes it again. */
export const registerRebuild: RegisterCommand = (program, terminal) => {
  const command = withData(program.command('rebuild').description('make the store again from the journal'))
    .option('--yes', 'go ahead although the journal no longer holds everything that the store does')
    .option('--json', 'print the result as JSON')
  examples(command, ['tallystick rebuild', 'tallystick rebuild --data /var/lib/tallystick'])
  command.action(async () => {
    const { yes, json } = command.opts<{ yes?: boolean; json?: boolean }>()
    const config = configOf(command, terminal)
    const holder = await runningServer(config.text('data_dir'))
    if (holder !== undefined)
      throw new TallystickError('journal_locked', `The server at ${holder} holds the data directory. Stop it first.`)
    const options = openOptions(config)
    if (!existsSync(options.dataDir))
      throw new TallystickError(
        'data_dir_unusable',
        `There is no data directory ${options.dataDir}. Name the right one with --data.`,
      )
    const { store = 'duckdb:' } = options
    if (!canReset(store)) throw new TallystickError('usage', `A store that keeps nothing cannot be rebuilt: ${store}.`)

    // The journal drops old segments; what they held exists in the store only, and a rebuild would lose it.
    const first = firstSegment(join(options.dataDir, 'journal'))
    if (first !== undefined && first > 1 && !yes)
      throw new TallystickError(
        'usage',
        'The journal no longer holds its beginning, so a rebuild would lose the older totals that stand only in the store. Say --yes to go ahead.',
      )

    // What is damaged in the journal may be whole in the store.
    if (!yes && existsSync(join(options.dataDir, 'journal'))) {
      const { damage } = await verifyJournal({ dir: join(options.dataDir, 'journal') })
      if (damage.length > 0)
        throw new TallystickError(
          'usage',
          `${damage.length} places of the journal are damaged, and a rebuild would lose the events that stood there. Say --yes to go ahead.`,
        )
    }

    await resetStore(store)

    const progress = new Progress(terminal)
    const tallystick = await openTallystick(options)
    try {
      // Ends too when the store cannot be written, as on a full disk.
      let ended = false
      const applied = tallystick.ingest.applied().finally(() => {
        ended = true
      })
      while (!ended) {
        const { appliedOrdinal, targetOrdinal } = tallystick.ingest.progress()
        progress.show(() => `${grouped(appliedOrdinal)} of ${grouped(targetOrdinal)} records`)
        await Promise.race([applied, sleep(50)])
      }
      await applied
      const seconds = progress.done()
      const { events } = await tallystick.store.stats()
      if (json) terminal.out(`${JSON.stringify({ events, seconds: Math.round(seconds * 1000) / 1000 })}\n`)
      else
        terminal.out(
          `${grouped(events)} events in ${seconds.toFixed(1)} s. \`tallystick verify\` compares them with the journal.\n`,
        )
    } finally {
      await tallystick.close()
    }
  })
}

/** Number of the oldest segment of the journal; they are numbered from 1. */
function firstSegment(dir: string): number | undefined {
  if (!existsSync(dir)) return undefined
  const numbers = readdirSync(dir).flatMap((file) =>
    /^\d{10}\.jsonl(\.gz)?$/.test(file) ? [Number.parseInt(file, 10)] : [],
  )
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}
