import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { TallystickError } from '@tallystick/core'
import type { Command } from 'commander'
import type { Config } from '../../config/config.ts'
import { type ImportSource, newProgress, type ReadOptions, type ReadProgress } from '../../import/record.ts'
import { instantOf } from '../age.ts'
import { configOf, EXIT, Exit, examples, withData } from '../command.ts'
import { Delivery } from '../import/delivery.ts'
import type { Estimate } from '../import/estimate.ts'
import { progressLine } from '../import/progress-line.ts'
import { ImportSession } from '../import/session.ts'
import { type Covered, coveredBy, printCovered, printOutcome } from '../import/summary.ts'
import { ImportTally } from '../import/tally.ts'
import { openOptions } from '../open-options.ts'
import { grouped, Progress, type Terminal } from '../terminal.ts'

interface Options {
  readonly server?: string
  readonly since?: string
  readonly dryRun?: boolean
  readonly again?: boolean
  readonly json?: boolean
  readonly [ofTheSource: string]: unknown
}

/** What a run came to. */
interface Outcome {
  readonly progress: ReadProgress
  readonly tally: ImportTally
  readonly covered?: Covered
  readonly estimate?: Estimate
}

/** `tallystick import SOURCE [PATH...]`. Importing again adds only what is new. */
export function registerSource(group: Command, source: ImportSource, terminal: Terminal): void {
  const command = withData(
    group
      .command(source.name)
      .description(source.about)
      .argument('[path...]', 'files or folders to read instead of where the source keeps its data'),
  )
  for (const { flags, about } of source.options ?? []) command.option(flags, about)
  command
    .option('--since <instant>', 'leave out what is older: an instant, a date, or an age such as 30d')
    .option('--dry-run', 'read and count, and send nothing')
    .option('--again', 'read everything again, also what was read before')
    .option(
      '--server <url>',
      'send to this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--json', 'print the summary as JSON')
  examples(command, source.examples)
  command.action(async (paths: readonly string[]) => {
    const options = command.opts<Options>()
    const config = configOf(command, terminal)
    const nowMs = Date.now()
    const sinceMs = options.since === undefined ? undefined : instantOf('--since', options.since, 'UTC', nowMs)
    const request = {
      paths: paths.length > 0 ? paths.map((path) => resolve(terminal.cwd, path)) : located(source, terminal),
      values: valuesOf(source, options),
      env: terminal.env,
      ...(sinceMs === undefined ? {} : { sinceMs }),
      nowMs,
      progress: newProgress(),
    }
    const session = await ImportSession.open(source.name, options, config, terminal)
    let outcome: Outcome
    try {
      const reading = { ...request, marks: session.state.marks, known: session.state.names }
      outcome = options.dryRun
        ? await estimated(source, reading, config, terminal)
        : await sent(source, reading, session, terminal)
    } catch (error) {
      await session.abort()
      throw error
    }
    const { tally } = outcome
    if (options.dryRun) await session.connection.close()
    else {
      await session.end()
      const covered = await coveredBy(tally, session.connection.url, config)
      if (covered !== undefined) outcome = { ...outcome, covered }
    }
    if (options.json) terminal.out(`${JSON.stringify(summaryOf(source, outcome), null, 2)}\n`)
    else print(outcome, terminal)
    if (!tally.clean) throw new Exit(EXIT.failed)
  })
}

async function sent(
  source: ImportSource,
  reading: ReadOptions,
  session: ImportSession,
  terminal: Terminal,
): Promise<Outcome> {
  const { progress } = reading
  const tally = new ImportTally()
  const shown = new Progress(terminal)
  const delivery = new Delivery(session.connection, tally, (mark) => session.state.set(mark))
  try {
    for await (const record of source.read(reading)) {
      if ('item' in record) {
        const sending = delivery.add(record.item, record.where)
        if (sending === undefined) continue
        await sending
      } else if ('mark' in record) delivery.mark(record.mark)
      else tally.reject({ where: record.where, ...record.problem })
      shown.show(() => progressLine(progress, `${grouped(tally.accepted)} new`, terminal))
      session.keep()
    }
    await delivery.end()
  } finally {
    shown.done()
  }
  return { progress, tally }
}

/** Reads as an import does, and prices instead of sending. */
async function estimated(
  source: ImportSource,
  reading: ReadOptions,
  config: Config,
  terminal: Terminal,
): Promise<Outcome> {
  const { progress, nowMs } = reading
  const tally = new ImportTally()
  const shown = new Progress(terminal)
  const { Estimate } = await import('../import/estimate.ts')
  const estimate = new Estimate(openOptions(config).prices ?? [], nowMs, tally)
  try {
    for await (const record of source.read(reading)) {
      if ('item' in record) estimate.add(record.item, record.where)
      else if ('problem' in record) tally.reject({ where: record.where, ...record.problem })
      shown.show(() => progressLine(progress, `${grouped(estimate.total.events)} events`, terminal))
    }
  } finally {
    shown.done()
  }
  return { progress, tally, estimate }
}

/** Where the source keeps its data here. */
function located(source: ImportSource, terminal: Terminal): readonly string[] {
  const places = source.locations(terminal.env)
  const found = places.filter((place) => existsSync(place))
  if (places.length > 0 && found.length === 0)
    throw new TallystickError(
      'file_unreadable',
      `There is nothing of ${source.name} at ${places.join(' or ')}. Name the folder, or a file, on the command line.`,
    )
  return found
}

/** Options of the source itself that were given, under their long names. */
function valuesOf(source: ImportSource, options: Options): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const { flags } of source.options ?? []) {
    const name = /--([a-z-]+)/.exec(flags)?.[1]
    if (name === undefined) continue
    const value = options[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())]
    if (value !== undefined) values.set(name, String(value))
  }
  return values
}

function summaryOf(source: ImportSource, { progress, tally, covered, estimate }: Outcome): object {
  return {
    source: source.name,
    files: progress.files,
    files_unchanged: progress.unchanged,
    bytes: progress.bytesDone,
    copies: progress.copies,
    held: progress.held,
    ...(estimate === undefined
      ? { accepted: tally.accepted, duplicate: tally.duplicate, conflict: tally.conflict }
      : { dry_run: true, ...(estimate.toJSON() as object) }),
    rejected: tally.rejected,
    rejected_by_code: Object.fromEntries(tally.byCode),
    rejections: tally.rejections,
    from_ms: tally.fromMs ?? null,
    to_ms: tally.toMs ?? null,
    url: covered?.url ?? null,
  }
}

function print({ progress, tally, covered, estimate }: Outcome, terminal: Terminal): void {
  const { files, unchanged, copies, held } = progress
  const what = `${grouped(files)} ${files === 1 ? 'file' : 'files'}${unchanged > 0 ? ` (${grouped(unchanged)} unchanged)` : ''}`
  if (estimate !== undefined) {
    estimate.print(terminal)
    terminal.out(`${what}: nothing was sent\n`)
  }
  printOutcome(estimate === undefined ? what : undefined, tally, (where) => where, terminal)
  if (copies > 0) terminal.out(`${grouped(copies)} copies of messages that stand elsewhere were left out\n`)
  if (held > 0) terminal.out(`${grouped(held)} may still be written to, and will be read again\n`)
  printCovered(covered, tally, terminal)
}
