import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { TallystickError } from '@tallystick/core'
import { parse } from 'csv-parse'
import { configOf, EXIT, Exit, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, type Connection, connect, runningServer } from '../connection.ts'
import { csvProblem } from '../import/csv-problem.ts'
import { checkedZone } from '../import/instant.ts'
import { itemOf, parseAssignments, RowIds, type RowMapping } from '../import/rows.ts'
import { grouped, Progress, type Terminal } from '../terminal.ts'

/** Rows in one request: enough to share one sync, few enough to answer within milliseconds. */
const BATCH_ROWS = 500
const SHOWN_REJECTIONS = 20

interface Options {
  readonly map?: string
  readonly set?: string
  readonly dataset?: string
  readonly timeZone: string
  readonly delimiter: string
  readonly server?: string
  readonly json?: boolean
}

interface Answer {
  readonly accepted: number
  readonly duplicate: number
  readonly conflict: number
  readonly rejected: readonly {
    readonly index: number
    readonly code: string
    readonly message: string
    readonly field?: string
  }[]
}

/** What an import did; the JSON output is this. */
interface Summary {
  file: string
  rows: number
  accepted: number
  duplicate: number
  conflict: number
  rejected: number
  rejections: { row: number; code: string; message: string; field?: string }[]
  from_ms: number | null
  to_ms: number | null
  url: string | null
}

/** `tallystick import csv FILE`: one event a row. Importing again adds only rows that are new. */
export const registerImport: RegisterCommand = (program, terminal) => {
  const group = examples(program.command('import').description('bring in usage from files'), [
    'tallystick import csv usage.csv --map timestamp=TIME,input_tokens=IN,output_tokens=OUT --set provider=openai,model=gpt-4o',
  ])
  const command = withData(
    group
      .command('csv')
      .description('import a CSV file, one request a row')
      .argument('<file>', 'the file, or - for standard input'),
  )
    .requiredOption('--map <pairs>', 'FIELD=COLUMN pairs with commas, e.g. timestamp=TIME,input_tokens=IN')
    .option('--set <pairs>', 'FIELD=VALUE for every row, e.g. provider=openai,model=gpt-4o')
    .option('--dataset <label>', 'identity of the rows; without it, header and content decide')
    .option('--time-zone <zone>', 'IANA zone of instants that name none', 'UTC')
    .option('--delimiter <character>', 'what separates columns', ',')
    .option(
      '--server <url>',
      'send to this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--json', 'print the summary as JSON')
  examples(command, [
    'tallystick import csv usage.csv --map timestamp=TIMESTAMP,input_tokens=ContextTokens,output_tokens=GeneratedTokens --set provider=openai,model=gpt-4o',
    'tallystick import csv march.csv --map timestamp=at,model=model,input_tokens=in,output_tokens=out,tags.team=team --dataset march',
  ])
  command.action(async (file: string) => {
    const options = command.opts<Options>()
    const mapping: RowMapping = {
      columns: parseAssignments('--map', options.map),
      constants: parseAssignments('--set', options.set),
      timeZone: checkedZone(options.timeZone),
    }
    const config = configOf(command, terminal)
    const connection = await connect(config, options.server, terminal, 'write')
    try {
      const summary = await importRows(file, mapping, options, connection, terminal)
      const holder = connection.url ?? (await runningServer(config.text('data_dir')))
      const home = holder ?? `http://${config.text('http.host')}:${config.integer('http.port')}`
      if (summary.from_ms !== null && summary.to_ms !== null)
        summary.url = `${home}/?from=${new Date(summary.from_ms).toISOString()}&to=${new Date(summary.to_ms + 1).toISOString()}`
      if (options.json) terminal.out(`${JSON.stringify(summary, null, 2)}\n`)
      else print(summary, holder !== undefined, config.text('data_dir'), terminal)
      if (summary.rejected > 0 || summary.conflict > 0) throw new Exit(EXIT.failed)
    } finally {
      await connection.close()
    }
  })
}

async function importRows(
  file: string,
  mapping: RowMapping,
  options: Options,
  connection: Connection,
  terminal: Terminal,
): Promise<Summary> {
  const summary: Summary = {
    file,
    rows: 0,
    accepted: 0,
    duplicate: 0,
    conflict: 0,
    rejected: 0,
    rejections: [],
    from_ms: null,
    to_ms: null,
    url: null,
  }
  if ([...options.delimiter].length !== 1 || /["\r\n]/.test(options.delimiter))
    throw new TallystickError('usage', '--delimiter must be one character, and neither a quote nor a line break')
  const progress = new Progress(terminal)
  const source: Readable = file === '-' ? process.stdin : createReadStream(file)
  let header: readonly string[] | undefined
  const parser = parse({
    bom: true,
    raw: true,
    // Here and not where rows are handled: the parser is ahead of that, and its errors name columns.
    on_record: (row) => {
      // With `raw` it is not the record, whatever its type says.
      header ??= (row as unknown as { readonly record: string[] }).record
      return row
    },
    delimiter: options.delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: 4 * 1024 * 1024,
  })

  const rows = async (stream: AsyncIterable<{ record: string[]; raw: string }>): Promise<void> => {
    let columns: readonly string[] = []
    let ids: RowIds | undefined
    let batch: Record<string, unknown>[] = []
    const send = async (): Promise<void> => {
      if (batch.length === 0) return
      const first = summary.rows - batch.length
      await post(batch, first, summary, connection)
      batch = []
      progress.show(() => `${grouped(summary.rows)} rows, ${grouped(summary.accepted)} new`)
    }
    for await (const { record, raw } of stream) {
      if (ids === undefined) {
        columns = checkedHeader(record, mapping, file)
        ids = new RowIds(options.dataset, JSON.stringify(columns))
        continue
      }
      const cells = new Map(columns.map((name, column) => [name, record[column] ?? '']))
      const item = itemOf(cells, mapping, ids.next(raw.replace(/\r?\n$/, '')))
      const at = item['timestamp_ms']
      if (typeof at === 'number') {
        summary.from_ms = Math.min(summary.from_ms ?? at, at)
        summary.to_ms = Math.max(summary.to_ms ?? at, at)
      }
      summary.rows++
      batch.push(item)
      if (batch.length >= BATCH_ROWS) await send()
    }
    await send()
  }
  try {
    // Not `pipeline`: it would replace what a row's handling throws by its own abort.
    source.on('error', (error) => parser.destroy(error))
    await rows(source.pipe(parser))
    if (header === undefined) throw new TallystickError('file_unreadable', `${file} is empty: not even a header`)
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? ''
    const problem = csvProblem(cause, header)
    if (problem !== undefined)
      throw new TallystickError('file_unreadable', `${file} cannot be read as CSV: ${problem}.`, { cause })
    if (/^E[A-Z]+$/.test(code))
      throw new TallystickError('file_unreadable', `${file} cannot be read: ${(cause as Error).message}`, { cause })
    throw cause
  } finally {
    source.destroy()
    progress.done()
  }
  return summary
}

async function post(
  batch: readonly Record<string, unknown>[],
  first: number,
  summary: Summary,
  connection: Connection,
): Promise<void> {
  const body = JSON.stringify(batch)
  const response = await connection.call('/api/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const answer = await answerOf<Answer>(response)
  summary.accepted += answer.accepted
  summary.duplicate += answer.duplicate
  summary.conflict += answer.conflict
  summary.rejected += answer.rejected.length
  for (const { index, code, message, field } of answer.rejected) {
    if (summary.rejections.length >= SHOWN_REJECTIONS) break
    summary.rejections.push({ row: first + index + 1, code, message, ...(field === undefined ? {} : { field }) })
  }
}

function checkedHeader(header: readonly string[], mapping: RowMapping, file: string): readonly string[] {
  const missing = [...mapping.columns.values()].filter((column) => !header.includes(column))
  if (missing.length > 0)
    throw new TallystickError(
      'usage',
      `${basename(file)} has no column ${missing.map((name) => `"${name}"`).join(', ')}. Its columns: ${header.join(', ')}`,
    )
  return header
}

function print(summary: Summary, served: boolean, dataDir: string, terminal: Terminal): void {
  const { color } = terminal
  terminal.out(
    `${grouped(summary.rows)} rows: ${color.green(`${grouped(summary.accepted)} new`)}, ${grouped(summary.duplicate)} already there` +
      `${summary.conflict > 0 ? `, ${grouped(summary.conflict)} in conflict` : ''}` +
      `${summary.rejected > 0 ? `, ${color.red(`${grouped(summary.rejected)} rejected`)}` : ''}\n`,
  )
  for (const { row, code, field, message } of summary.rejections)
    terminal.err(`  row ${grouped(row)}${field === undefined ? '' : `, ${field}`}: ${message} (${code})\n`)
  if (summary.rejected > summary.rejections.length)
    terminal.err(`  and ${grouped(summary.rejected - summary.rejections.length)} more\n`)
  if (summary.url !== null && summary.accepted + summary.duplicate > 0)
    terminal.out(
      `${served ? 'See it at' : `Run \`npx tallystick serve --data ${dataDir}\`, then see it at`} ${color.cyan(summary.url)}\n`,
    )
}
