import { readFileSync } from 'node:fs'
import { TallystickError } from '@tallystick/core'
import { MEASURE_OF, type QueryResult, type ResultRow } from '@tallystick/core/query'
import Table from 'cli-table3'
import { configOf, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { dollars, grouped } from '../terminal.ts'

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

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
])

/** `tallystick query`: any figure, by any dimension, over any range. */
export const registerQuery: RegisterCommand = (program, terminal) => {
  const collect = (value: string, previous: readonly string[]): readonly string[] => [...previous, value]
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
    .option('--server <url>', 'ask this server instead of the local data directory')
    .option('--json', 'print the answer as JSON')
  examples(command, [
    'tallystick query --from 7d --group-by model',
    'tallystick query --from 30d --interval 1d --time-zone Europe/Berlin --measures cost_nano_usd,requests',
    'tallystick query --filter provider=openai --measures duration_ms_p50,duration_ms_p95 --group-by model --json',
  ])
  command.action(async () => {
    const options = command.opts<Options>()
    const connection = await connect(configOf(command, terminal), options.server, terminal)
    try {
      const response = await connection.call('/api/v1/query?consistency=applied', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body:
          options.body === undefined
            ? JSON.stringify(queryOf(options, Date.now()))
            : readFileSync(options.body === '-' ? 0 : options.body, 'utf8'),
      })
      const answer = await answerOf<QueryResult>(response)
      if (options.json) terminal.out(`${JSON.stringify(answer, null, 2)}\n`)
      else terminal.out(answer.rows.length === 0 ? 'No events in this range.\n' : `${tableOf(answer.rows)}\n`)
    } finally {
      await connection.close()
    }
  })
}

function queryOf(options: Options, nowMs: number): Record<string, unknown> {
  const filters: Record<string, unknown> = Object.create(null)
  for (const pair of options.filter) {
    const match = /^([^=!]+)(!?=)(.*)$/.exec(pair)
    if (match === null)
      throw new TallystickError('usage', `--filter ${pair} is not DIMENSION=VALUE or DIMENSION!=VALUE`)
    const [, name, operator, text] = match as unknown as [string, string, string, string]
    const value = filterValue(name, text)
    const existing = filters[name] as { not?: unknown[] } | unknown[] | undefined
    if (operator === '=') filters[name] = Array.isArray(existing) ? [...existing, value] : [value]
    else filters[name] = { not: [...((existing as { not?: unknown[] })?.not ?? []), value] }
  }
  return {
    from: instantOf('--from', options.from, nowMs),
    ...(options.to === undefined ? {} : { to: instantOf('--to', options.to, nowMs) }),
    measures: names(options.measures),
    ...(options.groupBy === undefined ? {} : { group_by: names(options.groupBy) }),
    ...(options.interval === undefined ? {} : { interval: options.interval }),
    time_zone: options.timeZone,
    filters,
    ...(options.orderBy === undefined ? {} : { order_by: options.orderBy }),
    ...(options.limit === undefined ? {} : { limit: Number(options.limit) }),
  }
}

const names = (text: string): string[] => text.split(',').map((name) => name.trim())

/** Flags carry text only; the dimension's type decides what it means. */
function filterValue(name: string, text: string): string | number | boolean | null {
  if (text === '') return null
  if (name === 'status_code' || name === 'status') return Number(text)
  if (text === 'true') return true
  if (text === 'false') return false
  return text
}

function instantOf(flag: string, text: string, nowMs: number): number | string {
  const age = /^(\d+)([mhdw])$/.exec(text)
  if (age !== null) return nowMs - Number(age[1]) * (UNIT_MS.get(age[2] as string) as number)
  if (text === 'now') return nowMs
  if (/^\d+$/.test(text)) return Number(text)
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return `${text}T00:00:00Z`
  if (Number.isNaN(Date.parse(text)))
    throw new TallystickError('usage', `${flag} ${text} is neither an instant nor an age such as 24h`)
  return text
}

function tableOf(rows: readonly ResultRow[]): string {
  const columns = Object.keys(rows[0] as ResultRow).filter((name) => name !== 'other')
  const isMeasure = (name: string): boolean => MEASURE_OF.has(name)
  const table = new Table({
    head: columns,
    colAligns: columns.map((name) => (isMeasure(name) ? 'right' : 'left')),
    style: { head: [], border: [] },
  })
  for (const row of rows) table.push(columns.map((name) => cell(name, row[name] ?? null, row['other'] === true)))
  return table.toString()
}

function cell(name: string, value: string | number | boolean | null, other: boolean): string {
  if (name === 'time_ms') return new Date(Number(value)).toISOString()
  const measure = MEASURE_OF.get(name)
  if (measure === undefined) return value === null ? (other ? '(other)' : '-') : String(value)
  if (value === null) return measure.unit === 'nano_usd' ? 'unpriced' : '-'
  if (measure.unit === 'nano_usd' && measure.of !== 'avg') return dollars(value as number | string)
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(4) : grouped(value as number | string)
}
