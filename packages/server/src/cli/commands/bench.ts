import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TallystickError } from '@tallystick/core'
import type { Command } from 'commander'
import { mustBeFree } from '../../backup/write.ts'
import type { Config } from '../../config/config.ts'
import { type Filled, fillFrom } from '../../workload/fill.ts'
import { type WorkloadEvent, type WorkloadOptions, workload } from '../../workload/workload.ts'
import { instantOf } from '../age.ts'
import { configOf, EXIT, Exit, examples, type RegisterCommand, withData } from '../command.ts'
import { connect, runningServer } from '../connection.ts'
import { Delivery } from '../import/delivery.ts'
import { ImportTally } from '../import/tally.ts'
import { openOptions } from '../open-options.ts'
import { grouped, Progress, type Terminal } from '../terminal.ts'

interface Options {
  readonly events: string
  readonly days: string
  readonly to: string
  readonly seed: string
  readonly models: string
  readonly agents: string
  readonly users: string
  readonly out?: string
  readonly server?: string
  readonly json?: boolean
}

const DAY_MS = 86_400_000
/** Lines written to a file together. */
const LINES = 500

/** `tallystick bench`: load to try a server with. */
export const registerBench: RegisterCommand = (program, terminal) => {
  const group = program.command('bench').description('made-up load to try a server with')
  examples(group, ['tallystick bench generate --events 1000000 --out load.ndjson'])
  registerGenerate(group, terminal)
}

function registerGenerate(group: Command, terminal: Terminal): void {
  const command = withData(
    group
      .command('generate')
      .description('make up realistic events: to a file, a server, or a data directory (default: as import does)'),
  )
    .requiredOption('--events <n>', 'how many events')
    .option('--days <n>', 'over how many days', '30')
    .option('--to <instant>', 'end of them: RFC 3339, ms, or an age such as 24h', 'now')
    .option('--seed <n>', 'the same seed, range and sizes give the same events', '1')
    .option('--models <n>', 'how many models', '40')
    .option('--agents <n>', 'how many agents', '200')
    .option('--users <n>', 'how many users', '20000')
    .option('--out <file>', 'write NDJSON of the native wire instead of sending; - is standard output')
    .option(
      '--server <url>',
      'send to this server (default: the one that holds the data directory, else the directory)',
    )
    .option('--json', 'print the summary as JSON')
  examples(command, [
    'tallystick bench generate --events 1000000 --data ./try',
    'tallystick bench generate --events 100000 --days 7 --out load.ndjson',
    'tallystick bench generate --events 10000 --out - | jq -c .model | sort | uniq -c',
  ])
  command.action(async () => {
    const options = command.opts<Options>()
    const load = loadOf(options)
    if (options.out !== undefined && options.server !== undefined)
      throw new TallystickError('usage', 'Say --out or --server, not both.')
    const progress = new Progress(terminal)
    const show = (done: number): void => progress.show(() => `${grouped(done)} of ${grouped(load.events)} events`)
    if (options.out !== undefined) {
      await write(workload(load), options.out, show, terminal)
      return finish({ events: load.events }, progress, options, terminal)
    }
    const filled = await send(workload(load), show, configOf(command, terminal), options.server, terminal)
    finish({ events: load.events, ...filled }, progress, options, terminal)
    if (filled.conflict + filled.rejected > 0) throw new Exit(EXIT.failed)
  })
}

/** To a server if one is named or holds the data directory; else into the directory, past the socket only. */
async function send(
  events: Iterable<WorkloadEvent>,
  show: (done: number) => void,
  config: Config,
  server: string | undefined,
  terminal: Terminal,
): Promise<Filled> {
  const named = server ?? (terminal.env['TALLYSTICK_URL'] || (await runningServer(config.text('data_dir'))))
  if (named === undefined) {
    const { openTallystick } = await import('../../open.ts')
    const tallystick = await openTallystick(openOptions(config))
    try {
      const filled = await fillFrom(tallystick.ingest, events, show)
      await tallystick.ingest.applied()
      return filled
    } finally {
      await tallystick.close()
    }
  }
  const connection = await connect(config, named, terminal, 'write')
  try {
    const tally = new ImportTally()
    const delivery = new Delivery(connection, tally)
    let sent = 0
    for (const event of events) {
      const full = delivery.add(event, `event ${++sent}`)
      if (full === undefined) continue
      await full
      show(sent)
    }
    await delivery.end()
    return tally
  } finally {
    await connection.close()
  }
}

function loadOf(options: Options): WorkloadOptions {
  const integer = (
    flag: 'events' | 'days' | 'seed' | 'models' | 'agents' | 'users',
    min: number,
    max: number,
  ): number => {
    const text = options[flag]
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new TallystickError(
      'usage',
      `--${flag} takes an integer from ${grouped(min)} to ${grouped(max)}, not ${text}.`,
    )
  }
  const toMs = instantOf('--to', options.to, 'UTC', Date.now())
  return {
    events: integer('events', 1, 9_999_999_999),
    fromMs: toMs - integer('days', 1, 3_650) * DAY_MS,
    toMs,
    seed: integer('seed', 0, 2 ** 32 - 1),
    models: integer('models', 1, 10_000),
    agents: integer('agents', 1, 1_000_000),
    users: integer('users', 1, 10_000_000),
  }
}

async function write(
  events: Iterable<WorkloadEvent>,
  file: string,
  show: (done: number) => void,
  terminal: Terminal,
): Promise<void> {
  if (file !== '-') {
    const target = resolve(terminal.cwd, file)
    await mustBeFree(target)
    return pipeline(Readable.from(blocks(events, show)), createWriteStream(target, { flags: 'wx' }))
  }
  try {
    for (const block of blocks(events, show)) await terminal.write(block)
  } catch (error) {
    // A reader that has enough, as `head` has, ends it without an error.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

function* blocks(events: Iterable<WorkloadEvent>, show: (done: number) => void): Generator<Buffer> {
  let lines: string[] = []
  let done = 0
  for (const event of events) {
    lines.push(JSON.stringify(event))
    if (lines.length < LINES) continue
    yield Buffer.from(`${lines.join('\n')}\n`)
    done += lines.length
    lines = []
    show(done)
  }
  if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`)
}

function finish(
  figures: Readonly<Record<string, unknown>>,
  progress: Progress,
  { json, out }: Options,
  { err, out: print }: Terminal,
): void {
  const seconds = Math.round(progress.done() * 1_000) / 1_000
  if (json && out !== '-') print(`${JSON.stringify({ ...figures, seconds }, null, 2)}\n`)
  else
    err(
      `${Object.entries(figures)
        .map(([name, value]) => `${name} ${typeof value === 'number' ? grouped(value) : JSON.stringify(value)}`)
        .join(', ')}, in ${seconds.toFixed(1)} s.\n`,
    )
}
