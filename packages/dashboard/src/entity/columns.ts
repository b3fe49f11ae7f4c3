import { addExact, compareExact, type Exact } from '@tallystick/core/event'
import { count, countExact, duration, money, moneyExact, NONE, ratio, toExact } from '../lib/format.ts'
import { type EntityRow, perEach } from './entity-row.ts'

export type Amount = Exact | null

/** One figure of a row: what is asked for it, what it is, and how it is written. */
export interface Column {
  readonly name: string
  readonly label: string
  /** What it means, on hover. */
  readonly hint: string
  readonly measures: readonly string[]
  readonly value: (row: EntityRow) => Amount
  readonly text: (value: Amount) => string
  /** Every digit, on hover. */
  readonly exact: (value: Amount) => string
  /** Why there is no figure. */
  readonly none: string
  /** What the least is called; the others are told as so many times it. */
  readonly least?: string
  /** The store can sort by it, so that those who are shown are the first of all. */
  readonly order?: string
}

const exactOf = (row: EntityRow, name: string): Exact | null => toExact(row.figures[name])
const floatOf = (row: EntityRow, name: string): number | null => {
  const value = row.figures[name]
  return typeof value === 'number' ? value : null
}
const whole = (value: Amount): Exact | null => (typeof value === 'number' ? Math.round(value) : value)

const TOKENS = { text: (value: Amount) => count(whole(value)), exact: (value: Amount) => countExact(whole(value)) }
const MONEY = { text: (value: Amount) => money(whole(value)), exact: (value: Amount) => moneyExact(whole(value)) }
const UNPRICED = 'No request has a known price'

const counted = (name: string, label: string, hint: string): Column => ({
  name,
  label,
  hint,
  measures: [name],
  value: (row) => exactOf(row, name),
  ...TOKENS,
  none: 'Not known',
  order: name,
})

const latency = (name: string, label: string, hint: string, none: string): Column => ({
  name,
  label,
  hint,
  measures: [name],
  value: (row) => floatOf(row, name),
  text: (value) => duration(value === null ? null : Number(value)),
  exact: (value) => (value === null ? NONE : `${countExact(whole(value))} ms, within 1 %`),
  none,
  least: 'fastest',
  order: name,
})

const proportion = (name: string, label: string, hint: string, measures: readonly string[], none: string): Column => ({
  name,
  label,
  hint,
  measures: [name, ...measures],
  value: (row) => floatOf(row, name),
  text: (value) => ratio(value === null ? null : Number(value)),
  exact: (value) => ratio(value === null ? null : Number(value)),
  none,
  order: name,
})

const NO_DURATION = 'No request says how long it took'

/** THE table of columns. Trend, change and unit prices are drawn by the table itself. */
export const COLUMNS: readonly Column[] = [
  counted('requests', 'Requests', 'Attempts, retries included'),
  {
    ...counted('cost_nano_usd', 'Spend', 'At the price of each request: list price where no other is reported'),
    ...MONEY,
    none: UNPRICED,
  },
  counted('total_tokens', 'Tokens', 'Input and output'),
  counted('input_tokens', 'Input tokens', 'Cached input included'),
  counted('output_tokens', 'Output tokens', 'Reasoning included'),
  {
    name: 'cost_per_request',
    label: 'Per request',
    hint: 'Spend for each request that has a price',
    measures: ['cost_nano_usd', 'requests', 'unpriced_requests'],
    value: (row) => {
      const [requests, unpriced] = [exactOf(row, 'requests'), exactOf(row, 'unpriced_requests') ?? 0]
      return perEach(exactOf(row, 'cost_nano_usd'), requests === null ? null : addExact(requests, -BigInt(unpriced)))
    },
    ...MONEY,
    none: UNPRICED,
    least: 'cheapest',
  },
  {
    name: 'cost_per_operation',
    label: 'Per operation',
    hint: 'Spend, retries included, for each thing that was wanted; without requests that have no price',
    measures: ['cost_nano_usd', 'operations'],
    value: (row) => perEach(exactOf(row, 'cost_nano_usd'), exactOf(row, 'operations')),
    ...MONEY,
    none: UNPRICED,
    least: 'cheapest',
  },
  {
    name: 'cost_per_1k_output',
    label: 'Per 1,000 output',
    hint: 'All spend, input included, for each 1,000 tokens of output',
    measures: ['cost_nano_usd', 'output_tokens', 'unpriced_requests'],
    value: (row) =>
      Number(exactOf(row, 'unpriced_requests') ?? 0) > 0
        ? null
        : perEach(exactOf(row, 'cost_nano_usd'), exactOf(row, 'output_tokens'), 1_000),
    ...MONEY,
    none: 'Some requests have no price, or there is no output',
    least: 'cheapest',
  },
  {
    name: 'retries',
    label: 'Retries',
    hint: 'Attempts beyond the first of an operation',
    measures: ['requests', 'operations'],
    value: (row) => {
      const [requests, operations] = [exactOf(row, 'requests'), exactOf(row, 'operations')]
      return requests === null || operations === null ? null : addExact(requests, -BigInt(operations))
    },
    ...TOKENS,
    none: 'Not known',
  },
  proportion(
    'cache_hit_ratio',
    'Cache hits',
    "Part of the input that came from the provider's cache",
    [],
    'No input tokens',
  ),
  {
    ...counted(
      'cache_savings_nano_usd',
      'Saved by caches',
      'What cached input would have cost fresh, less what it cost',
    ),
    ...MONEY,
    none: 'Nothing was read from a cache',
  },
  latency('ttfb_ms_p50', 'First byte p50', 'Median time to the first byte', 'No request says when its first byte came'),
  latency('ttfb_ms_p95', 'First byte p95', '95 % had a first byte by then', 'No request says when its first byte came'),
  latency('duration_ms_p50', 'p50', 'Median duration', NO_DURATION),
  latency('duration_ms_p95', 'p95', '95 % of requests took that long or less', NO_DURATION),
  latency('duration_ms_p99', 'p99', '99 % of requests took that long or less', NO_DURATION),
  proportion('error_ratio', 'Errors', 'Part of the requests that failed', ['failed_requests'], 'No requests'),
]

const COLUMN_OF: ReadonlyMap<string, Column> = new Map(COLUMNS.map((column) => [column.name, column]))

/** Columns that the table draws by itself: a line over time, a change, prices. */
export const DRAWN: ReadonlyMap<string, { readonly label: string; readonly hint: string }> = new Map([
  ['trend', { label: 'Over time', hint: 'Spend over the range; requests where nothing has a price' }],
  ['change', { label: 'Change', hint: 'Spend against the period before' }],
  ['unit_prices', { label: 'List price', hint: 'USD for a million tokens of input, of cached input and of output' }],
])

/** The columns of these names, in the order of the names. */
export const columnsOf = (names: readonly string[]): readonly Column[] =>
  names.flatMap((name) => COLUMN_OF.get(name) ?? [])

export const columnLabel = (name: string): string => COLUMN_OF.get(name)?.label ?? DRAWN.get(name)?.label ?? name

/** What has to be asked for columns, each once. Spend, requests and what has no price are always told. */
export function measuresOf(columns: readonly Column[]): readonly string[] {
  return [
    ...new Set(['cost_nano_usd', 'requests', 'unpriced_requests', ...columns.flatMap(({ measures }) => measures)]),
  ]
}

/**
 * Rows in the order of a column; what is unknown comes after what is known, whichever way round, and the rest last.
 *
 * @param down the greatest first
 */
export function sortRows(rows: readonly EntityRow[], column: Column | undefined, down: boolean): readonly EntityRow[] {
  const keyed = rows.map((row) => ({ row, value: column ? column.value(row) : null }))
  return keyed
    .sort((a, b) => {
      if (a.row.other !== b.row.other) return a.row.other ? 1 : -1
      if (a.value === null || b.value === null) return a.value === b.value ? 0 : a.value === null ? 1 : -1
      return compareExact(a.value, b.value) * (down ? -1 : 1)
    })
    .map(({ row }) => row)
}

/** Quantiles are within 1 %, and nobody chooses by less than this. */
const ALIKE = 1.02
const WORTH_SAYING = 1.1
/** Of a handful of requests the next may change everything. */
const ENOUGH_REQUESTS = 20

export const isComparable = (row: EntityRow): boolean =>
  !row.other && Number(exactOf(row, 'requests') ?? 0) >= ENOUGH_REQUESTS

/** The least figure of a column among values, where the others differ enough from it to be compared. */
export function leastOf(rows: readonly EntityRow[], column: Column): Amount {
  const known = rows.flatMap((row) => {
    const value = isComparable(row) ? column.value(row) : null
    return value === null || value <= 0 ? [] : [value]
  })
  const order = known.sort(compareExact)
  const [least, most] = [order[0], order.at(-1)]
  return least === undefined || Number(most) < Number(least) * WORTH_SAYING ? null : least
}

/**
 * How a figure compares with the least.
 *
 * @example comparison(300, 100, 'cheapest') // '× 3'
 */
export function comparison(value: Amount, least: Amount, called: string): string {
  if (value === null || least === null || value <= 0) return ''
  const times = Number(value) / Number(least)
  if (times < ALIKE) return called
  return `× ${times >= 10 ? count(Math.round(times)) : Number(times.toFixed(times < 1.95 ? 2 : 1))}`
}
