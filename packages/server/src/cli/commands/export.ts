import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { nearest, quoted, TallystickError } from '@tallystick/core'
import { mustBeFree } from '../../backup/write.ts'
import { PARQUET_COLUMNS, type ParquetColumn, writeParquet } from '../../format/parquet.ts'
import { instantOf } from '../age.ts'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { collect, filterPair } from '../pairs.ts'
import { byteSize, grouped, Progress, type Terminal } from '../terminal.ts'

const FORMATS = ['csv', 'ndjson', 'parquet', 'focus'] as const
type Format = (typeof FORMATS)[number]

interface Options {
  readonly format?: string
  readonly from?: string
  readonly to?: string
  readonly timeZone: string
  readonly filter: readonly string[]
  readonly columns?: string
  readonly interval?: string
  readonly account?: string
  readonly subAccount?: string
  readonly resource?: string
  readonly tags?: string
  readonly server?: string
  readonly force?: boolean
}

const LINE_FEED = 0x0a

/** What only FOCUS has, by the names of the route. */
const FOCUS_OPTIONS = [
  ['interval', 'interval'],
  ['account', 'account'],
  ['subAccount', 'sub_account'],
  ['resource', 'resource'],
  ['tags', 'tags'],
] as const

/** `tallystick export`: events out of any store, as CSV, NDJSON or Parquet; or what they cost, as FOCUS. */
export const registerExport: RegisterCommand = (program, terminal) => {
  const command = withData(
    program
      .command('export')
      .description('write events to a file as CSV, NDJSON or Parquet, or what they cost as FOCUS 1.2'),
  )
    .argument('<file>', 'where to write; - is standard output')
    .option('--format <name>', 'csv, ndjson, parquet or focus (default: what the name of the file ends in)')
    .option('--from <instant>', 'RFC 3339, ms, or an age such as 24h, 7d (default: everything)')
    .option('--to <instant>', 'as --from; itself not in the range')
    .option('--time-zone <zone>', 'IANA zone of dates and times without one', 'UTC')
    .option(
      '--filter <pair>',
      'DIMENSION=VALUE or DIMENSION!=VALUE; repeat for more (an empty value means absent)',
      collect,
      [],
    )
    .option('--columns <names>', 'columns of CSV or Parquet with commas (default: all)')
    .option('--interval <length>', 'of FOCUS: 1d or 1h for each charge period, in UTC (default: 1d)')
    .option('--account <dimension>', 'of FOCUS: what is BillingAccountId (default: provider_id, else the provider)')
    .option('--sub-account <dimension>', 'of FOCUS: what is SubAccountId (default: tenant_id)')
    .option('--resource <dimension>', 'of FOCUS: what is ResourceId (default: model)')
    .option('--tags <names>', 'of FOCUS: up to three dimensions or tags for Tags, as in agent_id,tags.team')
    .option(
      '--server <url>',
      'export from this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--force', 'replace the file if there is one')
  examples(command, [
    'tallystick export november.csv --from 2026-11-01 --to 2026-12-01',
    'tallystick export - --format ndjson --filter provider=openai | jq .cost_nano_usd',
    'tallystick export events.parquet --columns timestamp,request_model,cost_nano_usd',
    'tallystick export november-focus.csv --format focus --from 2026-11-01 --to 2026-12-01 --tags agent_id,tags.team',
  ])
  command.action(async (file: string) => {
    const options = command.opts<Options>()
    const format = formatOf(file, options.format)
    const columns = format === 'parquet' ? parquetColumns(options.columns) : PARQUET_COLUMNS
    const target = file === '-' ? undefined : resolve(terminal.cwd, file)
    if (target !== undefined && options.force !== true) await mustBeFree(target)
    const path = `/api/v1/export${format === 'focus' ? '/focus' : ''}?${parametersOf(options, format)}`
    const connection = await connect(configOf(command, terminal), options.server, terminal, 'read')
    const progress = new Progress(terminal)
    try {
      const response = await connection.call(path)
      if (!response.ok || response.body === null) return void (await answerOf(response))
      const unit = format === 'focus' ? 'rows' : 'events'
      const counted = counting(response.body, format === 'csv' || format === 'focus' ? 1 : 0, progress, unit)
      if (target === undefined) await toStandardOutput(counted.bytes, terminal)
      else await toFile(target, format, counted.bytes, columns)
      const seconds = progress.done()
      terminal.err(`${grouped(counted.lines())} ${unit} in ${seconds.toFixed(1)} s.\n`)
      noteExpired(response, terminal)
    } finally {
      await connection.close()
    }
  })
}

function formatOf(file: string, given: string | undefined): Format {
  const name = given ?? /\.([a-z]+)$/.exec(file)?.[1] ?? ''
  const format = FORMATS.find((known) => known === name)
  if (format === undefined)
    throw new TallystickError(
      'usage',
      given === undefined
        ? 'Say --format csv, ndjson, parquet or focus.'
        : `--format ${given}: ${nearest(given, FORMATS)}`,
    )
  if (format === 'parquet' && file === '-')
    throw new TallystickError('usage', 'Parquet has its index at the end and needs a file; - takes csv or ndjson.')
  return format
}

function parquetColumns(names: string | undefined): readonly ParquetColumn[] {
  if (names === undefined) return PARQUET_COLUMNS
  return names.split(',').map((text) => {
    const name = text.trim()
    const column = PARQUET_COLUMNS.find((known) => known.name === name)
    if (column !== undefined) return column
    const known = PARQUET_COLUMNS.map((other) => other.name)
    throw new TallystickError('usage', `--columns: no column ${quoted(name)}; ${nearest(name, known)}`)
  })
}

function parametersOf(options: Options, format: Format): URLSearchParams {
  const parameters = new URLSearchParams({ consistency: 'applied' })
  if (format !== 'focus') parameters.set('format', format === 'csv' ? 'csv' : 'ndjson')
  const nowMs = Date.now()
  for (const flag of ['from', 'to'] as const) {
    const text = options[flag]
    if (text !== undefined) parameters.set(flag, String(instantOf(`--${flag}`, text, options.timeZone, nowMs)))
  }
  for (const pair of options.filter) {
    const { name, not, value } = filterPair(pair)
    parameters.append(not ? `${name}!` : name, value)
  }
  if (options.columns !== undefined && format === 'focus')
    throw new TallystickError('usage', '--columns: FOCUS says which columns there are.')
  if (options.columns !== undefined && format !== 'parquet') parameters.set('columns', options.columns)
  for (const [option, name] of FOCUS_OPTIONS) {
    const text = options[option]
    if (text === undefined) continue
    if (format !== 'focus') throw new TallystickError('usage', `--${name.replace('_', '-')} is for --format focus.`)
    parameters.set(name, text)
  }
  return parameters
}

/** Figures by what no total is split by are those of single events, and these may not reach back as far. */
function noteExpired({ headers }: Response, terminal: Terminal): void {
  const fromMs = headers.get('x-tallystick-raw-from')
  if (fromMs === null) return
  terminal.err(
    `${terminal.color.yellow('note')} single events before ${new Date(Number(fromMs)).toISOString()} have expired, and totals are not split like this: their cost is not in the file.\n`,
  )
}

/** Lets bytes through and counts the events, or rows, in them. */
function counting(
  body: AsyncIterable<Uint8Array>,
  headLines: number,
  progress: Progress,
  unit: string,
): { readonly bytes: AsyncIterable<Uint8Array>; readonly lines: () => number } {
  let bytes = 0
  let lines = -headLines
  let quotes = false
  const pass = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for await (const block of body) {
        bytes += block.length
        // A line end inside quotes belongs to a cell of CSV; outside JSON strings NDJSON has quotes in pairs too.
        for (const byte of block) {
          if (byte === LINE_FEED && !quotes) lines++
          else if (byte === 0x22 && headLines > 0) quotes = !quotes
        }
        progress.show(() => `${grouped(Math.max(0, lines))} ${unit}, ${byteSize(bytes)}`)
        yield block
      }
    } catch (cause) {
      throw new TallystickError('server_unreachable', `The server broke off: ${(cause as Error).message}`, { cause })
    }
  }
  return { bytes: pass(), lines: () => Math.max(0, lines) }
}

/** A reader that has enough, as `head` has, ends it without an error. */
async function toStandardOutput(bytes: AsyncIterable<Uint8Array>, terminal: Terminal): Promise<void> {
  try {
    for await (const block of bytes) await terminal.write(block)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

/** Under another name until it is whole: a file of the right name is never half an export. */
async function toFile(
  target: string,
  format: Format,
  bytes: AsyncIterable<Uint8Array>,
  columns: readonly ParquetColumn[],
): Promise<void> {
  const partial = `${target}.partial`
  const lines = format === 'parquet' ? `${target}.ndjson.partial` : partial
  try {
    await pipeline(bytes, createWriteStream(lines, { flush: true }))
    if (format === 'parquet') await writeParquet(lines, partial, columns)
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { force: true })
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new TallystickError('disk_full', `There is no room for ${target}: ${message}`, { cause: error })
    throw error
  } finally {
    if (lines !== partial) await rm(lines, { force: true })
  }
}
