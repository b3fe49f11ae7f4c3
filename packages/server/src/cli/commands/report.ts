import { rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { nearest, TallystickError } from '@tallystick/core'
import { mustBeFree } from '../../backup/write.ts'
import { instantOf } from '../age.ts'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { collect, filterPair } from '../pairs.ts'
import { byteSize, Progress, type Terminal } from '../terminal.ts'
import { systemZone } from '../usage/periods.ts'

interface Flags {
  readonly range?: string
  readonly from?: string
  readonly to?: string
  readonly timezone?: string
  readonly format?: string
  readonly out?: string
  readonly force?: boolean
  readonly top?: string
  readonly filter: readonly string[]
  readonly server?: string
  readonly key?: string
}

const FORMATS = ['json', 'markdown', 'html', 'pdf'] as const
type Format = (typeof FORMATS)[number]
const ENDINGS: ReadonlyMap<string, Format> = new Map([
  ['json', 'json'],
  ['md', 'markdown'],
  ['html', 'html'],
  ['pdf', 'pdf'],
])
const PROGRESS_AFTER_MS = 2_000
const PROGRESS_EVERY_MS = 250

/** `tallystick report`: what a range cost, by whom, how it went and what should change. */
export const registerReport: RegisterCommand = (program, terminal) => {
  const command = withData(
    program.command('report').description('what a range cost, by whom, how it went, and what should change'),
  )
    .option(
      '-r, --range <name>',
      'an age such as 24h, 7d, 4w, or today, yesterday, last_week, last_month (default: 7d)',
    )
    .option('--from <instant>', 'instead of --range: RFC 3339, ms, a date, or an age')
    .option('--to <instant>', 'as --from; itself not in the range (default: now)')
    .option('-z, --timezone <zone>', 'IANA zone that days and hours belong to (default: that of this machine)')
    .option(
      '-f, --format <name>',
      'json, markdown, html or pdf (default: what the name of the file ends in, else markdown)',
    )
    .option('-o, --out <file>', 'write it there (default: to standard output)')
    .option('--force', 'replace the file if there is one')
    .option('--top <count>', 'names in a list before the rest is one row (default: 10)')
    .option(
      '--filter <pair>',
      'DIMENSION=VALUE or DIMENSION!=VALUE; repeat for more (an empty value means absent)',
      collect,
      [],
    )
    .option('--server <url>', 'ask this server (default: TALLYSTICK_URL, else whoever holds the data directory)')
    .option('--key <key>', 'key for the server (default: TALLYSTICK_KEY)')
  examples(command, [
    'tallystick report --range 7d',
    'tallystick report --range last_month --timezone Europe/Berlin --out october.html',
    'tallystick report --range 24h --format json | jq .totals.cost_nano_usd.value',
    'tallystick report --range last_week --filter agent_id=support-bot --out support.pdf',
  ])
  command.action(async () => {
    const flags = command.opts<Flags>()
    const format = formatOf(flags)
    const target = flags.out === undefined ? undefined : resolve(terminal.cwd, flags.out)
    if (target !== undefined && flags.force !== true) await mustBeFree(target)
    const search = parametersOf(flags, format)
    const connection = await connect(configOf(command, terminal), flags.server, terminal, 'read', flags.key)
    try {
      const bytes = await told(terminal, async () => {
        const response = await connection.call(`/api/v1/report?${search}`)
        if (!response.ok) await answerOf(response)
        return new Uint8Array(await response.arrayBuffer())
      })
      if (target === undefined) return await printed(bytes, terminal)
      await written(target, bytes)
      terminal.err(`${byteSize(bytes.byteLength)} written to ${target}\n`)
    } finally {
      await connection.close()
    }
  })
}

function formatOf({ format, out }: Flags): Format {
  const named = format ?? (out === undefined ? 'markdown' : ENDINGS.get(/\.([a-z]+)$/.exec(out)?.[1] ?? ''))
  const known = FORMATS.find((one) => one === named)
  if (known === undefined)
    throw new TallystickError(
      'usage',
      format === undefined
        ? `Say --format ${FORMATS.join(', ')}: ${out} does not end in one of .${[...ENDINGS.keys()].join(', .')}.`
        : `--format ${format}: ${nearest(format, FORMATS)}`,
    )
  if (known === 'pdf' && out === undefined)
    throw new TallystickError('usage', 'A PDF is nothing for a terminal; say --out FILE.')
  return known
}

function parametersOf(
  { range, from, to, timezone = systemZone(), top, filter }: Flags,
  format: Format,
): URLSearchParams {
  const search = new URLSearchParams({ format, time_zone: timezone, consistency: 'applied' })
  const nowMs = Date.now()
  if (range !== undefined) search.set('range', range)
  if (from !== undefined) search.set('from', String(instantOf('--from', from, timezone, nowMs)))
  if (to !== undefined) search.set('to', String(instantOf('--to', to, timezone, nowMs)))
  if (top !== undefined) search.set('top', top)
  for (const pair of filter) {
    const { name, not, value } = filterPair(pair)
    search.append(not ? `${name}!` : name, value)
  }
  return search
}

/** Says that it is at work once that takes longer than one waits without asking. */
async function told<T>(terminal: Terminal, work: () => Promise<T>): Promise<T> {
  const progress = new Progress(terminal)
  const startMs = performance.now()
  const timer = setInterval(() => {
    const ms = performance.now() - startMs
    if (ms >= PROGRESS_AFTER_MS) progress.show(() => `making the report, ${(ms / 1_000).toFixed(0)} s`)
  }, PROGRESS_EVERY_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    progress.done()
  }
}

/** A reader that has enough, as `head` has, ends it without an error. */
async function printed(bytes: Uint8Array, terminal: Terminal): Promise<void> {
  try {
    await terminal.write(bytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

/** Under another name until it is whole. */
async function written(target: string, bytes: Uint8Array): Promise<void> {
  const partial = `${target}.partial`
  try {
    await writeFile(partial, bytes, { flush: true })
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}
