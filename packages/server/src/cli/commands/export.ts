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

const FORMATS = ['csv', 'ndjson', 'parquet'] as const
type Format = (typeof FORMATS)[number]

interface Options {
  readonly format?: string
  readonly from?: string
  readonly to?: string
  readonly timeZone: string
  readonly filter: readonly string[]
  readonly columns?: string
  readonly server?: string
  readonly force?: boolean
}

const LINE_FEED = 0x0a

/** `tallystick export`: events out of any store, as CSV, NDJSON or Parquet. */
export const registerExport: RegisterCommand = (program, terminal) => {
  const command = withData(program.command('export').description('write events to a file as CSV, NDJSON or Parquet'))
    .argument('<file>', 'where to write; - is standard output')
    .option('--format <name>', 'csv, ndjson or parquet (default: what the name of the file ends in)')
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
    .option(
      '--server <url>',
      'export from this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--force', 'replace the file if there is one')
  examples(command, [
    'tallystick export november.csv --from 2026-11-01 --to 2026-12-01',
    'tallystick export - --format ndjson --filter provider=openai | jq .cost_nano_usd',
    'tallystick export events.parquet --columns timestamp,request_model,cost_nano_usd',
  ])
  command.action(async (file: string) => {
    const options = command.opts<Options>()
    const format = formatOf(file, options.format)
    const columns = format === 'parquet' ? parquetColumns(options.columns) : PARQUET_COLUMNS
    const target = file === '-' ? undefined : resolve(terminal.cwd, file)
    if (target !== undefined && options.force !== true) await mustBeFree(target)
    const path = `/api/v1/export?${parametersOf(options, format)}`
    const connection = await connect(configOf(command, terminal), options.server, terminal, 'read')
    const progress = new Progress(terminal)
    try {
      const response = await connection.call(path)
      if (!response.ok || response.body === null) return void (await answerOf(response))
      const counted = counting(response.body, format === 'csv' ? 1 : 0, progress)
      if (target === undefined) await toStandardOutput(counted.bytes, terminal)
      else await toFile(target, format, counted.bytes, columns)
      const seconds = progress.done()
      terminal.err(`${grouped(counted.events())} events in ${seconds.toFixed(1)} s.\n`)
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
      given === undefined ? 'Say --format csv, ndjson or parquet.' : `--format ${given}: ${nearest(given, FORMATS)}`,
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
  const parameters = new URLSearchParams({ format: format === 'csv' ? 'csv' : 'ndjson', consistency: 'applied' })
  const nowMs = Date.now()
  for (const flag of ['from', 'to'] as const) {
    const text = options[flag]
    if (text !== undefined) parameters.set(flag, String(instantOf(`--${flag}`, text, options.timeZone, nowMs)))
  }
  for (const pair of options.filter) {
    const { name, not, value } = filterPair(pair)
    parameters.append(not ? `${name}!` : name, value)
  }
  if (options.columns !== undefined && format !== 'parquet') parameters.set('columns', options.columns)
  return parameters
}

/** Lets bytes through and counts the events in them. */
function counting(
  body: AsyncIterable<Uint8Array>,
  headLines: number,
  progress: Progress,
): { readonly bytes: AsyncIterable<Uint8Array>; readonly events: () => number } {
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
        progress.show(() => `${grouped(Math.max(0, lines))} events, ${byteSize(bytes)}`)
        yield block
      }
    } catch (cause) {
      throw new TallystickError('server_unreachable', `The server broke off: ${(cause as Error).message}`, { cause })
    }
  }
  return { bytes: pass(), events: () => Math.max(0, lines) }
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
