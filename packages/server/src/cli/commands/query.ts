import { readFileSync } from 'node:fs'
import { TallystickError } from '@tallystick/core'
import { filterValueFromText, MEASURE_OF, type QueryResult, type ResultRow } from '@tallystick/core/query'
import { instantOf } from '../age.ts'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { collect, filterPair } from '../pairs.ts'
import { dollars, grouped, plainTable } from '../terminal.ts'

interface Options {
  readonly measures: string
  readonly groupBy?: string
  readonly from: string
  readonly to?: string
  readonly interval?: string
  readonly timeZone: string
  readonly filter: readonly string[]
  readonly orderBy?: string
  readonly limit?: string
  readonly body?: string
  readonly server?: string
  readonly json?: boolean
}

/** `tallystick query`: any figure, by any dimension, over any range. */
export const registerQuery: RegisterCommand = (program, terminal) => {
  const command = withData(program.command('query').description('ask for figures'))
    .option(
      '--measures <names>',
      'measures with commas',
      'requests,input_tokens,output_tokens,cost_nano_usd,unpriced_requests',
    )
    .option('--group-by <names>', 'dimensions with commas, e.g. model,tags.team')
    .option('--from <instant>', 'RFC 3339, ms, or an age such as 90m, 24h, 7d', '24h')
    .option('--to <instant>', 'as --from (default: now)')
    .option('--interval <width>', '1m 5m 15m 30m 1h 3h 6h 12h 1d 1w 1mo: one row per bucket')
    .option('--time-zone <zone>', 'IANA zone that days belong to', 'UTC')
    .option(
      '--filter <pair>',
      'DIMENSION=VALUE or DIMENSION!=VALUE; repeat for more (an empty value means absent)',
      collect,
      [],
    )
    .option('--order-by <measure>', 'a measure, with - in front for descending')
    .option('--limit <groups>', 'groups to list; the rest becomes one row')
    .option('--body <file>', 'a whole query as JSON from a file, or - for standard input')
    .option(
      '--server <url>',
      'ask this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--json', 'print the answer as JSON')
  examples(command, [
    'tallystick query --from 7d --group-by model',
    'tallystick query --from 30d --interval 1d --time-zone Europe/Berlin --measures cost_nano_usd,requests',
    'tallystick query --filter provider=openai --measures duration_ms_p50,duration_ms_p95 --group-by model --json',
  ])
  command.action(async () => {
    const options = command.opts<Options>()
    const connection = await connect(configOf(command, terminal), options.server, terminal, 'read')
    try {
      const response = await connection.call('/api/v1/query?consistency=applied', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: options.body === undefined ? JSON.stringify(queryOf(options, Date.now())) : bodyOf(options.body),
      })
      const answer = await answerOf<QueryResult>(response)
      if (options.json) terminal.out(`${JSON.stringify(answer, null, 2)}\n`)
      else
        terminal.out(
          answer.rows.length === 0 ? 'No events in this range.\n' : `${tableOf(answer.rows, options.timeZone)}\n`,
        )
    } finally {
      await connection.close()
    }
  })
}

function bodyOf(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (cause) {
    throw new TallystickError('file_unreadable', `The query file ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    })
  }
}

function queryOf(options: Options, nowMs: number): Record<string, unknown> {
  return {
    from: instantOf('--from', options.from, options.timeZone, nowMs),
    ...(options.to === undefined ? {} : { to: instantOf('--to', options.to, options.timeZone, nowMs) }),
    measures: names(options.measures),
    ...(options.groupBy === undefined ? {} : { group_by: names(options.groupBy) }),
    ...(options.interval === undefined ? {} : { interval: options.interval }),
    time_zone: options.timeZone,
    filters: filtersOf(options.filter),
    ...(options.orderBy === undefined ? {} : { order_by: options.orderBy }),
    ...(options.limit === undefined ? {} : { limit: wholeNumber('--limit', options.limit) }),
  }
}

const names = (text: string): string[] => text.split(',').map((name) => name.trim())

/** `a=b` twice means either; `a!=b` twice means neither. An empty value is an absent one. */
function filtersOf(pairs: readonly string[]): Record<string, unknown> {
  const only = new Map<string, string[]>()
  const not = new Map<string, string[]>()
  for (const pair of pairs) {
    const { name, not: negated, value: text } = filterPair(pair)
    const values = negated ? not : only
    values.set(name, [...(values.get(name) ?? []), text])
  }
  const both = [...only.keys()].find((name) => not.has(name))
  if (both !== undefined) throw new TallystickError('usage', `--filter takes ${both}= or ${both}!=, not both`)
  const filters: Record<string, unknown> = Object.create(null)
  const typed = (name: string, texts: readonly string[]): unknown[] =>
    texts.map((text) => filterValueFromText(name, text))
  for (const [name, texts] of only) filters[name] = typed(name, texts)
  for (const [name, texts] of not) filters[name] = { not: typed(name, texts) }
  return filters
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new TallystickError('usage', `${flag} ${text} is not a whole number`)
}

function tableOf(rows: readonly ResultRow[], timeZone: string): string {
  const columns = Object.keys(rows[0] as ResultRow).filter((name) => name !== 'other')
  const isMeasure = (name: string): boolean => MEASURE_OF.has(name)
  // What the cells of a money column show is dollars, so its head must not say nano-USD.
  const head = columns.map((name) => (name === 'time_ms' ? 'time' : name.replace('_nano_usd', '_usd')))
  const table = plainTable(
    head,
    columns.map((name) => (isMeasure(name) ? 'right' : 'left')),
  )
  for (const row of rows) table.push(columns.map((name) => cell(name, row, timeZone)))
  return table.toString()
}

function cell(name: string, row: ResultRow, timeZone: string): string {
  const value = row[name] ?? null
  if (name === 'time_ms') return localTime(Number(value), timeZone)
  const measure = MEASURE_OF.get(name)
  if (measure === undefined) return value === null ? (row['other'] === true ? '(other)' : '-') : String(value)
  if (value === null) return measure.unit === 'nano_usd' && row['unpriced_requests'] !== 0 ? 'unpriced' : '-'
  // Of the sum of instants nobody can tell when it was.
  if (measure.unit === 'ms since 1970' && measure.of !== 'sum') return localTime(Math.round(Number(value)), timeZone)
  if (measure.unit === 'nano_usd')
    return measure.of === 'avg' ? dollars(Math.round(Number(value))) : dollars(value as number | string)
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(4) : grouped(value as number | string)
}

/** `2025-03-01 00:00 +05:45`: what a clock on the wall shows, and how far it is from UTC. */
function localTime(ms: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  const offset = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(ms)
  const zone = offset.find((part) => part.type === 'timeZoneName')?.value.replace('GMT', '') ?? ''
  return `${format.format(ms)} ${zone === '' ? 'UTC' : zone}`
}
