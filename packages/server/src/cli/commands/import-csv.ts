import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { TallystickError } from '@tallystick/core'
import type { Command } from 'commander'
import { configOf, EXIT, Exit, examples, withData } from '../command.ts'
import { connect } from '../connection.ts'
import { csvProblem } from '../import/csv-problem.ts'
import { Delivery } from '../import/delivery.ts'
import { checkedZone } from '../import/instant.ts'
import { itemOf, parseAssignments, RowIds, type RowMapping } from '../import/rows.ts'
import { type Covered, coveredBy, printCovered, printOutcome } from '../import/summary.ts'
import { ImportTally } from '../import/tally.ts'
import { grouped, Progress, type Terminal } from '../terminal.ts'

interface Options {
  readonly map?: string
  readonly set?: string
  readonly dataset?: string
  readonly timeZone: string
  readonly delimiter: string
  readonly server?: string
  readonly json?: boolean
}

/** `tallystick import csv FILE`: one event a row. Importing again adds only rows that are new. */
export function registerCsv(group: Command, terminal: Terminal): void {
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
      const tally = new ImportTally()
      const rows = await importRows(file, mapping, options, new Delivery(connection, tally), tally, terminal)
      const covered = await coveredBy(tally, connection.url, config)
      if (options.json) terminal.out(`${JSON.stringify(summaryOf(file, rows, tally, covered), null, 2)}\n`)
      else {
        printOutcome(`${grouped(rows)} rows`, tally, (row) => `row ${grouped(row)}`, terminal)
        printCovered(covered, tally, terminal)
      }
      if (!tally.clean) throw new Exit(EXIT.failed)
    } finally {
      await connection.close()
    }
  })
}

/** What the JSON output is. */
function summaryOf(file: string, rows: number, tally: ImportTally, covered: Covered | undefined): object {
  return {
    file,
    rows,
    accepted: tally.accepted,
    duplicate: tally.duplicate,
    conflict: tally.conflict,
    rejected: tally.rejected,
    rejections: tally.rejections.map(({ where, ...why }) => ({ row: Number(where), ...why })),
    from_ms: tally.fromMs ?? null,
    to_ms: tally.toMs ?? null,
    url: covered?.url ?? null,
  }
}

/** @returns how many rows there are */
async function importRows(
  file: string,
  mapping: RowMapping,
  options: Options,
  delivery: Delivery,
  tally: ImportTally,
  terminal: Terminal,
): Promise<number> {
  if ([...options.delimiter].length !== 1 || /["\r\n]/.test(options.delimiter))
    throw new TallystickError('usage', '--delimiter must be one character, and neither a quote nor a line break')
  const progress = new Progress(terminal)
  let rowCount = 0
  const source: Readable = file === '-' ? process.stdin : createReadStream(file)
  let header: readonly string[] | undefined
  const { parse } = await import('csv-parse')
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
    for await (const { record, raw } of stream) {
      if (ids === undefined) {
        columns = checkedHeader(record, mapping, file)
        ids = new RowIds(options.dataset, JSON.stringify(columns))
        continue
      }
      const cells = new Map(columns.map((name, column) => [name, record[column] ?? '']))
      const item = itemOf(cells, mapping, ids.next(raw.replace(/\r?\n$/, '')))
      rowCount++
      const sending = delivery.add(item, String(rowCount))
      if (sending === undefined) continue
      await sending
      progress.show(() => `${grouped(rowCount)} rows, ${grouped(tally.accepted)} new`)
    }
    await delivery.end()
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
  return rowCount
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
