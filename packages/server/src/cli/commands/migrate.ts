import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { TallystickError } from '@tallystick/core'
import { systemClock } from '@tallystick/core/event'
import { withoutPassword } from '../../config/config.ts'
import type { Migration, MigrationProgress } from '../../migrate/migrate.ts'
import { locateStore, storePath, storeUrlProblem } from '../../store/open-store.ts'
import { configOf, EXIT, Exit, examples, type RegisterCommand } from '../command.ts'
import { createLogger } from '../logger.ts'
import { grouped, Progress } from '../terminal.ts'

interface Options {
  readonly from?: string
  readonly to: string
  readonly reset?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `tallystick migrate`: the events of a data directory, out of one store into another. */
export const registerMigrate: RegisterCommand = (program, terminal) => {
  const command = program
    .command('migrate')
    .description('move the events of a data directory from one store to another, and compare both')
    .requiredOption('--to <url>', 'the new store, as --store of `serve` takes it')
    .option('--from <url>', 'the old store (default: that of the configuration)')
    .option('--config <file>', 'configuration file (default: tallystick.config.json here, if there is one)')
    .option('--data <dir>', 'data directory; no server may hold it meanwhile')
    .option('--reset', 'empty the new store first of what it has of this data directory')
    .option('--dry-run', 'say what would be moved and what cannot be, and change nothing')
    .option('--json', 'print the result as JSON')
  examples(command, [
    'tallystick migrate --to clickhouse://localhost:8123/tallystick --data /var/lib/tallystick',
    'tallystick migrate --from jsonl:data/analytics.jsonl --to duckdb:',
    'tallystick migrate --to redis://localhost:6379/0 --dry-run',
  ])
  command.action(async () => {
    const options = command.opts<Options>()
    const { dryRun = false } = options
    const config = configOf(command, terminal)
    const dataDir = resolve(terminal.cwd, config.text('data_dir'))
    const from = storeOf('--from', options.from ?? config.text('store'), dataDir, terminal.cwd)
    const to = storeOf('--to', options.to, dataDir, terminal.cwd)
    if (from.url === to.url || (from.path !== undefined && from.path === to.path))
      throw new TallystickError('usage', 'The old store and the new one are the same.')
    for (const [flag, { url }] of [
      ['--from', from],
      ['--to', to],
    ] as const)
      if (url.startsWith('memory:')) throw new TallystickError('usage', `${flag}: a memory store keeps nothing.`)
    if (!existsSync(dataDir))
      throw new TallystickError(
        'data_dir_unusable',
        `There is no data directory ${dataDir}. Name the right one with --data.`,
      )
    if (from.path !== undefined && !existsSync(from.path))
      throw new TallystickError('usage', `There is no store at ${from.path}; --from names the one to move out of.`)

    const progress = new Progress(terminal)
    const startedMs = performance.now()
    // Loading stores takes time that nobody needs who asks for help.
    const { migrate } = await import('../../migrate/migrate.ts')
    const migration = await migrate({
      dataDir,
      from: from.url,
      to: to.url,
      targetExists: to.path === undefined || existsSync(to.path),
      dryRun,
      reset: options.reset === true,
      duckdb: {
        memoryLimitMb: config.integer('duckdb.memory_mb'),
        threads: config.integer('duckdb.threads'),
        checkpointMb: config.integer('duckdb.checkpoint_mb'),
      },
      clock: systemClock,
      logger: createLogger('warn'),
      onProgress: (now) => progress.show(() => lineOf(now, performance.now() - startedMs)),
    })
    const seconds = progress.done()
    const shown = withoutPassword(options.to)
    if (options.json === true) terminal.out(`${JSON.stringify(jsonOf(migration, dryRun, seconds))}\n`)
    else terminal.out(sentenceOf(migration, dryRun, seconds))
    for (const note of migration.notes) terminal.err(`${terminal.color.yellow('note')} ${note}\n`)
    for (const difference of migration.differences) terminal.err(`${terminal.color.red('differs')} ${difference}\n`)
    if (migration.differences.length > 0) {
      terminal.err(
        'The new store is not what the old one is: go on serving from the old one, and begin again with --reset.\n',
      )
      throw new Exit(EXIT.failed)
    }
    if (!dryRun)
      terminal.err(
        `Serve from the new store with --store ${shown} or TALLYSTICK_STORE=${shown}; the old one is unchanged.\n`,
      )
  })
}

interface NamedStore {
  readonly url: string
  /** Of a store that is a file. */
  readonly path: string | undefined
}

function storeOf(flag: string, given: string, dataDir: string, cwd: string): NamedStore {
  const url = locateStore(given, dataDir)
  const problem = storeUrlProblem(url)
  if (problem !== undefined) throw new TallystickError('usage', `${flag} ${problem}.`)
  const path = storePath(url)
  return { url, path: path === undefined ? undefined : resolve(cwd, path) }
}

function lineOf(progress: MigrationProgress, elapsedMs: number): string {
  if (progress.step === 'comparing') return `comparing ${new Date(progress.reachedMs).toISOString().slice(0, 10)} ...`
  const { done, moved, total } = progress
  const perSecond = (moved / elapsedMs) * 1000
  const left = Math.ceil(Math.max(0, total - done) / perSecond)
  return `${grouped(done)} of ${grouped(total)} events, ${grouped(Math.round(perSecond))} a second, ${grouped(left)} s left`
}

function sentenceOf({ total, moved, daysCompared }: Migration, dryRun: boolean, seconds: number): string {
  if (dryRun) return `${grouped(total)} events would be moved.\n`
  const before = total > moved ? ` (${grouped(total - moved)} were there already)` : ''
  return `${grouped(moved)} events moved in ${seconds.toFixed(1)} s${before}; ${grouped(daysCompared)} days compared.\n`
}

function jsonOf({ total, moved, daysCompared, differences, notes }: Migration, dryRun: boolean, seconds: number) {
  return {
    ok: differences.length === 0,
    dry_run: dryRun,
    events: total,
    moved,
    days_compared: daysCompared,
    differences,
    notes,
    seconds: Math.round(seconds * 1000) / 1000,
  }
}
